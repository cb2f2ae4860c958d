"""
What the deprecated v1 views need beside what the aggregates tell: lists by number, and facts that v2 does not show.

Lists by number count what they leave out, so deep pages cost more than early ones; that
is one of the reasons why v2 has cursors.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, SQLColumnExpression, func, lateral, select, true

from csms.errors import NotFound
from csms.store import tariffs
from csms.store.database import Database
from csms.store.tables import (
    ChargeBoxRow,
    ChargeRecordRow,
    EvseRow,
    LocationRow,
    VoucherGroupLocationRow,
    VoucherRow,
)
from csms.store.tariffs import Tariff
from csms.store.transaction_rows import T, Transaction, read
from csms.store.transactions import NEVER, Span, within


@dataclass(frozen=True, slots=True)
class Section:
    """Which part of a list is wanted."""

    offset: int
    limit: int


@dataclass(frozen=True, slots=True)
class Running:
    """The transaction that runs at an EVSE. Power in W, state of charge in percent."""

    id: int
    started_at: datetime | None
    power_w: float | None
    soc: float | None


@dataclass(frozen=True, slots=True)
class VoucherCode:
    """A voucher as its group shows it."""

    id: int
    code: str


@dataclass(frozen=True, slots=True)
class GroupContents:
    """What is in a voucher group; ids and codes ascend by id."""

    location_ids: Sequence[int] = ()
    vouchers: Sequence[VoucherCode] = ()


# ---- transactions and charge records


async def transactions(
    database: Database, section: Section, *, started: Span, ended: Span, over_only: bool = False
) -> tuple[Sequence[Transaction], int]:
    """
    Return a section of the transactions, and how many there are in all.

    Args:
        database: where.
        section: which part.
        started: only those; then the order is that of their starts.
        ended: only those; then the order is that of their ends. Without either the latest comes first.
        over_only: leave out those that run, and those whose charge record is not made yet.
    """
    key: SQLColumnExpression[Any] = T.id
    descending = True
    conditions = [*within(T.started_key, started), *within(T.ended_key, ended)]
    if not ended.is_open:
        key, descending = T.ended_key, False
        conditions.append(T.ended_key < NEVER)
    elif not started.is_open:
        key, descending = T.started_key, False
        conditions.append(T.started_key < NEVER)
    base = T.__table__.join(ChargeRecordRow, ChargeRecordRow.transaction_id == T.id) if over_only else T.__table__
    keys: Select[*tuple[Any, ...]] = select(T.id, key.label("sort_key")).select_from(base).where(*conditions)
    order = [column.desc() if descending else column.asc() for column in (key, T.id)]
    async with database.read() as connection:
        total: int = (await connection.execute(_count(keys))).scalar_one()
        found = await read(connection, keys.order_by(*order).offset(section.offset).limit(section.limit))
    return [transaction for _, transaction in found], total


def _count(query: Select[*tuple[Any, ...]]) -> Select[*tuple[int]]:
    return select(func.count()).select_from(query.subquery())


# ---- locations and EVSEs


async def first_used(database: Database, charge_box_ids: Sequence[int]) -> Mapping[int, datetime]:
    """Return when the first transaction of each of these charge boxes began; those never used are left out."""
    # The first by its number: the index of a charge box's transactions holds it.
    first = lateral(
        select(T.started_key).where(T.charge_box_id == ChargeBoxRow.id).order_by(T.id).limit(1).correlate(ChargeBoxRow)
    )
    query = select(ChargeBoxRow.id, first.c.started_key).join(first, true()).where(ChargeBoxRow.id.in_(charge_box_ids))
    async with database.read() as connection:
        rows = await connection.execute(query.where(first.c.started_key < NEVER))
        return {row.id: row.started_key for row in rows}


async def running(database: Database, charge_box_ids: Sequence[int]) -> Mapping[int, Running]:
    """Return the transactions that run at these charge boxes, by the uid of their EVSE."""
    query = select(T.evse_uid, T.id, T.started_key, T.power_w, T.soc).where(
        T.charge_box_id.in_(charge_box_ids), T.ended_at.is_(None), T.evse_uid.is_not(None)
    )
    async with database.read() as connection:
        rows = (await connection.execute(query.order_by(T.id))).all()
    return {row.evse_uid: Running(row.id, row.started_key, row.power_w, row.soc) for row in rows}


async def charge_box_of(database: Database, evse_id: str) -> int:
    """Return the number of the charge box that has this EVSE; raises NotFound, for a deleted charge box as well."""
    query = (
        select(EvseRow.charge_box_id)
        .join(ChargeBoxRow, ChargeBoxRow.id == EvseRow.charge_box_id)
        .where(EvseRow.evse_id == evse_id, ChargeBoxRow.deleted_at.is_(None))
    )
    async with database.read() as connection:
        charge_box_id = await connection.scalar(query.limit(1))
    if charge_box_id is None:
        raise NotFound("EVSE", evse_id)
    return charge_box_id


async def location_names(database: Database, location_ids: Sequence[int]) -> Mapping[int, str]:
    """Return the names of these locations by their ids."""
    query = select(LocationRow.id, LocationRow.name).where(LocationRow.id.in_(location_ids))
    async with database.read() as connection:
        return {row.id: row.name for row in await connection.execute(query)}


async def tariffs_among(database: Database, tariff_ids: Sequence[str]) -> Mapping[str, Tariff]:
    """Return those of these tariffs that are live, as they are in force, by id."""
    async with database.read() as connection:
        return await tariffs.among(connection, tariff_ids)


# ---- vouchers


async def contents(database: Database, voucher_group_ids: Sequence[int]) -> Mapping[int, GroupContents]:
    """Return the live locations and vouchers of each of these voucher groups."""
    places = (
        select(VoucherGroupLocationRow.voucher_group_id, LocationRow.id)
        .join(LocationRow, LocationRow.id == VoucherGroupLocationRow.location_id)
        .where(VoucherGroupLocationRow.voucher_group_id.in_(voucher_group_ids), LocationRow.deleted_at.is_(None))
        .order_by(LocationRow.id)
    )
    codes = (
        select(VoucherRow.voucher_group_id, VoucherRow.id, VoucherRow.code)
        .where(VoucherRow.voucher_group_id.in_(voucher_group_ids), VoucherRow.deleted_at.is_(None))
        .order_by(VoucherRow.id)
    )
    location_ids: defaultdict[int, list[int]] = defaultdict(list)
    vouchers: defaultdict[int, list[VoucherCode]] = defaultdict(list)
    async with database.read() as connection:
        for group_id, location_id in await connection.execute(places):
            location_ids[group_id].append(location_id)
        for group_id, voucher_id, code in await connection.execute(codes):
            vouchers[group_id].append(VoucherCode(voucher_id, code))
    return {number: GroupContents(location_ids[number], vouchers[number]) for number in voucher_group_ids}
