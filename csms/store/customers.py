"""
Customers: who owns locations and pays for tokens. Number 1 is the operator itself.

Each customer but the operator has an owner, so customers are a tree. The CPO of a
customer is the nearest one above it, or itself, that is of the type CPO. Whoever gives
a customer another owner holds the operator's row, so that no two changes together make
a circle.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    DateTime,
    Row,
    Select,
    SQLColumnExpression,
    any_,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from csms.errors import Invalid, NotFound
from csms.store import events
from csms.store.database import Database
from csms.store.pages import Section, count_and_cut
from csms.store.tables import CustomerRow, LocationRow

OPERATOR = 1


class CustomerType(StrEnum):
    """What a customer is; the operator is the CPO."""

    PRIVATE = "Private"
    BUSINESS = "Business"
    CPO = "CPO"
    CPO_SUBSIDIARY = "CPOSubsidiary"


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as others refer to it."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """What is said of a customer; `details` are the blocks of the API by their JSON names, as given."""

    name: str
    type: CustomerType
    country: str
    owner_id: int
    external_id: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CustomerAccount:
    """A customer with all that is known of it; `location_ids` are ascending."""

    id: int
    name: str
    type: CustomerType
    country: str | None
    external_id: str | None
    details: Mapping[str, Any]
    owner: Customer | None
    cpo: Customer | None
    location_ids: Sequence[int]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """Moments that are wanted: `at` is one millisecond, `since` inclusive, `until` exclusive; None is any."""

    at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether any moment will do."""
        return self.at is None and self.since is None and self.until is None


@dataclass(frozen=True, slots=True)
class Filter:
    """
    Which customers are wanted; None is any.

    `search` is the id, or a part of the name or the external id in whatever case;
    `ancestor_id` is an owner, or the owner of an owner, at whatever distance.
    """

    search: str | None = None
    ids: Sequence[int] | None = None
    types: Sequence[CustomerType] | None = None
    owner_id: int | None = None
    ancestor_id: int | None = None
    cpo_id: int | None = None
    created: Span = Span()
    updated: Span = Span()


def _cpos() -> CTE:
    """The CPO of each customer."""
    # A subsidiary of a CPO is not a CPO; a tree without one belongs to its root.
    top = (
        select(CustomerRow.id, CustomerRow.id.label("cpo_id"))
        .where(or_(CustomerRow.owner_id.is_(None), CustomerRow.type == CustomerType.CPO))
        .cte("cpos", recursive=True)
    )
    below = (
        select(CustomerRow.id, top.c.cpo_id)
        .join(top, CustomerRow.owner_id == top.c.id)
        .where(CustomerRow.type != CustomerType.CPO)
    )
    return top.union_all(below)


_OWNER = aliased(CustomerRow)
_CPO = aliased(CustomerRow)
_CPOS = _cpos()
_SORTS: Mapping[str, SQLColumnExpression[Any]] = MappingProxyType(
    {
        "id": CustomerRow.id,
        "name": CustomerRow.name,
        "type": CustomerRow.type,
        "owner_name": _OWNER.name,
        "cpo_name": _CPO.name,
        "created_at": CustomerRow.created_at,
        "updated_at": CustomerRow.updated_at,
    }
)


def _customers() -> Select[*tuple[Any, ...]]:
    return (
        select(
            CustomerRow.id,
            CustomerRow.name,
            CustomerRow.type,
            CustomerRow.country,
            CustomerRow.external_id,
            CustomerRow.details,
            CustomerRow.created_at,
            CustomerRow.updated_at,
            _OWNER.id.label("owner_id"),
            _OWNER.name.label("owner_name"),
            _CPO.id.label("cpo_id"),
            _CPO.name.label("cpo_name"),
        )
        .select_from(CustomerRow)
        .outerjoin(_OWNER, _OWNER.id == CustomerRow.owner_id)
        .outerjoin(_CPOS, _CPOS.c.id == CustomerRow.id)
        .outerjoin(_CPO, _CPO.id == _CPOS.c.cpo_id)
    )


