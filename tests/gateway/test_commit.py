"""A reply never says more than the disk knows (law 1), and our failure is not the driver's (law 2)."""

import asyncio
import contextlib
from typing import Any

import asyncpg
import pytest

from csms.node import Node
from csms.settings import Settings
from csms.store.database import Database
from tests.gateway.gate import gate
from tests.gateway.peers import running
from tests.gateway.waiting import becomes
from tests.wire import Wire, add_token, plugged, register

Sql = asyncpg.Connection

_START = {"connectorId": 1, "idTag": "TAG1", "meterStart": 1000, "timestamp": "2026-11-20T10:00:00Z"}
_READING = {"timestamp": "2026-11-20T10:05:00Z", "sampledValue": [{"value": "1100"}]}
_STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}
_STOP = {"meterStop": 1200, "timestamp": "2026-11-20T10:10:00Z"}


@pytest.fixture
async def box(sql: Sql) -> int:
    await add_token(sql, "TAG1")
    return await register(sql, "BOX1")


_ACKNOWLEDGED: list[tuple[str, dict[str, Any], str]] = [
    ("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}, "charge_boxes"),
    ("StatusNotification", _STATUS, "evses"),
    ("StartTransaction", _START, "transactions"),
    ("MeterValues", {"connectorId": 1, "meterValue": [_READING]}, "meter_values"),
    ("StopTransaction", {"transactionId": 7, **_STOP}, "transactions"),
    ("FirmwareStatusNotification", {"status": "Installed"}, "charge_boxes"),
    ("SecurityEventNotification", {"type": "Tamper", "timestamp": "2026-11-20T10:00:00Z"}, "events"),
]


async def test_no_reply_comes_before_the_commit(
    node: Node, sql: Sql, box: int, database_url: str, subtests: pytest.Subtests
) -> None:
    blocker = await asyncpg.connect(database_url)
    async with plugged(node.ocpp_port, "BOX1") as wire:
        for action, payload, table in _ACKNOWLEDGED:
            with subtests.test(action):
                async with blocker.transaction():
                    await blocker.execute(f"LOCK TABLE {table} IN SHARE MODE")
                    asking = asyncio.create_task(wire.call(action, payload))
                    await asyncio.sleep(0.1)
                    assert not asking.done()
                assert (await asking)[0] == 3
    await blocker.close()


async def test_what_cannot_be_committed_in_time_is_an_internal_error_and_its_repeat_is_one_transaction(
    settings: Settings, database: Database, sql: Sql, box: int, database_url: str
) -> None:
    blocker = await asyncpg.connect(database_url)
    async with (
        running(settings, database, reply_budget_s=0.3) as node,
        plugged(node.ocpp_port, "BOX1") as wire,
    ):
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE transactions")
            for _ in range(2):
                reply = await wire.call("StartTransaction", _START)
                assert reply[0] == 4
                assert reply[2] == "InternalError"
        started = await wire.ask("StartTransaction", _START)
        assert started["idTagInfo"]["status"] == "Accepted"
    assert await sql.fetchval("SELECT count(*) FROM transactions") == 1
    assert await sql.fetchval("SELECT id FROM transactions") == started["transactionId"]
    await blocker.close()


async def test_a_database_that_goes_away_and_comes_back_costs_no_session(
    settings: Settings, sql: Sql, box: int, database_url: str
) -> None:
    async with gate(database_url) as way:
        database = Database(way.url)
        async with running(settings, database, reply_budget_s=0.3) as node, plugged(node.ocpp_port, "BOX1") as wire:
            started = await wire.ask("StartTransaction", _START)
            await way.shut()
            stop = {"transactionId": started["transactionId"], **_STOP}
            meter = {"connectorId": 1, "transactionId": started["transactionId"], "meterValue": [_READING]}
            for action, payload in (("MeterValues", meter), ("StopTransaction", stop)):
                assert (await wire.call(action, payload))[2] == "InternalError"
            # An idTag cannot be judged just now; saying Invalid would be a lie.
            assert (await wire.call("Authorize", {"idTag": "TAG1"}))[2] == "InternalError"
            assert "currentTime" in await wire.ask("Heartbeat")
            waiting = asyncio.create_task(wire.call("MeterValues", meter))
            await asyncio.sleep(0.05)
            await way.open()
            assert (await waiting)[0] == 3
            await wire.ask("StopTransaction", stop)
            assert (await wire.ask("Authorize", {"idTag": "TAG1"}))["idTagInfo"]["status"] == "Accepted"
        await database.close()
    row = await sql.fetchrow("SELECT * FROM transactions")
    assert row is not None
    assert (row["end_cause"], row["meter_stop_wh"], row["stop_repeats"]) == ("reported", 1200, 0)
    assert await sql.fetchval("SELECT count(*) FROM meter_values") == 1


async def test_a_poisonous_fact_fails_alone(
    node: Node, sql: Sql, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await add_token(sql, "TAG1")
    await sql.execute("ALTER TABLE transactions ADD CONSTRAINT no_poison CHECK (id_tag <> 'POISON')")
    count = 20
    for number in range(count):
        await register(sql, f"BOX{number}")
    tags = ["POISON" if number in (3, 11) else f"TAG{number}" for number in range(count)]
    blocker = await asyncpg.connect(database_url)
    async with contextlib.AsyncExitStack() as stack:
        wires: list[Wire] = [
            await stack.enter_async_context(plugged(node.ocpp_port, f"BOX{number}")) for number in range(count)
        ]
        async with blocker.transaction():
            # While the first one waits, all the others gather in the next batch.
            await blocker.execute("LOCK TABLE transactions")
            asking = [
                asyncio.create_task(wire.call("StartTransaction", {**_START, "idTag": tag}))
                for wire, tag in zip(wires, tags, strict=True)
            ]
            await asyncio.sleep(0.2)
        replies = await asyncio.gather(*asking)
        assert "trying item by item" in caplog.text
        assert [reply[0] for reply in replies] == [4 if tag == "POISON" else 3 for tag in tags]
        assert replies[3][2] == replies[11][2] == "InternalError"
        ids = {reply[2]["transactionId"] for reply in replies if reply[0] == 3}
        assert len(ids) == count - 2
        # The box itself is not poisoned by it.
        assert (await wires[3].call("StartTransaction", {**_START, "idTag": "TAG3"}))[0] == 3
    await blocker.close()
    await becomes(lambda: sql.fetchval("SELECT count(*) FROM transactions"), count - 1)
    assert await sql.fetchval("SELECT count(*) FROM events WHERE kind = 'transaction.started'") == count - 1
