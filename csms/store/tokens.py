"""
Tokens: our records of the idTags that charge boxes present.

A uid is compared without case, as OCPP compares idTags, and stays taken for ever:
a new token must not inherit the transactions of an old one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, Select, func, insert, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.errors import Conflict, Invalid, NotFound
from csms.store import customers, events
from csms.store.database import Database
from csms.store.tables import TokenRow


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
    """A token."""

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


def _tokens() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).where(TokenRow.deleted_at.is_(None))


async def list(database: Database, *, offset: int, limit: int) -> tuple[Sequence[Token], int]:
    """Return tokens by descending id, and how many there are in all."""
    async with database.read() as connection:
        total: int = (await connection.execute(select(func.count()).select_from(_tokens().subquery()))).scalar_one()
        rows = await connection.execute(_tokens().order_by(TokenRow.id.desc()).offset(offset).limit(limit))
        return [_token(row) for row in rows], total


async def get(database: Database, token_id: int) -> Token:
    """Return a token; raises NotFound, for a deleted one as well."""
    async with database.read() as connection:
        row = (await connection.execute(_tokens().where(TokenRow.id == literal(token_id, BigInteger())))).one_or_none()
    if row is None:
        raise NotFound("token", token_id)
    return _token(row)


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


def _token(row: Row[*tuple[Any, ...]]) -> Token:
    return Token(*row)