async def list(database: Database, wanted: Filter, section: Section) -> tuple[Sequence[CustomerAccount], int]:
    """Return a section of the customers that are wanted, and how many there are in all."""
    query = _customers().where(*_conditions(wanted))
    async with database.read() as connection:
        rows, count = await count_and_cut(connection, query, section, _SORTS)
        return await _complete(connection, rows), count


def _conditions(wanted: Filter) -> Sequence[ColumnElement[bool]]:
    found: tuple[ColumnElement[bool], ...] = ()
    if wanted.search:
        found += (_mentions(wanted.search),)
    if wanted.ids is not None:
        found += (CustomerRow.id == any_(literal([*wanted.ids], ARRAY(BigInteger()))),)
    if wanted.types is not None:
        found += (CustomerRow.type.in_([*wanted.types]),)
    if wanted.owner_id is not None:
        found += (CustomerRow.owner_id == literal(wanted.owner_id, BigInteger()),)
    if wanted.ancestor_id is not None:
        found += (CustomerRow.id.in_(select(_below(wanted.ancestor_id).c.id)),)
    if wanted.cpo_id is not None:
        found += (_CPOS.c.cpo_id == literal(wanted.cpo_id, BigInteger()),)
    return (*found, *_within(CustomerRow.created_at, wanted.created), *_within(CustomerRow.updated_at, wanted.updated))


def _mentions(text: str) -> ColumnElement[bool]:
    named = or_(
        CustomerRow.name.icontains(text, autoescape=True), CustomerRow.external_id.icontains(text, autoescape=True)
    )
    # No id has more digits than a bigint.
    is_number = text.isascii() and text.isdecimal() and len(text) <= 18
    return or_(named, CustomerRow.id == literal(int(text), BigInteger())) if is_number else named


def _within(column: SQLColumnExpression[datetime], span: Span) -> Sequence[ColumnElement[bool]]:
    moment = DateTime(timezone=True)
    found: tuple[ColumnElement[bool], ...] = ()
    if span.at is not None:
        # Moments are shown in milliseconds and kept in microseconds.
        found += (func.date_trunc("milliseconds", column) == func.date_trunc("milliseconds", literal(span.at, moment)),)
    if span.since is not None:
        found += (column >= literal(span.since, moment),)
    if span.until is not None:
        found += (column < literal(span.until, moment),)
    return found


def _below(customer_id: int) -> CTE:
    """All customers that this one owns, and those that they own, and so on."""
    top = (
        select(CustomerRow.id)
        .where(CustomerRow.owner_id == literal(customer_id, BigInteger()))
        .cte("below", recursive=True)
    )
    return top.union_all(select(CustomerRow.id).join(top, CustomerRow.owner_id == top.c.id))


async def get(database: Database, customer_id: int) -> CustomerAccount:
    """Return a customer with all that is known of it; raises NotFound."""
    async with database.read() as connection:
        return await _get(connection, customer_id)


async def create(database: Database, new: NewCustomer, *, actor: str) -> CustomerAccount:
    """Create a customer; raises Invalid when its owner does not exist."""
    async with database.write() as connection:
        await _require_owner(connection, new.owner_id)
        values = {
            "name": new.name,
            "type": new.type.value,
            "country": new.country,
            "owner_id": new.owner_id,
            "external_id": new.external_id,
            "details": dict(new.details),
        }
        made = await connection.execute(insert(CustomerRow).values(**values).returning(CustomerRow.id))
        customer_id: int = made.scalar_one()
        data = {"customerId": customer_id, "name": new.name}
        await events.append(connection, "customer.created", actor=actor, data=data)
        return await _get(connection, customer_id)


