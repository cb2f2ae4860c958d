"""Locations: places with charge boxes, each of one customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Select, any_, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.domain.time_zones import default_time_zone
from csms.errors import Conflict, NotFound
from csms.store import customers, events, evses, tariffs, temporary_evse_statuses
from csms.store.customers import Customer
from csms.store.database import Database
from csms.store.evses import Evse
from csms.store.pages import Page, Window, cut, narrow
from csms.store.tables import ChargeBoxRow, CustomerRow, LocationRow


@dataclass(frozen=True, slots=True)
class NewLocation:
    """
    What a location says of itself.

    `country_code` is ISO 3166-1 alpha-2, coordinates are WGS 84 degrees; `opening_times`,
    `directions` and `energy_mix` have the form of the API. Without a `time_zone` it gets
    that of its country.
    """

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
    owner_id: int | None = None
    directions: Sequence[Mapping[str, Any]] = ()
    energy_mix: Mapping[str, Any] | None = None
    help_phone: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """A location with its owner and its EVSEs, which know their temporary statuses."""

    id: int
    said: NewLocation
    customer: Customer
    operator: Customer
    created_at: datetime
    updated_at: datetime
    evses: Sequence[Evse]


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; None narrows nothing."""

    ids: Sequence[int] | None = None
    customer_ids: Sequence[int] | None = None
    owner_id: int | None = None
    tariff_id: str | None = None
    priority: bool | None = None
    publish: bool | None = None


_SAID = tuple(getattr(LocationRow, name) for name in NewLocation.__dataclass_fields__)


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
    database: Database, window: Window[tuple[int]], wanted: Filter | None = None
) -> Page[Location, tuple[int]]:
    """Return a page of locations by ascending id."""
    query = _locations().where(*_conditions(wanted or Filter()))
    async with database.read() as connection:
        rows = await connection.execute(narrow(query, window, LocationRow.id))
        return cut(await _complete(connection, rows.all()), window, lambda location: (location.id,))


async def get(database: Database, location_id: int) -> Location:
    """Return a location; raises NotFound, for a deleted one as well."""
    async with database.read() as connection:
        return await _get(connection, location_id)


async def create(database: Database, new: NewLocation, *, actor: str) -> Location:
    """Create a location; raises Invalid when its customer or its tariff does not exist."""
    async with database.write() as connection:
        values = {column.key: getattr(new, column.key) for column in _SAID}
        values["time_zone"] = new.time_zone or default_time_zone(new.country_code)
        values |= await _references(connection, values)
        row = await connection.execute(insert(LocationRow).values(**values).returning(LocationRow.id))
        location_id: int = row.scalar_one()
        await events.append(
            connection, "location.created", actor=actor, data={"locationId": location_id, "name": new.name}
        )
        return await _get(connection, location_id)


async def change(database: Database, location_id: int, changes: Mapping[str, Any], *, actor: str) -> Location:
    """
    Change a location.

    Args:
        database: where.
        location_id: which.
        changes: new values by the names of `NewLocation`. With a new country comes its time zone,
            unless one is among the changes.
        actor: the name of the API key.

    Raises:
        NotFound: there is none, or it is deleted.
        Invalid: there is no such customer or tariff.
    """
    async with database.write() as connection:
        row = await _lock(connection, location_id)
        if changes:
            values = {**changes, **await _references(connection, changes)}
            country_code = values.get("country_code", row.country_code)
            if country_code != row.country_code:
                values.setdefault("time_zone", None)
            if "time_zone" in values:
                values["time_zone"] = values["time_zone"] or default_time_zone(country_code)
            await connection.execute(
                update(LocationRow).where(LocationRow.id == row.id).values(**values, updated_at=func.now())
            )
            data = {"locationId": row.id, "name": values.get("name", row.name), "changed": sorted(changes)}
            await events.append(connection, "location.changed", actor=actor, data=data)
        return await _get(connection, row.id)


async def delete(database: Database, location_id: int, *, actor: str) -> None:
    """
    Delete a location softly.

    Raises:
        NotFound: there is none, or it is deleted already.
        Conflict: it has charge boxes that are not deleted.
    """
    async with database.write() as connection:
        row = await _lock(connection, location_id)
        boxes = select(func.count()).where(ChargeBoxRow.location_id == row.id, ChargeBoxRow.deleted_at.is_(None))
        if count := await connection.scalar(boxes):
            raise Conflict(f"the location {row.id} has charge boxes ({count}); delete them or move them away first")
        await connection.execute(
            update(LocationRow).where(LocationRow.id == row.id).values(deleted_at=func.now(), updated_at=func.now())
        )
        await events.append(connection, "location.deleted", actor=actor, data={"locationId": row.id, "name": row.name})


def _conditions(wanted: Filter) -> Sequence[ColumnElement[bool]]:
    found: tuple[ColumnElement[bool], ...] = ()
    if wanted.ids is not None:
        found += (LocationRow.id == any_(literal(wanted.ids, ARRAY(BigInteger))),)
    if wanted.customer_ids is not None:
        found += (LocationRow.customer_id == any_(literal(wanted.customer_ids, ARRAY(BigInteger))),)
    if wanted.owner_id is not None:
        found += (LocationRow.owner_id == literal(wanted.owner_id, BigInteger()),)
    if wanted.tariff_id is not None:
        found += (LocationRow.tariff_id == wanted.tariff_id.lower(),)
    if wanted.priority is not None:
        found += (LocationRow.allow_priority_charging.is_(wanted.priority),)
    if wanted.publish is not None:
        found += (LocationRow.publish.is_(wanted.publish),)
    return found


async def _references(connection: AsyncConnection, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check what a location refers to; returns how it is spelled here."""
    if "customer_id" in values:
        await customers.require(connection, values["customer_id"])
    if values.get("tariff_id") is None:
        return {}
    return {"tariff_id": await tariffs.require(connection, values["tariff_id"])}


async def _lock(connection: AsyncConnection, location_id: int) -> Row[*tuple[Any, ...]]:
    """Charge boxes that come to the location meanwhile, wait; transactions that start at it, do not."""
    query = select(LocationRow.id, LocationRow.name, LocationRow.country_code).where(
        LocationRow.id == literal(location_id, BigInteger()), LocationRow.deleted_at.is_(None)
    )
    row = (await connection.execute(query.with_for_update(key_share=True))).one_or_none()
    if row is None:
        raise NotFound("location", location_id)
    return row


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
    """The EVSEs of each location, by charge box and connector, with their temporary statuses."""
    boxes = (
        await connection.execute(
            select(ChargeBoxRow.id, ChargeBoxRow.location_id)
            .where(ChargeBoxRow.location_id.in_(location_ids), ChargeBoxRow.deleted_at.is_(None))
            .order_by(ChargeBoxRow.id)
        )
    ).all()
    of_boxes = await evses.of_charge_boxes(connection, [box.id for box in boxes])
    uids = [evse.uid for found in of_boxes.values() for evse in found]
    overrides = await temporary_evse_statuses.of_evses(connection, uids, datetime.now(UTC))
    grouped: dict[int, tuple[Evse, ...]] = {}
    for box in boxes:
        told = tuple(replace(evse, overrides=overrides.get(evse.uid, ())) for evse in of_boxes.get(box.id, ()))
        grouped[box.location_id] = grouped.get(box.location_id, ()) + told
    return grouped
