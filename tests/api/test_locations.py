"""Locations over the API."""

from typing import Any

import pytest

from tests.api.conftest import Api
from tests.api.test_app import refusal

FULL = {
    "name": "Harbour",
    "address": "Havnegade 1",
    "postalCode": "01058",
    "city": "København",
    "countryCode": "dk",
    "coordinates": {"latitude": 55.6761, "longitude": 12.5683},
    "publish": False,
    "facilities": ["CAFE", "WIFI"],
    "openingTimes": {
        "twentyFourSeven": False,
        "regularHours": [{"weekday": 1, "periodBegin": "08:00", "periodEnd": "17:00"}],
        "exceptionalClosings": [{"periodBegin": "2025-12-24T00:00:00Z", "periodEnd": "2025-12-26T23:59:59.000Z"}],
    },
    "parkingType": "PARKING_GARAGE",
    "customerId": 1,
    "tariffId": "21C92A17-A793-4ABE-B903-90BE983D413E",
    "allowPriorityCharging": True,
    "billingReference": "Harbour 7",
}


def hours(weekday: int, begin: str) -> dict[str, Any]:
    """Opening times of one day."""
    return {"openingTimes": {"regularHours": [{"weekday": weekday, "periodBegin": begin, "periodEnd": "17:00"}]}}


async def test_a_location_is_shown_as_it_was_made(api: Api) -> None:
    made = await api.location(**FULL)
    shown = (await api.viewer.get(f"/v2/locations/{made['id']}")).json()
    assert shown == made
    assert shown["countryCode"] == "DK"
    assert shown["openingTimes"] == {
        **FULL["openingTimes"],  # type: ignore[dict-item]
        "exceptionalOpenings": [],
        "exceptionalClosings": [{"periodBegin": "2025-12-24T00:00:00.000Z", "periodEnd": "2025-12-26T23:59:59.000Z"}],
    }
    for field in set(FULL) - {"openingTimes", "countryCode"}:
        assert shown[field] == FULL[field], field
    assert shown["operator"] == shown["owner"] == {"name": "Operator"}


async def test_what_is_left_out_has_its_default(api: Api) -> None:
    made = await api.location()
    assert (made["parkingType"], made["facilities"], made["openingTimes"]) == ("ON_STREET", [], None)
    assert (made["customerId"], made["allowPriorityCharging"], made["tariffId"]) == (1, False, None)


async def test_a_location_has_the_evses_of_its_charge_boxes(api: Api) -> None:
    here, there = await api.location(), await api.location()
    box = await api.charge_box(locationId=here["id"])
    gone = await api.charge_box(locationId=here["id"])
    await api.editor.delete(f"/v2/chargeboxes/{gone['id']}")
    listed = (await api.viewer.get(f"/v2/locations?ids={here['id']},{there['id']}&customerIds=1")).json()["data"]
    assert [location["evses"] for location in listed] == [box["evses"], []]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"countryCode": "DNK"}, "countryCode"),
        ({"coordinates": {"latitude": 91, "longitude": 0}}, "coordinates.latitude"),
        ({"coordinates": {"latitude": "55", "longitude": 0}}, "coordinates.latitude"),
        ({"coordinates": None}, "coordinates"),
        ({"publish": "yes"}, "publish"),
        ({"name": ""}, "name"),
        ({"facilities": ["POOL"]}, "facilities.0"),
        ({"parkingType": "MOON"}, "parkingType"),
        (hours(8, "08:00"), "openingTimes.regularHours.0.weekday"),
        (hours(1, "8"), "openingTimes.regularHours.0.periodBegin"),
        ({"customerId": 77}, "customerId"),
    ],
)
async def test_what_cannot_be_is_400(api: Api, said: dict[str, Any], field: str) -> None:
    response = await api.editor.post("/v2/locations", json=FULL | said)
    assert (response.status_code, [detail["field"] for detail in refusal(response)["details"]]) == (400, [field])


async def test_a_location_that_does_not_exist_is_404(api: Api) -> None:
    assert (await api.viewer.get("/v2/locations/77")).status_code == 404
