"""Replaying transcripts: ids are translated, commands are answered, every call gets its answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ocpp.v16 import call

from simulators import Offline, ScenarioError
from simulators.replay import Line, Replay, read_transcript
from tests.simulators.central_system import CentralSystem

TRANSCRIPTS = Path(__file__).parents[3] / "shared" / "transcripts"

HANDSHAKE = Line(1, "handshake", {"path": "/ocpp/OLD", "headers": {"Sec-WebSocket-Protocol": "ocpp1.6"}})


def transcript(*rows: tuple[str, Any]) -> list[Line]:
    """Lines of a transcript: `>` from the charge point, `<` to it."""
    directions = {">": "cp->csms", "<": "csms->cp"}
    return [HANDSHAKE, *(Line(number, directions[way], frame) for number, (way, frame) in enumerate(rows, start=2))]


def start(unique_id: str, connector: int, id_tag: str) -> tuple[str, Any]:
    """A recorded StartTransaction."""
    moment = "2024-05-01T12:00:00Z"
    payload = {"connectorId": connector, "idTag": id_tag, "meterStart": 0, "timestamp": moment}
    return ">", [2, unique_id, "StartTransaction", payload]


def started(unique_id: str, transaction_id: int) -> tuple[str, Any]:
    """Its recorded answer."""
    return "<", [3, unique_id, {"transactionId": transaction_id, "idTagInfo": {"status": "Accepted"}}]


def values(unique_id: str, connector: int, transaction_id: int) -> tuple[str, Any]:
    """A recorded MeterValues."""
    reading = {"timestamp": "2024-05-01T12:05:00Z", "sampledValue": [{"value": "5"}]}
    payload = {"connectorId": connector, "transactionId": transaction_id, "meterValue": [reading]}
    return ">", [2, unique_id, "MeterValues", payload]


def stop(unique_id: str, id_tag: str, transaction_id: int) -> tuple[str, Any]:
    """A recorded StopTransaction."""
    payload = {"idTag": id_tag, "transactionId": transaction_id, "meterStop": 9, "timestamp": "2024-05-01T12:09:00Z"}
    return ">", [2, unique_id, "StopTransaction", payload]


async def test_recorded_ids_become_the_ids_that_were_given(central: CentralSystem) -> None:
    lines = transcript(start("a", 1, "TAG1"), started("a", 1000), values("b", 1, 1000), stop("c", "TAG1", 1000))
    exchanges = await Replay(central.url, "SIM001").run(lines)
    assert [exchange.call.payload.get("transactionId") for exchange in exchanges] == [None, 701, 701]
    assert all(exchange.accepted for exchange in exchanges)
    assert [exchange.line for exchange in exchanges] == [2, 4, 5]


async def test_an_id_that_was_given_twice_is_told_apart_by_connector_and_tag(central: CentralSystem) -> None:
    lines = transcript(
        start("a", 1, "TAG1"),
        started("a", 1000),
        start("b", 2, "TAG2"),
        started("b", 1000),
        values("c", 1, 1000),
        values("d", 2, 1000),
        stop("e", "TAG1", 1000),
        stop("f", "TAG2", 1000),
        stop("g", "NOBODY", 4711),
    )
    await Replay(central.url, "SIM001").run(lines)
    told = [payload["transaction_id"] for _, payload in central.of("SIM001", "MeterValues", "StopTransaction")]
    assert told == [701, 702, 701, 702, 4711]


async def test_a_recorded_answer_reaches_the_central_system(central: CentralSystem) -> None:
    lines = transcript(
        ("<", [2, "x", "DataTransfer", {"vendorId": "one"}]),
        (">", [3, "x", {"status": "Accepted", "data": "first"}]),
        ("<", [2, "y", "DataTransfer", {"vendorId": "two"}]),
        (">", [3, "y", {"status": "Accepted", "data": "second"}]),
        # Long enough for the central system to ask.
        *((">", [2, f"beat {number}", "Heartbeat", {}]) for number in range(200)),
    )
    central.greetings = [call.DataTransfer(vendor_id="two"), call.DataTransfer(vendor_id="three"), call.ClearCache()]
    replay = Replay(central.url, "SIM001")
    exchanges = await replay.run(lines)
    assert [command.action for command in replay.commands] == ["DataTransfer", "DataTransfer", "ClearCache"]
    # A CALLERROR is None to the ocpp package.
    assert [reply and reply.data for reply in central.greeted] == ["second", "first", None]
    assert all(exchange.accepted for exchange in exchanges)


async def test_a_call_error_and_silence_are_no_acceptance(central: CentralSystem) -> None:
    central.trouble["Heartbeat"].extend(["InternalError", 0.3])
    lines = transcript((">", [2, "a", "Heartbeat", {}]), (">", [2, "b", "Heartbeat", {}]))
    refused, silent = await Replay(central.url, "SIM001", timeout_s=0.1).run(lines)
    assert refused.answer is not None
    assert not refused.accepted
    assert silent.answer is None


async def test_each_recorded_connection_is_a_connection(central: CentralSystem) -> None:
    lines = [HANDSHAKE, Line(2, "closed", {}), HANDSHAKE, HANDSHAKE]
    await Replay(central.url, "SIM001", password="secret").run(lines)
    assert len(central.headers) == 3
    assert {header for header, _ in central.headers} == {"Basic U0lNMDAxOnNlY3JldA=="}


async def test_a_closed_door_is_an_error() -> None:
    with pytest.raises(Offline, match="handshake"):
        await Replay("ws://127.0.0.1:1", "SIM001").run([HANDSHAKE])


@pytest.mark.parametrize("text", ["nonsense", "[]", '{"dir": "handshake"}'])
def test_a_line_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text('{"ts": "", "cp": "X", "dir": "closed", "frame": {}}\n\n' + text + "\n")
    with pytest.raises(ScenarioError, match=r"^broken\.jsonl:3: not a line of a transcript"):
        read_transcript(path)


@pytest.mark.skipif(not TRANSCRIPTS.is_dir(), reason="the recorded transcripts do not lie beside this checkout")
@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("microocpp.jsonl", {"CustomOperation"}),
        ("microocpp-offline.jsonl", set()),
        # The security extension, which this central system of the tests does not have.
        ("solidstudio-vcp.jsonl", {"SecurityEventNotification", "SignCertificate"}),
    ],
)
async def test_recorded_charge_points_are_answered(central: CentralSystem, name: str, refused: set[str]) -> None:
    exchanges = await Replay(central.url, "SIM001").run(read_transcript(TRANSCRIPTS / name))
    assert {exchange.call.action for exchange in exchanges if not exchange.accepted} == refused
    stops = [
        exchange.call.payload["transactionId"] for exchange in exchanges if exchange.call.action == "StopTransaction"
    ]
    starts = [
        exchange.answer.payload["transactionId"]
        for exchange in exchanges
        if exchange.call.action == "StartTransaction" and exchange.answer is not None and exchange.accepted
    ]
    assert stops == starts[: len(stops)]
    assert starts == list(range(701, 701 + len(starts)))
