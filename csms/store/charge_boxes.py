"""
Charge boxes, as the API reads and writes them.

A charge box is deleted softly: its rows stay for its transactions, its identity
becomes free. Whether it is online is not a column: it is, while the process that
holds its connection (`node_name`) is alive, and that is what the lease of the
process says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    any_,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy import (
    Sequence as DatabaseSequence,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.domain.charge_boxes import ChargeBoxKey
from csms.errors import Conflict, Invalid, NotFound
from csms.store import charge_box_models, events, evses
from csms.store.charge_box_models import Model
from csms.store.database import Database
from csms.store.evses import Evse
from csms.store.pages import Page, Window, cut, narrow
from csms.store.tables import ChargeBoxRow, LocationRow, NodeRow

_IDS = DatabaseSequence("charge_boxes_id_seq")


@dataclass(frozen=True, slots=True)
class ChargeBox:
    """A charge box. `node_name` is the live process that holds its connection, None when none does."""

    key: ChargeBoxKey
    serial_number: str
    location_id: int | None
    customer_id: int | None
    registration_status: str
    firmware_version: str | None
    node_name: str | None
    last_connection_event_at: datetime | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    model: Model | None
    evses: Sequence[Evse]


@dataclass(frozen=True, slots=True)
class Password:
    """How a charge box shows who it is: the hash of its password, or None for the state without one."""

    hash: bytes | None

    @property
    def columns(self) -> dict[str, Any]:
        """The form in which the charge box sends it is found out anew."""
        return {"password_required": self.hash is not None, "password_hash": self.hash, "password_form": None}


@dataclass(frozen=True, slots=True)
class NewChargeBox:
    """What is said of a charge box before it ever connects; without an identity it gets one."""

    identity: str | None
    serial_number: str
    location_id: int
    model_id: int
    registration_status: str
    password: Password


@dataclass(frozen=True, slots=True)
class Presence:
    """Which charge boxes the asking process itself holds; of those nobody knows better."""

    node_name: str
    online_ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; None narrows nothing. Texts match without case."""

    ids: Sequence[int] | None = None
    location_ids: Sequence[int] | None = None
    customer_ids: Sequence[int] | None = None
    identity: str | None = None
    serial_number: str | None = None
    is_online: bool | None = None


def live_node() -> ScalarSelect[str]:
    """The process that holds a charge box's connection, while it is alive; a column for queries of charge boxes."""
    return (
        select(NodeRow.name)
        .where(NodeRow.name == ChargeBoxRow.node_name, NodeRow.lease_until > func.now())
        .correlate(ChargeBoxRow)
        .scalar_subquery()
    )


_COLUMNS = (
    ChargeBoxRow.id,
    ChargeBoxRow.identity,
    ChargeBoxRow.serial_number,
    ChargeBoxRow.location_id,
    LocationRow.customer_id,
    ChargeBoxRow.registration_status,
    ChargeBoxRow.firmware_version,
    live_node().label("node_name"),
    ChargeBoxRow.last_connection_event_at,
    ChargeBoxRow.created_at,
    ChargeBoxRow.updated_at,
    ChargeBoxRow.deleted_at,
    ChargeBoxRow.model_id,
)


def _charge_boxes() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).outerjoin(LocationRow, LocationRow.id == ChargeBoxRow.location_id)


async def list(
    database: Database, window: Window[tuple[int]], wanted: Filter, here: Presence
) -> Page[ChargeBox, tuple[int]]:
    """Return a page of the charge boxes that are not deleted, by ascending id."""
    query = _charge_boxes().where(ChargeBoxRow.deleted_at.is_(None), *_conditions(wanted, here))
    async with database.read() as connection:
        rows = await connection.execute(narrow(query, window, ChargeBoxRow.id))
        return cut(await _complete(connection, rows.all()), window, lambda box: (box.key.id,))


async def get(database: Database, charge_box_id: int) -> ChargeBox:
    """Return a charge box, also a deleted one; raises NotFound."""
    async with database.read() as connection:
        return await _get(connection, charge_box_id)


async def get_key(database: Database, charge_box_id: int) -> ChargeBoxKey:
    """Return the names of a charge box that can be called; raises NotFound, for a deleted one as well."""
    async with database.read() as connection:
        return await _get_key(connection, charge_box_id)


async def create(database: Database, new: NewChargeBox, *, actor: str) -> ChargeBox:
    """
    Create a charge box, with the EVSEs and connectors of its model.

    Raises:
        Conflict: a charge box that is not deleted has this identity, in whatever case.
        Invalid: there is no such location or model.
    """
    async with database.write() as connection:
        await _require_location(connection, new.location_id)
        model = await charge_box_models.require(connection, new.model_id)
        charge_box_id: int = (await connection.execute(select(_IDS.next_value()))).scalar_one()
        key = ChargeBoxKey(charge_box_id, new.identity or await _free_identity(connection, charge_box_id))
        await _insert(connection, key, new)
        await evses.fit_out(connection, key, model.connectors)
        data = {"identity": key.identity, "serialNumber": new.serial_number, "modelId": new.model_id}
        await events.append(connection, "charge_box.created", actor=actor, charge_box_id=key.id, data=data)
        return await _get(connection, key.id)


