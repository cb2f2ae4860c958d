"""`send`: any action with any payload the schema allows, and an outcome that says exactly what came of it."""

import asyncio
import json
from typing import Any

import pytest

from csms.commands import COMMANDS, Outcome, send
from csms.domain.charge_boxes import ChargeBoxKey
from csms.errors import CallQueueFull, Invalid
from csms.node import Node
from csms.ocpp.validation import ACTIONS_TO_CHARGE_BOX, is_valid_response
from tests.wire import Wire

# One request and one answer of every action that may be sent.
_EXCHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "ChangeAvailability": ({"connectorId": 1, "type": "Operative"}, {"status": "Scheduled"}),
    "ChangeConfiguration": ({"key": "HeartbeatInterval", "value": "60"}, {"status": "RebootRequired"}),
    "ClearCache": ({}, {"status": "Rejected"}),
    "DataTransfer": ({"vendorId": "x", "data": "y"}, {"status": "UnknownMessageId"}),
    "GetConfiguration": ({"key": ["Foo"]}, {"unknownKey": ["Foo"]}),
    "RemoteStartTransaction": ({"idTag": "TAG1"}, {"status": "Accepted"}),
    "RemoteStopTransaction": ({"transactionId": 1}, {"status": "Rejected"}),
    "Reset": ({"type": "Soft"}, {"status": "Accepted"}),
    "UnlockConnector": ({"connectorId": 1}, {"status": "NotSupported"}),
    "TriggerMessage": ({"requestedMessage": "Heartbeat"}, {"status": "NotImplemented"}),
    "CancelReservation": ({"reservationId": 1}, {"status": "Rejected"}),
    "CertificateSigned": ({"certificateChain": "x"}, {"status": "Rejected"}),
    "ClearChargingProfile": ({}, {"status": "Unknown"}),
    "ExtendedTriggerMessage": ({"requestedMessage": "Heartbeat"}, {"status": "Accepted"}),
    "GetCompositeSchedule": ({"connectorId": 1, "duration": 60}, {"status": "Rejected"}),
    "GetDiagnostics": ({"location": "ftp://x"}, {}),
    "GetLocalListVersion": ({}, {"listVersion": -1}),
    "SendLocalList": ({"listVersion": 1, "updateType": "Full"}, {"status": "NotSupported"}),
    "UpdateFirmware": ({"location": "ftp://x", "retrieveDate": "2026-11-20T10:00:00Z"}, {}),
}


def test_what_may_be_sent_is_what_a_charge_box_must_take() -> None:
    assert set(COMMANDS) <= set(ACTIONS_TO_CHARGE_BOX)
    assert set(COMMANDS) <= set(_EXCHANGES)
    assert all(is_valid_response(action, _EXCHANGES[action][1]) for action in COMMANDS)


async def _outcome(node: Node, box: ChargeBoxKey, wire: Wire, action: str, reply: str | None) -> Outcome:
    running = asyncio.create_task(send(node.caller, box, action, _EXCHANGES[action][0]))
    asked = await wire.next_call()
    assert asked[2:] == [action, _EXCHANGES[action][0]]
    if reply is not None:
        await wire.send(reply.replace("{id}", asked[1]))
    return await running


async def test_every_action_is_answered(node: Node, box: ChargeBoxKey, wire: Wire, subtests: pytest.Subtests) -> None:
    for action in COMMANDS:
        with subtests.test(action):
            answer = _EXCHANGES[action][1]
            outcome = await _outcome(node, box, wire, action, json.dumps([3, "{id}", answer]))
            assert (outcome.outcome, outcome.response, outcome.error) == ("Answered", answer, None)
            assert 0 < outcome.duration_ms < 300


async def test_every_action_can_be_refused(
    node: Node, box: ChargeBoxKey, wire: Wire, subtests: pytest.Subtests
) -> None:
    for action in COMMANDS:
        with subtests.test(action):
            outcome = await _outcome(node, box, wire, action, '[4,"{id}","NotImplemented","no",{"a":1}]')
            error = {"code": "NotImplemented", "description": "no", "details": {"a": 1}}
            assert (outcome.outcome, outcome.response, outcome.error) == ("CallError", None, error)
            outcome = await _outcome(node, box, wire, action, '[3,"{id}",[]]')
            assert (outcome.outcome, outcome.response) == ("CallError", None)


async def test_a_silent_and_an_absent_box_are_told_apart(node: Node, box: ChargeBoxKey, wire: Wire) -> None:
    outcome = await _outcome(node, box, wire, "ClearCache", None)
    assert (outcome.outcome, outcome.response) == ("Timeout", None)
    assert outcome.error == {"message": "charge box 'BOX1' did not answer ClearCache within 0.3 s"}
    assert outcome.duration_ms >= 300
    await wire.close()
    outcome = await send(node.caller, box, "ClearCache", {})
    assert (outcome.outcome, outcome.error) == ("Offline", {"message": "Charge box is not connected"})


_FORBIDDEN: list[tuple[str, dict[str, Any], str]] = [
    ("Frobnicate", {}, "action"),
    ("BootNotification", {"chargePointVendor": "x", "chargePointModel": "y"}, "action"),
    ("Reset", {}, "payload"),
    ("Reset", {"type": "Softly"}, "type"),
    ("Reset", {"type": "Soft", "extra": 1}, "payload"),
    ("GetConfiguration", {"key": ["x", 5]}, "key.1"),
    ("ChangeConfiguration", {"key": "x" * 51, "value": ""}, "key"),
]


async def test_what_the_schema_forbids_is_not_sent(node: Node, box: ChargeBoxKey, wire: Wire) -> None:
    for action, payload, field in _FORBIDDEN:
        with pytest.raises(Invalid) as invalid:
            await send(node.caller, box, action, payload)
        assert invalid.value.field == field
    await wire.ask("Heartbeat")
    assert wire.calls.empty()


async def test_a_full_queue_is_told_at_once(node: Node, box: ChargeBoxKey, wire: Wire) -> None:
    waiting = [asyncio.create_task(send(node.caller, box, "ClearCache", {})) for _ in range(16)]
    await wire.next_call()
    with pytest.raises(CallQueueFull, match="16 calls wait"):
        await asyncio.wait_for(send(node.caller, box, "Reset", {"type": "Soft"}), 0.2)
    outcomes = await asyncio.gather(*waiting)
    assert {outcome.outcome for outcome in outcomes} == {"Timeout"}
    # The queue is empty again.
    assert (await _outcome(node, box, wire, "ClearCache", '[3,"{id}",{"status":"Accepted"}]')).outcome == "Answered"
