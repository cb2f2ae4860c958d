"""
Token groups: tokens that may charge at the group's locations, and, while the group is enabled, only they.

A link says that a token, or a location, is in a group. A deleted group has none, so
whoever reads links need not ask whether their group is still there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import BigInteger, Row, Select, SQLColumnExpression, delete, func, insert, literal, select, update
from sqlalchemy import literal_column as sql
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from csms.errors import NotFound
from csms.store import customers, events
from csms.store.database import Database
from csms.store.pages import Section, count_and_cut
from csms.store.tables import LocationRow, TokenGroupLocationRow, TokenGroupRow, TokenGroupTokenRow, TokenRow


@dataclass(frozen=True, slots=True)
class TokenGroup:
    """A token group; `customer_id` None is the operator's own."""

    id: int
    name: str
    customer_id: int | None
    disabled: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """Which groups are wanted; None is any. `search` is a part of the name, in whatever case."""

    search: str | None = None
    customer_id: int | None = None
    disabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A token, or a location, is in a group since then."""

    token_group_id: int
    member_id: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Membership:
    """One of the two kinds of links: the columns of its table, and the members that can be linked."""

    kind: str
    group_id: InstrumentedAttribute[int]
    member_id: InstrumentedAttribute[int]
    members: type[TokenRow] | type[LocationRow]
    links: type[TokenGroupTokenRow] | type[TokenGroupLocationRow]


TOKENS = Membership(
    "token", TokenGroupTokenRow.token_group_id, TokenGroupTokenRow.token_id, TokenRow, TokenGroupTokenRow
)
LOCATIONS = Membership(
    "location",
    TokenGroupLocationRow.token_group_id,
    TokenGroupLocationRow.location_id,
    LocationRow,
    TokenGroupLocationRow,
)

_COLUMNS = (
    TokenGroupRow.id,
    TokenGroupRow.name,
    TokenGroupRow.customer_id,
    TokenGroupRow.disabled,
    TokenGroupRow.created_at,
    TokenGroupRow.updated_at,
)
_SORTS: Mapping[str, SQLColumnExpression[Any]] = MappingProxyType(
    {
        "id": TokenGroupRow.id,
        "name": TokenGroupRow.name,
        "created_at": TokenGroupRow.created_at,
        "updated_at": TokenGroupRow.updated_at,
    }
)


def _groups() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).where(TokenGroupRow.deleted_at.is_(None))


async def list(database: Database, wanted: Filter, section: Section) -> tuple[Sequence[TokenGroup], int]:
    """Return a section of the groups that are wanted, and how many there are in all."""
    query = _groups()
    if wanted.search:
        query = query.where(TokenGroupRow.name.icontains(wanted.search, autoescape=True))
    if wanted.customer_id is not None:
        query = query.where(TokenGroupRow.customer_id == literal(wanted.customer_id, BigInteger()))
    if wanted.disabled is not None:
        query = query.where(TokenGroupRow.disabled == wanted.disabled)
    async with database.read() as connection:
        rows, count = await count_and_cut(connection, query, section, _SORTS)
    return [_group(row) for row in rows], count


async def get(database: Database, token_group_id: int) -> TokenGroup:
    """Return a group; raises NotFound, for a deleted one as well."""
    async with database.read() as connection:
        return await _get(connection, token_group_id)


async def create(database: Database, *, name: str, customer_id: int | None, disabled: bool, actor: str) -> TokenGroup:
    """Create a group without tokens and locations; raises Invalid when its customer does not exist."""
    async with database.write() as connection:
        if customer_id is not None:
            await customers.require(connection, customer_id)
        values = {"name": name, "customer_id": customer_id, "disabled": disabled}
        group = _group((await connection.execute(insert(TokenGroupRow).values(**values).returning(*_COLUMNS))).one())
        await _tell(connection, "created", group.id, actor, name=name)
        return group


async def change(database: Database, token_group_id: int, columns: Mapping[str, Any], *, actor: str) -> TokenGroup:
    """
    Change a group.

    Args:
        database: where.
        token_group_id: which.
        columns: new values of name, customer_id, disabled.
        actor: the name of the API key.

    Raises:
        NotFound: there is no such group, or customer.
    """
    async with database.write() as connection:
        if not columns:
            return await _get(connection, token_group_id)
        if columns.get("customer_id") is not None:
            await customers.require_for_change(connection, columns["customer_id"])
        row = (
            await connection.execute(
                update(TokenGroupRow)
                .where(*_is(token_group_id))
                .values(**columns, updated_at=func.now())
                .returning(*_COLUMNS)
            )
        ).one_or_none()
        if row is None:
            raise NotFound("token group", token_group_id)
        await _tell(connection, "changed", token_group_id, actor, changed=sorted(columns))
        return _group(row)


async def delete_group(database: Database, token_group_id: int, *, actor: str) -> None:
    """Delete a group softly, and its links for good; raises NotFound when it is gone already."""
    async with database.write() as connection:
        gone = await connection.execute(
            update(TokenGroupRow).where(*_is(token_group_id)).values(deleted_at=func.now(), updated_at=func.now())
        )
        if gone.rowcount == 0:
            raise NotFound("token group", token_group_id)
        for membership in (TOKENS, LOCATIONS):
            await connection.execute(delete(membership.links).where(membership.group_id == token_group_id))
        await _tell(connection, "deleted", token_group_id, actor)


# ---- members


async def members(database: Database, membership: Membership, token_group_id: int) -> Sequence[int]:
    """Return the ids of a group's tokens or locations, ascending, without deleted ones; raises NotFound."""
    async with database.read() as connection:
        await _get(connection, token_group_id)
        found = await connection.execute(
            select(membership.member_id)
            .join(membership.members, membership.members.id == membership.member_id)
            .where(membership.group_id == token_group_id, membership.members.deleted_at.is_(None))
            .order_by(membership.member_id)
        )
        return found.scalars().all()


