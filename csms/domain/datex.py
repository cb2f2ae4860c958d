"""
Charging infrastructure in the words of DATEX II v3, for National Access Points.

EU regulation 2023/1804 (AFIR), article 20, asks for two publications: a table of what
there is, and the statuses of it. A site is a location, a station a charge box, a
refill point an EVSE. The names are those of the JSON profile "AFIR Energy
Infrastructure" 01-00-00; every enum stands in an object: `{"value": …}`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from csms.domain.charge_box_models import ConnectorStandard
from csms.domain.datex_prices import Rate, energy_rate, energy_rate_update, moment
from csms.domain.status import EvseStatus

LANGUAGE = "en"
_VERSION = "1"
_PROFILE = {"modelBaseVersionG": "3", "profileNameG": "AFIR Energy Infrastructure", "profileVersionG": "01-00-00"}

STATUSES: Mapping[EvseStatus, str] = MappingProxyType(
    {
        EvseStatus.AVAILABLE: "available",
        EvseStatus.BLOCKED: "blocked",
        EvseStatus.CHARGING: "charging",
        EvseStatus.INOPERATIVE: "inoperative",
        EvseStatus.OUTOFORDER: "outOfOrder",
        EvseStatus.PLANNED: "planned",
        EvseStatus.REMOVED: "removed",
        EvseStatus.RESERVED: "reserved",
        EvseStatus.UNKNOWN: "unknown",
    }
)
"""EVSE status → RefillPointStatusEnum. Total over the enum."""

CONNECTOR_TYPES: Mapping[str, str] = MappingProxyType(
    {
        ConnectorStandard.CHADEMO: "chademo",
        ConnectorStandard.IEC_62196_T2: "iec62196T2",
        ConnectorStandard.IEC_62196_T2_COMBO: "iec62196T2COMBO",
        ConnectorStandard.IEC_62196_T1: "iec62196T1",
        ConnectorStandard.IEC_62196_T1_COMBO: "iec62196T1COMBO",
    }
)
"""OCPI connector standard → ConnectorTypeEnum. The GB/T plugs have no word there: they are "other", by their name."""

_SITE_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "ON_STREET": "onstreet",
        "PARKING_GARAGE": "inBuilding",
        "UNDERGROUND_GARAGE": "inBuilding",
        "PARKING_LOT": "openSpace",
    }
)


@dataclass(frozen=True, slots=True)
class Plug:
    """A connector: power in W, current in A, voltage in V."""

    standard: str
    is_dc: bool
    max_power_w: Decimal
    max_current_a: Decimal
    voltage_v: Decimal


@dataclass(frozen=True, slots=True)
class RefillPoint:
    """An EVSE: OCPP connector `number` of its charge box, with the status that is shared, and since when."""

    number: int
    evse_id: str
    status: EvseStatus
    status_at: datetime
    plugs: Sequence[Plug]


@dataclass(frozen=True, slots=True)
class Station:
    """A charge box."""

    id: int
    points: Sequence[RefillPoint]


@dataclass(frozen=True, slots=True)
class Site:
    """A location. Coordinates are WGS 84 degrees; `parking_type` is the API's word."""

    id: int
    name: str
    latitude: float
    longitude: float
    address: str
    postal_code: str
    city: str
    country_code: str
    time_zone: str
    parking_type: str
    operator: str
    is_always_open: bool
    updated_at: datetime
    stations: Sequence[Station]
    rate: Rate | None = None


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes: the operator's name, and the country (ISO 3166-1 alpha-2) of its access point."""

    name: str
    country_code: str


def table_publication(sites: Sequence[Any], publisher: Publisher, *, now: datetime) -> dict[str, Any]:
    """Write the static publication around sites, which `site` has written."""
    table = {
        "idG": "table-1",
        "versionG": _VERSION,
        "tableName": f"{publisher.name} charging locations",
        "energyInfrastructureSite": sites,
    }
    publication = _header(publisher, now) | {"energyInfrastructureTable": [table]}
    return {"payload": {**_PROFILE, "aegiEnergyInfrastructureTablePublication": publication}}


def status_publication(statuses: Sequence[Any], publisher: Publisher, *, now: datetime) -> dict[str, Any]:
    """Write the dynamic publication around the statuses of sites, which `site_status` has written."""
    publication = _header(publisher, now) | {"energyInfrastructureSiteStatus": statuses}
    payload = {**_PROFILE, "aegiEnergyInfrastructureStatusPublication": publication}
    # The profile has an object at the root of the table and a list in a container here.
    return {"messageContainer": {"payload": [payload]}}


