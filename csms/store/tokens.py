"""
Tokens: our records of the idTags that charge boxes present.

A uid is compared without case, as OCPP compares idTags, and stays taken for ever:
a new token must not inherit the transactions of an old one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    SQLColumnExpression,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.errors import Conflict, Invalid, NotFound
from csms.store import customers, events
from csms.store.database import Database
from csms.store.pages import Section, count_and_cut
from csms.store.tables import TokenGroupTokenRow, TokenRow


@dataclass(frozen=True, slots=True)
class NewToken:
    """What is said of a token. Without `valid_from` it is valid from now on, without `expires_at` for ever."""

    customer_id: int
    type: str
    uid: str
    label: str | None
    app_user_id: int | None
    valid_from: datetime | None
    expires_at: datetime | None
    is_active: bool
    roaming_enabled: bool
    priority_charging_enabled: bool
    billing_reference: str | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class Token:
    """A token; `group_ids` are those of its token groups, ascending."""

    id: int
    customer_id: int
    type: str
    uid: str
    label: str | None
    app_user_id: int | None
    valid_from: datetime
    expires_at: datetime | None
    is_active: bool
    roaming_enabled: bool
    priority_charging_enabled: bool
    billing_reference: str | None
    comment: str | None
    created_at: datetime
    updated_at: datetime
    group_ids: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """
    Which tokens are wanted; None is any.

    `search` is the id, or a part of the label or the uid in whatever case. The two
    moments are the earliest wanted; a token that never expires has no such moment.
    """

    search: str | None = None
    type: str | None = None
    customer_id: int | None = None
    is_active: bool | None = None
    roaming_enabled: bool | None = None
    priority_charging_enabled: bool | None = None
    valid_from: datetime | None = None
    expires_from: datetime | None = None


_COLUMNS = (
    TokenRow.id,
    TokenRow.customer_id,
    TokenRow.type,
    TokenRow.uid,
    TokenRow.label,
    TokenRow.app_user_id,
    TokenRow.valid_from,
    TokenRow.expires_at,
    TokenRow.is_active,
    TokenRow.roaming_enabled,
    TokenRow.priority_charging_enabled,
    TokenRow.billing_reference,
    TokenRow.comment,
    TokenRow.created_at,
    TokenRow.updated_at,
)


_SORTS: Mapping[str, SQLColumnExpression[Any]] = MappingProxyType(
    {
        "id": TokenRow.id,
        "created_at": TokenRow.created_at,
        "updated_at": TokenRow.updated_at,
        "valid_from": TokenRow.valid_from,
        # Never is after every moment, as PostgreSQL sorts null.
        "expires_at": TokenRow.expires_at,
    }
)


def _tokens() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).where(TokenRow.deleted_at.is_(None))


async def list(database: Database, wanted: Filter, section: Section) -> tuple[Sequence[Token], int]:
    """Return a section of the tokens that are wanted, and how many there are in all."""
    query = _tokens().where(*_conditions(wanted))
    async with database.read() as connection:
        rows, count = await count_and_cut(connection, query, section, _SORTS)
        return await _complete(connection, rows), count


def _conditions(wanted: Filter) -> Sequence[ColumnElement[bool]]:
    equal = {
        TokenRow.type: wanted.type,
        TokenRow.is_active: wanted.is_active,
        TokenRow.roaming_enabled: wanted.roaming_enabled,
        TokenRow.priority_charging_enabled: wanted.priority_charging_enabled,
    }
    found = tuple(column == value for column, value in equal.items() if value is not None)
    if wanted.customer_id is not None:
        found += (TokenRow.customer_id == literal(wanted.customer_id, BigInteger()),)
    if wanted.valid_from is not None:
        found += (TokenRow.valid_from >= wanted.valid_from,)
    if wanted.expires_from is not None:
        found += (TokenRow.expires_at >= wanted.expires_from,)
    if wanted.search:
        found += (_mentions(wanted.search),)
    return found


def _mentions(text: str) -> ColumnElement[bool]:
    named = or_(TokenRow.uid.icontains(text, autoescape=True), TokenRow.label.icontains(text, autoescape=True))
    # No id has more digits than a bigint.
    is_number = text.isascii() and text.isdecimal() and len(text) <= 18
    return or_(named, TokenRow.id == literal(int(text), BigInteger())) if is_number else named


async def get(database: Database, token_id: int) -> Token:
    """Return a token; raises NotFound, for a deleted one as well."""
    async with database.read() as connection:
        return await _get(connection, token_id)


async def create(database: Database, new: Sequence[NewToken], *, actor: str) -> Sequence[Token]:
    """
    Create tokens, all or none.

    Raises:
        Conflict: one of the uids is taken, now or by a token that was deleted, or is there twice.
        Invalid: one of the customers does not exist.
    """
    async with database.write() as connection:
        for customer_id in {token.customer_id for token in new}:
            await customers.require(connection, customer_id)
        return [await _create(connection, token, actor) for token in new]


async def _create(connection: AsyncConnection, new: NewToken, actor: str) -> Token:
    if new.expires_at is not None and new.valid_from is not None and new.expires_at <= new.valid_from:
        raise Invalid("expiresAt", "must be after validFrom")
    names = (column.key for column in _COLUMNS[1:13])
    values = {name: getattr(new, name) for name in names if name != "valid_from" or new.valid_from is not None}
    try:
        row = (await connection.execute(insert(TokenRow).values(**values).returning(*_COLUMNS))).one()
    except IntegrityError as error:
        if "ix_tokens_uid" in str(error.orig):
            raise Conflict(f"the uid '{new.uid}' belongs to a token already; a uid is never used again") from None
        raise
    await events.append(connection, "token.created", actor=actor, data={"tokenId": row.id, "uid": new.uid})
    return _token(row)


async def change(
    database: Database, token_id: int, columns: Mapping[str, Any], *, actor: str, kind: str = "changed"
) -> Token:
    """
    Change a token.

    Args:
        database: where.
        token_id: which.
        columns: new values of customer_id, app_user_id, valid_from, expires_at, is_active, roaming_enabled,
            priority_charging_enabled, billing_reference, comment.
        actor: the name of the API key.
        kind: what the event log calls it.

    Raises:
        NotFound: there is no such token, or customer.
        Invalid: it would expire before it is valid.
    """
    async with database.write() as connection:
        if not columns:
            return await _get(connection, token_id)
        if "customer_id" in columns:
            await customers.require_for_change(connection, columns["customer_id"])
        changing = update(TokenRow).where(*_is(token_id)).values(**columns, updated_at=func.now()).returning(*_COLUMNS)
        row = (await connection.execute(changing)).one_or_none()
        if row is None:
            raise NotFound("token", token_id)
        if columns.keys() & {"valid_from", "expires_at"} and row.expires_at and row.expires_at <= row.valid_from:
            raise Invalid("expiresAt", "must be after validFrom")
        data = {"tokenId": row.id, "uid": row.uid, "changed": sorted(columns)}
        await events.append(connection, f"token.{kind}", actor=actor, data=data)
        return (await _complete(connection, [row]))[0]


async def delete(database: Database, token_id: int, *, actor: str) -> None:
    """Delete a token for ever: it charges no more, and its uid stays taken. Raises NotFound when it is gone already."""
    async with database.write() as connection:
        deleting = (
            update(TokenRow)
            .where(*_is(token_id))
            .values(is_active=False, deleted_at=func.now(), updated_at=func.now())
            .returning(TokenRow.uid)
        )
        uid = (await connection.execute(deleting)).scalar_one_or_none()
        if uid is None:
            raise NotFound("token", token_id)
        await events.append(connection, "token.deleted", actor=actor, data={"tokenId": token_id, "uid": uid})


def _is(token_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return TokenRow.id == literal(token_id, BigInteger()), TokenRow.deleted_at.is_(None)


async def _get(connection: AsyncConnection, token_id: int) -> Token:
    row = (await connection.execute(select(*_COLUMNS).where(*_is(token_id)))).one_or_none()
    if row is None:
        raise NotFound("token", token_id)
    return (await _complete(connection, [row]))[0]


async def _complete(connection: AsyncConnection, rows: Sequence[Row[*tuple[Any, ...]]]) -> Sequence[Token]:
    """Make tokens of rows, with their groups."""
    if not rows:
        return ()
    links = await connection.execute(
        select(TokenGroupTokenRow.token_id, TokenGroupTokenRow.token_group_id)
        .where(TokenGroupTokenRow.token_id.in_([row.id for row in rows]))
        .order_by(TokenGroupTokenRow.token_group_id)
    )
    groups: defaultdict[int, tuple[int, ...]] = defaultdict(tuple)
    for token_id, group_id in links:
        groups[token_id] += (group_id,)
    return [_token(row, groups[row.id]) for row in rows]


def _token(row: Row[*tuple[Any, ...]], group_ids: Sequence[int] = ()) -> Token:
    return replace(Token(*row), group_ids=group_ids)
