"""Tokens in the database."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from csms.errors import Conflict, NotFound
from csms.store import tokens
from csms.store.database import Database
from csms.store.pages import Section
from csms.store.tokens import Filter, NewToken


def new(uid: str) -> NewToken:
    """A token that is valid from now on."""
    return NewToken(
        customer_id=1,
        type="rfid",
        uid=uid,
        label=None,
        app_user_id=None,
        valid_from=None,
        expires_at=None,
        is_active=True,
        roaming_enabled=True,
        priority_charging_enabled=False,
        billing_reference=None,
        comment=None,
    )


async def test_a_new_token_is_valid_from_now_on(database: Database) -> None:
    (made,) = await tokens.create(database, [new("CAFE01")], actor="test")
    assert made.expires_at is None
    assert abs((datetime.now(UTC) - made.valid_from).total_seconds()) < 60
    assert await tokens.get(database, made.id) == made


async def test_of_two_that_take_one_uid_at_once_one_is_told(database: Database) -> None:
    made = await asyncio.gather(
        *(tokens.create(database, [new(uid)], actor="test") for uid in ("cafe", "CAFE", "Cafe")),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in made) == ["Conflict", "Conflict", "list"]


async def test_a_uid_stays_taken_after_its_deletion(database: Database) -> None:
    (gone,) = await tokens.create(database, [new("CAFE01")], actor="test")
    async with database.write() as connection:
        await connection.execute(text("UPDATE tokens SET deleted_at = now()"))
    with pytest.raises(NotFound):
        await tokens.get(database, gone.id)
    assert await tokens.list(database, Filter(), Section()) == ((), 0)
    with pytest.raises(Conflict, match="cafe01"):
        await tokens.create(database, [new("other"), new("cafe01")], actor="test")
    assert await tokens.list(database, Filter(), Section()) == ((), 0)


async def test_each_creation_leaves_one_event(database: Database) -> None:
    await tokens.create(database, [new("A"), new("B")], actor="Ann")
    async with database.read() as connection:
        rows = await connection.execute(text("SELECT kind, actor, data ->> 'uid' FROM events ORDER BY id"))
        assert [tuple(row) for row in rows] == [("token.created", "Ann", "A"), ("token.created", "Ann", "B")]
