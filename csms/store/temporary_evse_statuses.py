"""
Temporary statuses of EVSEs: what is shown instead of the technical status, for a time.

Nothing begins or ends them: whether one is in force is asked of its dates whenever a
status is shown (`csms.domain.status`).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, Select, delete, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.domain.status import Override, TemporaryStatus
from csms.errors import Invalid, NotFound
from csms.store import events
from csms.store.database import Database
from csms.store.tables import ChargeBoxRow, EvseRow, TemporaryEvseStatusRow

MOST_LISTED = 10_000
"""What a list returns at most: it has no pages, and ended ones stay until they are removed."""


@dataclass(frozen=True, slots=True)
class TemporaryEvseStatus:
    """A temporary status with the EVSE that it is for."""

    id: int
    evse_id: str
    status: TemporaryStatus
    valid_from: datetime
    valid_to: datetime | None


def _statuses() -> Select[*tuple[Any, ...]]:
    """Those of charge boxes that are not deleted."""
    return (
        select(
            TemporaryEvseStatusRow.id,
            EvseRow.evse_id,
            TemporaryEvseStatusRow.temporary_status,
            TemporaryEvseStatusRow.valid_from,
            TemporaryEvseStatusRow.valid_to,
            EvseRow.charge_box_id,
        )
        .join(EvseRow, EvseRow.uid == TemporaryEvseStatusRow.evse_uid)
        .join(ChargeBoxRow, ChargeBoxRow.id == EvseRow.charge_box_id)
        .where(ChargeBoxRow.deleted_at.is_(None))
    )


async def list(
    database: Database, *, evse_id: str | None = None, active_at: datetime | None = None
) -> Sequence[TemporaryEvseStatus]:
    """
    Return temporary statuses, the newest first, at most MOST_LISTED.

    Args:
        database: where.
        evse_id: only those of this EVSE.
        active_at: only those that are in force at this moment.
    """
    query = _statuses().order_by(TemporaryEvseStatusRow.id.desc()).limit(MOST_LISTED)
    if evse_id is not None:
        query = query.where(EvseRow.evse_id == evse_id)
    if active_at is not None:
        query = query.where(TemporaryEvseStatusRow.valid_from <= active_at, _not_over(active_at))
    async with database.read() as connection:
        return [_status(row) for row in await connection.execute(query)]


async def get(database: Database, status_id: int) -> TemporaryEvseStatus:
    """Return a temporary status; raises NotFound."""
    async with database.read() as connection:
        return _status(await _get(connection, status_id))


async def of_evses(connection: AsyncConnection, uids: Sequence[int], now: datetime) -> Mapping[int, Sequence[Override]]:
    """Return what is, or will be, declared of each of these EVSEs; what is over is left out."""
    rows = await connection.execute(
        select(
            TemporaryEvseStatusRow.evse_uid,
            TemporaryEvseStatusRow.id,
            TemporaryEvseStatusRow.temporary_status,
            TemporaryEvseStatusRow.valid_from,
            TemporaryEvseStatusRow.valid_to,
        ).where(TemporaryEvseStatusRow.evse_uid.in_(uids), _not_over(now))
    )
    grouped: dict[int, tuple[Override, ...]] = defaultdict(tuple)
    for row in rows:
        override = Override(row.id, TemporaryStatus(row.temporary_status), row.valid_from, row.valid_to)
        grouped[row.evse_uid] += (override,)
    return grouped


async def create(
    database: Database,
    evse_id: str,
    status: TemporaryStatus,
    *,
    valid_from: datetime,
    valid_to: datetime | None,
    actor: str,
) -> TemporaryEvseStatus:
    """
    Declare a temporary status; several of one EVSE may overlap.

    Raises:
        NotFound: no charge box that is not deleted has this EVSE.
        Invalid: `validTo` is not after `validFrom`.
    """
    _check(valid_from, valid_to)
    async with database.write() as connection:
        evse = (
            await connection.execute(
                select(EvseRow.uid)
                .join(ChargeBoxRow, ChargeBoxRow.id == EvseRow.charge_box_id)
                .where(EvseRow.evse_id == evse_id, ChargeBoxRow.deleted_at.is_(None))
            )
        ).one_or_none()
        if evse is None:
            raise NotFound("EVSE", evse_id)
        values = {"temporary_status": status.value, "valid_from": valid_from, "valid_to": valid_to}
        made = await connection.execute(
            insert(TemporaryEvseStatusRow).values(evse_uid=evse.uid, **values).returning(TemporaryEvseStatusRow.id)
        )
        row = await _get(connection, made.scalar_one())
        await _note(connection, "created", row, actor)
        return _status(row)


async def change(database: Database, status_id: int, changes: Mapping[str, Any], *, actor: str) -> TemporaryEvseStatus:
    """
    Change a temporary status.

    Args:
        database: where.
        status_id: which.
        changes: new values of temporary_status, valid_from, valid_to.
        actor: the name of the API key.

    Raises:
        NotFound: there is none.
        Invalid: `validTo` would not be after `validFrom`.
    """
    async with database.write() as connection:
        row = await _get(connection, status_id, lock=True)
        _check(changes.get("valid_from", row.valid_from), changes.get("valid_to", row.valid_to))
        if not changes:
            return _status(row)
        await connection.execute(
            update(TemporaryEvseStatusRow)
            .where(TemporaryEvseStatusRow.id == row.id)
            .values(**changes, updated_at=func.now())
        )
        row = await _get(connection, status_id)
        await _note(connection, "changed", row, actor, changed=sorted(changes))
        return _status(row)


async def remove(database: Database, status_id: int, *, actor: str) -> None:
    """Remove a temporary status; raises NotFound when there is none."""
    async with database.write() as connection:
        row = await _get(connection, status_id, lock=True)
        await connection.execute(delete(TemporaryEvseStatusRow).where(TemporaryEvseStatusRow.id == row.id))
        await _note(connection, "removed", row, actor)


def _check(valid_from: datetime, valid_to: datetime | None) -> None:
    if valid_to is not None and valid_to <= valid_from:
        raise Invalid("validTo", "must be after validFrom")


def _not_over(now: datetime) -> Any:
    return or_(TemporaryEvseStatusRow.valid_to.is_(None), TemporaryEvseStatusRow.valid_to > now)


async def _get(connection: AsyncConnection, status_id: int, *, lock: bool = False) -> Row[*tuple[Any, ...]]:
    query = _statuses().where(TemporaryEvseStatusRow.id == literal(status_id, BigInteger()))
    if lock:
        query = query.with_for_update(of=TemporaryEvseStatusRow)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("temporary EVSE status", status_id)
    return row


async def _note(connection: AsyncConnection, what: str, row: Row[*tuple[Any, ...]], actor: str, **more: Any) -> None:
    await events.append(
        connection,
        f"temporary_evse_status.{what}",
        actor=actor,
        charge_box_id=row.charge_box_id,
        data={"id": row.id, "evseId": row.evse_id, "temporaryStatus": row.temporary_status, **more},
    )


def _status(row: Row[*tuple[Any, ...]]) -> TemporaryEvseStatus:
    return TemporaryEvseStatus(row.id, row.evse_id, TemporaryStatus(row.temporary_status), row.valid_from, row.valid_to)
