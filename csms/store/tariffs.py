"""
Tariffs, version by version.

A change makes a new version and leaves the old one alone: a transaction names the
version that it started with, and is priced by it whatever happens to the tariff. Ids are
UUIDs in lower case and are compared so. Version 1 stands for the tariff as a whole:
its row is locked by whoever changes, deletes or comes to use the tariff.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, union_all, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from csms.errors import Conflict, Invalid, NotFound
from csms.store import events
from csms.store.database import Database
from csms.store.pages import Page, Window, cut, narrow
from csms.store.tables import LocationRow, TariffRow, VoucherGroupRow


@dataclass(frozen=True, slots=True)
class Tariff:
    """A version of a tariff; `document` is the tariff in Spirii's form, without its id."""

    id: str
    version: int
    document: Mapping[str, Any]
    updated_at: datetime


_COLUMNS = (TariffRow.id, TariffRow.version, TariffRow.document, TariffRow.updated_at)


def _latest() -> Select[*tuple[Any, ...]]:
    """The version of each live tariff that is in force."""
    other = aliased(TariffRow)
    newest = select(func.max(other.version)).where(other.id == TariffRow.id).scalar_subquery()
    return select(*_COLUMNS).where(TariffRow.version == newest, TariffRow.deleted_at.is_(None))


async def list(database: Database, window: Window[tuple[str]]) -> Page[Tariff, tuple[str]]:
    """Return a page of the tariffs as they are in force, by ascending id."""
    async with database.read() as connection:
        rows = await connection.execute(narrow(_latest(), window, TariffRow.id))
        return cut([Tariff(*row) for row in rows], window, lambda tariff: (tariff.id,))


async def get(database: Database, tariff_id: str) -> Tariff:
    """Return a tariff as it is in force; raises NotFound, for a deleted one as well."""
    async with database.read() as connection:
        return Tariff(*await _get(connection, tariff_id))


async def among(connection: AsyncConnection, tariff_ids: Sequence[str]) -> Mapping[str, Tariff]:
    """Return those of these tariffs that are live, as they are in force, by id."""
    if not tariff_ids:
        return {}
    rows = await connection.execute(_latest().where(TariffRow.id.in_(tariff_ids)))
    return {row.id: Tariff(*row) for row in rows}


async def require(connection: AsyncConnection, tariff_id: str, *, field: str = "tariffId") -> str:
    """
    Return the id of a tariff that is about to be used, as it is spelled here.

    The tariff cannot be deleted before the transaction of `connection` ends.

    Raises:
        Invalid: there is no such tariff; names the field.
    """
    query = select(TariffRow.id, TariffRow.deleted_at).where(TariffRow.id == tariff_id.lower(), TariffRow.version == 1)
    row = (await connection.execute(query.with_for_update(read=True))).one_or_none()
    if row is None or row.deleted_at is not None:
        raise Invalid(field, f"there is no tariff {tariff_id}")
    found: str = row.id
    return found


async def create(database: Database, tariff_id: str, document: Mapping[str, Any], *, actor: str) -> Tariff:
    """Create a tariff; raises Conflict when its id is taken, now or by a deleted one."""
    async with database.write() as connection:
        try:
            row = await _add(connection, tariff_id.lower(), 1, document)
        except IntegrityError:
            raise Conflict(f"the id {tariff_id} belongs to a tariff already, or did; it is never used again") from None
        await _note(connection, "created", row, actor)
        return Tariff(*row)


async def replace(database: Database, tariff_id: str, document: Mapping[str, Any], *, actor: str) -> Tariff:
    """Make a new version of a tariff, for the transactions that start from now on; raises NotFound."""
    async with database.write() as connection:
        await _lock(connection, tariff_id)
        latest = await _get(connection, tariff_id)
        row = await _add(connection, latest.id, latest.version + 1, document)
        await _note(connection, "changed", row, actor)
        return Tariff(*row)


async def delete(database: Database, tariff_id: str, *, actor: str) -> None:
    """
    Delete a tariff softly; its versions stay for the transactions that named them.

    Raises:
        NotFound: there is none, or it is deleted already.
        Conflict: a location or a voucher group uses it.
    """
    async with database.write() as connection:
        await _lock(connection, tariff_id)
        row = await _get(connection, tariff_id)
        await _refuse_while_used(connection, row.id)
        await connection.execute(update(TariffRow).where(TariffRow.id == row.id).values(deleted_at=func.now()))
        await _note(connection, "deleted", row, actor)


async def _lock(connection: AsyncConnection, tariff_id: str) -> None:
    query = select(TariffRow.id).where(TariffRow.id == tariff_id.lower(), TariffRow.version == 1)
    await connection.execute(query.with_for_update())


async def _get(connection: AsyncConnection, tariff_id: str) -> Row[*tuple[Any, ...]]:
    row = (await connection.execute(_latest().where(TariffRow.id == tariff_id.lower()))).one_or_none()
    if row is None:
        raise NotFound("tariff", tariff_id)
    return row


async def _add(
    connection: AsyncConnection, tariff_id: str, version: int, document: Mapping[str, Any]
) -> Row[*tuple[Any, ...]]:
    values = {"id": tariff_id, "version": version, "document": dict(document)}
    return (await connection.execute(insert(TariffRow).values(**values).returning(*_COLUMNS))).one()


async def _refuse_while_used(connection: AsyncConnection, tariff_id: str) -> None:
    users = union_all(
        select(LocationRow.name).where(LocationRow.tariff_id == tariff_id, LocationRow.deleted_at.is_(None)),
        select(VoucherGroupRow.name).where(
            VoucherGroupRow.tariff_id == tariff_id, VoucherGroupRow.deleted_at.is_(None)
        ),
    ).limit(1)
    name = await connection.scalar(users)
    if name is not None:
        raise Conflict(f"the tariff {tariff_id} is in use, by '{name}'")


async def _note(connection: AsyncConnection, what: str, row: Row[*tuple[Any, ...]], actor: str) -> None:
    await events.append(connection, f"tariff.{what}", actor=actor, data={"tariffId": row.id, "version": row.version})
