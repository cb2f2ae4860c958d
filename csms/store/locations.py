"""Locations: places with charge boxes, each of one customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, Select, any_, insert, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.errors import NotFound
from csms.store import customers, events, evses
from csms.store.customers import Customer
from csms.store.database import Database
from csms.store.evses import Evse
from csms.store.pages import Page, Window, cut, narrow
from csms.store.tables import ChargeBoxRow, CustomerRow, LocationRow


@dataclass(frozen=True, slots=True)
class NewLocation:
    """What a location says of itself. `country_code` is ISO 3166-1 alpha-2; coordinates are WGS 84 degrees."""

    name: str
    address: str
    postal_code: str
    city: str
    country_code: str
    latitude: float
    longitude: float
    publish: bool
    parking_type: str
    facilities: Sequence[str]
    opening_times: Mapping[str, Any] | None
    tariff_id: str | None
    allow_priority_charging: bool
    billing_reference: str | None
    customer_id: int


@dataclass(frozen=True, slots=True)
class Location:
    """A location with its owner and its EVSEs."""

    id: int
    said: NewLocation
    customer: Customer
    operator: Customer
    created_at: datetime
    updated_at: datetime
    evses: Sequence[Evse]


_SAID = (
    LocationRow.name,
    LocationRow.address,
    LocationRow.postal_code,
    LocationRow.city,
    LocationRow.country_code,
    LocationRow.latitude,
    LocationRow.longitude,
    LocationRow.publish,
    LocationRow.parking_type,
    LocationRow.facilities,
    LocationRow.opening_times,
    LocationRow.tariff_id,
    LocationRow.allow_priority_charging,
    LocationRow.billing_reference,
    LocationRow.customer_id,
)


def _locations() -> Select[*tuple[Any, ...]]:
    return (
        select(
            LocationRow.id,
            LocationRow.created_at,
            LocationRow.updated_at,
            CustomerRow.name.label("customer_name"),
            *_SAID,
        )
        .join(CustomerRow, CustomerRow.id == LocationRow.customer_id)
        .where(LocationRow.deleted_at.is_(None))
    )


async def list(
    database: Database,
    window: Window[tuple[int]],
    *,
    ids: Sequence[int] | None = None,
    customer_ids: Sequence[int] | None = None,
) -> Page[Location, tuple[int]]:
    """Return a page of locations by ascending id."""
    query = _locations()
    if ids is not None:
        query = query.where(LocationRow.id == any_(literal(ids, ARRAY(BigInteger))))
    if customer_ids is not None:
        query = query.where(LocationRow.customer_id == any_(literal(customer_ids, ARRAY(BigInteger))))
    async with database.read() as connection:
        rows = await connection.execute(narrow(query, window, LocationRow.id))
        return cut(await _complete(connection, rows.all()), window, lambda location: (location.id,))


async def get(database: Database, location_id: int) -> Location:
    """Return a location; raises NotFound, for a deleted one as well."""
    async with database.read() as connection:
        return await _get(connection, location_id)


async def create(database: Database, new: NewLocation, *, actor: str) -> Location:
    """Create a location; raises Invalid when its customer does not exist."""
    async with database.write() as connection:
        await customers.require(connection, new.customer_id)
        values = {column.key: getattr(new, column.key) for column in _SAID}
        row = await connection.execute(insert(LocationRow).values(**values).returning(LocationRow.id))
        location_id: int = row.scalar_one()
        await events.append(
            connection, "location.created", actor=actor, data={"locationId": location_id, "name": new.name}
        )
        return await _get(connection, location_id)


async def _get(connection: AsyncConnection, location_id: int) -> Location:
    query = _locations().where(LocationRow.id == literal(location_id, BigInteger()))
    found = await _complete(connection, (await connection.execute(query)).all())
    if not found:
        raise NotFound("location", location_id)
    return found[0]


async def _complete(connection: AsyncConnection, rows: Sequence[Row[*tuple[Any, ...]]]) -> Sequence[Location]:
    if not rows:
        return ()
    operator = await customers.require(connection, customers.OPERATOR)
    equipment = await _equipment(connection, [row.id for row in rows])
    return [
        Location(
            id=row.id,
            said=NewLocation(*row[4:]),
            customer=Customer(row.customer_id, row.customer_name),
            operator=operator,
            created_at=row.created_at,
            updated_at=row.updated_at,
            evses=equipment.get(row.id, ()),
        )
        for row in rows
    ]


async def _equipment(connection: AsyncConnection, location_ids: Sequence[int]) -> Mapping[int, Sequence[Evse]]:
    """The EVSEs of each location, by charge box and connector."""
    boxes = (
        await connection.execute(
            select(ChargeBoxRow.id, ChargeBoxRow.location_id)
            .where(ChargeBoxRow.location_id.in_(location_ids), ChargeBoxRow.deleted_at.is_(None))
            .order_by(ChargeBoxRow.id)
        )
    ).all()
    of_boxes = await evses.of_charge_boxes(connection, [box.id for box in boxes])
    grouped: dict[int, tuple[Evse, ...]] = {}
    for box in boxes:
        grouped[box.location_id] = grouped.get(box.location_id, ()) + tuple(of_boxes.get(box.id, ()))
    return grouped
