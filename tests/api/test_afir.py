"""What is public of the infrastructure, over the API."""

from typing import Any

from sqlalchemy import event

from csms.store.database import Database
from tests.api.charge_box import plugged_in
from tests.api.conftest import Api
from tests.api.test_app import refusal
from tests.api.test_tariffs import create_tariff
from tests.api.test_temporary_evse_statuses import declare

TABLES = "/v2/afir/energy-infrastructure-tables"
STATUSES = "/v2/afir/energy-infrastructure-statuses"


async def sites(api: Api, query: str = "") -> list[dict[str, Any]]:
    """The sites that are published, to somebody without a key."""
    response = await api.nobody.get(f"{TABLES}{query}")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    publication = response.json()["payload"]["aegiEnergyInfrastructureTablePublication"]
    [table] = publication["energyInfrastructureTable"]
    found: list[dict[str, Any]] = table["energyInfrastructureSite"]
    return found


async def site_statuses(api: Api, query: str = "") -> list[dict[str, Any]]:
    """The statuses that are published."""
    response = await api.nobody.get(f"{STATUSES}{query}")
    assert response.status_code == 200
    [payload] = response.json()["messageContainer"]["payload"]
    found: list[dict[str, Any]] = payload["aegiEnergyInfrastructureStatusPublication"]["energyInfrastructureSiteStatus"]
    return found


async def point_statuses(api: Api) -> list[dict[str, Any]]:
    """The statuses of all refill points."""
    return [
        point["aegiElectricChargingPointStatus"]
        for site in await site_statuses(api)
        for station in site["energyInfrastructureStationStatus"]
        for point in station["refillPointStatus"]
    ]


async def test_with_no_location_the_publications_are_empty(api: Api) -> None:
    assert await sites(api) == []
    assert await site_statuses(api) == []


async def test_a_location_is_published_with_all_that_is_at_it(api: Api) -> None:
    tariff = await create_tariff(api)
    location = await api.location(tariffId=tariff["id"], parkingType="PARKING_LOT")
    box = await api.charge_box(locationId=location["id"])
    [site] = await sites(api)
    assert (site["idG"], site["typeOfSite"]) == (f"site-{location['id']}", {"value": "openSpace"})
    [station] = site["energyInfrastructureStation"]
    assert (station["idG"], station["numberOfRefillPoints"]) == (f"station-{box['id']}", 2)
    connector = box["evses"][0]["connectors"][0]
    assert station["totalMaximumPower"] == 2 * 1000 * connector["maxElectricPower"]
    points = [point["aegiElectricChargingPoint"] for point in station["refillPoint"]]
    assert [point["externalIdentifier"][0]["identifier"] for point in points] == [
        evse["evseId"] for evse in box["evses"]
    ]
    assert points[0]["connector"][0]["connectorType"] == {"value": "iec62196T2"}
    assert points[0]["electricEnergy"][0]["energyRate"][0]["idG"] == tariff["id"]
    [status] = await site_statuses(api)
    assert status["reference"]["idG"] == site["idG"]
    [of_station] = status["energyInfrastructureStationStatus"]
    assert of_station["reference"]["idG"] == station["idG"]
    shown = [point["aegiElectricChargingPointStatus"] for point in of_station["refillPointStatus"]]
    assert [point["reference"]["idG"] for point in shown] == [point["idG"] for point in points]
    [update] = shown[0]["energyRateUpdate"]
    assert update["energyRateReference"]["idG"] == tariff["id"]
    [price] = update["energyPrice"]
    assert (price["value"], price["taxIncluded"], price["taxRate"]) == (3.5, False, 25.0)


async def test_a_temporary_status_shows_in_locations_and_here_and_not_on_the_evse(api: Api) -> None:
    box = await api.charge_box()
    evse_url = f"/v2/evses/{box['evses'][0]['uid']}"
    async with plugged_in(box) as end:
        await end.report(1, "Charging")
        before = await point_statuses(api)
        assert [point["status"]["value"] for point in before] == ["charging", "available"]
        made = await declare(api, box["evses"][0], "MAINTENANCE")
        during = await point_statuses(api)
        location = (await api.viewer.get(f"/v2/locations/{box['locationId']}")).json()
        evse = (await api.viewer.get(evse_url)).json()
        await api.editor.delete(f"/v2/temporary-evse-statuses/{made['id']}")
        after = await point_statuses(api)
        assert end.asked == []
    assert [point["status"]["value"] for point in during] == ["inoperative", "available"]
    assert [shown["status"] for shown in location["evses"]] == ["INOPERATIVE", "AVAILABLE"]
    assert evse["status"] == "CHARGING"
    assert during[0]["lastUpdated"] > before[0]["lastUpdated"]
    assert after == before


async def test_only_published_locations_of_the_customers_are_told(api: Api) -> None:
    shown, hidden = await api.location(), await api.location(publish=False)
    gone = await api.location()
    await api.editor.delete(f"/v2/locations/{gone['id']}")
    expected = [f"site-{shown['id']}"]
    for query in ("", "?customerIds=1", "?customerIds=1,2", "?customerIds[]=1"):
        assert [site["idG"] for site in await sites(api, query)] == expected
        assert [site["reference"]["idG"] for site in await site_statuses(api, query)] == expected
    assert await sites(api, "?customerIds=2") == []
    await api.editor.patch(f"/v2/locations/{hidden['id']}", json={"publish": True})
    assert [site["idG"] for site in await sites(api)] == [*expected, f"site-{hidden['id']}"]
    wrong = await api.nobody.get(f"{TABLES}?customerIds=all")
    assert (wrong.status_code, refusal(wrong)["details"][0]["field"]) == (400, "customerIds.0")


async def test_no_key_is_needed_and_a_wrong_one_does_no_harm(api: Api) -> None:
    for url in (TABLES, STATUSES):
        response = await api.nobody.get(url, headers={"Authorization": "Bearer nonsense"})
        assert response.status_code == 200


async def test_a_long_publication_takes_few_queries_and_leaves_nobody_out(api: Api, database: Database) -> None:
    tariff = await create_tariff(api)
    ids = [(await api.location(tariffId=tariff["id"]))["id"] for _ in range(52)]
    for location_id in (ids[0], ids[0], ids[-1]):
        await api.charge_box(locationId=location_id)
    asked: list[str] = []
    engine = database.engine.sync_engine

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    found = await sites(api)
    event.remove(engine, "before_cursor_execute", note)
    assert [site["idG"] for site in found] == [f"site-{number}" for number in ids]
    assert [len(site["energyInfrastructureStation"]) for site in found] == [2] + [0] * 50 + [1]
    # Two pages of at most eight queries each, and who publishes.
    assert len(asked) <= 18
