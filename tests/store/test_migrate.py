"""Migrations: they make the tables that the code expects, at any start, by any number of processes."""

import asyncio

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from csms.domain.charge_box_models import CATALOGUE
from csms.errors import ConfigurationError
from csms.store.database import Database
from csms.store.migrate import migrate
from csms.store.tables import PARTITIONED, Row


def _differences(connection: Connection) -> list[object]:
    def is_ours(name: str | None, kind: str, parents: object) -> bool:
        return not (kind == "table" and (name or "").startswith(tuple(f"{table}_" for table in PARTITIONED)))

    context = MigrationContext.configure(
        connection, opts={"include_name": is_ours, "compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, Row.metadata))


async def _value(url: str, query: str, *arguments: object) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query, *arguments)
    finally:
        await connection.close()


async def test_the_migrations_make_the_tables_that_the_code_expects(database: Database) -> None:
    async with database.read() as connection:
        assert await connection.run_sync(_differences) == []


async def test_several_processes_may_migrate_at_once(empty_database_url: str) -> None:
    await asyncio.gather(*(migrate(empty_database_url) for _ in range(3)))
    assert await _value(empty_database_url, "SELECT count(*) FROM installation") == 1
    assert await _value(empty_database_url, "SELECT count(*) FROM charge_box_models") == len(CATALOGUE)


async def test_a_second_migration_touches_only_models_that_changed(database_url: str) -> None:
    changed = CATALOGUE[0]
    await _value(database_url, "UPDATE charge_box_models SET updated_at = '2020-01-01Z'")
    await _value(database_url, "UPDATE charge_box_models SET description = 'old' WHERE id = $1", changed.id)
    await migrate(database_url)
    touched = "SELECT array_agg(id) FROM charge_box_models WHERE updated_at > '2020-01-01Z'"
    assert await _value(database_url, touched) == [changed.id]
    described = "SELECT description FROM charge_box_models WHERE id = $1"
    assert await _value(database_url, described, changed.id) == changed.description


async def test_a_fresh_installation_has_a_secret_and_its_operator(database_url: str) -> None:
    assert len(await _value(database_url, "SELECT secret FROM installation")) == 32  # type: ignore[arg-type]
    assert await _value(database_url, "SELECT array_agg(id) FROM customers") == [1]


async def test_a_database_of_a_newer_version_is_refused(database_url: str) -> None:
    await _value(database_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match=r"^CSMS_DATABASE_URL: .*newer version"):
        await migrate(database_url)


async def test_a_user_without_rights_is_refused_by_name(empty_database_url: str) -> None:
    await _value(empty_database_url, "CREATE ROLE guest LOGIN")
    try:
        with pytest.raises(ConfigurationError, match=r"^CSMS_DATABASE_URL: .*may not make tables"):
            await migrate(empty_database_url.replace("//postgres:", "//guest:"))
    finally:
        await _value(empty_database_url, "DROP ROLE guest")


async def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"^CSMS_DATABASE_URL: no PostgreSQL answers at 127\.0\.0\.1:1/csms"):
        await migrate("postgresql://postgres@127.0.0.1:1/csms")
