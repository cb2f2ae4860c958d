"""Whole sessions over the bare wire: what a charger reports is in the ledger, once, whatever is odd in it."""

from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from csms.node import Node
from tests.wire import add_token, plugged, register

Sql = asyncpg.Connection

_START = {"connectorId": 1, "idTag": "TAG1", "meterStart": 1000, "timestamp": "2026-11-20T10:00:00Z"}


async def _transaction(sql: Sql, transaction_id: int) -> asyncpg.Record:
    row = await sql.fetchrow("SELECT * FROM transactions WHERE id = $1", transaction_id)
    assert row is not None
    return row


def _reading(value: str, at: str, **more: Any) -> dict[str, Any]:
    return {"timestamp": at, "sampledValue": [{"value": value, **more}]}


@pytest.fixture
async def box(sql: Sql) -> int:
    await add_token(sql, "TAG1")
    return await register(sql, "BOX1")


async def test_a_session_is_recorded_from_start_to_stop(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        boot = await wire.boot(firmwareVersion="1.2.3")
        assert boot["status"] == "Accepted"
        await wire.ask("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Preparing"})
        assert (await wire.ask("Authorize", {"idTag": "tag1"}))["idTagInfo"] == {"status": "Accepted"}
        started = await wire.ask("StartTransaction", _START)
        assert started["idTagInfo"]["status"] == "Accepted"
        transaction = started["transactionId"]
        assert transaction > 0
        values = [
            {"value": "1.5", "unit": "kWh"},
            {"value": "7400", "measurand": "Power.Active.Import", "unit": "W"},
            {"value": "40", "measurand": "SoC", "unit": "Percent"},
        ]
        meter = {"timestamp": "2026-11-20T10:05:00Z", "sampledValue": values}
        await wire.ask("MeterValues", {"connectorId": 1, "transactionId": transaction, "meterValue": [meter]})
        live = await _transaction(sql, transaction)
        assert (live["register_wh"], live["power_w"], live["soc"]) == (Decimal(1500), 7400.0, 40.0)
        stop = {"transactionId": transaction, "meterStop": 2000, "timestamp": "2026-11-20T10:30:00Z", "idTag": "TAG1"}
        assert (await wire.ask("StopTransaction", stop))["idTagInfo"]["status"] == "Accepted"
    row = await _transaction(sql, transaction)
    assert (row["meter_start_wh"], row["meter_stop_wh"]) == (1000, 2000)
    assert (row["end_cause"], row["stop_match"], row["stop_reason"]) == ("reported", "id", "Local")
    assert row["stopped_at"].isoformat() == "2026-11-20T10:30:00+00:00"
    assert await sql.fetchval("SELECT count(*) FROM meter_values WHERE transaction_id = $1", transaction) == 1
    assert await sql.fetchval("SELECT firmware_version FROM charge_boxes WHERE id = $1", box) == "1.2.3"
    kinds = [row["kind"] for row in await sql.fetch("SELECT kind FROM events ORDER BY id")]
    for kind in ("charge_box.connected", "charge_box.booted", "connector.status", "transaction.started"):
        assert kind in kinds


