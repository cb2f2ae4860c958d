"""
The charge points' books, held against the database to the last Wh.

The books say what each charge point reported and what was acknowledged to it. So
three things can be wrong with the database: something acknowledged is missing or
differs, something stands there twice, or something stands there that nobody
reported. What was reported and not acknowledged may stand there or not: its
acknowledgement can have been lost on the way.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import asyncpg
import orjson

from simulators import Books, Reading, TransactionRecord

_TRANSACTIONS = """
SELECT t.*, c.identity FROM transactions t JOIN charge_boxes c ON c.id = t.charge_box_id
WHERE c.identity = ANY($1::text[]) ORDER BY t.id
"""

_METER_VALUES = """
SELECT c.identity, m.transaction_id, m.connector_id, m.at, m.values, m.raw, s.definition
FROM meter_values m JOIN charge_boxes c ON c.id = m.charge_box_id JOIN reading_shapes s ON s.id = m.shape_id
WHERE c.identity = ANY($1::text[])
"""

_EVENTS = """
SELECT e.transaction_id, e.kind, count(*) AS count FROM events e JOIN charge_boxes c ON c.id = e.charge_box_id
WHERE c.identity = ANY($1::text[]) AND e.transaction_id IS NOT NULL GROUP BY 1, 2
"""

# Two hundred charge points can be wrong in thousands of ways; nobody reads them all.
_LOOKS = 4
_SHOWN = 20
_ENERGY = "Energy.Active.Import.Register"


@dataclass(frozen=True, slots=True)
class _Ledger:
    """What the database knows of one charge point."""

    transactions: list[asyncpg.Record]
    meter_values: list[asyncpg.Record]
    events: dict[tuple[int, str], int]


async def compare(books: Iterable[Books], sql: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """
    Compare books with the database.

    Returns:
        One sentence for each difference; none where every acknowledged fact is there, none twice and none made up.
    """
    all_books = list(books)
    identities = [each.charge_point_id for each in all_books]
    transactions = _by_identity(await sql.fetch(_TRANSACTIONS, identities))
    meter_values = _by_identity(await sql.fetch(_METER_VALUES, identities))
    events = {(row["transaction_id"], row["kind"]): row["count"] for row in await sql.fetch(_EVENTS, identities)}
    found: list[str] = []
    for each in all_books:
        identity = each.charge_point_id
        ledger = _Ledger(transactions[identity], meter_values[identity], events)
        found += [f"{identity}: {difference}" for difference in _differences(each, ledger)]
    return found


async def assert_agreement(
    books: Iterable[Books], sql: "asyncpg.Connection[asyncpg.Record]", *, moving: bool = False
) -> None:
    """
    Fail with the first differences between books and database that stay.

    Boxes that are `moving` (they charge) report between one query and the next, so a
    difference may be of the moment; what is lost or doubled is so at every look.
    """
    all_books = list(books)
    for _ in range(_LOOKS if moving else 1):
        differences = await compare(all_books, sql)
        if not differences:
            return
        await asyncio.sleep(0.5)
    if differences:
        shown = "\n".join(differences[:_SHOWN])
        raise AssertionError(f"{len(differences)} differences between books and database, among them\n{shown}")


def acknowledged(books: Iterable[Books]) -> tuple[int, int, int]:
    """How many starts, readings and stops the books say were acknowledged."""
    transactions = [transaction for each in books for transaction in each.transactions]
    return (
        sum(transaction.start.acknowledged for transaction in transactions),
        sum(reading.delivery.acknowledged for transaction in transactions for reading in transaction.meter_values),
        sum(transaction.stop.acknowledged for transaction in transactions),
    )


def _by_identity(rows: Iterable[asyncpg.Record]) -> defaultdict[str, list[asyncpg.Record]]:
    grouped: defaultdict[str, list[asyncpg.Record]] = defaultdict(list)
    for row in rows:
        grouped[row["identity"]].append(row)
    return grouped


def _differences(books: Books, ledger: _Ledger) -> list[str]:
    found = [f"{books.discarded} reports were given up"] if books.discarded else []
    unclaimed = {row["id"]: row for row in ledger.transactions}
    for record in books.transactions:
        same = [row for row in ledger.transactions if _is_start_of(row, record)]
        for row in same:
            unclaimed.pop(row["id"], None)
        if len(same) > 1:
            found.append(f"{_name(record)} is there {len(same)} times, as {[row['id'] for row in same]}")
        if same:
            found += [f"{_name(record)}: {difference}" for difference in _of_transaction(record, same[0], ledger)]
        elif record.start.acknowledged:
            found.append(f"{_name(record)} was acknowledged as {record.transaction_id} and is not there")
    found += [f"transaction {id} was never reported: {dict(row)}" for id, row in unclaimed.items()]
    return found + _of_meter_values(books, ledger)


def _is_start_of(row: asyncpg.Record, record: TransactionRecord) -> bool:
    """A start is known by what was reported of it, not by the id that the central system gave it."""
    return bool(
        row["connector_id"] == record.connector
        and row["id_tag"] == record.id_tag
        and row["started_at_raw"] == record.started_at
        and row["meter_start_wh"] == record.meter_start_wh
    )


def _of_transaction(record: TransactionRecord, row: asyncpg.Record, ledger: _Ledger) -> list[str]:
    expected: dict[str, Any] = {}
    if record.start.acknowledged:
        expected |= {
            "id": record.transaction_id,
            "start_answer": record.start_status,
            "started_at": datetime.fromisoformat(record.started_at),
        }
    if record.stop.acknowledged:
        expected |= {
            "end_cause": "reported",
            "stop_match": "id",
            "meter_stop_wh": record.meter_stop_wh,
            "stopped_at_raw": record.stopped_at,
            "ended_at": None if record.stopped_at is None else datetime.fromisoformat(record.stopped_at),
            "stop_reason": record.reason,
            "stop_id_tag": record.stop_id_tag,
        }
    elif not record.stopped:
        expected |= {"ended_at": None, "end_cause": None, "meter_stop_wh": None}
    found = [f"{key} is {row[key]!r}, not {value!r}" for key, value in expected.items() if row[key] != value]
    if row["oddities"]:
        found.append(f"oddities {row['oddities']}")
    if record.meter_values and record.meter_values[-1].delivery.acknowledged:
        last_wh = record.meter_values[-1].energy_wh
        if row["register_wh"] != last_wh:
            found.append(f"the running summary says {row['register_wh']} Wh, the last reading {last_wh}")
    for kind, times in (("transaction.started", 1), ("transaction.ended", int(row["ended_at"] is not None))):
        told = ledger.events.get((row["id"], kind), 0)
        if told != times:
            found.append(f"{kind} was told {told} times, not {times}")
    return found


def _of_meter_values(books: Books, ledger: _Ledger) -> list[str]:
    found = []
    reported: dict[tuple[int, datetime], tuple[Reading, TransactionRecord | None]] = {
        (reading.connector, datetime.fromisoformat(reading.timestamp)): (reading, record)
        for record in books.transactions
        for reading in record.meter_values
    }
    reported |= {
        (reading.connector, datetime.fromisoformat(reading.timestamp)): (reading, None) for reading in books.readings
    }
    rows: defaultdict[tuple[int, datetime], list[asyncpg.Record]] = defaultdict(list)
    for row in ledger.meter_values:
        rows[row["connector_id"], row["at"]].append(row)
    for key, (reading, record) in reported.items():
        there = rows.pop(key, [])
        found += _of_reading(reading, record, there)
    found += [f"a reading of connector {key[0]} at {key[1]} was never reported" for key in rows]
    return found


def _of_reading(reading: Reading, record: TransactionRecord | None, rows: list[asyncpg.Record]) -> list[str]:
    name = f"the reading of connector {reading.connector} at {reading.timestamp}"
    if not rows:
        return [f"{name} was acknowledged and is not there"] if reading.delivery.acknowledged else []
    if len(rows) > 1:
        return [f"{name} is there {len(rows)} times"]
    found = []
    energy_wh = _energy_wh(rows[0])
    if energy_wh != reading.energy_wh:
        found.append(f"{name} has {energy_wh} Wh, not {reading.energy_wh}")
    transaction_id = None if record is None else record.transaction_id
    if rows[0]["transaction_id"] != transaction_id:
        found.append(f"{name} belongs to {rows[0]['transaction_id']}, not {transaction_id}")
    return found


def _energy_wh(row: asyncpg.Record) -> Decimal | None:
    """The register as it was sent; these charge points send it as one total in Wh."""
    for kind, value in zip(orjson.loads(row["definition"]), row["values"], strict=True):
        measurand, unit, phase = kind[:3]
        if measurand == _ENERGY and unit == "Wh" and phase is None:
            return None if value is None else Decimal(repr(value))
    return None


def _name(record: TransactionRecord) -> str:
    return f"the transaction of {record.id_tag} on connector {record.connector} since {record.started_at}"
