"""
What all tests stand on: a real PostgreSQL, and in it a fresh database for each test.

One server runs for the whole session, in a temporary folder. A template database is
migrated once; the database of a test is a copy of it, which takes some 30 ms.
"""

import itertools
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import uvloop

from csms.node import Node
from csms.settings import Settings
from csms.store import embedded
from csms.store.database import Database
from csms.store.migrate import migrate


def pytest_asyncio_loop_factories() -> dict[str, Any]:
    """Tests run on the event loop that the servers run on; the two differ where it hurts."""
    return {"uvloop": uvloop.new_event_loop}


_TEMPLATE = "template_csms"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[embedded.EmbeddedPostgres]:
    """The PostgreSQL server of this test session."""
    with tempfile.TemporaryDirectory(prefix="csms-tests-", ignore_cleanup_errors=True) as folder:
        server = embedded.start(Path(folder))
        yield server
        server.stop()


def _url_of(server: embedded.EmbeddedPostgres, name: str) -> str:
    return server.url.replace("/csms?", f"/{name}?")


async def _execute(server: embedded.EmbeddedPostgres, *statements: str) -> None:
    connection = await asyncpg.connect(_url_of(server, "postgres"))
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


@pytest.fixture(scope="session")
async def template(postgres: embedded.EmbeddedPostgres) -> str:
    """The name of a migrated database that others are copied from."""
    # Tests kill processes, never the machine, so nothing needs to wait for the disk.
    await _execute(
        postgres,
        "ALTER SYSTEM SET fsync = off",
        "ALTER SYSTEM SET full_page_writes = off",
        "SELECT pg_reload_conf()",
        f"CREATE DATABASE {_TEMPLATE}",
    )
    await migrate(_url_of(postgres, _TEMPLATE))
    return _TEMPLATE


@pytest.fixture
async def empty_database_url(postgres: embedded.EmbeddedPostgres) -> AsyncIterator[str]:
    """The URL of a database that no migration has seen."""
    name = f"empty_{next(_numbers)}"
    await _execute(postgres, f"CREATE DATABASE {name}")
    yield _url_of(postgres, name)
    await _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database_url(postgres: embedded.EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    """The URL of this test's own migrated database."""
    name = f"test_{next(_numbers)}"
    await _execute(postgres, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield _url_of(postgres, name)
    await _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """This test's own migrated database."""
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def secret_key() -> bytes:
    """The key that keys the hashes of secrets."""
    return b"the secret key of the tests, 32 b"


# ---- the central system


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Settings of a node for tests: any free port, and little patience."""
    return Settings.read(
        database_url=database_url,
        host="127.0.0.1",
        ocpp_port=0,
        api_port=0,
        settle_time_s=0.05,
        silent_boot_time_s=0.3,
        call_timeout_s=2.0,
        reply_budget_s=5.0,
        meter_value_interval_s=0,
    )


@pytest.fixture
async def node(settings: Settings, database: Database) -> AsyncIterator[Node]:
    """A node that listens for charge boxes."""
    running = Node(settings, database)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def sql(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """The test's own eyes on the database."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()