async def change(
    database: Database,
    charge_box_id: int,
    columns: Mapping[str, Any],
    *,
    password: Password | None = None,
    actor: str,
) -> ChargeBox:
    """
    Change a charge box.

    Args:
        database: where.
        charge_box_id: which.
        columns: new values of serial_number, location_id, model_id, registration_status. A new model
            gives the connectors its data.
        password: a new one, if it changes.
        actor: the name of the API key.

    Raises:
        NotFound: there is none, or it is deleted.
        Invalid: there is no such location or model.
    """
    async with database.write() as connection:
        key = await _get_key(connection, charge_box_id)
        if "location_id" in columns:
            await _require_location(connection, columns["location_id"])
        if "model_id" in columns:
            model = await charge_box_models.require(connection, columns["model_id"])
            await evses.fit_out(connection, key, model.connectors)
        values = {**columns, **(password.columns if password else {})}
        if values:
            changed = sorted({*columns, *(["password"] if password else [])})
            await connection.execute(
                update(ChargeBoxRow).where(ChargeBoxRow.id == key.id).values(**values, updated_at=func.now())
            )
            await events.append(
                connection, "charge_box.changed", actor=actor, charge_box_id=key.id, data={"changed": changed}
            )
        return await _get(connection, key.id)


async def delete(database: Database, charge_box_id: int, *, actor: str) -> None:
    """Delete a charge box softly; raises NotFound when there is none, or it is deleted already."""
    async with database.write() as connection:
        key = await _get_key(connection, charge_box_id)
        await connection.execute(
            update(ChargeBoxRow).where(ChargeBoxRow.id == key.id).values(deleted_at=func.now(), updated_at=func.now())
        )
        data = {"identity": key.identity}
        await events.append(connection, "charge_box.deleted", actor=actor, charge_box_id=key.id, data=data)


def _conditions(wanted: Filter, here: Presence) -> Sequence[ColumnElement[bool]]:
    found: tuple[ColumnElement[bool], ...] = ()
    if wanted.ids is not None:
        found += (ChargeBoxRow.id == any_(literal(wanted.ids, ARRAY(BigInteger))),)
    if wanted.location_ids is not None:
        found += (ChargeBoxRow.location_id == any_(literal(wanted.location_ids, ARRAY(BigInteger))),)
    if wanted.customer_ids is not None:
        found += (LocationRow.customer_id == any_(literal(wanted.customer_ids, ARRAY(BigInteger))),)
    if wanted.identity is not None:
        found += (func.lower(ChargeBoxRow.identity) == wanted.identity.lower(),)
    if wanted.serial_number is not None:
        found += (func.lower(ChargeBoxRow.serial_number) == wanted.serial_number.lower(),)
    if wanted.is_online is not None:
        online = _is_online(here)
        found += (online if wanted.is_online else ~online,)
    return found


def _is_online(here: Presence) -> ColumnElement[bool]:
    ours = ChargeBoxRow.id == any_(literal(here.online_ids, ARRAY(BigInteger)))
    return or_(ours, func.coalesce(live_node() != here.node_name, False))


async def _get(connection: AsyncConnection, charge_box_id: int) -> ChargeBox:
    query = _charge_boxes().where(ChargeBoxRow.id == literal(charge_box_id, BigInteger()))
    found = await _complete(connection, (await connection.execute(query)).all())
    if not found:
        raise NotFound("charge box", charge_box_id)
    return found[0]


async def _get_key(connection: AsyncConnection, charge_box_id: int) -> ChargeBoxKey:
    row = (
        await connection.execute(
            select(ChargeBoxRow.id, ChargeBoxRow.identity).where(
                ChargeBoxRow.id == literal(charge_box_id, BigInteger()), ChargeBoxRow.deleted_at.is_(None)
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFound("charge box", charge_box_id)
    return ChargeBoxKey(row.id, row.identity)


async def _require_location(connection: AsyncConnection, location_id: int) -> None:
    query = select(LocationRow.id).where(
        LocationRow.id == literal(location_id, BigInteger()), LocationRow.deleted_at.is_(None)
    )
    # Locked, so that the location is not deleted while a charge box comes to it.
    if (await connection.execute(query.with_for_update(read=True))).one_or_none() is None:
        raise Invalid("locationId", f"there is no location {location_id}")


async def _free_identity(connection: AsyncConnection, number: int) -> str:
    """Short enough to be typed into a charger; with a letter more as long as somebody has taken it."""
    identity = f"CB{number:06d}"
    taken = select(ChargeBoxRow.id).where(ChargeBoxRow.deleted_at.is_(None))
    while (await connection.execute(taken.where(func.lower(ChargeBoxRow.identity) == identity.lower()))).first():
        identity += "X"
    return identity


async def _insert(connection: AsyncConnection, key: ChargeBoxKey, new: NewChargeBox) -> None:
    try:
        await connection.execute(
            insert(ChargeBoxRow).values(
                id=key.id,
                identity=key.identity,
                serial_number=new.serial_number,
                location_id=new.location_id,
                model_id=new.model_id,
                registration_status=new.registration_status,
                **new.password.columns,
            )
        )
    except IntegrityError as error:
        if "ix_charge_boxes_identity_live" in str(error.orig):
            raise Conflict(f"there is a charge box with the identity '{key.identity}' already") from None
        raise


async def _complete(connection: AsyncConnection, rows: Sequence[Row[*tuple[Any, ...]]]) -> Sequence[ChargeBox]:
    if not rows:
        return ()
    models = await charge_box_models.among(connection, {row.model_id for row in rows if row.model_id is not None})
    equipment = await evses.of_charge_boxes(connection, [row.id for row in rows])
    return [
        ChargeBox(
            key=ChargeBoxKey(row.id, row.identity),
            serial_number=row.serial_number,
            location_id=row.location_id,
            customer_id=row.customer_id,
            registration_status=row.registration_status,
            firmware_version=row.firmware_version,
            node_name=row.node_name,
            last_connection_event_at=row.last_connection_event_at,
            created_at=row.created_at,
            updated_at=row.updated_at,
            deleted_at=row.deleted_at,
            model=models.get(row.model_id),
            evses=equipment.get(row.id, ()),
        )
        for row in rows
    ]
