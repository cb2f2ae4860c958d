"""Partitions: made ahead, taking over what came early, dropped when their time has passed."""

import asyncio
import logging
import time
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from csms.errors import StoreUnavailable
from csms.store.database import Database
from csms.store.partitions import keep_partitions, named, partition_of, wanted
from csms.store.tables import PARTITIONED

LATER = datetime(2031, 3, 15, 12, tzinfo=UTC)
"""A now that is far from the partitions that the migration of the tests made."""


async def _keep(database: Database, now: datetime, *, days: int = 365) -> None:
    await keep_partitions(database, now=now, journal_days=days, meter_value_days=days, event_days=days)


async def _meter_value(database: Database, at: datetime, *, received_at: datetime = LATER, digest: int = 1) -> None:
    await _execute(
        database,
        "INSERT INTO meter_values (charge_box_id, at, digest, received_at, shape_id, connector_id, link, values) "
        "VALUES (1, $1, $2, $3, 1, 1, 0, '{1.5}')",
        at,
        digest,
        received_at,
    )


async def _event(database: Database, at: datetime) -> None:
    await _execute(database, "INSERT INTO events (at, kind, data) VALUES ($1, 'tested', '{}')", at)


async def _frame(database: Database, at: datetime) -> None:
    await _execute(database, "INSERT INTO frames (at, charge_box_id, direction, body) VALUES ($1, 1, '<', '[]')", at)


async def _execute(database: Database, statement: str, *arguments: object) -> None:
    connection = await database.connect(asyncpg.Connection)
    try:
        await connection.execute(statement, *arguments)
    finally:
        await connection.close()


async def _where(database: Database, table: str) -> list[str]:
    """The partition of each row of a table, in the order of the rows' time."""
    connection = await database.connect(asyncpg.Connection)
    rows = await connection.fetch(f"SELECT tableoid::regclass::text AS name FROM {table} ORDER BY at")
    await connection.close()
    return [row["name"] for row in rows]


async def _names(database: Database, table: str) -> set[str]:
    connection = await database.connect(asyncpg.Connection)
    rows = await connection.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass", table
    )
    await connection.close()
    return {row["name"] for row in rows}


def test_the_partitions_of_months_and_days_are_named_after_their_start() -> None:
    assert partition_of("meter_values", date(2031, 3, 15)).name == "meter_values_2031_03"
    assert partition_of("events", date(2031, 3, 31)).name == "events_2031_03"
    assert partition_of("frames", date(2031, 3, 15)).name == "frames_2031_03_15"


def test_partitions_follow_each_other_across_the_year() -> None:
    months = wanted("events", date(2030, 11, 30))
    assert [month.name for month in months] == ["events_2030_11", "events_2030_12", "events_2031_01", "events_2031_02"]
    days = wanted("frames", date(2030, 12, 28))
    assert (days[0].start, days[-1].end) == (date(2030, 12, 28), date(2031, 1, 5))
    for partitions in (months, days):
        assert [one.end for one in partitions[:-1]] == [one.start for one in partitions[1:]]


@pytest.mark.parametrize("table", PARTITIONED)
def test_a_name_tells_its_partition(table: str) -> None:
    partition = partition_of(table, date(2031, 3, 15))
    assert named(partition.name) == partition


@pytest.mark.parametrize("name", ["events_default", "events_2031_03_15", "frames_2031_03", "other_2031_03", "events"])
def test_a_name_that_is_not_ours_tells_none(name: str) -> None:
    assert named(name) is None


async def test_partitions_are_made_ahead_once(database: Database) -> None:
    await _keep(database, LATER)
    await _keep(database, LATER)
    for table in PARTITIONED:
        assert {partition.name for partition in wanted(table, LATER.date())} < await _names(database, table)


async def test_rows_reach_the_partition_of_their_time(database: Database) -> None:
    await _keep(database, LATER)
    await _meter_value(database, LATER)
    await _event(database, LATER)
    await _frame(database, LATER)
    assert await _where(database, "meter_values") == ["meter_values_2031_03"]
    assert await _where(database, "events") == ["events_2031_03"]
    assert await _where(database, "frames") == ["frames_2031_03_15"]


