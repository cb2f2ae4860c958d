"""Who waits for whom: calls in order, replies at once (law 7), and no call of ours before the boot (law 9)."""

import asyncio
import json
import time
from typing import Any

import asyncpg
import pytest

from csms.domain.charge_boxes import ChargeBoxKey
from csms.errors import CallTimeout, ChargeBoxOffline
from csms.node import Node
from csms.settings import Settings
from csms.store.database import Database
from tests.gateway.peers import next_command, running
from tests.gateway.waiting import becomes
from tests.wire import Wire, add_token, plugged, register

Sql = asyncpg.Connection

_START = {"connectorId": 1, "idTag": "TAG1", "meterStart": 1000, "timestamp": "2026-11-20T10:00:00Z"}
_WAITING_FOR_LOCKS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture
async def box(sql: Sql) -> ChargeBoxKey:
    await add_token(sql, "TAG1")
    return ChargeBoxKey(await register(sql, "BOX1"), "BOX1")


async def test_a_reply_is_delivered_while_a_handler_waits(
    node: Node, sql: Sql, box: ChargeBoxKey, database_url: str
) -> None:
    blocker = await asyncpg.connect(database_url)
    async with plugged(node.ocpp_port, "BOX1") as wire:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE transactions")
            starting = asyncio.create_task(wire.ask("StartTransaction", _START))
            await becomes(lambda: sql.fetchval(_WAITING_FOR_LOCKS), 1)
            calling = asyncio.create_task(node.caller.call(box, "ClearCache", {}))
            await wire.answer(await next_command(wire), {"status": "Rejected"})
            assert await calling == {"status": "Rejected"}
            assert not starting.done()
        assert (await starting)["idTagInfo"]["status"] == "Accepted"
    await blocker.close()


async def test_a_box_may_authorize_and_start_before_it_answers_a_remote_start(
    node: Node, sql: Sql, box: ChargeBoxKey
) -> None:
    """Some do so (field-notes.md, 53)."""
    async with plugged(node.ocpp_port, "BOX1") as wire:
        payload = {"connectorId": 1, "idTag": "TAG1"}
        calling = asyncio.create_task(node.caller.call(box, "RemoteStartTransaction", payload))
        asked = await next_command(wire)
        assert asked[3] == payload
        assert (await wire.ask("Authorize", {"idTag": "TAG1"}))["idTagInfo"]["status"] == "Accepted"
        started = await wire.ask("StartTransaction", _START)
        assert started["idTagInfo"]["status"] == "Accepted"
        assert not calling.done()
        await wire.answer(asked, {"status": "Accepted"})
        assert await calling == {"status": "Accepted"}


async def test_calls_are_answered_one_after_the_other(
    node: Node, sql: Sql, box: ChargeBoxKey, database_url: str
) -> None:
    """A quick call that came later does not overtake a slow one (SteVe#2107)."""
    blocker = await asyncpg.connect(database_url)
    async with plugged(node.ocpp_port, "BOX1") as wire:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE transactions")
            starting = asyncio.create_task(wire.call("StartTransaction", _START))
            await becomes(lambda: sql.fetchval(_WAITING_FOR_LOCKS), 1)
            beating = asyncio.create_task(wire.call("Heartbeat"))
            await asyncio.sleep(0.1)
            assert not beating.done()
        assert [reply[0] for reply in await asyncio.gather(starting, beating)] == [3, 3]
    await blocker.close()


# ---- no call before the boot


async def _moment_of_next_command(wire: Wire) -> float:
    await wire.answer(await next_command(wire), {"status": "Accepted"})
    return time.monotonic()


async def test_a_command_waits_for_the_boot_and_its_settle_time(
    settings: Settings, database: Database, sql: Sql, box: ChargeBoxKey
) -> None:
    impatient = {"settle_time_s": 0.3, "silent_boot_time_s": 30.0}
    async with running(settings, database, **impatient) as node, plugged(node.ocpp_port, "BOX1") as wire:
        calling = asyncio.create_task(node.caller.call(box, "ClearCache", {}))
        # A charge box that was never seen to boot may send other things first; they are no boot.
        await wire.ask("Heartbeat")
        with pytest.raises(TimeoutError):
            await wire.next_call(timeout_s=0.2)
        await wire.boot()
        booted_at = time.monotonic()
        await wire.ask("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"})
        assert await _moment_of_next_command(wire) - booted_at >= 0.25
        assert await calling == {"status": "Accepted"}


