"""A transaction that its charge box has evidently left is closed after a grace; the box's own word still counts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import orjson
import pytest

from csms.node import Node
from csms.store.database import Database
from csms.store.sweeps import close_stale_transactions, forget_old_knocks
from tests.wire import Wire, add_token, plugged, register

Sql = asyncpg.Connection

_GRACE_S = 120.0
_AVAILABLE = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}


def _start(connector: int = 1) -> dict[str, Any]:
    return {"connectorId": connector, "idTag": "TAG1", "meterStart": 1000, "timestamp": "2026-11-20T10:00:00Z"}


async def _begin(wire: Wire, connector: int = 1) -> int:
    return int((await wire.ask("StartTransaction", _start(connector)))["transactionId"])


async def _read_meter(wire: Wire, transaction: int, value: str, at: str = "2026-11-20T10:05:00Z") -> None:
    meter = [{"timestamp": at, "sampledValue": [{"value": value}]}]
    await wire.ask("MeterValues", {"connectorId": 1, "transactionId": transaction, "meterValue": meter})


async def _sweep(database: Database, *, after_s: float) -> int:
    now = datetime.now(UTC) + timedelta(seconds=after_s)
    return await close_stale_transactions(database, now=now, grace_s=_GRACE_S)


async def _row(sql: Sql, transaction: int) -> asyncpg.Record:
    row = await sql.fetchrow("SELECT * FROM transactions WHERE id = $1", transaction)
    assert row is not None
    return row


@pytest.fixture
async def box(sql: Sql) -> int:
    await add_token(sql, "TAG1")
    return await register(sql, "BOX1")


@pytest.mark.parametrize("cause", ["boot", "available"])
async def test_a_boot_or_available_closes_what_was_left_open_after_a_grace(
    node: Node, database: Database, sql: Sql, box: int, cause: str
) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        transaction = await _begin(wire)
        await _read_meter(wire, transaction, "1700")
        await (wire.boot() if cause == "boot" else wire.ask("StatusNotification", _AVAILABLE))
    assert await _sweep(database, after_s=_GRACE_S - 5) == 0
    assert (await _row(sql, transaction))["ended_at"] is None
    assert await _sweep(database, after_s=_GRACE_S + 5) == 1
    row = await _row(sql, transaction)
    assert (row["end_cause"], row["meter_stop_wh"], row["stop_match"]) == (cause, Decimal(1700), None)
    assert row["ended_at"].isoformat() == "2026-11-20T10:05:00+00:00"
    event = await sql.fetchrow("SELECT * FROM events WHERE kind = 'transaction.ended'")
    assert event is not None
    assert (event["transaction_id"], event["charge_box_id"]) == (transaction, box)
    assert orjson.loads(event["data"]) == {"cause": cause}
    assert await _sweep(database, after_s=_GRACE_S + 5) == 0


async def test_without_a_reading_the_start_is_the_last_thing_known(
    node: Node, database: Database, sql: Sql, box: int
) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        transaction = await _begin(wire)
        await wire.boot()
    assert await _sweep(database, after_s=_GRACE_S + 5) == 1
    row = await _row(sql, transaction)
    assert (row["meter_stop_wh"], row["ended_at"]) == (Decimal(1000), row["start_received_at"])


async def test_a_transaction_that_goes_on_after_a_boot_stays_open(
    node: Node, database: Database, sql: Sql, box: int
) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        transaction = await _begin(wire)
        await wire.boot()
        await wire.ask("StatusNotification", _AVAILABLE)
        await wire.ask("StatusNotification", {**_AVAILABLE, "status": "Charging"})
        await _read_meter(wire, transaction, "1100")
    assert await _sweep(database, after_s=86_400) == 0


async def test_only_the_connector_that_became_available_is_meant(
    node: Node, database: Database, sql: Sql, box: int
) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        first = await _begin(wire, 1)
        second = await _begin(wire, 2)
        for connector in (0, 1):
            await wire.ask("StatusNotification", {**_AVAILABLE, "connectorId": connector})
    assert await _sweep(database, after_s=_GRACE_S + 5) == 1
    assert (await _row(sql, first))["end_cause"] == "available"
    assert (await _row(sql, second))["ended_at"] is None


async def test_the_boxs_own_stop_replaces_what_was_inferred(node: Node, database: Database, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        transaction = await _begin(wire)
        await _read_meter(wire, transaction, "1700")
        await wire.boot()
        await _sweep(database, after_s=_GRACE_S + 5)
        # From its offline queue: first a reading, then the stop.
        await _read_meter(wire, transaction, "1900", "2026-11-20T10:15:00Z")
        assert (await _row(sql, transaction))["meter_stop_wh"] == Decimal(1900)
        stop = {"transactionId": transaction, "meterStop": 1950, "timestamp": "2026-11-20T10:20:00Z"}
        await wire.ask("StopTransaction", stop)
    row = await _row(sql, transaction)
    assert (row["end_cause"], row["meter_stop_wh"], row["stop_match"]) == ("reported", Decimal(1950), "id")
    assert row["ended_at"].isoformat() == "2026-11-20T10:20:00+00:00"


async def test_old_knocks_are_forgotten_beyond_a_thousand(database: Database, sql: Sql) -> None:
    await sql.execute(
        """
        INSERT INTO knocks (identity, reason, remote_address, first_at, last_at)
        SELECT 'BOX' || n, 'unknown', '', now(), now() - n * interval '1 second' FROM generate_series(1, 1500) n
        """
    )
    await forget_old_knocks(database)
    assert await sql.fetchval("SELECT count(*) FROM knocks") == 1000
    assert await sql.fetchval("SELECT count(*) FROM knocks WHERE identity IN ('BOX1', 'BOX1000')") == 2