def site(of: Site) -> dict[str, Any]:
    """Write what there is at a site."""
    written = {
        **_id(_site_id(of)),
        "name": _text(of.name),
        "lastUpdated": moment(of.updated_at),
        "typeOfSite": _enum(_SITE_TYPES.get(of.parking_type, "other")),
        "locationReference": {
            "locAreaLocation": {
                "coordinatesForDisplay": {"latitude": of.latitude, "longitude": of.longitude},
                "locLocationExtensionG": {"FacilityLocation": {"timeZone": of.time_zone, "address": _address(of)}},
            }
        },
        "operator": {"afacAnOrganisation": {"name": _text(of.operator)}},
        "energyInfrastructureStation": [_station(station, of.rate) for station in of.stations],
    }
    return written | ({"operatingHours": {"afacOpenAllHours": {}}} if of.is_always_open else {})


def site_status(of: Site) -> dict[str, Any]:
    """Write the statuses at a site, and its prices where it has a tariff."""
    stations = [_station_status(station, of) for station in of.stations]
    return {
        "reference": _reference(_site_id(of)),
        "lastUpdated": max([moment(of.updated_at), *(station["lastUpdated"] for station in stations)]),
        "energyInfrastructureStationStatus": stations,
    }


def _station(of: Station, rate: Rate | None) -> dict[str, Any]:
    powers = [max((plug.max_power_w for plug in point.plugs), default=Decimal(0)) for point in of.points]
    return {
        **_id(_station_id(of)),
        "totalMaximumPower": float(sum(powers)),
        "numberOfRefillPoints": len(of.points),
        "serviceType": [{"serviceType": _enum("unattended")}],
        "refillPoint": [{"aegiElectricChargingPoint": _point(point, of, rate)} for point in of.points],
    }


def _point(of: RefillPoint, station: Station, rate: Rate | None) -> dict[str, Any]:
    written = {
        **_id(_point_id(of, station)),
        "externalIdentifier": [
            {"identifier": of.evse_id, "typeOfIdentifier": _enum("extendedG", extended="evseId")},
        ],
        "deliveryUnit": _enum("kWh"),
        "currentType": _enum("dc" if any(plug.is_dc for plug in of.plugs) else "ac"),
        "numberOfConnectors": len(of.plugs),
        "connector": [_plug(plug) for plug in of.plugs],
    }
    return written | ({"electricEnergy": [{"energyRate": [energy_rate(rate)]}]} if rate is not None else {})


def _plug(of: Plug) -> dict[str, Any]:
    known = CONNECTOR_TYPES.get(of.standard)
    return {
        "connectorType": _enum(known or "other"),
        **({} if known else {"otherConnector": of.standard}),
        "maxPowerAtSocket": float(of.max_power_w),
        "voltage": float(of.voltage_v),
        "maximumCurrent": float(of.max_current_a),
    }


def _station_status(of: Station, at: Site) -> dict[str, Any]:
    points = [_point_status(point, of, at.rate) for point in of.points]
    return {
        "reference": _reference(_station_id(of)),
        "lastUpdated": max((point["lastUpdated"] for point in points), default=moment(at.updated_at)),
        "refillPointStatus": [{"aegiElectricChargingPointStatus": point} for point in points],
    }


def _point_status(of: RefillPoint, station: Station, rate: Rate | None) -> dict[str, Any]:
    written = {
        "reference": _reference(_point_id(of, station)),
        "status": _enum(STATUSES[of.status]),
        "lastUpdated": moment(of.status_at),
    }
    return written | ({"energyRateUpdate": [energy_rate_update(rate)]} if rate is not None else {})


def _header(publisher: Publisher, now: datetime) -> dict[str, Any]:
    word = "".join(letter for letter in publisher.name.upper() if letter.isascii() and letter.isalnum()) or "CPO"
    return {
        "lang": LANGUAGE,
        "publicationTime": moment(now),
        "publicationCreator": {
            "country": publisher.country_code,
            "nationalIdentifier": f"{publisher.country_code}-NAP-{word}",
        },
        "headerInformation": {"confidentiality": _enum("noRestriction"), "informationStatus": _enum("real")},
    }


def _address(of: Site) -> dict[str, Any]:
    return {
        "postcode": of.postal_code,
        "city": _text(of.city),
        "countryCode": of.country_code,
        "addressLine": [{"order": 0, "type": _enum("street"), "text": _text(of.address)}],
    }


def _site_id(of: Site) -> str:
    return f"site-{of.id}"


def _station_id(of: Station) -> str:
    return f"station-{of.id}"


def _point_id(of: RefillPoint, station: Station) -> str:
    return f"cp-{station.id}-{of.number}"


def _id(text: str) -> dict[str, str]:
    return {"idG": text, "versionG": _VERSION}


def _reference(text: str) -> dict[str, str]:
    return {"targetClass": "FacilityObject", **_id(text)}


def _enum(value: str, *, extended: str | None = None) -> dict[str, str]:
    return {"value": value} if extended is None else {"value": value, "extendedValueG": extended}


def _text(value: str) -> dict[str, Any]:
    return {"values": [{"lang": LANGUAGE, "value": value}]}
