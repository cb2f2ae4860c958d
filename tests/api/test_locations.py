"""Locations over the API."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from csms.store.database import Database
from tests.api.conftest import Api, created
from tests.api.test_app import refusal
from tests.api.test_chargeboxes import events
from tests.api.test_tariffs import create_tariff

FULL: dict[str, Any] = {
    "name": "Harbour",
    "address": "Havnegade 1",
    "postalCode": "01058",
    "city": "København",
    "countryCode": "dk",
    "coordinates": {"latitude": 55.6761, "longitude": 12.5683},
    "publish": False,
    "facilities": ["CAFE", "WIFI"],
    "directions": [{"text": "Bag pakhuset", "language": "da"}, {"text": "Behind the warehouse", "language": "en"}],
    "openingTimes": {
        "twentyFourSeven": False,
        "regularHours": [{"weekday": 1, "periodBegin": "08:00", "periodEnd": "17:00"}],
        "exceptionalClosings": [{"periodBegin": "2025-12-24T00:00:00Z", "periodEnd": "2025-12-26T23:59:59.000Z"}],
    },
    "timeZone": "Europe/Berlin",
    "parkingType": "PARKING_GARAGE",
    "ownerId": 1234,
    "customerId": 1,
    "allowPriorityCharging": True,
    "billingReference": "Harbour 7",
    "energyMix": {
        "isGreenEnergy": False,
        "energySources": [{"source": "WIND", "percentage": 70.5}, {"source": "GAS", "percentage": 29.5}],
        "environImpact": [{"category": "CARBON_DIOXIDE", "amount": 120}],
        "supplierName": "Vindkraft",
        "energyProductName": "Mix",
    },
    "helpPhone": "+4570000000",
}


def hours(weekday: int, begin: str, end: str = "17:00") -> dict[str, Any]:
    """Opening times of one day."""
    return {"openingTimes": {"regularHours": [{"weekday": weekday, "periodBegin": begin, "periodEnd": end}]}}


def closed(begin: str, end: str) -> dict[str, Any]:
    """Opening times with a closing."""
    return {
        "openingTimes": {"twentyFourSeven": True, "exceptionalClosings": [{"periodBegin": begin, "periodEnd": end}]}
    }


async def test_a_location_is_shown_as_it_was_made(api: Api) -> None:
    made = await api.location(**FULL)
    shown = (await api.viewer.get(f"/v2/locations/{made['id']}")).json()
    assert shown == made
    assert shown["countryCode"] == "DK"
    assert shown["openingTimes"] == {
        **FULL["openingTimes"],
        "exceptionalOpenings": [],
        "exceptionalClosings": [{"periodBegin": "2025-12-24T00:00:00.000Z", "periodEnd": "2025-12-26T23:59:59.000Z"}],
    }
    for field in set(FULL) - {"openingTimes", "countryCode"}:
        assert shown[field] == FULL[field], field
    assert shown["operator"] == shown["owner"] == {"name": "Operator", "website": None}
    assert datetime.strptime(shown["lastUpdated"], "%Y-%m-%d %H:%M:%S")


async def test_what_is_left_out_has_its_default(api: Api) -> None:
    optional = sorted(set(FULL) - set((await api.location()).keys()) | {"facilities", "parkingType", "energyMix"})
    for said in ({}, dict.fromkeys([*optional, "openingTimes", "directions", "customerId", "timeZone"])):
        made = await api.location(**said)
        assert (made["parkingType"], made["facilities"], made["openingTimes"]) == ("ON_STREET", [], None)
        assert (made["customerId"], made["allowPriorityCharging"], made["tariffId"]) == (1, False, None)
        assert (made["directions"], made["energyMix"], made["helpPhone"], made["ownerId"]) == ([], None, None, None)
        assert made["timeZone"] == "Europe/Copenhagen"


@pytest.mark.parametrize(("country", "zone"), [("de", "Europe/Berlin"), ("US", "UTC"), ("ZZ", "UTC")])
async def test_a_location_gets_the_clock_of_its_country(api: Api, country: str, zone: str) -> None:
    assert (await api.location(countryCode=country))["timeZone"] == zone


async def test_a_location_has_the_evses_of_its_charge_boxes(api: Api) -> None:
    here, there = await api.location(), await api.location()
    box = await api.charge_box(locationId=here["id"])
    gone = await api.charge_box(locationId=here["id"])
    await api.editor.delete(f"/v2/chargeboxes/{gone['id']}")
    listed = (await api.viewer.get(f"/v2/locations?ids={here['id']},{there['id']}&customerIds=1")).json()["data"]
    assert [location["evses"] for location in listed] == [box["evses"], []]


async def test_a_location_tells_its_tariff_and_so_do_its_connectors(api: Api) -> None:
    tariff = await create_tariff(api)
    location = await api.location(tariffId=tariff["id"].upper())
    box = await api.charge_box(locationId=location["id"])
    assert location["tariffId"] == tariff["id"]
    assert [connector["tariffIds"] for evse in box["evses"] for connector in evse["connectors"]] == [[tariff["id"]]] * 2
    assert (await api.viewer.get(f"/v2/evses/{box['evses'][0]['uid']}")).json() == box["evses"][0]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["plain", "priority", "tariff"]),
        ("priority=true", ["priority"]),
        ("priority=false", ["plain", "tariff"]),
        ("ownerId=1234", ["priority"]),
        ("ownerId=99999999999999", []),
        ("tariffId={tariff}", ["tariff"]),
        ("tariffId=77", []),
        ("customerId=1", ["plain", "priority", "tariff"]),
        ("customerId=2", []),
        ("customerIds=1&customerId=2", []),
        ("customerIds=1&customerIds=2&customerId=1&limit=1000", ["plain", "priority", "tariff"]),
        ("ids={plain},{tariff}", ["plain", "tariff"]),
    ],
)
async def test_the_list_is_narrowed_by_each_filter(api: Api, query: str, found: list[str]) -> None:
    tariff = await create_tariff(api)
    made = {
        "plain": await api.location(),
        "priority": await api.location(allowPriorityCharging=True, ownerId=1234),
        "tariff": await api.location(tariffId=tariff["id"]),
    }
    ids = {name: location["id"] for name, location in made.items()}
    query = query.format(**ids | {"tariff": tariff["id"] if "tariffId" in query else ids["tariff"]})
    listed = (await api.viewer.get(f"/v2/locations?{query}")).json()["data"]
    assert [location["id"] for location in listed] == [ids[name] for name in found]


async def test_pages_neither_skip_nor_repeat_while_locations_change(api: Api) -> None:
    ids = [(await api.location())["id"] for _ in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = (await api.viewer.get(f"/v2/locations?limit=2&nextPageCursor={cursor}")).json()
        seen += [location["id"] for location in page["data"]]
        cursor = page["nextPageCursor"]
        await api.editor.patch(f"/v2/locations/{seen[-1]}", json={"name": "Changed"})
        if len(seen) == 2:
            await api.editor.delete(f"/v2/locations/{ids[0]}")
            ids.append((await api.location())["id"])
    assert seen == ids


async def test_a_change_changes_what_it_names(api: Api, database: Database) -> None:
    made = await api.location(**FULL)
    said = {
        "name": "Port",
        "coordinates": {"latitude": 1.5, "longitude": 2.5},
        "publish": True,
        "openingTimes": {"twentyFourSeven": True},
        "facilities": ["HOTEL"],
        "allowPriorityCharging": False,
        "unknown": 7,
    }
    response = await api.editor.patch(f"/v2/locations/{made['id']}", json=said)
    assert response.status_code == 200
    changed = response.json()
    assert changed["openingTimes"]["twentyFourSeven"] is True
    assert changed["openingTimes"]["regularHours"] == []
    for field in set(said) - {"unknown", "openingTimes"}:
        assert changed[field] == said[field], field
    for field in set(made) - set(said) - {"lastUpdated"}:
        assert changed[field] == made[field], field
    assert (await api.viewer.get(f"/v2/locations/{made['id']}")).json() == changed
    [event] = await events(database, "location.changed")
    assert (event.actor, event.data["locationId"], event.data["name"]) == ("editor", made["id"], "Port")
    assert {"name", "latitude", "opening_times"} <= set(event.data["changed"])


async def test_null_takes_an_optional_fact_back_to_its_default(api: Api) -> None:
    made = await api.location(**FULL)
    optional = (
        "facilities", "directions", "openingTimes", "timeZone", "parkingType", "ownerId", "customerId", "tariffId",
        "allowPriorityCharging", "billingReference", "energyMix", "helpPhone", "name", "publish", "coordinates",
    )  # fmt: skip
    changed = (await api.editor.patch(f"/v2/locations/{made['id']}", json=dict.fromkeys(optional))).json()
    plain = await api.location()
    for field in optional[:-3]:
        assert changed[field] == plain[field], field
    for field in optional[-3:]:
        assert changed[field] == made[field], field


async def test_with_a_new_country_comes_its_clock(api: Api) -> None:
    url = f"/v2/locations/{(await api.location())['id']}"
    assert (await api.editor.patch(url, json={"countryCode": "FI"})).json()["timeZone"] == "Europe/Helsinki"
    both = {"countryCode": "DE", "timeZone": "Europe/Rome"}
    assert (await api.editor.patch(url, json=both)).json()["timeZone"] == "Europe/Rome"
    # The same country again is no new country.
    assert (await api.editor.patch(url, json={"countryCode": "DE"})).json()["timeZone"] == "Europe/Rome"


async def test_a_change_of_nothing_is_no_event(api: Api, database: Database) -> None:
    made = await api.location()
    assert (await api.editor.patch(f"/v2/locations/{made['id']}", json={"name": None})).json() == made
    assert await events(database, "location.changed") == []


async def test_a_deleted_location_is_gone(api: Api, database: Database) -> None:
    made = await api.location()
    url = f"/v2/locations/{made['id']}"
    assert (await api.editor.delete(url)).status_code == 204
    assert (await api.viewer.get(url)).status_code == 404
    assert (await api.viewer.get("/v2/locations")).json()["data"] == []
    assert (await api.editor.patch(url, json={"name": "Back"})).status_code == 404
    assert (await api.editor.delete(url)).status_code == 404
    late = await api.editor.post(
        "/v2/chargeboxes", json={"serialNumber": "SN-1", "modelId": 2, "locationId": made["id"]}
    )
    assert (late.status_code, refusal(late)["details"][0]["field"]) == (400, "locationId")
    [event] = await events(database, "location.deleted")
    assert (event.actor, event.data) == ("editor", {"locationId": made["id"], "name": "Harbour"})


async def test_a_location_with_charge_boxes_cannot_be_deleted(api: Api) -> None:
    box = await api.charge_box()
    url = f"/v2/locations/{box['locationId']}"
    response = await api.editor.delete(url)
    assert response.status_code == 409
    assert "has charge boxes (1)" in refusal(response)["message"]
    assert (await api.editor.delete(f"/v2/chargeboxes/{box['id']}")).status_code == 204
    assert (await api.editor.delete(url)).status_code == 204


async def test_a_location_is_never_deleted_while_a_charge_box_comes_to_it(api: Api) -> None:
    for _ in range(5):
        location = await api.location()
        url = f"/v2/locations/{location['id']}"
        body = {"serialNumber": "SN-1", "modelId": 2, "locationId": location["id"]}
        came, deleted = await asyncio.gather(api.editor.post("/v2/chargeboxes", json=body), api.editor.delete(url))
        assert (came.status_code, deleted.status_code) in {(201, 409), (400, 204)}
        assert (await api.viewer.get(url)).status_code == {201: 200, 400: 404}[came.status_code]


async def test_only_editors_change_locations(api: Api) -> None:
    url = f"/v2/locations/{(await api.location())['id']}"
    assert (await api.viewer.patch(url, json={"name": "Mine"})).status_code == 403
    assert (await api.viewer.delete(url)).status_code == 403


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"countryCode": "DNK"}, "countryCode"),
        ({"coordinates": {"latitude": 91, "longitude": 0}}, "coordinates.latitude"),
        ({"coordinates": {"latitude": "55", "longitude": 0}}, "coordinates.latitude"),
        ({"publish": "yes"}, "publish"),
        ({"name": ""}, "name"),
        ({"facilities": ["POOL"]}, "facilities.0"),
        ({"directions": [{"text": "There", "language": "english"}]}, "directions.0.language"),
        ({"parkingType": "MOON"}, "parkingType"),
        (hours(8, "08:00"), "openingTimes.regularHours.0.weekday"),
        (hours(1, "8"), "openingTimes.regularHours.0.periodBegin"),
        (hours(1, "24:00"), "openingTimes.regularHours.0.periodBegin"),
        ({"openingTimes": {}}, "openingTimes.regularHours"),
        (closed("Monday", "2025-01-01T00:00:00Z"), "openingTimes.exceptionalClosings.0.periodBegin"),
        (closed("2025-01-01T00:00:00Z", "2025-01-01"), "openingTimes.exceptionalClosings.0.periodEnd"),
        ({"timeZone": "Mars/Olympus"}, "timeZone"),
        ({"energyMix": {"isGreenEnergy": True, "energySources": [{"source": "COLD", "percentage": 1}]}},
         "energyMix.energySources.0.source"),
        ({"ownerId": 2**31}, "ownerId"),
        ({"customerId": 77}, "customerId"),
        ({"tariffId": "21C92A17-A793-4ABE-B903-90BE983D413E"}, "tariffId"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_400(api: Api, said: dict[str, Any], field: str) -> None:
    made = await api.location()
    for response in (
        await api.editor.post("/v2/locations", json=FULL | said),
        await api.editor.patch(f"/v2/locations/{made['id']}", json=said),
    ):
        assert (response.status_code, [detail["field"] for detail in refusal(response)["details"]]) == (400, [field])
    assert (await api.viewer.get(f"/v2/locations/{made['id']}")).json() == made


@pytest.mark.parametrize("missing", ["name", "address", "postalCode", "city", "countryCode", "coordinates", "publish"])
async def test_what_every_place_has_must_be_said(api: Api, missing: str) -> None:
    for body in ({**FULL, missing: None}, {name: value for name, value in FULL.items() if name != missing}):
        response = await api.editor.post("/v2/locations", json=body)
        assert (response.status_code, refusal(response)["details"][0]["field"]) == (400, missing)


async def test_a_wrong_value_of_an_enum_is_answered_with_the_right_ones(api: Api) -> None:
    response = await api.editor.post("/v2/locations", json=FULL | {"parkingType": "MOON"})
    for allowed in ("ON_STREET", "PARKING_GARAGE", "UNDERGROUND_GARAGE", "PARKING_LOT", "OTHER", "ON_DRIVEWAY"):
        assert allowed in refusal(response)["message"]


async def test_a_location_that_does_not_exist_is_404(api: Api) -> None:
    for number in (77, 2**40):
        assert (await api.viewer.get(f"/v2/locations/{number}")).status_code == 404
        assert (await api.editor.patch(f"/v2/locations/{number}", json={})).status_code == 404
        assert (await api.editor.delete(f"/v2/locations/{number}")).status_code == 404


# ---- temporary statuses: what locations tell, and chargers never hear of


async def test_a_temporary_status_shows_in_locations_and_not_on_the_evse(api: Api) -> None:
    box = await api.charge_box()
    evse = box["evses"][0]
    declared = {"evseId": evse["evseId"], "temporaryStatus": "COMMISSIONING"}
    made = created(await api.editor.post("/v2/temporary-evse-statuses", json=declared))

    async def told() -> list[str]:
        location = (await api.viewer.get(f"/v2/locations/{box['locationId']}")).json()
        [listed] = (await api.viewer.get("/v2/locations")).json()["data"]
        assert listed == location
        return [shown["status"] for shown in location["evses"]]

    assert await told() == ["PLANNED", "UNKNOWN"]
    assert (await api.viewer.get(f"/v2/evses/{evse['uid']}")).json() == evse
    assert (await api.viewer.get(f"/v2/chargeboxes/{box['id']}")).json()["evses"] == box["evses"]
    future = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    await api.editor.patch(f"/v2/temporary-evse-statuses/{made['id']}", json={"validFrom": future})
    assert await told() == ["UNKNOWN", "UNKNOWN"]
