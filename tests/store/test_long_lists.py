"""
Long lists answer from indexes: a page touches a page of rows, the first as the deepest.

What a plan touches is counted, not how long it takes: a busy machine changes nothing.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Select, text
from sqlalchemy.dialects import postgresql

from csms.domain.record_filters import parse
from csms.errors import Invalid
from csms.store import charge_records, transactions
from csms.store.charge_records import Wanted
from csms.store.database import Database
from csms.store.embedded import EmbeddedPostgres
from csms.store.pages import Window
from csms.store.transactions import Filter, SortBy, Span, page_keys

LONG = 100_000
RUNNING = 200
LIMIT = 50
_FILL = (
    "INSERT INTO charge_boxes (identity, serial_number) SELECT 'BOX' || n, 'SN' FROM generate_series(1, 1000) n",
    "INSERT INTO evses (charge_box_id, connector_id, evse_id) SELECT id, 1, identity || '*1' FROM charge_boxes",
    f"""
    INSERT INTO transactions (charge_box_id, evse_uid, connector_id, id_tag, started_at, start_received_at, ended_at,
                              last_evidence_at, created_at, updated_at)
    SELECT c.id, e.uid, 1, 'TAG' || n % 5000, at, at, CASE WHEN n <= {LONG - RUNNING} THEN at + interval '1 hour' END,
           at, at, at + interval '1 hour'
    FROM (SELECT n, timestamptz '2024-01-01Z' + n * interval '1 minute' AS at FROM generate_series(1, {LONG}) n) x
    JOIN charge_boxes c ON c.identity = 'BOX' || 1 + n % 1000
    JOIN evses e ON e.charge_box_id = c.id
    """,
    """
    INSERT INTO charge_records (transaction_id, created_at, updated_at, priced_at)
    SELECT id, ended_at, ended_at, ended_at FROM transactions WHERE ended_at IS NOT NULL
    """,
    "ANALYZE",
)
_DEEP = (datetime(2024, 1, 1, 0, 30, tzinfo=UTC), 30)
_LATE = (datetime(2024, 3, 9, 0, 0, tzinfo=UTC), LONG - RUNNING - 30)


@pytest.fixture(scope="module")
async def long(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Database]:
    """A database with many transactions, a few of them running; it is filled once for all tests here."""
    admin = await asyncpg.connect(postgres.url.replace("/csms?", "/postgres?"))
    await admin.execute(f"CREATE DATABASE long_lists TEMPLATE {template} STRATEGY FILE_COPY")
    database = Database(postgres.url.replace("/csms?", "/long_lists?"))
    async with database.write() as connection:
        for statement in _FILL:
            await connection.execute(text(statement))
    yield database
    await database.close()
    await admin.execute("DROP DATABASE long_lists WITH (FORCE)")
    await admin.close()


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


async def touched(database: Database, keys: Select[*tuple[Any, ...]]) -> int:
    """How many rows the busiest part of a plan reads, those that it throws away included."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    statement = str(keys.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    async with database.read() as connection:
        explained = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        (plan,) = explained.scalar_one()
    busiest = max(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in _nodes(plan["Plan"])
    )
    return int(busiest)


async def test_a_page_of_transactions_touches_a_page_of_rows_in_every_order(long: Database) -> None:
    for sort_by in SortBy:
        for descending, deepest in ((True, _DEEP), (False, _LATE)):
            for window in (Window(LIMIT), Window(LIMIT, after=deepest), Window(LIMIT, before=deepest)):
                keys = page_keys(window, sort_by, (), descending=descending)
                assert await touched(long, keys) <= LIMIT + 1 + RUNNING, (sort_by, descending, window)


async def test_a_page_of_charge_records_touches_a_page_of_rows_in_every_order(long: Database) -> None:
    for sort_by in SortBy:
        for descending, deepest in ((True, _DEEP), (False, _LATE)):
            for window in (Window(LIMIT), Window(LIMIT, after=deepest)):
                keys = page_keys(window, sort_by, (), descending=descending, over_only=True)
                # In the orders of starts, those that run are passed over.
                assert await touched(long, keys) <= LIMIT + 1 + RUNNING, (sort_by, descending, window)


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(charge_box_id=7),
        Filter(evse_id="BOX7*1"),
        Filter(id_tag="tag7"),
        Filter(voucher_id=7),
        Filter(ongoing=True),
        Filter(started=Span(since=datetime(2024, 2, 1, tzinfo=UTC))),
        Filter(ended=Span(since=datetime(2024, 2, 1, tzinfo=UTC))),
        Filter(updated=Span(since=datetime(2024, 2, 1, tzinfo=UTC))),
    ],
)
async def test_a_filter_is_answered_from_an_index(long: Database, wanted: Filter) -> None:
    assert await touched(long, transactions.keys_of(Window(LIMIT), wanted)) <= 2 * (LIMIT + RUNNING)


async def test_a_filter_that_takes_too_long_is_refused(long: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = Wanted(condition=parse('{"auth.idTag.uid": {"$regex": "nothing.*like.*this"}}'))
    assert (await charge_records.list(long, Window(LIMIT), nothing)).items == ()
    monkeypatch.setattr(charge_records, "_TIMEOUT_MS", 1)
    with pytest.raises(Invalid, match="takes more than"):
        await charge_records.list(long, Window(LIMIT), nothing)
    assert len((await charge_records.list(long, Window(LIMIT), Wanted())).items) == LIMIT


async def test_no_index_holds_what_every_meter_value_changes(database: Database) -> None:
    changed = ("register_wh", "power_w", "highest_power_w", "soc", "last_reading_at", "last_evidence_at", "updated_at")
    async with database.read() as connection:
        found = await connection.execute(text("SELECT indexdef FROM pg_indexes WHERE tablename = 'transactions'"))
        definitions = found.scalars().all()
    assert len(definitions) > 8
    for definition in definitions:
        assert not [name for name in changed if name in definition], definition
