"""
Voucher groups: what their vouchers change, and where.

At the locations of a group a session with one of its vouchers has the group's tariff in
place of the location's, or is free where the group has none. A group without a customer
is the operator's own. Who deletes a group deletes its vouchers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import BigInteger, Row, Select, SQLColumnExpression, delete, func, insert, literal, select, update
from sqlalchemy import literal_column as sql
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.errors import NotFound
from csms.store import customers, events, tariffs
from csms.store.database import Database
from csms.store.pages import Section, count_and_cut
from csms.store.tables import LocationRow, VoucherGroupLocationRow, VoucherGroupRow, VoucherRow


@dataclass(frozen=True, slots=True)
class NewVoucherGroup:
    """What is said of a voucher group; without a tariff sessions are free."""

    name: str
    tariff_id: str | None
    customer_id: int | None
    notes: str | None


@dataclass(frozen=True, slots=True)
class VoucherGroup:
    """A voucher group."""

    id: int
    name: str
    tariff_id: str | None
    customer_id: int | None
    notes: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """Which groups are wanted; None is any. `search` is a part of the name, in whatever case."""

    search: str | None = None
    customer_id: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A group is good at a location since then."""

    voucher_group_id: int
    location_id: int
    created_at: datetime


_COLUMNS = tuple(getattr(VoucherGroupRow, name) for name in VoucherGroup.__dataclass_fields__)
_SORTS: Mapping[str, SQLColumnExpression[Any]] = MappingProxyType(
    {
        "id": VoucherGroupRow.id,
        "name": VoucherGroupRow.name,
        "created_at": VoucherGroupRow.created_at,
        "updated_at": VoucherGroupRow.updated_at,
    }
)


def _groups() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).where(VoucherGroupRow.deleted_at.is_(None))


async def list(database: Database, wanted: Filter, section: Section) -> tuple[Sequence[VoucherGroup], int]:
    """Return a section of the groups that are wanted, and how many there are in all."""
    query = _groups()
    if wanted.search:
        query = query.where(VoucherGroupRow.name.icontains(wanted.search, autoescape=True))
    if wanted.customer_id is not None:
        query = query.where(VoucherGroupRow.customer_id == literal(wanted.customer_id, BigInteger()))
    async with database.read() as connection:
        rows, count = await count_and_cut(connection, query, section, _SORTS)
    return [VoucherGroup(*row) for row in rows], count


async def get(database: Database, voucher_group_id: int) -> VoucherGroup:
    """Return a group; raises NotFound, for a deleted one as well."""
    async with database.read() as connection:
        return await _get(connection, voucher_group_id)


async def among(database: Database, voucher_group_ids: Sequence[int]) -> Mapping[int, VoucherGroup]:
    """Return those of these groups that exist, deleted ones too, by id."""
    query = select(*_COLUMNS).where(VoucherGroupRow.id.in_(voucher_group_ids))
    async with database.read() as connection:
        return {row.id: VoucherGroup(*row) for row in await connection.execute(query)}


async def create(database: Database, new: NewVoucherGroup, *, actor: str) -> VoucherGroup:
    """Create a group that is good nowhere yet; raises Invalid when its customer or its tariff does not exist."""
    async with database.write() as connection:
        values = await _checked(connection, asdict(new))
        if new.customer_id is not None:
            await customers.require(connection, new.customer_id)
        made = await connection.execute(insert(VoucherGroupRow).values(**values).returning(*_COLUMNS))
        group = VoucherGroup(*made.one())
        await _tell(connection, "created", group.id, actor, name=new.name)
        return group


async def change(database: Database, voucher_group_id: int, columns: Mapping[str, Any], *, actor: str) -> VoucherGroup:
    """
    Change a group; sessions that run keep what applied when they began.

    Args:
        database: where.
        voucher_group_id: which.
        columns: new values of name, tariff_id, customer_id, notes.
        actor: the name of the API key.

    Raises:
        NotFound: there is no such group, or customer.
        Invalid: there is no such tariff.
    """
    async with database.write() as connection:
        before = await _get(connection, voucher_group_id)
        if not columns:
            return before
        values = await _checked(connection, columns)
        if columns.get("customer_id") is not None:
            await customers.require_for_change(connection, columns["customer_id"])
        statement = update(VoucherGroupRow).where(*_is(voucher_group_id)).values(**values, updated_at=func.now())
        row = (await connection.execute(statement.returning(*_COLUMNS))).one_or_none()
        if row is None:
            raise NotFound("voucher group", voucher_group_id)
        await _tell(connection, "changed", voucher_group_id, actor, changed=sorted(columns))
        return VoucherGroup(*row)