async def test_a_start_repeated_over_a_new_connection_is_one_transaction(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        first = await wire.ask("StartTransaction", _START)
    async with plugged(node.ocpp_port, "BOX1") as wire:
        second = await wire.ask("StartTransaction", _START)
    assert second == first
    assert await sql.fetchval("SELECT count(*) FROM transactions") == 1
    assert await sql.fetchval("SELECT start_repeats FROM transactions") == 1


async def test_two_different_calls_under_one_unique_id_are_both_served(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        first = await wire.call("StartTransaction", _START, unique_id="same")
        other = {**_START, "connectorId": 2, "idTag": "TAG2"}
        second = await wire.call("StartTransaction", other, unique_id="same")
        again = await wire.call("StartTransaction", other, unique_id="same")
    assert first[2]["transactionId"] != second[2]["transactionId"]
    assert again == second
    assert await sql.fetchval("SELECT count(*) FROM transactions") == 2


async def test_a_refused_start_is_recorded(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        answer = await wire.ask("StartTransaction", {**_START, "idTag": "NOBODY"})
    assert answer["idTagInfo"] == {"status": "Invalid"}
    row = await _transaction(sql, answer["transactionId"])
    assert (row["id_tag"], row["start_answer"]) == ("NOBODY", "Invalid")


async def test_a_card_that_charges_elsewhere_is_concurrent_on_a_start_only(node: Node, sql: Sql, box: int) -> None:
    await register(sql, "BOX2")
    async with plugged(node.ocpp_port, "BOX1") as one, plugged(node.ocpp_port, "BOX2") as two:
        await one.ask("StartTransaction", _START)
        answer = await two.ask("StartTransaction", _START)
        assert answer["idTagInfo"]["status"] == "ConcurrentTx"
        assert (await two.ask("Authorize", {"idTag": "TAG1"}))["idTagInfo"]["status"] == "Accepted"
        repeated = await two.ask("StartTransaction", _START)
        assert repeated == answer


@pytest.mark.parametrize("unknown", [-1, 0, 2**63 - 1, 10**30, 424242])
async def test_a_stop_without_a_usable_id_finds_its_transaction(node: Node, sql: Sql, box: int, unknown: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        started = await wire.ask("StartTransaction", _START)
        stop = {"transactionId": unknown, "idTag": "TAG1", "meterStop": 1500, "timestamp": "2026-11-20T10:10:00Z"}
        await wire.ask("StopTransaction", stop)
        await wire.ask("StopTransaction", stop)
    row = await _transaction(sql, started["transactionId"])
    assert (row["end_cause"], row["stop_match"], row["meter_stop_wh"]) == ("reported", "content", 1500)


async def test_a_stop_that_fits_nothing_becomes_a_record_of_its_own(node: Node, sql: Sql, box: int) -> None:
    begin = _reading("700", "2026-11-20T09:00:00Z", context="Transaction.Begin")
    stop = {
        "transactionId": 77,
        "idTag": "GHOST",
        "meterStop": 900,
        "timestamp": "2026-11-20T09:30:00Z",
        "transactionData": [begin],
    }
    async with plugged(node.ocpp_port, "BOX1") as wire:
        assert (await wire.ask("StopTransaction", stop))["idTagInfo"]["status"] == "Invalid"
        await wire.ask("StopTransaction", stop)
    row = await sql.fetchrow("SELECT * FROM transactions")
    assert row is not None
    assert (row["stop_match"], row["meter_start_wh"], row["meter_stop_wh"]) == ("orphan", 700, 900)
    assert (row["stop_repeats"], row["stop_transaction_id"]) == (1, "77")
    assert await sql.fetchval("SELECT count(*) FROM meter_values WHERE transaction_id = $1", row["id"]) == 1


async def test_one_box_cannot_stop_the_transaction_of_another(node: Node, sql: Sql, box: int) -> None:
    await register(sql, "BOX2")
    async with plugged(node.ocpp_port, "BOX1") as one, plugged(node.ocpp_port, "BOX2") as two:
        started = await one.ask("StartTransaction", _START)
        stop = {"transactionId": started["transactionId"], "meterStop": 5000, "timestamp": "2026-11-20T10:10:00Z"}
        await two.ask("StopTransaction", stop)
    assert (await _transaction(sql, started["transactionId"]))["ended_at"] is None


async def test_a_start_on_a_busy_connector_closes_the_old_transaction(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        old = (await wire.ask("StartTransaction", _START))["transactionId"]
        meter = [_reading("1700", "2026-11-20T10:05:00Z")]
        await wire.ask("MeterValues", {"connectorId": 1, "transactionId": old, "meterValue": meter})
        new = {**_START, "meterStart": 1800, "timestamp": "2026-11-20T11:00:00Z"}
        answer = await wire.ask("StartTransaction", new)
        assert answer["idTagInfo"]["status"] == "Accepted"
        closed = await _transaction(sql, old)
        assert (closed["end_cause"], closed["meter_stop_wh"]) == ("superseded", 1700)
        # Its own stop, when it comes late, is the truth.
        stop = {"transactionId": old, "meterStop": 1790, "timestamp": "2026-11-20T10:55:00Z"}
        await wire.ask("StopTransaction", stop)
    told = await _transaction(sql, old)
    assert (told["end_cause"], told["meter_stop_wh"]) == ("reported", 1790)
    assert (await _transaction(sql, answer["transactionId"]))["ended_at"] is None


async def test_late_readings_link_to_a_closed_transaction_and_do_not_reopen_it(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        transaction = (await wire.ask("StartTransaction", _START))["transactionId"]
        stop = {"transactionId": transaction, "meterStop": 2000, "timestamp": "2026-11-20T10:30:00Z"}
        await wire.ask("StopTransaction", stop)
        before = await _transaction(sql, transaction)
        meter = [_reading("1999", "2026-11-20T10:29:59Z")]
        await wire.ask("MeterValues", {"connectorId": 1, "transactionId": transaction, "meterValue": meter})
    assert await _transaction(sql, transaction) == before
    assert await sql.fetchval("SELECT count(*) FROM meter_values WHERE transaction_id = $1", transaction) == 1


@pytest.mark.parametrize("transaction_id", [None, 0, -1])
async def test_readings_without_a_usable_id_link_by_connector(
    node: Node, sql: Sql, box: int, transaction_id: int | None
) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        transaction = (await wire.ask("StartTransaction", _START))["transactionId"]
        request: dict[str, Any] = {"connectorId": 1, "meterValue": [_reading("1700", "2026-11-20T10:05:00Z")]}
        if transaction_id is not None:
            request["transactionId"] = transaction_id
        await wire.ask("MeterValues", request)
        await wire.ask("MeterValues", {**request, "connectorId": 2})
    rows = await sql.fetch("SELECT connector_id, transaction_id, link FROM meter_values ORDER BY connector_id")
    assert [tuple(row) for row in rows] == [(1, transaction, 2), (2, None, 0)]


async def test_the_same_reading_sent_again_is_one_row(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        transaction = (await wire.ask("StartTransaction", _START))["transactionId"]
        meter = [_reading("1700", "2026-11-20T10:05:00Z"), _reading("1800", "2026-11-20T10:06:00Z")]
        request = {"connectorId": 1, "transactionId": transaction, "meterValue": meter}
        for _ in range(3):
            await wire.ask("MeterValues", request)
    assert await sql.fetchval("SELECT count(*) FROM meter_values") == 2


async def test_sessions_of_a_clock_that_was_never_set_stay_apart(node: Node, sql: Sql, box: int) -> None:
    start = {**_START, "meterStart": 0, "timestamp": "1970-01-01T00:00:10Z"}
    ids = []
    async with plugged(node.ocpp_port, "BOX1") as wire:
        for _ in range(2):
            started = await wire.ask("StartTransaction", start)
            assert (await wire.ask("StartTransaction", start)) == started
            ids.append(started["transactionId"])
            stop = {"transactionId": ids[-1], "meterStop": 500, "timestamp": "1970-01-01T00:10:00Z"}
            await wire.ask("StopTransaction", stop)
    assert ids[0] != ids[1]
    row = await _transaction(sql, ids[0])
    assert row["started_at_raw"] == "1970-01-01T00:00:10Z"
    assert "start_clock_never_set" in row["oddities"]


async def test_an_offline_queue_keeps_the_chargers_times(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        started = await wire.ask("StartTransaction", {**_START, "timestamp": "2025-01-02T03:04:05.678+01:00"})
        stop = {"transactionId": started["transactionId"], "meterStop": 2000, "timestamp": "2025-01-02T04:04:05"}
        await wire.ask("StopTransaction", stop)
    row = await _transaction(sql, started["transactionId"])
    assert row["started_at"].isoformat() == "2025-01-02T02:04:05.678000+00:00"
    assert row["started_at_raw"] == "2025-01-02T03:04:05.678+01:00"
    assert row["ended_at"].isoformat() == "2025-01-02T04:04:05+00:00"
    assert row["start_received_at"].year >= 2026
