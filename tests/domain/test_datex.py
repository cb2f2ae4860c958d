"""Infrastructure and prices in the words of DATEX II: every enum walked, every branch taken."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from csms.domain.charge_box_models import ConnectorStandard
from csms.domain.datex import (
    CONNECTOR_TYPES,
    STATUSES,
    Plug,
    Publisher,
    RefillPoint,
    Site,
    Station,
    site,
    site_status,
    status_publication,
    table_publication,
)
from csms.domain.datex_prices import Rate, energy_rate, energy_rate_update
from csms.domain.pricing import tariff_from_spirii
from csms.domain.status import EvseStatus

NOW = datetime(2025, 6, 15, 12, 0, tzinfo=UTC)
T2 = Plug("IEC_62196_T2", False, Decimal(22000), Decimal(32), Decimal(400))
CCS = Plug("IEC_62196_T2_COMBO", True, Decimal(150000), Decimal(500), Decimal(920))


def point(number: int = 1, *plugs: Plug, status: EvseStatus = EvseStatus.AVAILABLE, at: datetime = NOW) -> RefillPoint:
    return RefillPoint(number, f"CB1*{number}", status, at, plugs or (T2,))


def place(*stations: Station, **said: Any) -> Site:
    known: dict[str, Any] = {
        "id": 42,
        "name": "Harbour",
        "latitude": 55.676,
        "longitude": 12.568,
        "address": "Havnegade 1",
        "postal_code": "2200",
        "city": "København",
        "country_code": "DK",
        "time_zone": "Europe/Copenhagen",
        "parking_type": "ON_STREET",
        "operator": "Operator",
        "is_always_open": False,
        "updated_at": NOW,
        "stations": stations,
    }
    return Site(**known | said)


def rate(*elements: dict[str, Any], **said: Any) -> Rate:
    body = {"currency": "DKK", "elements": list(elements) or [element()]}
    return Rate(tariff_from_spirii(body | said, id="t-1"), "Europe/Copenhagen", NOW)


def element(type: str = "ENERGY", price: float = 3.5, vat: float | None = 0.25, **restrictions: Any) -> dict[str, Any]:
    component = {"type": type, "price": price, "stepSize": 1} | ({} if vat is None else {"vat": vat})
    return {"priceComponents": [component]} | ({"restrictions": restrictions} if restrictions else {})


def prices(*elements: dict[str, Any], **said: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = energy_rate_update(rate(*elements, **said))["energyPrice"]
    return found


def test_the_static_publication_has_an_object_at_its_root() -> None:
    written = table_publication(["a site"], Publisher("Grøn Strøm A/S", "DK"), now=NOW)["payload"]
    assert (written["modelBaseVersionG"], written["profileVersionG"]) == ("3", "01-00-00")
    publication = written["aegiEnergyInfrastructureTablePublication"]
    assert publication["publicationTime"] == "2025-06-15T12:00:00.000Z"
    assert publication["publicationCreator"] == {"country": "DK", "nationalIdentifier": "DK-NAP-GRNSTRMAS"}
    assert publication["headerInformation"] == {
        "confidentiality": {"value": "noRestriction"},
        "informationStatus": {"value": "real"},
    }
    [table] = publication["energyInfrastructureTable"]
    assert table["energyInfrastructureSite"] == ["a site"]


def test_the_dynamic_publication_has_a_list_in_a_container() -> None:
    [payload] = status_publication(["a status"], Publisher("電", "SE"), now=NOW)["messageContainer"]["payload"]
    publication = payload["aegiEnergyInfrastructureStatusPublication"]
    assert publication["energyInfrastructureSiteStatus"] == ["a status"]
    assert publication["publicationCreator"]["nationalIdentifier"] == "SE-NAP-CPO"


def test_a_site_has_its_stations_and_they_their_points() -> None:
    written = site(place(Station(100, [point(1), point(2, CCS)]), is_always_open=True))
    area = written["locationReference"]["locAreaLocation"]
    assert (written["idG"], written["typeOfSite"]) == ("site-42", {"value": "onstreet"})
    assert area["coordinatesForDisplay"] == {"latitude": 55.676, "longitude": 12.568}
    assert area["locLocationExtensionG"]["FacilityLocation"]["address"] == {
        "postcode": "2200",
        "city": {"values": [{"lang": "en", "value": "København"}]},
        "countryCode": "DK",
        "addressLine": [
            {"order": 0, "type": {"value": "street"}, "text": {"values": [{"lang": "en", "value": "Havnegade 1"}]}}
        ],
    }
    assert written["operator"]["afacAnOrganisation"]["name"]["values"][0]["value"] == "Operator"
    assert written["operatingHours"] == {"afacOpenAllHours": {}}
    [station] = written["energyInfrastructureStation"]
    assert (station["idG"], station["totalMaximumPower"], station["numberOfRefillPoints"]) == (
        "station-100",
        172000.0,
        2,
    )
    ac, dc = (each["aegiElectricChargingPoint"] for each in station["refillPoint"])
    assert (ac["idG"], ac["currentType"], ac["deliveryUnit"]) == ("cp-100-1", {"value": "ac"}, {"value": "kWh"})
    assert ac["externalIdentifier"] == [
        {"identifier": "CB1*1", "typeOfIdentifier": {"value": "extendedG", "extendedValueG": "evseId"}}
    ]
    assert dc["currentType"] == {"value": "dc"}
    assert dc["connector"] == [
        {
            "connectorType": {"value": "iec62196T2COMBO"},
            "maxPowerAtSocket": 150000.0,
            "voltage": 920.0,
            "maximumCurrent": 500.0,
        }
    ]
    assert "electricEnergy" not in ac


def test_a_site_may_have_hours_and_no_stations_and_a_point_no_plugs() -> None:
    assert "operatingHours" not in site(place())
    assert site_status(place())["lastUpdated"] == "2025-06-15T12:00:00.000Z"
    bare = RefillPoint(1, "CB1*1", EvseStatus.UNKNOWN, NOW, ())
    [station] = site(place(Station(1, [bare])))["energyInfrastructureStation"]
    assert station["totalMaximumPower"] == 0


@pytest.mark.parametrize(
    ("parking", "type_of_site"),
    [
        ("ON_STREET", "onstreet"),
        ("PARKING_GARAGE", "inBuilding"),
        ("UNDERGROUND_GARAGE", "inBuilding"),
        ("PARKING_LOT", "openSpace"),
        ("OTHER", "other"),
        ("ON_DRIVEWAY", "other"),
    ],
)
def test_every_parking_type_is_a_type_of_site(parking: str, type_of_site: str) -> None:
    assert site(place(parking_type=parking))["typeOfSite"] == {"value": type_of_site}


@pytest.mark.parametrize("standard", ConnectorStandard)
def test_every_standard_has_a_connector_type_or_is_named(standard: ConnectorStandard) -> None:
    plug = Plug(standard.value, False, Decimal(1), Decimal(1), Decimal(1))
    [station] = site(place(Station(1, [point(1, plug)])))["energyInfrastructureStation"]
    [connector] = station["refillPoint"][0]["aegiElectricChargingPoint"]["connector"]
    if standard in CONNECTOR_TYPES:
        assert connector["connectorType"]["value"].upper() == standard.value.replace("_", "")
        assert "otherConnector" not in connector
    else:
        assert standard.value.startswith("GBT")
        assert (connector["connectorType"], connector["otherConnector"]) == ({"value": "other"}, standard.value)


@pytest.mark.parametrize("status", EvseStatus)
def test_every_status_has_its_word(status: EvseStatus) -> None:
    written = site_status(place(Station(100, [point(status=status)])))
    [station] = written["energyInfrastructureStationStatus"]
    [shown] = station["refillPointStatus"]
    shown = shown["aegiElectricChargingPointStatus"]
    assert shown["status"]["value"].lower() == status.value.lower()
    assert shown["reference"] == {"targetClass": "FacilityObject", "idG": "cp-100-1", "versionG": "1"}
    assert set(STATUSES) == set(EvseStatus)


def test_the_newest_status_dates_its_station_and_site() -> None:
    newer = point(2, at=NOW + timedelta(minutes=5))
    written = site_status(place(Station(1, [point(1), newer]), Station(2, [])))
    first, second = written["energyInfrastructureStationStatus"]
    assert written["lastUpdated"] == first["lastUpdated"] == "2025-06-15T12:05:00.000Z"
    assert second["lastUpdated"] == "2025-06-15T12:00:00.000Z"


# ---- prices


def test_a_site_with_a_tariff_tells_its_rate_and_refers_to_it() -> None:
    at = place(Station(1, [point()]), rate=rate())
    [station] = site(at)["energyInfrastructureStation"]
    [energy] = station["refillPoint"][0]["aegiElectricChargingPoint"]["electricEnergy"]
    [defined] = energy["energyRate"]
    [status] = site_status(at)["energyInfrastructureStationStatus"]
    [update] = status["refillPointStatus"][0]["aegiElectricChargingPointStatus"]["energyRateUpdate"]
    assert (defined["idG"], defined["ratePolicy"], defined["applicableCurrency"]) == (
        "t-1",
        {"value": "adHoc"},
        ["DKK"],
    )
    assert update["energyRateReference"] == {"targetClass": "EnergyRate", "idG": "t-1"}
    assert (
        update["energyPrice"]
        == defined["energyPrice"]
        == [{"priceType": {"value": "pricePerKWh"}, "value": 3.5, "taxIncluded": False, "taxRate": 25.0}]
    )


@pytest.mark.parametrize(
    ("type", "price_type", "value"),
    [
        ("ENERGY", "pricePerKWh", 6.0),
        ("TIME", "pricePerMinute", 0.1),
        ("PARKING_TIME", "pricePerMinute", 0.1),
        ("FLAT", "basePrice", 6.0),
    ],
)
def test_every_dimension_has_a_type_of_price(type: str, price_type: str, value: float) -> None:
    [price] = prices(element(type, 6))
    assert (price["priceType"], price["value"]) == ({"value": price_type}, value)
    assert ("additionalInformation" in price) == (type == "PARKING_TIME")


@pytest.mark.parametrize(("included", "told"), [("YES", True), ("NO", False)])
def test_whether_tax_is_included_is_told(included: str, told: bool) -> None:
    [price] = prices(taxIncluded=included)
    assert (price["taxIncluded"], price["taxRate"]) == (told, 25.0)


def test_without_vat_there_is_no_tax_rate() -> None:
    assert "taxRate" not in prices(element(vat=None))[0]
    assert "taxRate" not in prices(taxIncluded="N/A")[0]


def test_the_least_and_the_most_of_a_session_are_fees_of_the_rate() -> None:
    for included in ("YES", "NO"):
        written = energy_rate(rate(minPrice=1, maxPrice=50, taxIncluded=included))
        assert (written["minimumDeliveryFee"], written["maximumDeliveryFee"]) == (1.0, 50.0)
    assert "minimumDeliveryFee" not in energy_rate(rate())


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"startTime": "09:00", "endTime": "17:00"}, [("09:00", "17:00")]),
        ({"startTime": "22:00", "endTime": "06:00"}, [("22:00", "24:00"), ("00:00", "06:00")]),
        ({"startTime": "22:00"}, [("22:00", "24:00")]),
        ({"endTime": "06:00"}, [("00:00", "06:00")]),
    ],
)
def test_hours_are_periods_of_the_day(rule: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    [price] = prices(element(**rule))
    [valid] = price["overallPeriod"]["validPeriod"]
    spans = [(span["startTimeOfPeriod"], span["endTimeOfPeriod"]) for span in valid["recurringTimePeriodOfDay"]]
    assert spans == expected
    assert "overallEndTime" not in price["overallPeriod"]


def test_weekdays_and_dates_are_periods_in_the_time_of_the_place() -> None:
    [price] = prices(element(startDate="2025-01-01", endDate="2025-07-01", dayOfWeek=["MONDAY", "SUNDAY"]))
    assert price["overallPeriod"] == {
        "overallStartTime": "2024-12-31T23:00:00.000Z",
        "overallEndTime": "2025-06-30T22:00:00.000Z",
        "validPeriod": [
            {"recurringDayWeekMonthPeriod": [{"applicableDay": [{"value": "monday"}, {"value": "sunday"}]}]}
        ],
    }


def test_a_tariff_that_begins_and_ends_bounds_its_prices() -> None:
    [price] = prices(startDateTime="2025-01-01T00:00:00Z", endDateTime="2026-01-01T00:00:00Z")
    assert price["overallPeriod"] == {
        "overallStartTime": "2025-01-01T00:00:00.000Z",
        "overallEndTime": "2026-01-01T00:00:00.000Z",
    }
    assert "overallPeriod" not in prices()[0]


def test_what_depends_on_the_session_is_told() -> None:
    [price] = prices(element(minDuration=600, maxDuration=3600, minKwh=5, maxKwh=20.5, minPower=11, maxCurrent=32))
    assert price["timeBasedApplicability"] == {"fromMinute": 10, "toMinute": 60}
    assert price["energyBasedApplicability"] == {"fromKWh": 5.0, "toKWh": 20.5}
    assert price["additionalInformation"]["values"][0]["value"] == "from 11 kW; below 32 A"


def test_prices_of_reservations_are_not_told() -> None:
    elements = (element("TIME", 5, reservation="RESERVATION"), element())
    assert [price["priceType"]["value"] for price in prices(*elements)] == ["pricePerKWh"]
