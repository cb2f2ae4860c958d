"""
Brings a database to what this version needs.

Several processes may start at once on one database: the first takes an advisory
lock, the others wait and then find nothing left to do. The lock is polled on a
connection of its own, so that nobody who waits holds a snapshot that a migration
would have to wait for.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection, func, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

import migrations
from csms.domain.charge_box_models import CATALOGUE
from csms.errors import ConfigurationError
from csms.store.database import CONNECT_TIMEOUT_S, Database, reach
from csms.store.partitions import make_partitions
from csms.store.tables import ChargeBoxModelRow

_MIGRATION_LOCK = 0x4353_4D53_0001
_POLL_S = 0.1
_MODEL_COLUMNS = ("vendor", "name", "description", "plug_and_charge_validated", "firmware_management_validated")

_log = logging.getLogger(__name__)


async def migrate(url: str) -> None:
    """
    Apply the migrations, bring the catalogue of charge box models in, and make partitions ahead.

    Raises:
        ConfigurationError: names CSMS_DATABASE_URL; the database cannot be reached,
            refuses us, or was migrated by a newer version.
    """
    await reach(url)
    async with _alone(url):
        # No time limit on statements: a migration may have a large table to walk.
        engine = create_async_engine(
            f"postgresql+asyncpg://{url.partition('://')[2]}",
            poolclass=NullPool,
            connect_args={"timeout": CONNECT_TIMEOUT_S},
        )
        async with engine.connect() as connection:
            with _named_errors():
                await connection.run_sync(_upgrade)
            await _bring_models(connection)
        await engine.dispose()
        database = Database(url, pool_size=1)
        await make_partitions(database, now=datetime.now(UTC))
        await database.close()


def alembic_config() -> Config:
    """The settings of Alembic, for a checkout as for an installed wheel."""
    config = Config()
    folder = Path(str(migrations.__file__)).parent
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


def _upgrade(connection: Connection) -> None:
    before = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()  # the look above began a transaction; Alembic wants to begin its own
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    after = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()
    if before != after:
        _log.info("database migrated from revision %s to %s", before or "none", after)


async def _bring_models(connection: AsyncConnection) -> None:
    """Write the catalogue's models; a row that says the same already is left as it is."""
    models = [{"id": model.id} | {name: getattr(model, name) for name in _MODEL_COLUMNS} for model in CATALOGUE]
    statement = insert(ChargeBoxModelRow)
    given = statement.excluded
    stored = ChargeBoxModelRow.__table__.c
    statement = statement.on_conflict_do_update(
        index_elements=["id"],
        set_={name: given[name] for name in _MODEL_COLUMNS} | {"updated_at": func.now()},
        where=tuple_(*(stored[name] for name in _MODEL_COLUMNS)).is_distinct_from(
            tuple_(*(given[name] for name in _MODEL_COLUMNS))
        ),
    )
    await connection.execute(statement, models)
    await connection.commit()


@contextlib.asynccontextmanager
async def _alone(url: str) -> AsyncIterator[None]:
    """Keep the migrations of several processes apart."""
    connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S)
    try:
        # What we wait for happens in another process, so no event can tell us.
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _MIGRATION_LOCK):  # noqa: ASYNC110
            await asyncio.sleep(_POLL_S)
        yield
    finally:
        await connection.close(timeout=5)


@contextlib.contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except CommandError as error:
        reason = f"the database was migrated by a newer version than this one ({error})"
        raise ConfigurationError("CSMS_DATABASE_URL", reason) from None
    except DBAPIError as error:
        if error.orig is None or not isinstance(error.orig.__cause__, asyncpg.InsufficientPrivilegeError):
            raise
        reason = f"its user may not make tables ({error.orig.__cause__})"
        raise ConfigurationError("CSMS_DATABASE_URL", reason) from None
