"""Tariffs over the API."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from csms.store.database import Database
from tests.api.charge_box import plugged_in
from tests.api.conftest import Api, created
from tests.api.test_app import refusal
from tests.api.test_chargeboxes import events

SIMPLE: dict[str, Any] = {
    "currency": "DKK",
    "elements": [{"priceComponents": [{"type": "ENERGY", "price": 3.5, "stepSize": 1, "vat": 0.25}]}],
}
FULL: dict[str, Any] = {
    "currency": "EUR",
    "type": "REGULAR",
    "tariffAltText": [{"language": "en", "text": "By day and by night"}],
    "tariffAltUrl": "https://example.com/tariff",
    "minPrice": 0.5,
    "maxPrice": 50,
    "taxIncluded": "NO",
    "startDateTime": "2024-12-27T00:00:00Z",
    "endDateTime": "2035-01-31T00:00:00Z",
    "elements": [
        {
            "priceComponents": [
                {"type": "FLAT", "price": 1, "stepSize": 1, "vat": 0.15},
                {"type": "ENERGY", "price": 12.34, "stepSize": 1, "vat": 0.15},
                {"type": "TIME", "price": 2, "stepSize": 60, "vat": 0.15},
                {"type": "PARKING_TIME", "price": 5, "stepSize": 300, "vat": 0.15},
            ],
            "restrictions": {
                "startTime": "09:00",
                "endTime": "17:35",
                "startDate": "2024-12-27",
                "endDate": "2025-01-31",
                "minKwh": 1,
                "maxKwh": 50.5,
                "minDuration": 60,
                "maxDuration": 7200,
                "dayOfWeek": ["TUESDAY", "SUNDAY"],
            },
        },
        {"priceComponents": [{"type": "ENERGY", "price": 0.1, "stepSize": 1}]},
    ],
}


async def create_tariff(api: Api, **said: Any) -> dict[str, Any]:
    """Create a tariff."""
    return created(await api.editor.post("/v2/tariffs", json=SIMPLE | said))


def component(**said: Any) -> dict[str, Any]:
    """Elements with one price component, of which something is said."""
    return {"elements": [{"priceComponents": [SIMPLE["elements"][0]["priceComponents"][0] | said]}]}


def restricted(**said: Any) -> dict[str, Any]:
    """Elements with one that is restricted so."""
    return {"elements": [SIMPLE["elements"][0] | {"restrictions": said}]}


async def test_a_tariff_is_shown_as_it_was_made(api: Api, database: Database) -> None:
    made = await create_tariff(api, **FULL)
    shown = (await api.viewer.get(f"/v2/tariffs/{made['id']}")).json()
    assert shown == made
    for field in set(FULL) - {"startDateTime", "endDateTime"}:
        assert shown[field] == FULL[field], field
    assert shown["startDateTime"] == "2024-12-27T00:00:00.000Z"
    assert shown["version"] == 1
    [event] = await events(database, "tariff.created")
    assert (event.actor, event.data) == ("editor", {"tariffId": made["id"], "version": 1})


async def test_both_spellings_of_the_text_are_shown(api: Api) -> None:
    texts = FULL["tariffAltText"]
    for spelling in ("tariffAltText", "tariff_alt_text"):
        made = await create_tariff(api, **{spelling: texts})
        assert (made["tariffAltText"], made["tariff_alt_text"]) == (texts, texts)


async def test_what_is_not_said_is_left_out(api: Api) -> None:
    made = await create_tariff(api)
    assert set(made) == {"id", "currency", "elements", "taxIncluded", "version", "lastUpdated"}
    assert made["elements"] == SIMPLE["elements"]
    assert made["taxIncluded"] == "NO"


async def test_the_id_is_compared_without_case(api: Api) -> None:
    made = await create_tariff(api, id="21C92A17-A793-4ABE-B903-90BE983D413E")
    assert made["id"] == "21c92a17-a793-4abe-b903-90be983d413e"
    for spelling in (made["id"], made["id"].upper()):
        assert (await api.viewer.get(f"/v2/tariffs/{spelling}")).json() == made
    again = await api.editor.post("/v2/tariffs", json=SIMPLE | {"id": made["id"]})
    assert again.status_code == 409
    refusal(again)


async def test_a_change_makes_a_new_version_and_leaves_the_old_one(api: Api, database: Database) -> None:
    made = await create_tariff(api)
    url = f"/v2/tariffs/{made['id'].upper()}"
    for version, price in ((2, 4.5), (3, 5.5)):
        changed = (await api.editor.put(url, json=SIMPLE | component(price=price))).json()
        assert (changed["id"], changed["version"]) == (made["id"], version)
        assert changed == (await api.viewer.get(url)).json()
    assert (await api.viewer.get("/v2/tariffs")).json()["data"] == [changed]
    async with database.read() as connection:
        rows = await connection.execute(
            text("SELECT version, document #>> '{elements,0,priceComponents,0,price}' FROM tariffs ORDER BY version")
        )
        assert [(version, float(price)) for version, price in rows] == [(1, 3.5), (2, 4.5), (3, 5.5)]
    assert [event.data["version"] for event in await events(database, "tariff.changed")] == [2, 3]


async def test_a_running_transaction_keeps_the_version_that_it_started_with(api: Api, database: Database) -> None:
    tariff = await create_tariff(api)
    box = await api.charge_box(locationId=(await api.location(tariffId=tariff["id"]))["id"])
    await api.token("CARD")
    async with plugged_in(box) as end:
        running = await end.start("CARD", connector=1, at="2025-06-03T12:00:00Z")
        await api.editor.put(f"/v2/tariffs/{tariff['id']}", json=SIMPLE | component(price=9))
        later = await end.start("CARD", connector=2, at="2025-06-03T12:05:00Z")
    async with database.read() as connection:
        rows = await connection.execute(text("SELECT id, tariff_id, tariff_version FROM transactions ORDER BY id"))
        assert [tuple(row) for row in rows] == [(running, tariff["id"], 1), (later, tariff["id"], 2)]


async def test_a_deleted_tariff_is_gone_and_its_versions_stay(api: Api, database: Database) -> None:
    made = await create_tariff(api)
    location = await api.location()
    url = f"/v2/tariffs/{made['id']}"
    await api.editor.put(url, json=SIMPLE)
    assert (await api.editor.delete(url)).status_code == 204
    for response in (await api.viewer.get(url), await api.editor.delete(url), await api.editor.put(url, json=SIMPLE)):
        assert response.status_code == 404
    assert (await api.viewer.get("/v2/tariffs")).json()["data"] == []
    assert (await api.editor.post("/v2/tariffs", json=SIMPLE | {"id": made["id"]})).status_code == 409
    late = await api.editor.patch(f"/v2/locations/{location['id']}", json={"tariffId": made["id"]})
    assert (late.status_code, refusal(late)["details"][0]["field"]) == (400, "tariffId")
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM tariffs")) == 2
    [event] = await events(database, "tariff.deleted")
    assert (event.actor, event.data) == ("editor", {"tariffId": made["id"], "version": 2})


async def test_a_tariff_in_use_is_not_deleted(api: Api, database: Database) -> None:
    of_location, of_group = await create_tariff(api), await create_tariff(api)
    location = await api.location(tariffId=of_location["id"], name="Harbour")
    async with database.write() as connection:
        await connection.execute(
            text("INSERT INTO voucher_groups (name, tariff_id) VALUES ('Guests', :id)"), {"id": of_group["id"]}
        )
    for tariff, user in ((of_location, "Harbour"), (of_group, "Guests")):
        response = await api.editor.delete(f"/v2/tariffs/{tariff['id']}")
        assert response.status_code == 409
        assert user in refusal(response)["message"]
        assert (await api.viewer.get(f"/v2/tariffs/{tariff['id']}")).json() == tariff
    assert (await api.editor.delete(f"/v2/locations/{location['id']}")).status_code == 204
    assert (await api.editor.delete(f"/v2/tariffs/{of_location['id']}")).status_code == 204


async def test_changes_at_the_same_time_become_versions_one_after_the_other(api: Api) -> None:
    url = f"/v2/tariffs/{(await create_tariff(api))['id']}"
    bodies = [SIMPLE | component(price=price) for price in range(10, 15)]
    changed = [response.json() for response in await asyncio.gather(*(api.editor.put(url, json=it) for it in bodies))]
    assert sorted(tariff["version"] for tariff in changed) == [2, 3, 4, 5, 6]
    assert (await api.viewer.get(url)).json() == max(changed, key=lambda tariff: int(tariff["version"]))


async def test_a_tariff_is_never_deleted_while_somebody_comes_to_use_it(api: Api) -> None:
    for _ in range(5):
        tariff, location = await create_tariff(api), await api.location()
        url = f"/v2/tariffs/{tariff['id']}"
        used, deleted = await asyncio.gather(
            api.editor.patch(f"/v2/locations/{location['id']}", json={"tariffId": tariff["id"]}), api.editor.delete(url)
        )
        assert (used.status_code, deleted.status_code) in {(200, 409), (400, 204)}
        assert (await api.viewer.get(url)).status_code == {200: 200, 400: 404}[used.status_code]


async def test_tariffs_are_listed_by_page(api: Api) -> None:
    ids = sorted([(await create_tariff(api))["id"] for _ in range(5)])
    forth: list[str] = []
    cursor, previous = "", None
    while cursor is not None:
        page = (await api.viewer.get(f"/v2/tariffs?limit=2&nextPageCursor={cursor}")).json()
        forth += [tariff["id"] for tariff in page["data"]]
        cursor, previous = page["nextPageCursor"], page["previousPageCursor"]
        await api.editor.put(f"/v2/tariffs/{forth[-1]}", json=SIMPLE)
    assert forth == ids
    back = (await api.viewer.get(f"/v2/tariffs?limit=2&previousPageCursor={previous}")).json()
    assert [tariff["id"] for tariff in back["data"]] == ids[2:4]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"currency": "euro"}, "currency"),
        ({"type": "CHEAP"}, "type"),
        ({"elements": []}, "elements"),
        ({"elements": [{"priceComponents": []}]}, "elements.0.priceComponents"),
        (component(type="WATER"), "elements.0.priceComponents.0.type"),
        (component(price="3"), "elements.0.priceComponents.0.price"),
        (component(price=None), "elements.0.priceComponents.0.price"),
        (component(vat=25), "elements.0.priceComponents.0.vat"),
        (component(stepSize=-1), "elements.0.priceComponents.0.stepSize"),
        (restricted(startTime="9"), "elements.0.restrictions.startTime"),
        (restricted(startDate="2025-02-31"), "elements.0.restrictions.startDate"),
        (restricted(minKwh=5, maxKwh=5), "elements.0.restrictions.maxKwh"),
        (restricted(dayOfWeek=["MON"]), "elements.0.restrictions.dayOfWeek.0"),
        ({"minPrice": 5, "maxPrice": 4}, "maxPrice"),
        ({"tariffAltText": [{"language": "english", "text": "Cheap"}]}, "tariffAltText.0.language"),
    ],
)
async def test_what_cannot_be_is_400(api: Api, said: dict[str, Any], field: str) -> None:
    made = await create_tariff(api)
    for response in (
        await api.editor.post("/v2/tariffs", json=SIMPLE | said),
        await api.editor.put(f"/v2/tariffs/{made['id']}", json=SIMPLE | said),
    ):
        assert (response.status_code, [detail["field"] for detail in refusal(response)["details"]]) == (400, [field])
    assert (await api.viewer.get(f"/v2/tariffs/{made['id']}")).json() == made


@pytest.mark.parametrize("id", ["77", "21C92A17-A793-4ABE-B903-90BE983D413E"])
async def test_a_tariff_that_does_not_exist_is_404(api: Api, id: str) -> None:
    async def missing(response: httpx.Response) -> None:
        assert response.status_code == 404
        refusal(response)

    await missing(await api.viewer.get(f"/v2/tariffs/{id}"))
    await missing(await api.editor.put(f"/v2/tariffs/{id}", json=SIMPLE))
    await missing(await api.editor.delete(f"/v2/tariffs/{id}"))


async def test_only_editors_change_tariffs(api: Api) -> None:
    made = await create_tariff(api)
    url = f"/v2/tariffs/{made['id']}"
    assert (await api.viewer.post("/v2/tariffs", json=SIMPLE)).status_code == 403
    assert (await api.viewer.put(url, json=SIMPLE)).status_code == 403
    assert (await api.viewer.delete(url)).status_code == 403
    assert (await api.nobody.get(url)).status_code == 403