async def test_a_box_that_boots_again_is_left_alone_again(
    settings: Settings, database: Database, sql: Sql, box: ChargeBoxKey
) -> None:
    async with running(settings, database, settle_time_s=0.3) as node, plugged(node.ocpp_port, "BOX1") as wire:
        for _ in range(2):
            await wire.boot()
            booted_at = time.monotonic()
            calling = asyncio.create_task(node.caller.call(box, "ClearCache", {}))
            assert await _moment_of_next_command(wire) - booted_at >= 0.25
            await calling


async def test_a_command_waits_a_while_for_a_box_that_boots_silently(
    settings: Settings, database: Database, sql: Sql, box: ChargeBoxKey
) -> None:
    async with running(settings, database, silent_boot_time_s=0.4) as node, plugged(node.ocpp_port, "BOX1") as wire:
        plugged_at = time.monotonic()
        calling = asyncio.create_task(node.caller.call(box, "ClearCache", {}))
        assert await _moment_of_next_command(wire) - plugged_at >= 0.35
        await calling


async def test_a_box_that_reconnects_and_goes_on_can_be_called_at_once(
    settings: Settings, database: Database, sql: Sql, box: ChargeBoxKey
) -> None:
    """It need not boot again (OCPP-J 5.4)."""
    async with running(settings, database, settle_time_s=30.0, silent_boot_time_s=30.0) as node:
        async with plugged(node.ocpp_port, "BOX1") as wire:
            await wire.boot()
        async with plugged(node.ocpp_port, "BOX1") as wire:
            calling = asyncio.create_task(node.caller.call(box, "ClearCache", {}))
            with pytest.raises(TimeoutError):
                await wire.next_call(timeout_s=0.1)
            await wire.ask("Heartbeat")
            await _moment_of_next_command(wire)
            assert await calling == {"status": "Accepted"}


async def test_a_command_that_waits_for_a_boot_hears_why_it_was_not_sent(
    settings: Settings, database: Database, sql: Sql, box: ChargeBoxKey
) -> None:
    async with running(settings, database, silent_boot_time_s=30.0) as node:
        async with plugged(node.ocpp_port, "BOX1") as wire:
            with pytest.raises(CallTimeout, match="ClearCache was not sent"):
                await node.caller.call(box, "ClearCache", {}, timeout_s=0.1)
            calling = asyncio.create_task(node.caller.call(box, "ClearCache", {}))
            await asyncio.sleep(0.05)
            assert wire.calls.empty()
        with pytest.raises(ChargeBoxOffline):
            await asyncio.wait_for(calling, 1)


async def test_nothing_is_sent_to_a_box_while_its_boot_is_being_answered(
    node: Node, sql: Sql, box: ChargeBoxKey, database_url: str
) -> None:
    """The silent time must not run out in the middle of a boot that the database keeps waiting."""
    blocker = await asyncpg.connect(database_url)
    async with plugged(node.ocpp_port, "BOX1") as wire:
        async with blocker.transaction():
            await blocker.execute("SELECT FROM charge_boxes FOR UPDATE")
            booting = asyncio.create_task(wire.boot())
            await becomes(lambda: sql.fetchval(_WAITING_FOR_LOCKS), 1)
            calling = asyncio.create_task(node.caller.call(box, "ClearCache", {}))
            with pytest.raises(TimeoutError):
                await wire.next_call(timeout_s=0.6)
        assert (await booting)["status"] == "Accepted"
        await wire.answer(await next_command(wire), {"status": "Accepted"})
        await calling
    await blocker.close()


async def test_every_frame_of_an_exchange_stands_in_the_journal_in_order(
    node: Node, sql: Sql, box: ChargeBoxKey
) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        await wire.ask("Heartbeat")
        calling = asyncio.create_task(node.caller.call(box, "Reset", {"type": "Soft"}))
        asked = await next_command(wire)
        await wire.answer(asked, {"status": "Accepted"})
        await calling
    await node.ledger.close()
    rows = await sql.fetch("SELECT direction, action, unique_id, body FROM frames ORDER BY id")
    found: list[tuple[Any, ...]] = [(row["direction"], row["action"]) for row in rows]
    assert found == [("<", "Heartbeat"), (">", "Heartbeat"), (">", "Reset"), ("<", "Reset")]
    assert rows[2]["unique_id"] == rows[3]["unique_id"] == asked[1]
    assert json.loads(rows[2]["body"]) == asked
