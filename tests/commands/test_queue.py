"""Calls to one charge box go one at a time, in order; its end ends them all, and a late answer none."""

import asyncio
import json
from typing import Any

import pytest

from csms.domain.charge_boxes import ChargeBoxKey
from csms.errors import CallFailed, CallTimeout, ChargeBoxOffline
from csms.node import Node
from tests.gateway.peers import cuttable
from tests.gateway.waiting import holds
from tests.wire import Wire


def _calling(node: Node, box: ChargeBoxKey, key: str, timeout_s: float = 5.0) -> "asyncio.Task[dict[str, Any]]":
    payload = {"key": [key]}
    return asyncio.create_task(node.caller.call(box, "GetConfiguration", payload, timeout_s=timeout_s))


async def test_calls_go_one_at_a_time_in_the_order_they_came(node: Node, box: ChargeBoxKey, wire: Wire) -> None:
    keys = [f"key{number}" for number in range(10)]
    tasks = [_calling(node, box, key) for key in keys]
    for key in keys:
        asked = await wire.next_call()
        assert asked[3] == {"key": [key]}
        await wire.ask("Heartbeat")
        assert wire.calls.empty()
        await wire.answer(asked, {"unknownKey": [key]})
    assert [await task for task in tasks] == [{"unknownKey": [key]} for key in keys]


async def test_two_boxes_do_not_wait_for_each_other(node: Node, sql: Any, box: ChargeBoxKey, wire: Wire) -> None:
    other = ChargeBoxKey(await sql.fetchval(_REGISTER), "BOX2")
    async with cuttable(node.ocpp_port, "BOX2") as second:
        slow, quick = _calling(node, box, "slow"), _calling(node, other, "quick")
        asked = await wire.next_call()
        await second.answer(await second.next_call(), {})
        assert await quick == {}
        assert not slow.done()
        await wire.answer(asked, {})
        await slow


_REGISTER = """
INSERT INTO charge_boxes (identity, serial_number, password_required) VALUES ('BOX2', 'BOX2', false) RETURNING id
"""


async def test_a_late_answer_is_ignored_and_counted_and_the_next_call_works(
    node: Node, box: ChargeBoxKey, wire: Wire
) -> None:
    connection = node.connections.find(box.id)
    assert connection is not None
    late = _calling(node, box, "late", timeout_s=0.1)
    asked = await wire.next_call()
    with pytest.raises(CallTimeout):
        await late
    task = _calling(node, box, "next")
    second = await wire.next_call()
    before = connection.counters["unknown_reply"]
    await wire.answer(asked, {"unknownKey": ["late"]})
    await wire.send(json.dumps([4, asked[1], "InternalError", "", {}]))
    await wire.ask("Heartbeat")
    assert connection.counters["unknown_reply"] == before + 2
    assert not task.done()
    await wire.answer(second, {"unknownKey": ["next"]})
    assert await task == {"unknownKey": ["next"]}


async def test_only_the_first_of_two_answers_counts(node: Node, box: ChargeBoxKey, wire: Wire) -> None:
    task = _calling(node, box, "x")
    asked = await wire.next_call()
    await wire.socket.send(json.dumps([3, asked[1], {"unknownKey": ["first"]}]))
    await wire.socket.send(json.dumps([3, asked[1], {"unknownKey": ["second"]}]))
    assert await task == {"unknownKey": ["first"]}


async def test_an_answer_under_another_id_is_no_answer(node: Node, box: ChargeBoxKey, wire: Wire) -> None:
    task = _calling(node, box, "x", timeout_s=0.2)
    asked = await wire.next_call()
    for wrong in (asked[1].upper(), asked[1][:-1], "", 1):
        await wire.send(json.dumps([3, wrong, {}]))
    with pytest.raises(CallTimeout):
        await task


async def test_a_box_that_leaves_while_we_wait_is_offline_at_once(node: Node, box: ChargeBoxKey) -> None:
    async with cuttable(node.ocpp_port, "BOX1") as wire:
        tasks = [_calling(node, box, f"key{number}") for number in range(3)]
        await wire.next_call()
    for task in tasks:
        with pytest.raises(ChargeBoxOffline, match=r"disconnected before it answered|not connected"):
            await asyncio.wait_for(task, 0.5)


async def test_a_box_that_is_dropped_while_we_wait_is_offline_at_once(node: Node, box: ChargeBoxKey) -> None:
    async with cuttable(node.ocpp_port, "BOX1") as wire:
        task = _calling(node, box, "x")
        await wire.next_call()
        await node.charge_box_changed(box.id)
        with pytest.raises(ChargeBoxOffline):
            await asyncio.wait_for(task, 0.5)
        await holds(lambda: not node.connections.is_online(box.id))


async def test_a_caller_that_gives_up_makes_room_for_the_next(node: Node, box: ChargeBoxKey, wire: Wire) -> None:
    for given_up in (_calling(node, box, "first"), _calling(node, box, "second")):
        await wire.next_call()
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
    task = _calling(node, box, "third")
    await wire.answer(await wire.next_call(), {})
    assert await task == {}


async def test_the_caller_itself_is_never_cancelled(node: Node, box: ChargeBoxKey, wire: Wire) -> None:
    task = _calling(node, box, "x")
    await wire.next_call()
    await node.stop()
    with pytest.raises(CallFailed):
        await task
    assert not task.cancelled()
