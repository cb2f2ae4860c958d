"""The life of a node in the table: its lease, and what an earlier life of it left behind."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import orjson
import pytest

from csms.settings import Settings
from csms.store import nodes
from csms.store.database import Database
from tests.gateway.peers import cuttable, running
from tests.wire import plugged, register

Sql = asyncpg.Connection

_LEASE = "SELECT lease_until FROM nodes WHERE name = $1"


async def test_a_node_that_starts_again_ends_what_its_killed_life_left_open(
    settings: Settings, database: Database, sql: Sql
) -> None:
    mine = await register(sql, "BOX1", node_name="east", connection_epoch=7)
    other = await register(sql, "BOX2", node_name="west", connection_epoch=8)
    async with running(settings, database, node_name="east"):
        names = await sql.fetch("SELECT id, node_name FROM charge_boxes ORDER BY id")
        assert [tuple(row) for row in names] == [(mine, None), (other, "west")]
        events = await sql.fetch("SELECT charge_box_id, kind, data FROM events")
        assert [(row["charge_box_id"], row["kind"]) for row in events] == [(mine, "charge_box.disconnected")]
        assert orjson.loads(events[0]["data"]) == {"cause": "the node ended without a shutdown", "epoch": 7}


async def test_a_node_holds_a_lease_while_it_lives(settings: Settings, database: Database, sql: Sql) -> None:
    box = await register(sql, "BOX1")
    async with running(settings, database, node_name="east") as node:
        first = await sql.fetchval(_LEASE, "east")
        assert first > datetime.now(UTC)
        await nodes.renew(database, "east", datetime.now(UTC) + timedelta(seconds=5))
        assert await sql.fetchval(_LEASE, "east") > first
        async with plugged(node.ocpp_port, "BOX1"):
            assert await nodes.holder_of(database, box) == "east"
            await sql.execute("UPDATE nodes SET lease_until = now() - interval '1 second'")
            assert await nodes.holder_of(database, box) is None
    assert await sql.fetchval("SELECT count(*) FROM nodes") == 0


async def test_a_shutdown_leaves_nobody_online(settings: Settings, database: Database, sql: Sql) -> None:
    await register(sql, "BOX1")
    async with running(settings, database) as node, cuttable(node.ocpp_port, "BOX1") as wire:
        await wire.ask("Heartbeat")
        await node.stop()
        await wire.socket.wait_closed()
        assert await sql.fetchval("SELECT node_name FROM charge_boxes") is None
        causes = await sql.fetch("SELECT data FROM events WHERE kind = 'charge_box.disconnected'")
        assert [orjson.loads(row["data"])["cause"] for row in causes] == ["shutdown"]


async def test_what_is_in_flight_at_a_shutdown_is_committed_and_answered(
    settings: Settings, database: Database, sql: Sql, database_url: str
) -> None:
    await register(sql, "BOX1")
    start = {"connectorId": 1, "idTag": "TAG1", "meterStart": 0, "timestamp": "2026-11-20T10:00:00Z"}
    blocker = await asyncpg.connect(database_url)
    async with running(settings, database) as node, cuttable(node.ocpp_port, "BOX1") as wire:
        port = node.ocpp_port
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE transactions")
            starting = asyncio.create_task(wire.ask("StartTransaction", start))
            await asyncio.sleep(0.1)
            stopping = asyncio.create_task(node.stop())
            await asyncio.sleep(0.1)
            # The door is shut already.
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)
            assert not stopping.done()
        answer = await starting
        await stopping
    await blocker.close()
    assert await sql.fetchval("SELECT id FROM transactions") == answer["transactionId"]
