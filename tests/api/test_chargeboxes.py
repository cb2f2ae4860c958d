"""Charge boxes over the API: made, listed, changed, deleted, and truthfully online."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import websockets
from sqlalchemy import text

from csms.domain.roles import ApiRole
from csms.store.database import Database
from tests.api.charge_box import plugged_in
from tests.api.conftest import Api, Served, created, eventually
from tests.api.test_app import refusal

Serve = Callable[..., Awaitable[Served]]


async def ids(api: Api, query: str = "") -> list[int]:
    """The ids that a list answers."""
    response = await api.viewer.get(f"/v2/chargeboxes{query}")
    assert response.status_code == 200, response.text
    return [row["id"] for row in response.json()["data"]]


async def events(database: Database, kind: str) -> list[Any]:
    """Actor and data of the events of a kind."""
    async with database.read() as connection:
        rows = await connection.execute(
            text("SELECT charge_box_id, actor, data FROM events WHERE kind = :kind ORDER BY id"), {"kind": kind}
        )
        return list(rows.all())


async def test_a_new_charge_box_has_its_evses_before_it_ever_connects(api: Api, database: Database) -> None:
    location = await api.location()
    box = await api.charge_box(chargeBoxIdentity="DK.CSMS.000001", serialNumber="SN-7", locationId=location["id"])
    evses = box["evses"]
    assert (box["chargeBoxIdentity"], box["serialNumber"], box["locationId"]) == (
        "DK.CSMS.000001",
        "SN-7",
        location["id"],
    )
    assert [evse["evseId"] for evse in evses] == ["DK.CSMS.000001*1", "DK.CSMS.000001*2"]
    assert {evse["status"] for evse in evses} == {"UNKNOWN"}
    assert [len(evse["connectors"]) for evse in evses] == [1, 1]
    assert "error" not in evses[0]["connectors"][0]
    assert (evses[0]["connectors"][0]["maxElectricPower"], evses[0]["chargeboxId"]) == (22, box["id"])
    assert box["model"]["id"] == 2
    assert box["customer"] == {"id": 1}
    assert box["isOnline"] is False
    assert "deletedAt" not in box
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", box["createdAt"])
    assert re.fullmatch("[0-9a-f]{40}", box["ocppPassword"])
    assert re.fullmatch(r"ws://127\.0\.0\.1:\d+/ocpp/DK\.CSMS\.000001", box["ocppUrl"])
    (event,) = await events(database, "charge_box.created")
    assert (event.charge_box_id, event.actor) == (box["id"], "editor")
    assert box["ocppPassword"] not in str(event.data)


async def test_the_password_is_shown_once(api: Api) -> None:
    box = await api.charge_box()
    again = (await api.admin.get(f"/v2/chargeboxes/{box['id']}")).json()
    assert again == {name: value for name, value in box.items() if not name.startswith("ocpp")}


async def test_the_password_and_url_of_the_answer_let_the_charge_box_in(api: Api) -> None:
    box = await api.charge_box(chargeBoxIdentity="Ålborg 1 #7?")
    async with plugged_in(box):
        online = (await api.viewer.get(f"/v2/chargeboxes/{box['id']}")).json()
        assert online["isOnline"] is True
        assert {evse["status"] for evse in online["evses"]} == {"AVAILABLE"}
        assert await ids(api, "?isOnline=true") == [box["id"]]
        assert await ids(api, "?isOnline=false") == []
    await eventually(lambda: ids(api, "?isOnline=true"), lambda online: not online)
    offline = (await api.viewer.get(f"/v2/chargeboxes/{box['id']}")).json()
    assert offline["isOnline"] is False
    assert {evse["status"] for evse in offline["evses"]} == {"AVAILABLE"}, "the last status, not a guess"
    assert offline["lastConnectionEventAt"]


async def test_a_wrong_password_does_not(api: Api) -> None:
    box = await api.charge_box()
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        async with plugged_in(box | {"ocppPassword": "0" * 40}):
            pass
    assert refused.value.response.status_code == 401


async def test_a_password_of_ones_own_and_none_at_all(api: Api) -> None:
    own = await api.charge_box(ocppPassword="correct horse battery")
    none = await api.charge_box(ocppPassword="", ocppPasswordRequired=False)
    assert own["ocppPassword"] == "correct horse battery"
    assert none["ocppPassword"] is None
    async with plugged_in(own), plugged_in(none | {"ocppPassword": "whatever"}):
        assert await ids(api, "?isOnline=true") == [own["id"], none["id"]]


@pytest.mark.parametrize(
    "said",
    [
        {"ocppPassword": ""},
        {"ocppPassword": "", "ocppPasswordRequired": True},
        {"ocppPassword": "x", "ocppPasswordRequired": False},
    ],
)
async def test_a_password_that_contradicts_itself_is_400(api: Api, said: dict[str, Any]) -> None:
    body = {"serialNumber": "SN", "modelId": 2, "locationId": (await api.location())["id"]}
    response = await api.editor.post("/v2/chargeboxes", json=body | said)
    assert (response.status_code, refusal(response)["details"][0]["field"]) == (400, "ocppPassword")


async def test_the_public_url_is_the_one_that_is_told(serve: Serve, keys: dict[ApiRole, str], api: Api) -> None:
    public = await serve(public_ocpp_url="wss://ocpp.example.com/")
    body = {"serialNumber": "SN", "modelId": 2, "locationId": (await api.location())["id"], "chargeBoxIdentity": "A B"}
    box = created(await public.client(keys[ApiRole.editor]).post("/v2/chargeboxes", json=body))
    assert box["ocppUrl"] == "wss://ocpp.example.com/A%20B"


@pytest.mark.parametrize("blank", [None, "", "  "])
async def test_a_charge_box_without_an_identity_gets_one(api: Api, blank: str | None) -> None:
    first, second = [await api.charge_box(chargeBoxIdentity=blank) for _ in range(2)]
    assert re.fullmatch(r"CB\d{6}", first["chargeBoxIdentity"])
    assert first["chargeBoxIdentity"] != second["chargeBoxIdentity"]


async def test_a_generated_identity_avoids_one_that_is_taken(api: Api) -> None:
    first = await api.charge_box()
    taken = await api.charge_box(chargeBoxIdentity=f"cb{first['id'] + 2:06d}")
    generated = await api.charge_box()
    assert generated["chargeBoxIdentity"].lower() != taken["chargeBoxIdentity"]


@pytest.mark.parametrize("identity", ["a/b", "a\tb", "x" * 49, "..", "a\u0000", "a\u200bb"])
async def test_an_identity_that_cannot_be_is_400(api: Api, identity: str) -> None:
    body = {"serialNumber": "SN", "modelId": 2, "locationId": (await api.location())["id"]}
    response = await api.editor.post("/v2/chargeboxes", json=body | {"chargeBoxIdentity": identity})
    assert (response.status_code, refusal(response)["details"][0]["field"]) == (400, "chargeBoxIdentity")


async def test_an_identity_that_is_taken_in_whatever_case_is_409(api: Api) -> None:
    box = await api.charge_box(chargeBoxIdentity="Depot-7")
    body = {"serialNumber": "SN", "modelId": 2, "locationId": box["locationId"], "chargeBoxIdentity": "DEPOT-7"}
    answers = await asyncio.gather(*(api.editor.post("/v2/chargeboxes", json=body) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {409}
    assert "DEPOT-7" in refusal(answers[0])["message"]
    assert await ids(api) == [box["id"]]


@pytest.mark.parametrize(("field", "value"), [("modelId", 99999), ("locationId", 99999), ("locationId", -1)])
async def test_a_model_or_location_that_does_not_exist_is_400(api: Api, field: str, value: int) -> None:
    body = {"serialNumber": "SN", "modelId": 2, "locationId": (await api.location())["id"]}
    response = await api.editor.post("/v2/chargeboxes", json=body | {field: value})
    assert (response.status_code, refusal(response)["details"][0]["field"]) == (400, field)


async def test_unknown_fields_are_ignored(api: Api) -> None:
    assert (await api.charge_box(colour="green"))["id"]


async def test_a_list_is_narrowed_by_each_filter(api: Api) -> None:
    here, there = await api.location(), await api.location()
    a = await api.charge_box(chargeBoxIdentity="A", serialNumber="S-a", locationId=here["id"])
    b = await api.charge_box(chargeBoxIdentity="B", serialNumber="S-b", locationId=there["id"])
    assert await ids(api, f"?ids={a['id']},{b['id']}") == [a["id"], b["id"]]
    assert await ids(api, f"?locationIds={there['id']}") == [b["id"]]
    assert await ids(api, "?customerIds=1") == [a["id"], b["id"]]
    assert await ids(api, "?customerIds=2") == []
    assert await ids(api, "?chargeBoxIdentity=a") == [a["id"]]
    assert await ids(api, "?serialNumber=s-B") == [b["id"]]
    assert await ids(api, f"?serialNumber=s-B&locationIds={here['id']}") == []
    assert await ids(api, "?isOnline=false") == [a["id"], b["id"]]
    assert await ids(api, "?ids=9007199254740991") == []
    wrong = await api.viewer.get("/v2/chargeboxes?isOnline=perhaps")
    assert (wrong.status_code, refusal(wrong)["details"][0]["field"]) == (400, "isOnline")


@pytest.mark.parametrize(
    ("id", "status"), [("999", 404), ("9007199254740991", 404), ("-1", 404), ("x", 400), ("9" * 30, 400)]
)
async def test_an_id_that_does_not_exist_is_404_and_one_that_is_none_400(api: Api, id: str, status: int) -> None:
    for response in (
        await api.viewer.get(f"/v2/chargeboxes/{id}"),
        await api.editor.patch(f"/v2/chargeboxes/{id}", json={}),
        await api.editor.delete(f"/v2/chargeboxes/{id}"),
        await api.viewer.get(f"/v2/chargeboxes/{id}/health"),
        await api.operator.get(f"/v2/chargeboxes/{id}/messages"),
        await api.operator.post(f"/v2/chargeboxes/{id}/reboot"),
    ):
        assert response.status_code == status
        refusal(response)


async def test_a_deleted_charge_box_leaves_lists_drops_its_connection_and_frees_its_identity(api: Api) -> None:
    box = await api.charge_box(chargeBoxIdentity="Depot-7")
    async with plugged_in(box) as end:
        deleted = await api.editor.delete(f"/v2/chargeboxes/{box['id']}")
        with pytest.raises((websockets.exceptions.ConnectionClosed, TimeoutError)):
            await asyncio.wait_for(end.call("Heartbeat"), 2)
    assert (deleted.status_code, deleted.content) == (204, b"")
    shown = (await api.viewer.get(f"/v2/chargeboxes/{box['id']}")).json()
    assert shown["deletedAt"]
    assert shown["isOnline"] is False
    assert {evse["status"] for evse in shown["evses"]} == {"REMOVED"}
    assert shown["evses"][0]["connectors"][0]["deletedAt"]
    assert await ids(api) == []
    assert (await api.viewer.get("/v2/evses")).json()["data"] == []
    assert (await api.editor.delete(f"/v2/chargeboxes/{box['id']}")).status_code == 404
    with pytest.raises(websockets.exceptions.InvalidStatus):
        async with plugged_in(box):
            pass
    again = await api.charge_box(chargeBoxIdentity="depot-7")
    assert again["id"] != box["id"]
    async with plugged_in(again):
        assert await ids(api, "?isOnline=true") == [again["id"]]


async def test_a_charge_box_can_be_changed(api: Api, database: Database) -> None:
    box = await api.charge_box(modelId=1)
    elsewhere = await api.location()
    changed = await api.editor.patch(
        f"/v2/chargeboxes/{box['id']}",
        json={"serialNumber": "SN-2", "locationId": elsewhere["id"], "modelId": 10, "registrationStatus": "Pending"},
    )
    assert changed.status_code == 200
    shown = changed.json()
    assert (shown["serialNumber"], shown["locationId"], shown["model"]["id"]) == ("SN-2", elsewhere["id"], 10)
    assert shown["registrationStatus"] == "Pending"
    assert [evse["connectors"][0]["standard"] for evse in shown["evses"]] == ["IEC_62196_T2_COMBO"] * 2
    assert shown["evses"][0]["uid"] == box["evses"][0]["uid"]
    (event,) = await events(database, "charge_box.changed")
    assert event.data["changed"] == ["location_id", "model_id", "registration_status", "serial_number"]
    for field in ("modelId", "locationId"):
        wrong = await api.editor.patch(f"/v2/chargeboxes/{box['id']}", json={field: 99999})
        assert (wrong.status_code, refusal(wrong)["details"][0]["field"]) == (400, field)


async def test_a_change_of_nothing_changes_nothing(api: Api, database: Database) -> None:
    box = await api.charge_box()
    same = (await api.editor.patch(f"/v2/chargeboxes/{box['id']}", json={"serialNumber": None})).json()
    assert same["updatedAt"] == box["updatedAt"]
    assert await events(database, "charge_box.changed") == []


async def test_a_new_password_counts_at_once(api: Api) -> None:
    box = await api.charge_box()
    url = f"/v2/chargeboxes/{box['id']}"
    nameless: httpx.Response = await api.editor.patch(url, json={"ocppPasswordRequired": True})
    assert (nameless.status_code, refusal(nameless)["details"][0]["field"]) == (400, "ocppPassword")
    async with plugged_in(box) as end:
        changed = await api.editor.patch(url, json={"ocppPassword": "b0b" * 8})
        assert changed.status_code == 200
        assert "ocppPassword" not in changed.json()
        with pytest.raises((websockets.exceptions.ConnectionClosed, TimeoutError)):
            await asyncio.wait_for(end.call("Heartbeat"), 2)
    with pytest.raises(websockets.exceptions.InvalidStatus):
        async with plugged_in(box):
            pass
    async with plugged_in(box | {"ocppPassword": "b0b" * 8}):
        pass
    assert (await api.editor.patch(url, json={"ocppPasswordRequired": False})).status_code == 200
    async with plugged_in(box | {"ocppPassword": "anything"}):
        pass


async def test_who_knocks_in_vain_is_listed_until_it_is_admitted(api: Api) -> None:
    box = await api.charge_box()
    stranger = box | {"chargeBoxIdentity": "stranger-1", "ocppUrl": box["ocppUrl"].rpartition("/")[0] + "/stranger-1"}
    for _ in range(2):
        with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
            async with plugged_in(stranger):
                pass
        assert refused.value.response.status_code == 404

    async def knocks() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await api.viewer.get("/v2/chargeboxes/unknown")).json()["data"]
        return found

    (knock,) = await eventually(knocks, lambda found: bool(found) and found[0]["count"] == 2)
    assert (knock["chargeBoxIdentity"], knock["count"]) == ("stranger-1", 2)
    assert knock["reason"]
    assert "127.0.0.1" in knock["remoteAddress"]
    assert knock["firstAt"] <= knock["lastAt"]
    await api.charge_box(chargeBoxIdentity="stranger-1")
    assert (await api.viewer.get("/v2/chargeboxes/unknown")).json()["data"] == []
