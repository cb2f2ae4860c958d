"""
Vouchers: codes that tokens and app users are linked to, each of a voucher group.

Of a voucher's users the first `max_users` count. Links beyond that are refused, but
`max_users` may be lowered below what is linked already: then those who came last lose
it (`csms.store.ledger.vouchers`). A code belongs to one live voucher, in whatever case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Row,
    Select,
    SQLColumnExpression,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.errors import Conflict, Invalid, NotFound
from csms.store import events
from csms.store.database import Database
from csms.store.pages import Section, count_and_cut
from csms.store.tables import TokenRow, VoucherGroupRow, VoucherRow, VoucherUserRow


@dataclass(frozen=True, slots=True)
class NewVoucher:
    """What is said of a voucher; None is without limit, and for ever."""

    code: str
    voucher_group_id: int
    max_users: int | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher."""

    id: int
    code: str
    voucher_group_id: int
    max_users: int | None
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """Which vouchers are wanted; None is any. `code` is the whole code in whatever case; the moment is exclusive."""

    voucher_group_id: int | None = None
    code: str | None = None
    updated_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A user has the voucher since then; one of `token_id` and `app_user_id` is None."""

    id: int
    voucher_id: int
    token_id: int | None
    app_user_id: int | None
    created_at: datetime


class User(StrEnum):
    """The two kinds of users, in words of the event log."""

    TOKEN = "token"
    APP_USER = "app_user"


_USER_ID: Mapping[User, SQLColumnExpression[int | None]] = MappingProxyType(
    {User.TOKEN: VoucherUserRow.token_id, User.APP_USER: VoucherUserRow.app_user_id}
)
_COLUMNS = tuple(getattr(VoucherRow, name) for name in Voucher.__dataclass_fields__)
_LINK_COLUMNS = tuple(getattr(VoucherUserRow, name) for name in Link.__dataclass_fields__)
_SORTS: Mapping[str, SQLColumnExpression[Any]] = MappingProxyType(
    {
        "id": VoucherRow.id,
        "code": VoucherRow.code,
        "created_at": VoucherRow.created_at,
        "updated_at": VoucherRow.updated_at,
        # Never is after every moment, as PostgreSQL sorts null.
        "expires_at": VoucherRow.expires_at,
    }
)


def _vouchers() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).where(VoucherRow.deleted_at.is_(None))


async def list(database: Database, wanted: Filter, section: Section) -> tuple[Sequence[Voucher], int]:
    """Return a section of the vouchers that are wanted, and how many there are in all."""
    query = _vouchers()
    if wanted.voucher_group_id is not None:
        query = query.where(VoucherRow.voucher_group_id == literal(wanted.voucher_group_id, BigInteger()))
    if wanted.code is not None:
        query = query.where(func.lower(VoucherRow.code) == wanted.code.lower())
    if wanted.updated_after is not None:
        query = query.where(VoucherRow.updated_at > literal(wanted.updated_after, DateTime(timezone=True)))
    async with database.read() as connection:
        rows, count = await count_and_cut(connection, query, section, _SORTS)
    return [Voucher(*row) for row in rows], count


async def get(database: Database, voucher_id: int) -> Voucher:
    """Return a voucher; raises NotFound, for a deleted one as well."""
    async with database.read() as connection:
        return await _get(connection, voucher_id)


async def create(database: Database, new: NewVoucher, *, actor: str) -> Voucher:
    """Create a voucher; raises Conflict when its code is taken, Invalid when its group does not exist."""
    async with database.write() as connection:
        await _require_group(connection, new.voucher_group_id)
        statement = insert(VoucherRow).values(**asdict(new)).returning(*_COLUMNS)
        row = await _write(connection, statement, new.code)
        assert row is not None
        voucher = Voucher(*row)
        await _tell(connection, "created", voucher.id, actor, code=new.code)
        return voucher


async def change(database: Database, voucher_id: int, columns: Mapping[str, Any], *, actor: str) -> Voucher:
    """
    Change a voucher.

    Args:
        database: where.
        voucher_id: which.
        columns: new values of code, voucher_group_id, max_users, expires_at.
        actor: the name of the API key.

    Raises:
        NotFound: there is no such voucher.
        Invalid: there is no such group.
        Conflict: the code is taken.
    """
    async with database.write() as connection:
        before = await _get(connection, voucher_id)
        if not columns:
            return before
        if "voucher_group_id" in columns:
            await _require_group(connection, columns["voucher_group_id"])
        statement = update(VoucherRow).where(*_is(voucher_id)).values(**columns, updated_at=func.now())
        row = await _write(connection, statement.returning(*_COLUMNS), columns.get("code"))
        if row is None:
            raise NotFound("voucher", voucher_id)
        await _tell(connection, "changed", voucher_id, actor, changed=sorted(columns))
        return Voucher(*row)


async def delete_voucher(database: Database, voucher_id: int, *, actor: str) -> None:
    """Delete a voucher softly; its code becomes free. Raises NotFound when it is gone already."""
    async with database.write() as connection:
        gone = await connection.execute(
            update(VoucherRow).where(*_is(voucher_id)).values(deleted_at=func.now(), updated_at=func.now())
        )
        if gone.rowcount == 0:
            raise NotFound("voucher", voucher_id)
        await _tell(connection, "deleted", voucher_id, actor)


async def _write(connection: AsyncConnection, statement: Any, code: str | None) -> Row[*tuple[Any, ...]] | None:
    try:
        row: Row[*tuple[Any, ...]] | None = (await connection.execute(statement)).one_or_none()
    except IntegrityError as error:
        if "ix_vouchers_code_live" in str(error.orig):
            raise Conflict(f"the code '{code}' belongs to a voucher already") from None
        raise
    return row


async def _require_group(connection: AsyncConnection, voucher_group_id: int) -> None:
    """Keep the group from being deleted until the transaction ends; raises Invalid when there is none."""
    query = select(VoucherGroupRow.id).where(
        VoucherGroupRow.id == literal(voucher_group_id, BigInteger()), VoucherGroupRow.deleted_at.is_(None)
    )
    if (await connection.execute(query.with_for_update(read=True))).one_or_none() is None:
        raise Invalid("voucherGroupId", f"there is no voucher group {voucher_group_id}")


# ---- users


async def users(database: Database, kind: User, voucher_id: int) -> Sequence[int]:
    """Return the ids of a voucher's tokens or app users, ascending, without deleted tokens; raises NotFound."""
    async with database.read() as connection:
        await _get(connection, voucher_id)
        column = _USER_ID[kind]
        found = await connection.execute(_live_users(voucher_id, column).where(column.is_not(None)).order_by(column))
        return [user_id for (user_id,) in found]