async def delete_group(database: Database, voucher_group_id: int, *, actor: str) -> None:
    """Delete a group and its vouchers softly, its locations for good; raises NotFound when it is gone already."""
    async with database.write() as connection:
        gone = await connection.execute(
            update(VoucherGroupRow).where(*_is(voucher_group_id)).values(deleted_at=func.now(), updated_at=func.now())
        )
        if gone.rowcount == 0:
            raise NotFound("voucher group", voucher_group_id)
        vouchers = await connection.execute(
            update(VoucherRow)
            .where(VoucherRow.voucher_group_id == voucher_group_id, VoucherRow.deleted_at.is_(None))
            .values(deleted_at=func.now(), updated_at=func.now())
            .returning(VoucherRow.id)
        )
        await connection.execute(
            delete(VoucherGroupLocationRow).where(VoucherGroupLocationRow.voucher_group_id == voucher_group_id)
        )
        deleted = sorted(vouchers.scalars())
        await _tell(connection, "deleted", voucher_group_id, actor, voucherIds=deleted)


async def _checked(connection: AsyncConnection, columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns, with the tariff as it is spelled here."""
    if columns.get("tariff_id") is None:
        return dict(columns)
    tariff_id = await tariffs.require(connection, columns["tariff_id"], field="pricing.tariffId")
    return dict(columns) | {"tariff_id": tariff_id}


# ---- locations


async def locations(database: Database, voucher_group_id: int) -> Sequence[int]:
    """Return the ids of the locations where a group is good, ascending, without deleted ones; raises NotFound."""
    async with database.read() as connection:
        await _get(connection, voucher_group_id)
        found = await connection.execute(
            select(VoucherGroupLocationRow.location_id)
            .join(LocationRow, LocationRow.id == VoucherGroupLocationRow.location_id)
            .where(VoucherGroupLocationRow.voucher_group_id == voucher_group_id, LocationRow.deleted_at.is_(None))
            .order_by(VoucherGroupLocationRow.location_id)
        )
        return found.scalars().all()


async def link(database: Database, voucher_group_id: int, location_id: int, *, actor: str) -> Link:
    """Make a group good at a location; where it is already nothing changes. Raises NotFound for either."""
    async with database.write() as connection:
        await _hold(connection, voucher_group_id)
        place = select(LocationRow.id).where(
            LocationRow.id == literal(location_id, BigInteger()), LocationRow.deleted_at.is_(None)
        )
        if (await connection.execute(place)).one_or_none() is None:
            raise NotFound("location", location_id)
        statement = upsert(VoucherGroupLocationRow).values(voucher_group_id=voucher_group_id, location_id=location_id)
        statement = statement.on_conflict_do_update(
            index_elements=["voucher_group_id", "location_id"],
            # Nothing changes; but without an update a repeat would return no row.
            set_={"created_at": VoucherGroupLocationRow.created_at},
        )
        row: Row[*tuple[Any, ...]] = (
            await connection.execute(
                statement.returning(VoucherGroupLocationRow.created_at, sql("xmax = 0").label("is_new"))
            )
        ).one()
        if row.is_new:
            await _tell(connection, "location_added", voucher_group_id, actor, id=location_id)
        return Link(voucher_group_id, location_id, row.created_at)


async def unlink(database: Database, voucher_group_id: int, location_id: int, *, actor: str) -> None:
    """End that a group is good at a location; raises NotFound when the group is gone or is not good there."""
    async with database.write() as connection:
        await _hold(connection, voucher_group_id)
        gone = await connection.execute(
            delete(VoucherGroupLocationRow).where(
                VoucherGroupLocationRow.voucher_group_id == voucher_group_id,
                VoucherGroupLocationRow.location_id == literal(location_id, BigInteger()),
            )
        )
        if gone.rowcount == 0:
            raise NotFound(f"location of voucher group {voucher_group_id} with the id", location_id)
        await _tell(connection, "location_removed", voucher_group_id, actor, id=location_id)


async def _hold(connection: AsyncConnection, voucher_group_id: int) -> None:
    """Keep a group from being deleted until the transaction ends; raises NotFound."""
    query = select(VoucherGroupRow.id).where(*_is(voucher_group_id)).with_for_update(read=True)
    if (await connection.execute(query)).one_or_none() is None:
        raise NotFound("voucher group", voucher_group_id)


def _is(voucher_group_id: int) -> tuple[Any, Any]:
    return VoucherGroupRow.id == literal(voucher_group_id, BigInteger()), VoucherGroupRow.deleted_at.is_(None)


async def _get(connection: AsyncConnection, voucher_group_id: int) -> VoucherGroup:
    row = (await connection.execute(select(*_COLUMNS).where(*_is(voucher_group_id)))).one_or_none()
    if row is None:
        raise NotFound("voucher group", voucher_group_id)
    return VoucherGroup(*row)


async def _tell(connection: AsyncConnection, what: str, voucher_group_id: int, actor: str, **data: Any) -> None:
    data = {"voucherGroupId": voucher_group_id, **data}
    await events.append(connection, f"voucher_group.{what}", actor=actor, data=data)
