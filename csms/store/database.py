"""
The connections to PostgreSQL.

Reads go through SQLAlchemy (`engine`); the ledger and the handshake use asyncpg
itself (`connect`). Every connection has time limits and TCP keepalives: without
them a database that went away is waited for without end (field-notes.md, 4).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from csms.errors import ConfigurationError, StoreUnavailable

CONNECT_TIMEOUT_S = 10.0
COMMAND_TIMEOUT_S = 30.0

Connection = TypeVar("Connection", bound="asyncpg.Connection[asyncpg.Record]")

# What tells that the database is away, and not that a statement is wrong.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby that is about to be promoted
    asyncpg.QueryCanceledError,
)

_SERVER_SETTINGS = {
    "application_name": "csms",
    "timezone": "UTC",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}


def is_away(error: BaseException) -> bool:
    """Tell a database that went away from a statement that failed."""
    if isinstance(error, PoolTimeout | StoreUnavailable):
        return True
    if isinstance(error, OperationalError | InterfaceError):
        return True
    if isinstance(error, DBAPIError):
        cause = error.orig.__cause__ if error.orig is not None else None
        return error.connection_invalidated or (cause is not None and is_away(cause))
    if isinstance(error, asyncpg.InterfaceError):
        # Of the driver's own complaints only this one is not about the statement.
        return "clos" in str(error)
    return isinstance(error, AWAY)


class Database:
    """One PostgreSQL database."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            _for_sqlalchemy(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_recycle=180,
            pool_pre_ping=True,
            connect_args={
                "timeout": CONNECT_TIMEOUT_S,
                "command_timeout": COMMAND_TIMEOUT_S,
                "server_settings": _SERVER_SETTINGS,
            },
        )

    async def connect(self, connection_class: type[Connection]) -> Connection:
        """Open a connection of asyncpg, of the class given, that the caller owns."""
        return await asyncpg.connect(
            self.url,
            connection_class=connection_class,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=COMMAND_TIMEOUT_S,
            server_settings=_SERVER_SETTINGS,
        )

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading; raises StoreUnavailable when the database is away."""
        with _translated():
            async with self.engine.connect() as connection:
                yield connection

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at its end; raises StoreUnavailable when the database is away."""
        with _translated():
            async with self.engine.begin() as connection:
                yield connection

    async def check(self) -> None:
        """Raise StoreUnavailable unless the database answers within 3 s."""
        with _translated():
            async with asyncio.timeout(3), self.engine.connect() as connection:
                await connection.exec_driver_sql("SELECT 1")

    async def close(self) -> None:
        """Give the connections back."""
        await self.engine.dispose()


@contextlib.contextmanager
def _translated() -> Any:
    try:
        yield
    except Exception as error:
        if is_away(error):
            raise StoreUnavailable from error
        raise


async def reach(url: str) -> None:
    """
    Try the database once.

    Raises:
        ConfigurationError: names CSMS_DATABASE_URL and says why it cannot be used.
    """
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S)
    except (OSError, TimeoutError) as error:
        raise ConfigurationError("CSMS_DATABASE_URL", f"no PostgreSQL answers at {_where(url)} ({error})") from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise ConfigurationError("CSMS_DATABASE_URL", f"PostgreSQL at {_where(url)} refused: {error}") from None
    await connection.close()


def _where(url: str) -> str:
    """The address in a URL, without the password."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or 'the socket'}:{parts.port or 5432}{parts.path}"
    except ValueError:
        return "that address"


def _for_sqlalchemy(url: str) -> str:
    scheme, _, rest = url.partition("://")
    del scheme
    return f"postgresql+asyncpg://{rest}"
