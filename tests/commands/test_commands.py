"""Each command hears the charge box's own word, or the one reason why there is none; never a success made up."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, NamedTuple

import pytest
from ocpp.v16.enums import (
    AvailabilityStatus,
    AvailabilityType,
    RemoteStartStopStatus,
    ResetStatus,
    ResetType,
    UnlockStatus,
)

from csms import commands
from csms.caller import Caller
from csms.domain.charge_boxes import ChargeBoxKey
from csms.errors import CallRefused, CallTimeout, ChargeBoxOffline
from csms.node import Node
from csms.ocpp.validation import RESPONSE_SCHEMAS, is_valid_request
from tests.gateway.waiting import holds
from tests.wire import Wire, plugged


class Command(NamedTuple):
    """A command with its arguments, and what goes over the wire."""

    run: Callable[[Caller, ChargeBoxKey], Awaitable[StrEnum]]
    action: str
    payload: dict[str, Any]
    statuses: type[StrEnum]


_COMMANDS = [
    Command(
        lambda caller, box: commands.remote_start_transaction(caller, box, connector_id=2, id_tag="TAG1"),
        "RemoteStartTransaction",
        {"connectorId": 2, "idTag": "TAG1"},
        RemoteStartStopStatus,
    ),
    Command(
        lambda caller, box: commands.remote_stop_transaction(caller, box, transaction_id=17),
        "RemoteStopTransaction",
        {"transactionId": 17},
        RemoteStartStopStatus,
    ),
    Command(
        lambda caller, box: commands.unlock_connector(caller, box, connector_id=1),
        "UnlockConnector",
        {"connectorId": 1},
        UnlockStatus,
    ),
    Command(
        lambda caller, box: commands.change_availability(
            caller, box, connector_id=0, type=AvailabilityType.inoperative
        ),
        "ChangeAvailability",
        {"connectorId": 0, "type": "Inoperative"},
        AvailabilityStatus,
    ),
    Command(
        lambda caller, box: commands.reset(caller, box, type=ResetType.hard), "Reset", {"type": "Hard"}, ResetStatus
    ),
]


_each_command = pytest.mark.parametrize("command", _COMMANDS, ids=lambda command: command.action)


@_each_command
def test_what_a_command_sends_satisfies_the_schema(command: Command) -> None:
    assert is_valid_request(command.action, command.payload)


@_each_command
def test_the_statuses_of_a_command_are_those_of_the_schema(command: Command) -> None:
    listed = RESPONSE_SCHEMAS[command.action]["properties"]["status"]["enum"]
    assert sorted(status.value for status in command.statuses) == sorted(listed)


async def _asked(wire: Wire, command: Command) -> list[Any]:
    asked = await wire.next_call()
    assert asked[2:] == [command.action, command.payload]
    return asked


async def test_each_word_of_the_charge_box_is_returned_as_it_is(
    node: Node, box: ChargeBoxKey, wire: Wire, subtests: pytest.Subtests
) -> None:
    for command in _COMMANDS:
        for status in command.statuses:
            with subtests.test(command.action, status=status.value):
                running = asyncio.ensure_future(command.run(node.caller, box))
                await wire.answer(await _asked(wire, command), {"status": status.value})
                assert await running is status


# What a box may send as its answer, by the id of the call; and the code that the caller hears.
_REFUSALS: list[tuple[str, str]] = [
    ('[4,"{id}","NotSupported","no such thing",{{"why":[1,2]}}]', "NotSupported"),
    ('[4,"{id}","MadeUpCode","",{{}}]', "MadeUpCode"),
    ('[4,"{id}"]', "GenericError"),
    ('[4,"{id}",null,17,"x"]', "GenericError"),
    ('[3,"{id}",{{"status":"Maybe"}}]', "PropertyConstraintViolation"),
    ('[3,"{id}",{{"status":{{}}}}]', "TypeConstraintViolation"),
    ('[3,"{id}",{{}}]', "ProtocolError"),
    ('[3,"{id}"]', "ProtocolError"),
    ('[3,"{id}",null]', "ProtocolError"),
    ('[3,"{id}",["Accepted"]]', "FormationViolation"),
    ('[3,"{id}","Accepted"]', "FormationViolation"),
    ('[3,"{id}",{{"status":"Accep', "FormationViolation"),
]


async def test_a_refusal_and_an_answer_without_meaning_are_call_errors(
    node: Node, box: ChargeBoxKey, wire: Wire, subtests: pytest.Subtests
) -> None:
    for command in _COMMANDS:
        for answer, code in _REFUSALS:
            with subtests.test(command.action, answer=answer):
                running = asyncio.ensure_future(command.run(node.caller, box))
                asked = await _asked(wire, command)
                await wire.send(answer.format(id=asked[1]))
                with pytest.raises(CallRefused) as refused:
                    await running
                assert (refused.value.code, refused.value.action) == (code, command.action)
                assert refused.value.charge_box_id == "BOX1"


async def test_a_call_error_is_told_word_by_word(node: Node, box: ChargeBoxKey, wire: Wire) -> None:
    running = asyncio.ensure_future(commands.reset(node.caller, box, type=ResetType.soft))
    asked = await wire.next_call()
    await wire.send(json.dumps([4, asked[1], "InternalError", "é is broken", {"a": [None]}]))
    with pytest.raises(CallRefused, match="answered Reset with InternalError: é is broken") as refused:
        await running
    assert (refused.value.description, refused.value.details) == ("é is broken", {"a": [None]})


async def test_a_word_in_another_spelling_is_understood(node: Node, box: ChargeBoxKey, wire: Wire) -> None:
    running = asyncio.ensure_future(commands.unlock_connector(node.caller, box, connector_id=1))
    asked = await wire.next_call()
    await wire.answer(asked, {"status": " unlockfailed", "vendorText": "stuck"})
    assert await running is UnlockStatus.unlock_failed


async def test_a_silent_box_is_a_timeout_and_an_absent_one_offline_at_once(
    node: Node, box: ChargeBoxKey, subtests: pytest.Subtests
) -> None:
    for command in _COMMANDS:
        with subtests.test(command.action):
            with pytest.raises(ChargeBoxOffline):
                await asyncio.wait_for(command.run(node.caller, box), 0.2)
            async with plugged(node.ocpp_port, "BOX1") as wire:
                running = asyncio.ensure_future(command.run(node.caller, box))
                await _asked(wire, command)
                with pytest.raises(CallTimeout, match=f"'BOX1' did not answer {command.action} within 0.3 s"):
                    await running
            await holds(lambda: not node.connections.is_online(box.id))