async def link(database: Database, kind: User, voucher_id: int, user_id: int, *, actor: str) -> Link:
    """
    Give a voucher to a token or an app user; who has it keeps it.

    Raises:
        NotFound: there is no such voucher, or token.
        Conflict: it has as many users as it may have.
    """
    async with database.write() as connection:
        voucher = await _get(connection, voucher_id, locked=True)
        if kind is User.TOKEN:
            await _require_token(connection, user_id)
        theirs = select(*_LINK_COLUMNS).where(VoucherUserRow.voucher_id == voucher_id, _USER_ID[kind] == user_id)
        found = (await connection.execute(theirs)).one_or_none()
        if found is not None:
            return Link(*found)
        await _refuse_when_full(connection, voucher)
        values = {"voucher_id": voucher_id, "token_id": None, "app_user_id": None} | {f"{kind}_id": user_id}
        made = await connection.execute(insert(VoucherUserRow).values(**values).returning(*_LINK_COLUMNS))
        await _tell(connection, f"{kind}_added", voucher_id, actor, id=user_id)
        return Link(*made.one())


async def unlink(database: Database, kind: User, voucher_id: int, user_id: int, *, actor: str) -> None:
    """Take a voucher from a token or an app user; raises NotFound when it is gone or they do not have it."""
    async with database.write() as connection:
        await _get(connection, voucher_id, locked=True)
        gone = await connection.execute(
            delete(VoucherUserRow).where(
                VoucherUserRow.voucher_id == voucher_id, _USER_ID[kind] == literal(user_id, BigInteger())
            )
        )
        if gone.rowcount == 0:
            raise NotFound(f"{kind.replace('_', ' ')} of voucher {voucher_id} with the id", user_id)
        await _tell(connection, f"{kind}_removed", voucher_id, actor, id=user_id)


def _live_users(voucher_id: int, *columns: SQLColumnExpression[Any]) -> Select[*tuple[Any, ...]]:
    return (
        select(*columns)
        .select_from(VoucherUserRow)
        .outerjoin(TokenRow, TokenRow.id == VoucherUserRow.token_id)
        .where(VoucherUserRow.voucher_id == voucher_id, TokenRow.deleted_at.is_(None))
    )


async def _refuse_when_full(connection: AsyncConnection, voucher: Voucher) -> None:
    """The voucher's row is locked, so nobody else adds a user meanwhile."""
    if voucher.max_users is None:
        return
    count: int = (await connection.execute(_live_users(voucher.id, func.count()))).scalar_one()
    if count >= voucher.max_users:
        raise Conflict(f"voucher {voucher.id} has {count} users, and may have {voucher.max_users}")


async def _require_token(connection: AsyncConnection, token_id: int) -> None:
    query = select(TokenRow.id).where(TokenRow.id == literal(token_id, BigInteger()), TokenRow.deleted_at.is_(None))
    if (await connection.execute(query)).one_or_none() is None:
        raise NotFound("token", token_id)


def _is(voucher_id: int) -> tuple[Any, Any]:
    return VoucherRow.id == literal(voucher_id, BigInteger()), VoucherRow.deleted_at.is_(None)


async def _get(connection: AsyncConnection, voucher_id: int, *, locked: bool = False) -> Voucher:
    query = select(*_COLUMNS).where(*_is(voucher_id))
    row = (await connection.execute(query.with_for_update(key_share=True) if locked else query)).one_or_none()
    if row is None:
        raise NotFound("voucher", voucher_id)
    return Voucher(*row)


async def _tell(connection: AsyncConnection, what: str, voucher_id: int, actor: str, **data: Any) -> None:
    await events.append(connection, f"voucher.{what}", actor=actor, data={"voucherId": voucher_id, **data})