async def test_a_new_partition_takes_over_the_rows_that_came_early(database: Database) -> None:
    await _meter_value(database, datetime(1970, 1, 1, tzinfo=UTC), digest=1)
    await _meter_value(database, LATER, digest=2)
    await _meter_value(database, datetime(2099, 1, 1, tzinfo=UTC), digest=3)
    await _event(database, LATER)
    await _frame(database, LATER)
    assert set(await _where(database, "meter_values")) == {"meter_values_default"}

    await _keep(database, LATER)

    kept = ["meter_values_default", "meter_values_2031_03", "meter_values_default"]
    assert await _where(database, "meter_values") == kept
    assert await _where(database, "events") == ["events_2031_03"]
    assert await _where(database, "frames") == ["frames_2031_03_15"]


async def test_a_taken_over_partition_has_its_keys_and_goes_on_numbering(database: Database) -> None:
    await _event(database, LATER)
    await _meter_value(database, LATER)
    await _keep(database, LATER)
    await _event(database, LATER + timedelta(hours=1))
    connection = await database.connect(asyncpg.Connection)
    assert [row["id"] for row in await connection.fetch("SELECT id FROM events ORDER BY at")] == [1, 2]
    await connection.close()
    with pytest.raises(asyncpg.UniqueViolationError):
        await _meter_value(database, LATER)


async def test_a_partition_is_dropped_when_all_of_it_is_too_old(database: Database) -> None:
    await _keep(database, LATER)
    await _event(database, LATER)
    await _frame(database, LATER)
    end_of_march = datetime(2031, 4, 1, tzinfo=UTC)
    await _keep(database, end_of_march + timedelta(days=10) - timedelta(seconds=1), days=10)
    assert await _where(database, "events") == ["events_2031_03"]
    assert await _where(database, "frames") == []
    await _keep(database, end_of_march + timedelta(days=10), days=10)
    assert await _where(database, "events") == []
    assert "events_2031_03" not in await _names(database, "events")


async def test_rows_of_no_partition_are_deleted_by_the_time_they_were_received(database: Database) -> None:
    recent, old = LATER - timedelta(days=1), LATER - timedelta(days=11)
    await _meter_value(database, datetime(1970, 1, 1, tzinfo=UTC), received_at=recent)
    await _meter_value(database, datetime(2099, 1, 1, tzinfo=UTC), received_at=old)
    await _event(database, old - timedelta(days=200))
    await _keep(database, LATER, days=10)
    connection = await database.connect(asyncpg.Connection)
    assert [row["at"].year for row in await connection.fetch("SELECT at FROM meter_values")] == [1970]
    assert await connection.fetchval("SELECT count(*) FROM events") == 0
    await connection.close()


async def test_a_long_reader_delays_partitions_and_not_writers(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "csms.store.partitions")
    reader = await database.connect(asyncpg.Connection)
    reading = reader.transaction()
    await reading.start()
    await reader.fetch("SELECT count(*) FROM events")  # holds its lock on the default partition until it ends

    keeping = asyncio.create_task(_keep(database, LATER))
    slowest = 0.0
    while not keeping.done():
        began = time.monotonic()
        await _event(database, datetime.now(UTC))
        slowest = max(slowest, time.monotonic() - began)
    await keeping
    assert "could not make events_2031_03 now" in caplog.text
    assert "events_2031_03" not in await _names(database, "events")
    assert "frames_2031_03_15" in await _names(database, "frames")
    assert slowest < 1.0

    await reading.rollback()
    await reader.close()
    await _keep(database, LATER)
    assert "events_2031_03" in await _names(database, "events")


async def test_two_keepers_at_once_do_not_disturb_each_other(database: Database) -> None:
    await asyncio.gather(_keep(database, LATER), _keep(database, LATER), _keep(database, LATER))
    assert "events_2031_03" in await _names(database, "events")


async def test_a_database_that_is_away_is_said() -> None:
    away = Database("postgresql://postgres@127.0.0.1:1/csms")
    with pytest.raises(StoreUnavailable):
        await _keep(away, LATER)
    await away.close()