async def change(
    database: Database, customer_id: int, columns: Mapping[str, Any], details: Mapping[str, Any], *, actor: str
) -> CustomerAccount:
    """
    Change a customer.

    Args:
        database: where.
        customer_id: which.
        columns: new values of name, type, country, owner_id, external_id.
        details: blocks by their JSON names that replace those of the same name; None removes one.
        actor: the name of the API key.

    Raises:
        NotFound: there is no such customer.
        Invalid: its owner does not exist or is below it, or a CPO would become something else.
    """
    async with database.write() as connection:
        if "owner_id" in columns:
            await _hold_tree(connection)
        before = await _get(connection, customer_id, locked=True)
        if not columns and not details:
            return before
        if before.type is CustomerType.CPO and columns.get("type", CustomerType.CPO) != CustomerType.CPO:
            raise Invalid("type", "cannot be changed: a CPO stays one")
        if "owner_id" in columns:
            await _require_owner(connection, columns["owner_id"], of=customer_id)
        kept = {name: value for name, value in (dict(before.details) | dict(details)).items() if value is not None}
        await connection.execute(
            update(CustomerRow)
            .where(CustomerRow.id == customer_id)
            .values(**columns, details=kept, updated_at=func.now())
        )
        data = {"customerId": customer_id, "changed": sorted([*columns, *details])}
        await events.append(connection, "customer.changed", actor=actor, data=data)
        return await _get(connection, customer_id)


async def _hold_tree(connection: AsyncConnection) -> None:
    # Without the key, so that whoever refers to the operator need not wait.
    await connection.execute(select(CustomerRow.id).where(CustomerRow.id == OPERATOR).with_for_update(key_share=True))


async def _require_owner(connection: AsyncConnection, owner_id: int, *, of: int | None = None) -> None:
    if await find(connection, owner_id) is None:
        raise Invalid("ownerId", f"there is no customer {owner_id}")
    if of is None:
        return
    below = _below(of)
    is_below = select(below.c.id).where(below.c.id == owner_id)
    if owner_id == of or (await connection.execute(is_below)).first() is not None:
        raise Invalid("ownerId", f"must not be the customer itself or one below it: {owner_id} is")


async def _get(connection: AsyncConnection, customer_id: int, *, locked: bool = False) -> CustomerAccount:
    query = _customers().where(CustomerRow.id == literal(customer_id, BigInteger()))
    if locked:
        query = query.with_for_update(of=CustomerRow, key_share=True)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("customer", customer_id)
    return (await _complete(connection, [row]))[0]


async def _complete(connection: AsyncConnection, rows: Sequence[Row[*tuple[Any, ...]]]) -> Sequence[CustomerAccount]:
    """Make customers of rows, with their locations."""
    if not rows:
        return ()
    places = await connection.execute(
        select(LocationRow.customer_id, LocationRow.id)
        .where(LocationRow.customer_id.in_([row.id for row in rows]), LocationRow.deleted_at.is_(None))
        .order_by(LocationRow.id)
    )
    owned: defaultdict[int, tuple[int, ...]] = defaultdict(tuple)
    for customer_id, location_id in places:
        owned[customer_id] += (location_id,)
    return [_account(row, owned[row.id]) for row in rows]


def _account(row: Row[*tuple[Any, ...]], location_ids: Sequence[int]) -> CustomerAccount:
    return CustomerAccount(
        id=row.id,
        name=row.name,
        type=CustomerType(row.type),
        country=row.country,
        external_id=row.external_id,
        details=row.details,
        owner=None if row.owner_id is None else Customer(row.owner_id, row.owner_name),
        cpo=None if row.cpo_id is None else Customer(row.cpo_id, row.cpo_name),
        location_ids=location_ids,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


# ---- as others refer to them


async def require(connection: AsyncConnection, customer_id: int) -> Customer:
    """Return the customer that a new location or token names; raises Invalid (`customerId`) when there is none."""
    found = await find(connection, customer_id)
    if found is None:
        raise Invalid("customerId", f"there is no customer {customer_id}")
    return found


async def require_for_change(connection: AsyncConnection, customer_id: int) -> Customer:
    """Return the customer that a changed token or token group names; raises NotFound, as documented for changes."""
    found = await find(connection, customer_id)
    if found is None:
        raise NotFound("customer", customer_id)
    return found


async def find(connection: AsyncConnection, customer_id: int) -> Customer | None:
    """Find a customer."""
    query = select(CustomerRow.id, CustomerRow.name).where(CustomerRow.id == literal(customer_id, BigInteger()))
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Customer(row.id, row.name)
