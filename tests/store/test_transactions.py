"""Transactions in the database: which moments are shown, and in which order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from csms.store import transactions
from csms.store.database import Database
from csms.store.pages import Window
from csms.store.transaction_rows import Transaction
from csms.store.transactions import Filter, SortBy, Span
from tests.store.test_charge_boxes import make

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
UNSET = datetime(1970, 1, 1, 0, 0, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def insert(database: Database, **columns: Any) -> Transaction:
    """Insert a transaction of some charge box with these columns, and read it."""
    box = await make(database)
    values: dict[str, Any] = {"charge_box_id": box.key.id, "last_evidence_at": NOON} | columns
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    async with database.write() as connection:
        row = await connection.execute(
            text(f"INSERT INTO transactions ({names}) VALUES ({marks}) RETURNING id"), values
        )
        number: int = row.scalar_one()
    return await transactions.get(database, number)


async def test_a_trusted_clock_sets_the_times(database: Database) -> None:
    shown = await insert(
        database, started_at=NOON, start_received_at=NOON + HOUR, ended_at=NOON + HOUR, stop_received_at=NOON + 2 * HOUR
    )
    assert (shown.started_at, shown.ended_at, shown.duration_s) == (NOON, NOON + HOUR, 3600)


async def test_of_an_unset_clock_the_receipts_do(database: Database) -> None:
    shown = await insert(
        database,
        clock_trusted=False,
        started_at=UNSET,
        start_received_at=NOON,
        ended_at=NOON + HOUR,
        stopped_at=UNSET,
        stop_received_at=NOON + HOUR,
    )
    assert (shown.started_at, shown.ended_at, shown.duration_s) == (NOON, NOON + HOUR, 3600)
    assert (shown.start_times.parsed, shown.stop_times.parsed) == (UNSET, UNSET)


@pytest.mark.parametrize(
    ("columns", "duration_s"),
    [
        ({"started_at": NOON}, None),
        ({"ended_at": NOON}, None),
        ({"started_at": NOON, "ended_at": NOON - HOUR}, None),
        ({"started_at": NOON, "ended_at": NOON}, 0),
    ],
)
async def test_a_duration_needs_a_start_and_an_end_after_it(
    database: Database, columns: dict[str, Any], duration_s: float | None
) -> None:
    assert (await insert(database, **columns)).duration_s == duration_s


@pytest.mark.parametrize(
    ("start", "register", "stop", "consumed"),
    [
        (1000, None, None, None),
        (1000, 1500, None, 500),
        (1000, 1500, 1800, 800),
        (None, 1500, 1800, None),
        (1000, None, 1000, 0),
        (1000, None, 900, None),
    ],
)
async def test_what_was_consumed_is_the_difference_of_the_meter_where_it_tells(
    database: Database, start: int | None, register: int | None, stop: int | None, consumed: int | None
) -> None:
    shown = await insert(database, meter_start_wh=start, register_wh=register, meter_stop_wh=stop)
    assert shown.consumed_wh == consumed


@pytest.mark.parametrize(
    ("wanted", "order"),
    [
        (Filter(), (SortBy.created_at, True)),
        (Filter(started=Span(since=NOON)), (SortBy.started_at, False)),
        (Filter(updated=Span(until=NOON)), (SortBy.updated_at, False)),
        (Filter(ended=Span(NOON, NOON)), (SortBy.ended_at, False)),
        (Filter(ended=Span(since=NOON), sort_by=SortBy.created_at), (SortBy.created_at, True)),
        (Filter(sort_by=SortBy.ended_at), (SortBy.ended_at, True)),
    ],
)
def test_a_time_filter_alone_sorts_by_its_time_upwards(wanted: Filter, order: tuple[SortBy, bool]) -> None:
    assert wanted.order == order


async def test_a_window_before_a_key_ends_there(database: Database) -> None:
    made = [await insert(database, created_at=NOON + timedelta(minutes=n)) for n in range(5)]
    newest_first = [one.id for one in reversed(made)]
    last = made[0]
    page = await transactions.list(database, Window(2, before=(last.created_at, last.id)), Filter())
    assert [one.id for one in page.items] == newest_first[2:4]
    assert page.next is not None
    assert page.previous is not None
    empty = await transactions.list(database, Window(2, after=(last.created_at, last.id)), Filter())
    assert (empty.items, empty.next, empty.previous) == ((), None, None)
