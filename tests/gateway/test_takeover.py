"""The newest connection wins, at once, and the end of an old one changes nothing (law 5)."""

import asyncio
import time

import asyncpg
import orjson
import pytest

from csms.domain.charge_boxes import ChargeBoxKey
from csms.errors import ChargeBoxOffline
from csms.node import Node
from tests.gateway.peers import cuttable, next_command, peer
from tests.gateway.waiting import becomes, holds
from tests.wire import plugged, register

Sql = asyncpg.Connection

_OPEN = "SELECT node_name FROM charge_boxes"
_EPOCH = "SELECT connection_epoch FROM charge_boxes"
_ENDS = "SELECT data FROM events WHERE kind = 'charge_box.disconnected' ORDER BY id"


async def _causes(sql: Sql) -> list[str]:
    return [orjson.loads(row["data"])["cause"] for row in await sql.fetch(_ENDS)]


@pytest.fixture
async def box(sql: Sql) -> ChargeBoxKey:
    return ChargeBoxKey(await register(sql, "BOX1"), "BOX1")


async def test_a_second_connection_works_at_once_while_the_first_lingers(
    node: Node, sql: Sql, box: ChargeBoxKey
) -> None:
    async with peer(node.ocpp_port) as lingering:
        assert (await lingering.shake_hands("/ocpp/BOX1")).startswith("HTTP/1.1 101 ")
        first_epoch = await sql.fetchval(_EPOCH)
        began = time.monotonic()
        async with plugged(node.ocpp_port, "BOX1") as wire:
            assert (await wire.boot())["status"] == "Accepted"
            assert time.monotonic() - began < 1
            # Commands go to the new one, and the first, which neither reads nor closes, is no more than a memory.
            calling = asyncio.create_task(node.caller.call(box, "ClearCache", {}))
            asked = await next_command(wire)
            assert asked[2] == "ClearCache"
            await wire.answer(asked, {"status": "Accepted"})
            assert await calling == {"status": "Accepted"}
            lingering.close()
            await becomes(lambda: _causes(sql), ["takeover"])
            assert node.connections.is_online(box.id)
            assert await sql.fetchval(_OPEN) == node.settings.name
            assert await sql.fetchval(_EPOCH) > first_epoch
            assert "currentTime" in await wire.ask("Heartbeat")
    await becomes(lambda: _causes(sql), ["takeover", "closed by charge box"])
    assert await sql.fetchval(_OPEN) is None


async def test_a_call_that_waits_for_the_old_connection_hears_offline_at_once(
    node: Node, sql: Sql, box: ChargeBoxKey
) -> None:
    async with cuttable(node.ocpp_port, "BOX1") as old:
        await old.boot()
        calling = asyncio.create_task(node.caller.call(box, "ClearCache", {}))
        queued = asyncio.create_task(node.caller.call(box, "Reset", {"type": "Soft"}))
        await next_command(old)
        async with plugged(node.ocpp_port, "BOX1"):
            for task in (calling, queued):
                with pytest.raises(ChargeBoxOffline):
                    await asyncio.wait_for(task, 0.5)


async def test_epochs_only_grow(node: Node, sql: Sql, box: ChargeBoxKey) -> None:
    await register(sql, "BOX2")
    seen = []
    for identity in ("BOX1", "BOX2", "BOX1", "BOX1"):
        async with plugged(node.ocpp_port, identity):
            seen.append(await sql.fetchval("SELECT max(connection_epoch) FROM charge_boxes"))
            query = "SELECT connection_epoch FROM charge_boxes WHERE identity = $1"
            assert await sql.fetchval(query, identity) == seen[-1]
    assert seen == sorted(set(seen))


async def test_two_connections_that_race_leave_exactly_one(node: Node, sql: Sql, box: ChargeBoxKey) -> None:
    for _ in range(20):
        async with peer(node.ocpp_port) as one, peer(node.ocpp_port) as other:
            await asyncio.gather(one.shake_hands("/ocpp/BOX1"), other.shake_hands("/ocpp/box1"), return_exceptions=True)
            held = node.connections.find(box.id)
            assert held is not None
            assert len(node.connections) == 1
            assert await sql.fetchval(_EPOCH) == held.epoch
            assert await sql.fetchval(_OPEN) == node.settings.name
    await holds(lambda: len(node.connections) == 0)
    await becomes(lambda: sql.fetchval(_OPEN), None)
    counts = "SELECT count(*) FILTER (WHERE kind = $1) FROM events"
    await becomes(lambda: sql.fetchval(counts, "charge_box.disconnected"), 40)
    assert await sql.fetchval(counts, "charge_box.connected") == 40


async def test_each_end_of_a_connection_is_recorded_with_its_cause(node: Node, sql: Sql, box: ChargeBoxKey) -> None:
    async with plugged(node.ocpp_port, "BOX1"):
        pass
    async with peer(node.ocpp_port) as cut:
        await cut.shake_hands("/ocpp/BOX1")
        cut.reset()
        await holds(lambda: not node.connections.is_online(box.id))
    async with cuttable(node.ocpp_port, "BOX1"):
        await node.charge_box_changed(box.id)
        await holds(lambda: not node.connections.is_online(box.id))
    async with peer(node.ocpp_port) as babbler:
        await babbler.shake_hands("/ocpp/BOX1")
        await babbler.send(b"this is no frame")
        await babbler.read_to_end()
    expected = ["closed by charge box", "reset by peer", "changed by an operator", "WebSocket error: unmasked frame"]

    async def causes() -> list[str]:
        return [cause.split(":")[0] for cause in await _causes(sql)]

    await becomes(causes, [cause.split(":")[0] for cause in expected])
    row = orjson.loads((await sql.fetch(_ENDS))[0]["data"])
    assert row["duration_s"] >= 0
    assert row["epoch"] > 0
