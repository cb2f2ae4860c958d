"""
What everybody may know of the charging infrastructure: the published locations.

They are read a few at a time, each time with the same few queries, so that a
publication of any length needs neither much memory nor a connection for long.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from csms.domain import datex
from csms.domain.charge_box_models import PowerType
from csms.domain.datex import Plug, Publisher, RefillPoint, Site, Station
from csms.domain.datex_prices import Rate
from csms.domain.pricing import tariff_from_spirii
from csms.domain.status import shared_status
from csms.store import customers, locations, tariffs
from csms.store.database import Database
from csms.store.evses import Connector, Evse
from csms.store.locations import Filter, Location
from csms.store.pages import Window
from csms.store.tables import CustomerRow, LocationRow

_AT_ONCE = 50
_UNKNOWN_COUNTRY = "ZZ"


async def publisher(database: Database) -> Publisher:
    """Return who publishes: the operator, in its country, or in that of its first location where it has none."""
    country = select(LocationRow.country_code).where(LocationRow.publish, LocationRow.deleted_at.is_(None))
    async with database.read() as connection:
        operator = (
            await connection.execute(
                select(CustomerRow.name, CustomerRow.country).where(CustomerRow.id == customers.OPERATOR)
            )
        ).one()
        first = await connection.scalar(country.order_by(LocationRow.id).limit(1))
    return Publisher(operator.name, operator.country or first or _UNKNOWN_COUNTRY)


async def sites(database: Database, *, customer_ids: Sequence[int] | None = None) -> AsyncIterator[datex.Site]:
    """Yield the published locations as sites, with the shared statuses of this moment, by ascending id."""
    wanted = Filter(customer_ids=customer_ids, publish=True)
    window: Window[tuple[int]] | None = Window(_AT_ONCE)
    while window is not None:
        page = await locations.list(database, window, wanted)
        rates = await _rates(database, page.items)
        for location in page.items:
            yield _site(location, rates.get(location.id), datetime.now(UTC))
        window = None if page.next is None else Window(_AT_ONCE, after=page.next)


async def _rates(database: Database, found: Sequence[Location]) -> dict[int, Rate]:
    """The rate of each location that has a tariff, by the location's id."""
    async with database.read() as connection:
        known = await tariffs.among(connection, sorted({at.said.tariff_id for at in found if at.said.tariff_id}))
    parsed = {tariff.id: tariff_from_spirii(tariff.document, id=tariff.id) for tariff in known.values()}
    return {
        at.id: Rate(parsed[at.said.tariff_id], at.said.time_zone or "UTC", known[at.said.tariff_id].updated_at)
        for at in found
        if at.said.tariff_id in parsed
    }


def _site(location: Location, rate: Rate | None, now: datetime) -> Site:
    said = location.said
    return Site(
        id=location.id,
        name=said.name,
        latitude=said.latitude,
        longitude=said.longitude,
        address=said.address,
        postal_code=said.postal_code,
        city=said.city,
        country_code=said.country_code,
        time_zone=said.time_zone or "UTC",
        parking_type=said.parking_type,
        operator=location.operator.name,
        is_always_open=_is_always_open(location),
        updated_at=location.updated_at,
        stations=_stations(location, now),
        rate=rate,
    )


def _is_always_open(location: Location) -> bool:
    hours = location.said.opening_times
    return hours is None or (bool(hours.get("twentyFourSeven")) and not hours.get("exceptionalClosings"))


def _stations(location: Location, now: datetime) -> Sequence[Station]:
    points: dict[int, tuple[RefillPoint, ...]] = {}
    for evse in location.evses:
        box_id = evse.charge_box.id
        points[box_id] = (*points.get(box_id, ()), _point(evse, location, now))
    return [Station(box_id, of_box) for box_id, of_box in points.items()]


def _point(evse: Evse, location: Location, now: datetime) -> RefillPoint:
    declared = [override.valid_from for override in evse.overrides if override.is_in_force(now)]
    return RefillPoint(
        number=evse.connector_id,
        evse_id=evse.evse_id,
        status=shared_status(evse.status, evse.overrides, now=now, deleted=evse.deleted_at is not None),
        status_at=max([*declared, evse.reported_at or location.updated_at]),
        plugs=[_plug(connector) for connector in evse.connectors],
    )


def _plug(connector: Connector) -> Plug:
    return Plug(
        standard=connector.standard,
        is_dc=connector.power_type == PowerType.DC,
        max_power_w=connector.max_electric_power_kw * 1000,
        max_current_a=connector.max_amperage_a,
        voltage_v=connector.max_voltage_v,
    )
