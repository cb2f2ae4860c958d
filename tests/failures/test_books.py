"""The comparison that the tests of this folder rely on finds whatever is wrong with the database."""

import asyncpg
import pytest

from csms.node import Node
from simulators import Books, ChargePoint, Options
from tests.failures.books import compare
from tests.wire import register

_SECOND_START = """
INSERT INTO transactions (charge_box_id, connector_id, id_tag, started_at_raw, meter_start_wh, last_evidence_at)
SELECT charge_box_id, connector_id, {id_tag}, started_at_raw, meter_start_wh, last_evidence_at
FROM transactions WHERE ended_at IS NULL
"""
_SECOND_READING = """
INSERT INTO meter_values (charge_box_id, at, digest, received_at, transaction_id, shape_id, connector_id, link, values)
SELECT charge_box_id, {at}, digest + 1, received_at, transaction_id, shape_id, connector_id, link, values
FROM meter_values LIMIT 1
"""


_DAMAGES = [
    ("DELETE FROM transactions WHERE ended_at IS NULL", "acknowledged as 2 and is not there"),
    ("DELETE FROM transactions WHERE ended_at IS NOT NULL", "acknowledged as 1 and is not there"),
    ("UPDATE transactions SET id = id + 100", "id is 101, not 1"),
    ("UPDATE transactions SET start_answer = 'Invalid'", "start_answer is 'Invalid', not 'Accepted'"),
    ("UPDATE transactions SET meter_start_wh = meter_start_wh + 1", "was never reported"),
    ("UPDATE transactions SET meter_stop_wh = meter_stop_wh + 1", "meter_stop_wh is Decimal('1335'), not 1334"),
    ("UPDATE transactions SET stopped_at_raw = 'now' WHERE stopped_at IS NOT NULL", "stopped_at_raw is 'now'"),
    ("UPDATE transactions SET end_cause = 'boot', ended_at = now()", "end_cause is 'boot', not None"),
    ("UPDATE transactions SET ended_at = NULL", "ended_at is None"),
    ("UPDATE transactions SET stop_match = 'orphan'", "stop_match is 'orphan', not 'id'"),
    ("UPDATE transactions SET register_wh = 1333", "the running summary says 1333 Wh, the last reading 1334"),
    (_SECOND_START.format(id_tag="id_tag"), "is there 2 times"),
    (_SECOND_START.format(id_tag="'SOMEBODY'"), "was never reported"),
    ("DELETE FROM meter_values", "acknowledged and is not there"),
    ("UPDATE meter_values SET values[1] = values[1] + 1", "has 1335.0 Wh, not 1334"),
    ("UPDATE meter_values SET transaction_id = NULL", "belongs to None, not 1"),
    (_SECOND_READING.format(at="at"), "is there 2 times"),
    (_SECOND_READING.format(at="at + interval '1 s'"), "was never reported"),
    ("DELETE FROM events WHERE kind = 'transaction.started'", "transaction.started was told 0 times, not 1"),
    ("UPDATE events SET kind = 'transaction.ended' WHERE kind = 'transaction.started'", "was told 2 times, not 1"),
]
"""What is done to the database, and what the comparison says of it."""


@pytest.fixture
async def books(node: Node, sql: "asyncpg.Connection[asyncpg.Record]") -> Books:
    """The books of a charge point with one transaction that has ended and one that runs, each with a reading."""
    await register(sql, "BOX")
    await sql.execute("INSERT INTO tokens (uid) VALUES ('CARD-1'), ('CARD-2')")
    options = Options(connectors=2, meter_start_wh=100)
    async with ChargePoint(f"ws://127.0.0.1:{node.ocpp_port}", "BOX", options) as box:
        await box.wait_for(lambda: box.accepted)
        for number, connector in box.connectors.items():
            box.plug_in(number)
            box.charging.begin(connector, f"CARD-{number}")
            box.deliver_wh(number, 1234)
            box.charging.sample_periodically(connector)
        box.end_transaction(1)
        await box.wait_for(lambda: box.idle and not box.books.outstanding)
    return box.books


async def test_books_and_database_agree_when_all_is_well(
    books: Books, sql: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    assert [transaction.stopped for transaction in books.transactions] == [True, False]
    assert await compare([books], sql) == []


async def test_whatever_is_wrong_with_the_database_is_found(
    books: Books, sql: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await sql.execute("SET session_replication_role = replica")  # no constraint prevents the damage
    for damage, sentence in _DAMAGES:
        attempt = sql.transaction()
        await attempt.start()
        await sql.execute(damage)
        differences = await compare([books], sql)
        await attempt.rollback()

        assert any(sentence in difference for difference in differences), damage


async def test_what_was_not_acknowledged_may_be_there_or_not(
    books: Books, sql: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    ended, running = books.transactions
    ended.stop.acknowledged = False
    running.meter_values[-1].delivery.acknowledged = False
    assert await compare([books], sql) == []

    await sql.execute("UPDATE transactions SET register_wh = NULL WHERE id = $1", running.transaction_id)
    await sql.execute("DELETE FROM meter_values WHERE transaction_id = $1", running.transaction_id)
    assert await compare([books], sql) == []
