"""Temporary statuses of EVSEs over the API."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from csms.store.database import Database
from tests.api.charge_box import plugged_in
from tests.api.conftest import Api, created, eventually
from tests.api.test_app import refusal
from tests.api.test_chargeboxes import events

URL = "/v2/temporary-evse-statuses"


def moment(**away: float) -> str:
    """A moment so far from now."""
    at = datetime.now(UTC) + timedelta(**away)
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


async def declare(api: Api, evse: dict[str, Any], status: str = "RESERVED", **said: Any) -> dict[str, Any]:
    """Declare a temporary status."""
    body = {"evseId": evse["evseId"], "temporaryStatus": status}
    return created(await api.editor.post(URL, json=body | said))


async def listed(api: Api, query: str = "") -> list[int]:
    """The ids that a list shows."""
    return [shown["id"] for shown in (await api.viewer.get(f"{URL}{query}")).json()]


async def shared(api: Api, box: dict[str, Any]) -> list[str]:
    """What is told of the EVSEs of a charge box."""
    location = (await api.viewer.get(f"/v2/locations/{box['locationId']}")).json()
    return [evse["status"] for evse in location["evses"]]


async def technical(api: Api, box: dict[str, Any]) -> list[str]:
    """What the charge box says of its EVSEs; the two lists agree."""
    evses = (await api.viewer.get(f"/v2/evses?chargeboxIds={box['id']}")).json()["data"]
    assert (await api.viewer.get(f"/v2/chargeboxes/{box['id']}")).json()["evses"] == evses
    return [evse["status"] for evse in evses]


async def test_a_temporary_status_is_shown_as_it_was_declared(api: Api, database: Database) -> None:
    box = await api.charge_box()
    begin, end = moment(hours=1), moment(hours=2)
    made = await declare(api, box["evses"][0], "MAINTENANCE", validFrom=begin, validTo=end)
    assert made == {
        "id": made["id"],
        "temporaryStatus": "MAINTENANCE",
        "evseId": box["evses"][0]["evseId"],
        "validFrom": begin,
        "validTo": end,
    }
    assert (await api.viewer.get(f"{URL}/{made['id']}")).json() == made
    [event] = await events(database, "temporary_evse_status.created")
    assert (event.charge_box_id, event.actor) == (box["id"], "editor")
    assert event.data == {"id": made["id"], "evseId": made["evseId"], "temporaryStatus": "MAINTENANCE"}


async def test_without_dates_it_is_from_now_on_until_removed(api: Api, database: Database) -> None:
    box = await api.charge_box()
    made = await declare(api, box["evses"][1], "BLOCKED")
    assert abs(datetime.fromisoformat(made["validFrom"]) - datetime.now(UTC)) < timedelta(seconds=10)
    assert "validTo" not in made
    assert await shared(api, box) == ["UNKNOWN", "BLOCKED"]
    removed = await api.editor.delete(f"{URL}/{made['id']}")
    assert (removed.status_code, removed.content) == (204, b"")
    assert await shared(api, box) == ["UNKNOWN", "UNKNOWN"]
    assert (await api.viewer.get(f"{URL}/{made['id']}")).status_code == 404
    assert [event.actor for event in await events(database, "temporary_evse_status.removed")] == ["editor"]


@pytest.mark.parametrize(
    ("status", "told"),
    [("MAINTENANCE", "INOPERATIVE"), ("COMMISSIONING", "PLANNED"), ("BLOCKED", "BLOCKED"), ("RESERVED", "RESERVED")],
)
async def test_only_what_is_told_changes_while_the_charge_box_goes_on(api: Api, status: str, told: str) -> None:
    box = await api.charge_box()
    await api.token("CARD")
    async with plugged_in(box) as end:
        await declare(api, box["evses"][0], status)
        assert await shared(api, box) == [told, "AVAILABLE"]
        assert await technical(api, box) == ["AVAILABLE", "AVAILABLE"]
        assert await end.start("CARD", at="2025-06-03T12:00:00Z") > 0
        await end.report(1, "Charging")
        assert await technical(api, box) == ["CHARGING", "AVAILABLE"]
        assert await shared(api, box) == [told, "AVAILABLE"]
        assert end.asked == []


async def test_it_begins_and_ends_by_itself(api: Api) -> None:
    box = await api.charge_box()
    made = await declare(api, box["evses"][0], validFrom=moment(seconds=0.5), validTo=moment(seconds=1.2))
    seen: list[tuple[str, list[int]]] = []

    async def look() -> list[str]:
        state = ((await shared(api, box))[0], await listed(api))
        seen.extend([state] if state not in seen else [])
        await asyncio.sleep(0.02)
        return [status for status, _ in seen]

    # The status and the list are read one after the other, so between two states there may be a third.
    await eventually(look, lambda statuses: "RESERVED" in statuses)
    await eventually(look, lambda _: seen[-1] == ("RESERVED", [made["id"]]) or len(seen) > 2)
    assert seen[0] == ("UNKNOWN", [])
    assert ("RESERVED", [made["id"]]) in seen
    await eventually(lambda: shared(api, box), lambda told: told[0] == "UNKNOWN")
    assert await listed(api) == []
    assert await listed(api, "?activeOnly=false") == [made["id"]]


async def test_of_several_the_one_that_began_last_is_told(api: Api) -> None:
    box = await api.charge_box()
    evse = box["evses"][0]
    await declare(api, evse, "RESERVED", validFrom=moment(hours=-1))
    await declare(api, evse, "COMMISSIONING", validFrom=moment(hours=-2))
    await declare(api, evse, "BLOCKED", validFrom=moment(hours=1))
    await declare(api, evse, "MAINTENANCE", validFrom=moment(minutes=-30), validTo=moment(minutes=-10))
    assert await shared(api, box) == ["RESERVED", "UNKNOWN"]


async def test_the_list_shows_those_in_force_unless_all_are_wanted(api: Api) -> None:
    box = await api.charge_box()
    a, b = box["evses"]
    past = await declare(api, a, validFrom=moment(hours=-2), validTo=moment(hours=-1))
    now = await declare(api, a, validFrom=moment(hours=-1), validTo=moment(hours=1))
    future = await declare(api, a, validFrom=moment(hours=1))
    other = await declare(api, b)
    a_id = a["evseId"].replace("*", "%2A")
    for query, expected in (
        ("", [other, now]),
        ("?activeOnly=true", [other, now]),
        ("?activeOnly=false", [other, future, now, past]),
        (f"?evseId={a_id}", [now]),
        (f"?evseId={a['evseId']}&activeOnly=false", [future, now, past]),
        ("?evseId=nowhere", []),
    ):
        response = await api.viewer.get(f"{URL}{query}")
        assert response.json() == expected, query
    wrong = await api.viewer.get(f"{URL}?activeOnly=perhaps")
    assert (wrong.status_code, refusal(wrong)["details"][0]["field"]) == (400, "activeOnly")
    assert "'true' or 'false'" in refusal(wrong)["message"]


async def test_a_change_changes_what_it_names(api: Api, database: Database) -> None:
    box = await api.charge_box()
    made = await declare(api, box["evses"][0], "RESERVED", validTo=moment(hours=1))
    url = f"{URL}/{made['id']}"
    response = await api.editor.patch(url, json={"temporaryStatus": "BLOCKED", "evseId": "ignored", "validFrom": None})
    assert (response.status_code, response.json()) == (200, made | {"temporaryStatus": "BLOCKED"})
    assert await shared(api, box) == ["BLOCKED", "UNKNOWN"]
    begin = moment(minutes=10)
    moved = (await api.editor.patch(url, json={"validFrom": begin})).json()
    assert moved == made | {"temporaryStatus": "BLOCKED", "validFrom": begin}
    endless = (await api.editor.patch(url, json={"validTo": None})).json()
    assert "validTo" not in endless
    assert (await api.editor.patch(url, json={})).json() == endless == (await api.viewer.get(url)).json()
    changed = [event.data["changed"] for event in await events(database, "temporary_evse_status.changed")]
    assert changed == [["temporary_status"], ["valid_from"], ["valid_to"]]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"temporaryStatus": "BROKEN"}, "temporaryStatus"),
        ({"validFrom": "tomorrow"}, "validFrom"),
        ({"validTo": 17}, "validTo"),
        ({"validTo": "2020-01-01T00:00:00Z"}, "validTo"),
        ({"validFrom": "2030-01-01T00:00:00Z", "validTo": "2030-01-01T00:00:00Z"}, "validTo"),
    ],
)
async def test_what_cannot_be_is_400(api: Api, said: dict[str, Any], field: str) -> None:
    box = await api.charge_box()
    made = await declare(api, box["evses"][0])
    body = {"evseId": box["evses"][0]["evseId"], "temporaryStatus": "BLOCKED"}
    for response in (
        await api.editor.post(URL, json=body | said),
        await api.editor.patch(f"{URL}/{made['id']}", json=said),
    ):
        assert (response.status_code, [detail["field"] for detail in refusal(response)["details"]]) == (400, [field])
    assert await listed(api, "?activeOnly=false") == [made["id"]]


async def test_what_does_not_exist_is_404(api: Api) -> None:
    nowhere = await api.editor.post(URL, json={"evseId": "nowhere", "temporaryStatus": "BLOCKED"})
    assert (nowhere.status_code, refusal(nowhere)["message"]) == (404, "there is no EVSE nowhere")
    for number in (77, 2**40):
        assert (await api.viewer.get(f"{URL}/{number}")).status_code == 404
        assert (await api.editor.patch(f"{URL}/{number}", json={})).status_code == 404
        assert (await api.editor.delete(f"{URL}/{number}")).status_code == 404


async def test_with_the_charge_box_its_temporary_statuses_go(api: Api) -> None:
    box = await api.charge_box(chargeBoxIdentity="DK.CSMS.7")
    made = await declare(api, box["evses"][0])
    await api.editor.delete(f"/v2/chargeboxes/{box['id']}")
    assert await listed(api, "?activeOnly=false") == []
    assert (await api.viewer.get(f"{URL}/{made['id']}")).status_code == 404
    again = await api.charge_box(chargeBoxIdentity="DK.CSMS.7")
    assert await shared(api, again) == ["UNKNOWN", "UNKNOWN"]
    assert (await declare(api, again["evses"][0]))["evseId"] == made["evseId"]


async def test_only_editors_declare(api: Api) -> None:
    box = await api.charge_box()
    made = await declare(api, box["evses"][0])
    body = {"evseId": made["evseId"], "temporaryStatus": "BLOCKED"}
    assert (await api.viewer.post(URL, json=body)).status_code == 403
    assert (await api.viewer.patch(f"{URL}/{made['id']}", json={})).status_code == 403
    assert (await api.viewer.delete(f"{URL}/{made['id']}")).status_code == 403
    assert (await api.nobody.get(URL)).status_code == 403
