"""Several nodes are as one: a call finds its charge box wherever it hangs, and hears exactly what went wrong."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from csms.domain.charge_boxes import ChargeBoxKey
from csms.errors import CallQueueFull, CallRefused, CallTimeout, ChargeBoxOffline
from csms.node import Node
from csms.settings import Role, Settings
from csms.store.database import Database
from tests.cluster.conftest import NatsServer
from tests.gateway.peers import cuttable, running
from tests.gateway.waiting import becomes, holds
from tests.wire import Wire, plugged, register

Sql = asyncpg.Connection

_HOLDER = "SELECT node_name FROM charge_boxes"


@pytest.fixture
async def box(sql: Sql) -> ChargeBoxKey:
    return ChargeBoxKey(await register(sql, "BOX1"), "BOX1")


async def _exchange(node: Node, wire: Wire, box: ChargeBoxKey) -> None:
    """A call by way of a node that the charge box at the end of the wire answers."""
    calling = asyncio.create_task(node.caller.call(box, "ClearCache", {}))
    asked = await wire.next_call()
    assert asked[2:] == ["ClearCache", {}]
    await wire.answer(asked, {"status": "Accepted"})
    assert await calling == {"status": "Accepted"}


async def test_a_call_reaches_a_box_on_another_node(east: Node, west: Node, box: ChargeBoxKey) -> None:
    async with plugged(west.ocpp_port, "BOX1") as wire:
        for node in (east, west):
            await _exchange(node, wire, box)
        assert not east.connections.is_online(box.id)


async def test_a_process_without_charge_boxes_reaches_them_too(
    settings: Settings, database: Database, nats_server: NatsServer, west: Node, box: ChargeBoxKey
) -> None:
    async with running(settings, database, node_name="api", nats_url=nats_server.url, role=Role.api) as api:
        assert api.ocpp_port == 0
        async with plugged(west.ocpp_port, "BOX1") as wire:
            await _exchange(api, wire, box)


async def test_a_box_that_nobody_holds_is_offline_at_once(east: Node, west: Node, sql: Sql, box: ChargeBoxKey) -> None:
    began = time.monotonic()
    with pytest.raises(ChargeBoxOffline):
        await east.caller.call(box, "ClearCache", {})
    # Held by a node whose lease has run out, by one that died with its lease, and by ourselves before a crash.
    lease = datetime.now(UTC) + timedelta(seconds=15)
    for name, until in (("gone", lease - timedelta(minutes=1)), ("killed", lease)):
        await sql.execute("INSERT INTO nodes (name, started_at, lease_until) VALUES ($1, $2, $2)", name, until)
    for name in ("gone", "killed", "east", "never heard of"):
        await sql.execute("UPDATE charge_boxes SET node_name = $1", name)
        with pytest.raises(ChargeBoxOffline):
            await east.caller.call(box, "ClearCache", {})
    assert time.monotonic() - began < 1


async def test_what_goes_wrong_far_away_is_told_as_if_it_were_here(east: Node, west: Node, box: ChargeBoxKey) -> None:
    async with cuttable(west.ocpp_port, "BOX1") as wire:
        calling = asyncio.create_task(east.caller.call(box, "ClearCache", {}))
        asked = await wire.next_call()
        await wire.send(json.dumps([4, asked[1], "NotSupported", "nø", {"a": [1, None]}]))
        with pytest.raises(CallRefused) as refused:
            await calling
        assert (refused.value.charge_box_id, refused.value.action) == ("BOX1", "ClearCache")
        assert (refused.value.code, refused.value.description) == ("NotSupported", "nø")
        assert refused.value.details == {"a": [1, None]}
        with pytest.raises(CallTimeout, match=r"'BOX1' did not answer Reset within 0.2 s"):
            await east.caller.call(box, "Reset", {"type": "Soft"}, timeout_s=0.2)
        await wire.next_call()
        calls = {asyncio.create_task(east.caller.call(box, "ClearCache", {}, timeout_s=5)) for _ in range(17)}
        done, waiting = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        (full,) = done
        error = full.exception()
        assert isinstance(error, CallQueueFull)
        assert error.waiting == 16
        await wire.socket.close()
        answers = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 1)
        assert {type(answer) for answer in answers} == {ChargeBoxOffline}


async def test_an_answer_too_large_to_travel_is_a_refusal_at_once(east: Node, west: Node, box: ChargeBoxKey) -> None:
    async with plugged(west.ocpp_port, "BOX1") as wire:
        # NATS carries 1 MiB, and so does a frame; but a byte that is no UTF-8 becomes three on its way.
        for byte, travels in ((b"x", True), (b"\xff", False)):
            calling = asyncio.create_task(east.caller.call(box, "DataTransfer", {"vendorId": "x"}, timeout_s=30))
            asked = await wire.next_call()
            answer = b'[3,"%s",{"status":"Accepted","data":"%s"}]' % (asked[1].encode(), byte * 1_000_000)
            await wire.socket.send(answer, text=True)
            if travels:
                assert len((await calling)["data"]) == 1_000_000
            else:
                with pytest.raises(CallRefused, match="larger than what NATS carries"):
                    await asyncio.wait_for(calling, 2)


async def test_a_box_that_moves_is_dropped_where_it_was_and_stays_online(
    east: Node, west: Node, sql: Sql, box: ChargeBoxKey
) -> None:
    async with cuttable(east.ocpp_port, "BOX1"):
        assert await sql.fetchval(_HOLDER) == "east"
        async with plugged(west.ocpp_port, "BOX1") as wire:
            await holds(lambda: not east.connections.is_online(box.id))
            ends = "SELECT data FROM events WHERE kind = 'charge_box.disconnected'"
            await becomes(lambda: _causes(sql, ends), ["takeover by another node"])
            assert await sql.fetchval(_HOLDER) == west.settings.name
            for node in (east, west):
                await _exchange(node, wire, box)
    await becomes(lambda: sql.fetchval(_HOLDER), None)


async def _causes(sql: Sql, query: str) -> list[Any]:
    return [orjson.loads(row["data"])["cause"] for row in await sql.fetch(query)]


async def test_a_box_that_an_operator_changed_is_dropped_wherever_it_is(
    east: Node, west: Node, sql: Sql, box: ChargeBoxKey
) -> None:
    async with cuttable(west.ocpp_port, "BOX1"):
        await east.charge_box_changed(box.id)
        await holds(lambda: not west.connections.is_online(box.id))
    await becomes(lambda: sql.fetchval(_HOLDER), None)


async def test_without_nats_local_calls_go_on_and_it_heals_by_itself(
    east: Node, west: Node, nats_server: NatsServer, box: ChargeBoxKey
) -> None:
    async with plugged(west.ocpp_port, "BOX1") as wire:
        await nats_server.stop()
        await holds(lambda: not _is_joined(east))
        with pytest.raises(ChargeBoxOffline, match="NATS cannot be reached"):
            await asyncio.wait_for(east.caller.call(box, "ClearCache", {}), 0.5)
        await _exchange(west, wire, box)
        await nats_server.start()
        await holds(lambda: _is_joined(east) and _is_joined(west), within_s=10)
        await _exchange(east, wire, box)


async def test_a_node_opens_its_door_without_nats_and_joins_when_it_comes(
    settings: Settings, database: Database, nats_server: NatsServer, box: ChargeBoxKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("csms.cluster._JOIN_S", 0.1)
    await nats_server.stop()
    manners = {"nats_url": nats_server.url, "silent_boot_time_s": 0.0}
    async with (
        running(settings, database, node_name="early", **manners) as early,
        plugged(early.ocpp_port, "BOX1") as wire,
    ):
        await _exchange(early, wire, box)
        await nats_server.start()
        await holds(lambda: _is_joined(early), within_s=10)
        async with running(settings, database, node_name="late", **manners) as late:
            await _exchange(late, wire, box)


def _is_joined(node: Node) -> bool:
    assert node.cluster is not None
    return node.cluster.is_joined
