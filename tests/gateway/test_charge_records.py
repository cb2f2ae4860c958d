"""Over the bare wire: what applies at a start is kept with it, and every end makes a charge record in its commit."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from csms.node import Node
from csms.store import sweeps
from csms.store.database import Database
from tests.wire import add_token, plugged, register

Sql = asyncpg.Connection

_START = {"connectorId": 1, "idTag": "TAG1", "meterStart": 1000, "timestamp": "2026-11-20T10:00:00Z"}


def _stop(transaction: int, **more: Any) -> dict[str, Any]:
    return {"transactionId": transaction, "meterStop": 2000, "timestamp": "2026-11-20T10:30:00Z", **more}


def _meter(transaction: int, value: int, at: str) -> dict[str, Any]:
    reading = {"timestamp": at, "sampledValue": [{"value": str(value)}]}
    return {"connectorId": 1, "transactionId": transaction, "meterValue": [reading]}


async def _tariff(sql: Sql, version: int, *, deleted: bool = False) -> None:
    await sql.execute(
        "INSERT INTO tariffs (id, version, document, deleted_at) VALUES ('t', $1, '{}', $2)",
        version,
        datetime.now(UTC) if deleted else None,
    )


async def _applied(sql: Sql, transaction: int) -> tuple[Any, ...]:
    row = await sql.fetchrow(
        "SELECT location_id, tariff_id, tariff_version FROM transactions WHERE id = $1", transaction
    )
    assert row is not None
    return tuple(row)


async def _records(sql: Sql) -> list[int]:
    return [row["transaction_id"] for row in await sql.fetch("SELECT * FROM charge_records ORDER BY transaction_id")]


async def _settled(sql: Sql, transaction: int) -> None:
    """As if it had been priced, long ago."""
    price = "UPDATE charge_records SET priced_at = now(), price = '{}', updated_at = now() - interval '1 day'"
    assert await sql.execute(f"{price} WHERE transaction_id = $1", transaction) == "UPDATE 1"


async def _is_due(sql: Sql, transaction: int) -> bool:
    query = "SELECT price IS NULL AND updated_at > now() - interval '1 hour' FROM charge_records"
    return bool(await sql.fetchval(f"{query} WHERE transaction_id = $1", transaction))


@pytest.fixture
async def location(sql: Sql) -> int:
    await add_token(sql, "TAG1")
    return int(
        await sql.fetchval(
            """
            INSERT INTO locations (name, address, postal_code, city, country_code, latitude, longitude, publish,
                                   tariff_id)
            VALUES ('Harbour', 'Havnegade 1', '1058', 'København', 'DK', 55, 12, true, 't') RETURNING id
            """
        )
    )


@pytest.fixture
async def box(sql: Sql, location: int) -> int:
    return await register(sql, "BOX1", location_id=location)


async def test_the_newest_live_version_of_the_locations_tariff_applies(
    node: Node, sql: Sql, location: int, box: int
) -> None:
    await _tariff(sql, 1)
    await _tariff(sql, 2)
    await _tariff(sql, 3, deleted=True)
    async with plugged(node.ocpp_port, "BOX1") as wire:
        transaction = (await wire.ask("StartTransaction", _START))["transactionId"]
        await _tariff(sql, 4)
        await wire.ask("StartTransaction", _START)
    assert await _applied(sql, transaction) == (location, "t", 2)


async def test_without_a_live_tariff_none_applies(node: Node, sql: Sql, location: int, box: int) -> None:
    await register(sql, "BOX2")
    async with plugged(node.ocpp_port, "BOX1") as here, plugged(node.ocpp_port, "BOX2") as nowhere:
        one = (await here.ask("StartTransaction", _START))["transactionId"]
        two = (await nowhere.ask("StartTransaction", {**_START, "idTag": "TAG2"}))["transactionId"]
    assert await _applied(sql, one) == (location, None, None)
    assert await _applied(sql, two) == (None, None, None)


async def test_a_stop_makes_a_charge_record_and_a_repeat_of_it_nothing(
    node: Node, sql: Sql, location: int, box: int
) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        transaction = (await wire.ask("StartTransaction", _START))["transactionId"]
        assert await _records(sql) == []
        await wire.ask("StopTransaction", _stop(transaction))
        assert await _records(sql) == [transaction]
        await _settled(sql, transaction)
        await wire.ask("StopTransaction", _stop(transaction))
    assert not await _is_due(sql, transaction)


async def test_a_stop_that_fits_nothing_makes_a_charge_record_at_the_boxs_location(
    node: Node, sql: Sql, location: int, box: int
) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        await wire.ask("StopTransaction", _stop(77))
        await wire.ask("StopTransaction", _stop(77))
    (orphan,) = await _records(sql)
    assert await _applied(sql, orphan) == (location, None, None)


async def test_a_superseded_transaction_has_a_record_and_its_late_stop_is_priced_anew(
    node: Node, sql: Sql, location: int, box: int
) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        old = (await wire.ask("StartTransaction", _START))["transactionId"]
        await wire.ask("StartTransaction", {**_START, "timestamp": "2026-11-20T11:00:00Z"})
        assert await _records(sql) == [old]
        await _settled(sql, old)
        await wire.ask("StopTransaction", _stop(old))
    assert await _records(sql) == [old]
    assert await _is_due(sql, old)


async def test_a_transaction_that_a_sweep_closes_has_a_record(
    node: Node, sql: Sql, database: Database, location: int, box: int
) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        transaction = (await wire.ask("StartTransaction", _START))["transactionId"]
        await wire.ask("MeterValues", _meter(transaction, 1500, "1970-01-01T00:00:07Z"))
        await wire.ask("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"})
    now = datetime.now(UTC) + timedelta(hours=1)
    assert await sweeps.close_stale_transactions(database, now=now, grace_s=60) == 1
    assert await _records(sql) == [transaction]
    ended_at = await sql.fetchval("SELECT ended_at FROM transactions")
    assert ended_at > now - timedelta(hours=2), "a clock that was never set sets no end"


@pytest.mark.parametrize(("at", "changes"), [("2026-11-20T10:10:00Z", True), ("2026-11-20T10:31:00Z", False)])
async def test_a_late_reading_is_priced_anew_when_it_lies_within_the_transaction(
    node: Node, sql: Sql, location: int, box: int, at: str, changes: bool
) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        transaction = (await wire.ask("StartTransaction", _START))["transactionId"]
        await wire.ask("StopTransaction", _stop(transaction))
        await _settled(sql, transaction)
        await wire.ask("MeterValues", _meter(transaction, 1500, at))
    assert await _is_due(sql, transaction) is changes


async def test_what_is_measured_after_an_inferred_end_is_priced_anew(
    node: Node, sql: Sql, location: int, box: int
) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        old = (await wire.ask("StartTransaction", _START))["transactionId"]
        await wire.ask("StartTransaction", {**_START, "timestamp": "2026-11-20T11:00:00Z"})
        await _settled(sql, old)
        await wire.ask("MeterValues", _meter(old, 1500, "2026-11-20T10:59:00Z"))
    assert await _is_due(sql, old)
    assert await sql.fetchval("SELECT meter_stop_wh FROM transactions WHERE id = $1", old) == 1500
