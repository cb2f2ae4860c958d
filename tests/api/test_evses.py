"""EVSEs and connectors over the API."""

from typing import Any

import pytest

from csms.store.database import Database
from tests.api.charge_box import plugged_in
from tests.api.conftest import Api
from tests.api.test_app import refusal
from tests.api.test_chargeboxes import events


async def test_evses_are_listed_by_uid_and_by_charge_box(api: Api) -> None:
    a, b = await api.charge_box(), await api.charge_box()
    uids = [evse["uid"] for box in (a, b) for evse in box["evses"]]
    for query, expected in (
        ("", uids),
        (f"?chargeboxIds={b['id']}", uids[2:]),
        (f"?chargeboxIds={a['id']},{b['id']}", uids),
        (f"?uids={uids[1]}&uids={uids[2]}", uids[1:3]),
        ("?limit=1", uids[:1]),
    ):
        listed = (await api.viewer.get(f"/v2/evses{query}")).json()["data"]
        assert [evse["uid"] for evse in listed] == expected
    assert (await api.viewer.get(f"/v2/evses/{uids[3]}")).json() == b["evses"][1]


@pytest.mark.parametrize(
    ("reported", "shown"),
    [
        ("Available", "AVAILABLE"),
        ("Preparing", "CHARGING"),
        ("SuspendedEV", "BLOCKED"),
        ("Faulted", "OUTOFORDER"),
        ("Unavailable", "INOPERATIVE"),
        ("Reserved", "RESERVED"),
    ],
)
async def test_the_status_is_what_the_charge_box_reported(api: Api, reported: str, shown: str) -> None:
    box = await api.charge_box()
    async with plugged_in(box) as end:
        await end.report(2, reported)
        evse = (await api.viewer.get(f"/v2/evses/{box['evses'][1]['uid']}")).json()
    assert evse["status"] == shown
    assert "error" not in evse["connectors"][0]


async def test_an_error_is_shown_while_it_lasts(api: Api) -> None:
    box = await api.charge_box()
    url = f"/v2/evses/{box['evses'][0]['uid']}"
    async with plugged_in(box) as end:
        await end.report(1, "Faulted", "UnderVoltage", info="NO_VOLTAGE_L2_L3", vendorErrorCode="134217728")
        faulted = (await api.viewer.get(url)).json()
        await end.report(1, "Available")
        well = (await api.viewer.get(url)).json()
    assert faulted["connectors"][0]["error"] == {
        "errorCode": "UnderVoltage",
        "info": "NO_VOLTAGE_L2_L3",
        "vendorErrorCode": "134217728",
    }
    assert "error" not in well["connectors"][0]


async def test_a_connector_that_only_the_charge_box_knows_becomes_an_evse(api: Api) -> None:
    box = await api.charge_box()
    async with plugged_in(box) as end:
        await end.report(3, "Available")
    shown = (await api.viewer.get(f"/v2/chargeboxes/{box['id']}")).json()
    assert [evse["evseId"] for evse in shown["evses"]][2] == f"{box['chargeBoxIdentity']}*3"


async def test_a_connectors_data_can_be_changed_in_part(api: Api, database: Database) -> None:
    box = await api.charge_box()
    uid = box["evses"][0]["uid"]
    response = await api.editor.patch(
        f"/v2/evses/{uid}/connectors/1", json={"maxElectricPower": 7.4, "format": "CABLE", "maxAmperage": 32}
    )
    assert response.status_code == 200
    connector = response.json()["connectors"][0]
    assert (connector["maxElectricPower"], connector["format"], connector["maxVoltage"]) == (7.4, "CABLE", 400)
    assert response.json() == (await api.viewer.get(f"/v2/evses/{uid}")).json()
    (event,) = await events(database, "connector.changed")
    assert (event.charge_box_id, event.actor, event.data["uid"]) == (box["id"], "editor", uid)


@pytest.mark.parametrize(
    ("body", "field", "allowed"),
    [
        ({"standard": "SCHUKO"}, "standard", "IEC_62196_T2_COMBO"),
        ({"format": "PLUG"}, "format", "SOCKET"),
        ({"maxElectricPower": "22"}, "maxElectricPower", "number"),
        ({"maxVoltage": 0}, "maxVoltage", "greater than 0"),
        ({"maxAmperage": True}, "maxAmperage", "number"),
    ],
)
async def test_connector_data_that_cannot_be_is_400(api: Api, body: dict[str, Any], field: str, allowed: str) -> None:
    uid = (await api.charge_box())["evses"][0]["uid"]
    response = await api.editor.patch(f"/v2/evses/{uid}/connectors/1", json=body)
    (detail,) = refusal(response)["details"]
    assert (response.status_code, detail["field"]) == (400, field)
    assert allowed in detail["message"]


async def test_what_does_not_exist_is_404(api: Api) -> None:
    box = await api.charge_box()
    uid = box["evses"][0]["uid"]
    assert (await api.viewer.get("/v2/evses/987654")).status_code == 404
    assert (await api.editor.patch(f"/v2/evses/{uid}/connectors/2", json={})).status_code == 404
    assert (await api.editor.patch("/v2/evses/987654/connectors/1", json={})).status_code == 404
    await api.editor.delete(f"/v2/chargeboxes/{box['id']}")
    assert (await api.viewer.get(f"/v2/evses/{uid}")).json()["status"] == "REMOVED"
    assert (await api.editor.patch(f"/v2/evses/{uid}/connectors/1", json={})).status_code == 404
    assert (await api.editor.post(f"/v2/evses/{uid}/connectors/1/unlock")).status_code == 404
