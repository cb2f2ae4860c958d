"""How Alembic reaches the database: with the URL that `csms.store.migrate` hands it."""

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from csms.store.tables import PARTITIONED, Row


def _is_ours(name: str | None, kind: str, parents: object) -> bool:
    """Leave the partitions out of comparisons: `partitions.py` makes and drops them."""
    del parents
    return not (kind == "table" and name is not None and name.startswith(tuple(f"{table}_" for table in PARTITIONED)))


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Row.metadata, include_name=_is_ours)
    with context.begin_transaction():
        context.run_migrations()


async def _connect_and_run(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    asyncio.run(_connect_and_run(context.config.get_main_option("sqlalchemy.url") or ""))