async def link(database: Database, membership: Membership, token_group_id: int, member_id: int, *, actor: str) -> Link:
    """Put a token, or a location, into a group; one that is there stays as it is. Raises NotFound for either."""
    async with database.write() as connection:
        await _hold(connection, token_group_id)
        await _require_member(connection, membership, member_id)
        statement = upsert(membership.links).values(
            {membership.group_id: token_group_id, membership.member_id: member_id}
        )
        row: Row[*tuple[Any, ...]] = (
            await connection.execute(
                statement.on_conflict_do_update(
                    index_elements=[membership.group_id.key, membership.member_id.key],
                    # Nothing changes; but without an update a repeat would return no row.
                    set_={"created_at": membership.links.created_at},
                ).returning(membership.links.created_at, sql("xmax = 0").label("is_new"))
            )
        ).one()
        if row.is_new:
            await _tell(connection, f"{membership.kind}_added", token_group_id, actor, id=member_id)
        return Link(token_group_id, member_id, row.created_at)


async def unlink(
    database: Database, membership: Membership, token_group_id: int, member_id: int, *, actor: str
) -> None:
    """Take a token, or a location, out of a group; raises NotFound when the group is gone or it is not in it."""
    async with database.write() as connection:
        await _hold(connection, token_group_id)
        gone = await connection.execute(
            delete(membership.links).where(
                membership.group_id == token_group_id, membership.member_id == literal(member_id, BigInteger())
            )
        )
        if gone.rowcount == 0:
            raise NotFound(f"{membership.kind} in token group {token_group_id} with the id", member_id)
        await _tell(connection, f"{membership.kind}_removed", token_group_id, actor, id=member_id)


async def _hold(connection: AsyncConnection, token_group_id: int) -> None:
    """Keep a group from being deleted until the transaction ends; raises NotFound."""
    found = await connection.execute(select(TokenGroupRow.id).where(*_is(token_group_id)).with_for_update(read=True))
    if found.one_or_none() is None:
        raise NotFound("token group", token_group_id)


async def _require_member(connection: AsyncConnection, membership: Membership, member_id: int) -> None:
    query = select(membership.members.id).where(
        membership.members.id == literal(member_id, BigInteger()), membership.members.deleted_at.is_(None)
    )
    if (await connection.execute(query)).one_or_none() is None:
        raise NotFound(membership.kind, member_id)


def _is(token_group_id: int) -> tuple[Any, Any]:
    return TokenGroupRow.id == literal(token_group_id, BigInteger()), TokenGroupRow.deleted_at.is_(None)


async def _get(connection: AsyncConnection, token_group_id: int) -> TokenGroup:
    row = (await connection.execute(select(*_COLUMNS).where(*_is(token_group_id)))).one_or_none()
    if row is None:
        raise NotFound("token group", token_group_id)
    return _group(row)


async def _tell(connection: AsyncConnection, what: str, token_group_id: int, actor: str, **data: Any) -> None:
    await events.append(connection, f"token_group.{what}", actor=actor, data={"tokenGroupId": token_group_id, **data})


def _group(row: Row[*tuple[Any, ...]]) -> TokenGroup:
    return TokenGroup(*row)
