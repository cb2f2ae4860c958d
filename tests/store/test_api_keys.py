"""API keys: made once, found while they live, gone when revoked; and the secret that keys their hashes."""

import asyncio

import pytest
from sqlalchemy import select

from csms.domain.roles import ApiRole
from csms.errors import Conflict, NotFound
from csms.store import api_keys, installation
from csms.store.database import Database
from csms.store.tables import ApiKeyRow


async def test_a_key_is_found_by_what_was_shown_once(database: Database, secret_key: bytes) -> None:
    shown = await api_keys.create(database, "console", ApiRole.operator, secret_key)
    found = await api_keys.find(database, shown, secret_key)
    assert found is not None
    assert (found.name, found.role, found.revoked_at) == ("console", ApiRole.operator, None)


async def test_a_wrong_key_is_not_found(database: Database, secret_key: bytes) -> None:
    shown = await api_keys.create(database, "console", ApiRole.viewer, secret_key)
    assert await api_keys.find(database, shown[:-1], secret_key) is None
    assert await api_keys.find(database, shown, b"another secret") is None
    assert await api_keys.find(database, "", secret_key) is None


async def test_the_key_itself_is_not_stored(database: Database, secret_key: bytes) -> None:
    shown = await api_keys.create(database, "console", ApiRole.viewer, secret_key)
    async with database.read() as connection:
        row = (await connection.execute(select(ApiKeyRow.__table__))).one()
    assert shown not in str(row)
    assert len(row.key_hash) == 32


async def test_two_live_keys_never_share_a_name(database: Database, secret_key: bytes) -> None:
    makings = (api_keys.create(database, "console", ApiRole.viewer, secret_key) for _ in range(4))
    results = await asyncio.gather(*makings, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 3 + ["str"]
    with pytest.raises(Conflict, match="there is an API key console already"):
        await api_keys.create(database, "console", ApiRole.admin, secret_key)


async def test_a_revoked_key_is_not_found_and_frees_its_name(database: Database, secret_key: bytes) -> None:
    first = await api_keys.create(database, "console", ApiRole.viewer, secret_key)
    await api_keys.revoke(database, "console")
    second = await api_keys.create(database, "console", ApiRole.editor, secret_key)
    assert await api_keys.find(database, first, secret_key) is None
    assert [(key.role, key.revoked_at is None) for key in await api_keys.list(database)] == [
        (ApiRole.viewer, False),
        (ApiRole.editor, True),
    ]
    assert (await api_keys.find(database, second, secret_key)) is not None


async def test_revoking_what_is_not_there_is_said(database: Database) -> None:
    with pytest.raises(NotFound, match="there is no API key nobody"):
        await api_keys.revoke(database, "nobody")


async def test_the_secret_of_the_installation_is_its_own_unless_one_is_given(database: Database) -> None:
    own = await installation.secret_key(database, "")
    assert own == await installation.secret_key(database, "")
    assert len(own) == 32
    given = await installation.secret_key(database, "x" * 500)
    assert given not in (own, await installation.secret_key(database, "x" * 501))
    assert len(given) == 64
