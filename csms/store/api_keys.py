"""The keys of the REST API: shown once when made, kept as a keyed hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from csms.domain.roles import ApiRole
from csms.domain.secrets import hash_secret, new_api_key
from csms.errors import Conflict, NotFound
from csms.store.database import Database
from csms.store.tables import ApiKeyRow

_SHOWN = (ApiKeyRow.id, ApiKeyRow.name, ApiKeyRow.role, ApiKeyRow.created_at, ApiKeyRow.revoked_at)


@dataclass(frozen=True)
class ApiKey:
    """An API key without its secret."""

    id: int
    name: str
    role: ApiRole
    created_at: datetime
    revoked_at: datetime | None


async def create(database: Database, name: str, role: ApiRole, key: bytes) -> str:
    """
    Make a key and return it in plain text, which nobody can do a second time.

    Args:
        name: for people, and what events show as the actor.
        key: the installation's secret.

    Raises:
        Conflict: a live key has this name.
    """
    secret = new_api_key()
    row = {"name": name, "role": role.value, "key_hash": hash_secret(secret.encode(), key)}
    try:
        async with database.write() as connection:
            await connection.execute(insert(ApiKeyRow).values(row))
    except IntegrityError:
        raise Conflict(f"there is an API key {name} already; revoke it first, or take another name") from None
    return secret


async def find(database: Database, presented: str, key: bytes) -> ApiKey | None:
    """Return the live key that was presented, or None."""
    wanted = hash_secret(presented.encode(), key)
    query = select(*_SHOWN).where(ApiKeyRow.key_hash == wanted, ApiKeyRow.revoked_at.is_(None))
    async with database.read() as connection:
        row = (await connection.execute(query)).one_or_none()
    return None if row is None else _shown(row)


async def revoke(database: Database, name: str) -> None:
    """
    End the live key of a name.

    Raises:
        NotFound: no live key has this name.
    """
    statement = (
        update(ApiKeyRow)
        .where(ApiKeyRow.name == name, ApiKeyRow.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(ApiKeyRow.id)
    )
    async with database.write() as connection:
        if (await connection.execute(statement)).one_or_none() is None:
            raise NotFound("API key", name)


async def list(database: Database) -> Sequence[ApiKey]:
    """All keys, the revoked ones included, in the order they were made."""
    async with database.read() as connection:
        rows = (await connection.execute(select(*_SHOWN).order_by(ApiKeyRow.id))).all()
    return [_shown(row) for row in rows]


def _shown(row: Row[int, str, str, datetime, datetime | None]) -> ApiKey:
    return ApiKey(row.id, row.name, ApiRole(row.role), row.created_at, row.revoked_at)
