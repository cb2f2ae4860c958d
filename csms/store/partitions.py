"""
The partitions of the big tables: made ahead, dropped when their time has passed.

Every partitioned table has a default partition for what no other one takes: a clock
in 1970 or 2099. So a charge box that lives ahead of time fills the default partition
first, and a partition that is made later takes those rows over. A partition is
attached rather than created in place, which lets writers pass; every wait for a lock
is short, and what could not be done is done at the next round.
"""

import contextlib
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias

import asyncpg

from csms.errors import StoreUnavailable
from csms.store.database import AWAY, Database
from csms.store.tables import PARTITIONED

DAYS_AHEAD = 7
MONTHS_AHEAD = 3

_LOCK_TIMEOUT = "300ms"  # writers may queue behind us for as long as we wait
_STATEMENT_TIMEOUT_S = 600  # a default partition that grew large takes its time to be sorted out
_KEEPER_LOCK = 0x4353_4D53_0002  # one process keeps the partitions at a time
_NAME = re.compile(r"(?P<table>.+?)_(?P<year>\d{4})_(?P<month>\d\d)(?:_(?P<day>\d\d))?", re.ASCII)
# A meter value carries the charger's time, so its age in the default partition is that of its receipt.
_AGE_OF_STRAYS = {"meter_values": "received_at", "frames": "at", "events": "at"}

_log = logging.getLogger(__name__)
_Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass(frozen=True)
class Partition:
    """The rows of one table from `start` up to `end`, both midnights in UTC."""

    table: str
    start: date
    end: date

    @property
    def name(self) -> str:
        """The partition's own name, e.g. frames_2026_07_31 or events_2026_07."""
        return f"{self.table}_{self.start:%Y_%m_%d}" if PARTITIONED[self.table] == "day" else self._of_month

    @property
    def _of_month(self) -> str:
        return f"{self.table}_{self.start:%Y_%m}"


def partition_of(table: str, day: date) -> Partition:
    """The partition that holds a day."""
    if PARTITIONED[table] == "day":
        return Partition(table, day, day + timedelta(days=1))
    start = day.replace(day=1)
    return Partition(table, start, _month_after(start))


def wanted(table: str, today: date) -> list[Partition]:
    """The partitions that must exist: that of today and those ahead."""
    if PARTITIONED[table] == "day":
        return [partition_of(table, today + timedelta(days=ahead)) for ahead in range(DAYS_AHEAD + 1)]
    partitions = [partition_of(table, today)]
    while len(partitions) <= MONTHS_AHEAD:
        partitions.append(partition_of(table, partitions[-1].end))
    return partitions


def named(name: str) -> Partition | None:
    """The partition of a name, or None where the name is not one of ours."""
    match = _NAME.fullmatch(name)
    if match is None or match["table"] not in PARTITIONED:
        return None
    partition = partition_of(match["table"], date(int(match["year"]), int(match["month"]), int(match["day"] or 1)))
    return partition if partition.name == name else None


async def make_partitions(database: Database, *, now: datetime) -> None:
    """
    Make the partitions of today and those ahead.

    Raises:
        StoreUnavailable: the database is away.
    """
    async with _as_the_keeper(database) as connection:
        if connection is not None:
            await _make(connection, now.astimezone(UTC).date())


async def keep_partitions(
    database: Database, *, now: datetime, journal_days: int, meter_value_days: int, event_days: int
) -> None:
    """
    Make partitions ahead and drop what is older than its retention (in days).

    What waits for a lock too long is left for the next call; so is everything
    while another process is at it.

    Raises:
        StoreUnavailable: the database is away.
    """
    days = {"frames": journal_days, "meter_values": meter_value_days, "events": event_days}
    async with _as_the_keeper(database) as connection:
        if connection is None:
            return
        await _make(connection, now.astimezone(UTC).date())
        for table in PARTITIONED:
            await _drop(connection, table, now.astimezone(UTC) - timedelta(days=days[table]))


@contextlib.asynccontextmanager
async def _as_the_keeper(database: Database) -> "AsyncIterator[_Connection | None]":
    """A connection of our own, or None where another process keeps the partitions just now."""
    try:
        connection = await database.connect(asyncpg.Connection)
        try:
            await connection.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")
            alone = await connection.fetchval("SELECT pg_try_advisory_lock($1)", _KEEPER_LOCK)
            yield connection if alone else None
        finally:
            await connection.close(timeout=5)
    except AWAY as error:
        raise StoreUnavailable from error


async def _make(connection: _Connection, today: date) -> None:
    for table in PARTITIONED:
        existing = await _existing(connection, table)
        for partition in wanted(table, today):
            if partition not in existing:
                await _attach(connection, partition)


async def _existing(connection: _Connection, table: str) -> set[Partition]:
    rows = await connection.fetch(
        "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = $1::regclass", table
    )
    return {partition for row in rows if (partition := named(row["relname"])) is not None}


async def _attach(connection: _Connection, partition: Partition) -> None:
    """Make one partition; it takes over the rows of its range that lie in the default partition."""
    table, name, start, end = partition.table, partition.name, _moment(partition.start), _moment(partition.end)
    statements = (
        f"LOCK TABLE ONLY {table} IN SHARE UPDATE EXCLUSIVE MODE",
        # Nothing of the range may reach the default partition between the move and the attachment.
        f"LOCK TABLE {table}_default IN ACCESS EXCLUSIVE MODE",
        f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)",
        f"WITH moved AS (DELETE FROM {table}_default WHERE at >= '{start}' AND at < '{end}' RETURNING *) "  # noqa: S608
        f"INSERT INTO {name} SELECT * FROM moved",
        f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')",
    )
    await _try(connection, f"make {name}", *statements)


async def _drop(connection: _Connection, table: str, before: datetime) -> None:
    """Drop the partitions that ended before a moment, and the older rows of the default partition."""
    for partition in await _existing(connection, table):
        if _moment(partition.end) <= before:
            await _try(connection, f"drop {partition.name}", f"DROP TABLE {partition.name}")
    strays = f"DELETE FROM {table}_default WHERE {_AGE_OF_STRAYS[table]} < '{before}'"  # noqa: S608 - names are ours
    await _try(connection, f"empty {table}_default", strays)


async def _try(connection: _Connection, purpose: str, *statements: str) -> None:
    """Run statements as one transaction, or none of them where a lock is not to be had."""
    try:
        async with connection.transaction():
            for statement in statements:
                await connection.execute(statement, timeout=_STATEMENT_TIMEOUT_S)
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
        _log.info("partitions: could not %s now (%s); it is tried again", purpose, error)


def _month_after(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
