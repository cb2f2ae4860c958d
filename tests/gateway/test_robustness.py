"""No frame ends a connection: whatever comes, the next Heartbeat is answered, and who can be told is told why."""

import asyncio
import contextlib
import gc
import json
import logging
from typing import Any

import asyncpg
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode
from websockets.typing import Subprotocol

from csms.node import Node
from tests.gateway import hostile
from tests.gateway.peers import cuttable, frame, peer, text
from tests.gateway.waiting import becomes, holds
from tests.wire import Wire, add_token, plugged, register

Sql = asyncpg.Connection

_START = {"connectorId": 1, "idTag": "TAG1", "meterStart": 1000, "timestamp": "2026-11-20T10:00:00Z"}
_MIB = 1 << 20


def _errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def _send_as_text(wire: Wire, data: bytes) -> None:
    await wire.socket.send(data, text=True)


@pytest.fixture
async def box(sql: Sql) -> int:
    await add_token(sql, "TAG1")
    return await register(sql, "BOX1")


async def test_ten_thousand_hostile_frames_leave_the_connection_alive(
    node: Node, sql: Sql, box: int, caplog: pytest.LogCaptureFixture
) -> None:
    frames = hostile.CORPUS + hostile.structured(2_000)
    frames += hostile.mutated(10_000 - len(frames))
    async with plugged(node.ocpp_port, "BOX1") as wire:
        for number, data in enumerate(frames):
            await wire.socket.send(data, text=number % 7 != 0)
        # The inbox is answered in order: this one comes after all the others.
        assert "currentTime" in await wire.ask("Heartbeat")
        assert node.connections.is_online(box)
        assert (await wire.ask("StartTransaction", _START))["idTagInfo"]["status"] == "Accepted"
    await node.ledger.close()
    assert node.ledger.lost == 0
    gc.collect()  # a task that died unheard says so when it is forgotten
    assert _errors(caplog) == []
    counted = {row["kind"]: row["count"] for row in await sql.fetch("SELECT kind, count FROM deviations")}
    assert counted["malformed_frame"] > 1000
    assert {"invalid_json", "null_payload", "unstorable_character", "extra_field", "unknown_value"} <= set(counted)
    kept = await sql.fetchval("SELECT count(*) FROM frames WHERE charge_box_id = $1 AND direction = '<'", box)
    assert kept == len(frames) + 2


_DEEP = "[" * 200 + "]" * 200
_REFUSED: list[tuple[bytes, Any, str]] = [
    (b'[2,"a","Frobnicate",{}]', "a", "NotImplemented"),
    (b'[2,"a","heartbeat",{}]', "a", "NotImplemented"),
    (b'[2,"a","",{}]', "a", "NotImplemented"),
    (b'[2,"a","Reset",{"type":"Soft"}]', "a", "NotSupported"),
    (b'[2,"a","GetConfiguration",{}]', "a", "NotSupported"),
    (b'[2,"a"]', "a", "FormationViolation"),
    (b'[2,"a",null,{}]', "a", "FormationViolation"),
    (b'[2,"a",["Heartbeat"],{}]', "a", "FormationViolation"),
    (b'[2,"a",17,{}]', "a", "FormationViolation"),
    (b'[2,"a","Heartbeat",[]]', "a", "FormationViolation"),
    (b'[2,"a","Heartbeat","{}"]', "a", "FormationViolation"),
    (b'[2,"a","Heartbeat",0]', "a", "FormationViolation"),
    (b'[2,"a","Heartbeat",{', "a", "FormationViolation"),
    (b'[2,"a","Heartbeat",{}', "a", "FormationViolation"),
    (b'  [ 2 , "a" , "Heartb', "a", "FormationViolation"),
    (b"[2,17,", 17, "FormationViolation"),
    (f'[2,"a","DataTransfer",{{"vendorId":"x","data":{_DEEP}}}]'.encode(), "a", "FormationViolation"),
    (b'[2,"a","DataTransfer",' + b'{"x":' * 100_000, "a", "FormationViolation"),
    (b'[2,"' + b"i" * 256 + b'","Heartbeat",{}]', "i" * 256, "FormationViolation"),
    (b'[2,"a","DataTransfer",{"vendorId":"' + b"x" * _MIB + b'"}]', "a", "GenericError"),
    (b'[2,"a","DataTransfer",{"vendorId":"' + b"x" * 3 * _MIB + b'"}]', "a", "GenericError"),
    (b'[2,"a","Authorize",{}]', "a", "ProtocolError"),
    (b'[2,"a","StatusNotification",{"connectorId":1,"errorCode":"NoError"}]', "a", "ProtocolError"),
    (b'[2,"a","Authorize",{"idTag":{}}]', "a", "TypeConstraintViolation"),
    (b'[2,"a","FirmwareStatusNotification",{"status":["Idle"]}]', "a", "TypeConstraintViolation"),
    (
        b'[2,"a","StatusNotification",{"connectorId":' + b"9" * 5000 + b',"errorCode":"NoError","status":"Faulted"}]',
        "a",
        "TypeConstraintViolation",
    ),
    (b'[2,7.5,"Nope",{}]', 7.5, "NotImplemented"),
]


async def test_each_malformed_call_with_a_readable_id_hears_why(
    node: Node, box: int, subtests: pytest.Subtests
) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        for data, unique_id, code in _REFUSED:
            with subtests.test(repr(data[:60])):
                reply = await wire.exchange(data.decode(), unique_id)
                assert reply[:3] == [4, unique_id, code]
                assert isinstance(reply[3], str)
                assert len(reply[3]) <= 255
                assert reply[4] == {}
        assert "currentTime" in await wire.ask("Heartbeat")


_SERVED: list[tuple[bytes, Any]] = [
    (b'[2,"a","Heartbeat"]', "a"),
    (b'[2,"a","Heartbeat",null]', "a"),
    (b'[2,"a","Heartbeat",{"surprise":[1,{"x":null}]}]', "a"),
    (b'[2,"a","Heartbeat",{},"one more",{}]', "a"),
    (b'[2,"a","Heartbeat",{"a":1,"a":{"a":2}}]', "a"),
    (b'[2,17,"Heartbeat",{}]', 17),
    (b'[2,-1.5,"Heartbeat",{}]', -1.5),
    (b'[2,"","Heartbeat",{}]', ""),
    (b'[2,"' + b"i" * 255 + b'","Heartbeat",{}]', "i" * 255),
    (b'\xef\xbb\xbf [2,"a","Heartbeat",{}]\x00\r\n', "a"),
    (b'[2,"a","Authorize",{"idTag":"\xff\xfe"}]', "a"),
    (b'[2,"a","Authorize",{"idTag":"\\u0000\\ud800"}]', "a"),
    (b'[2,"a","StatusNotification",{"connectorId":-7,"errorCode":"\\u0000","status":"available"}]', "a"),
    (b'[2,"a","BootNotification",{}]', "a"),
    (b'[2,"a","DataTransfer",{"vendorId":"v","data":' + b"[" * 80 + b"]" * 80 + b"}]", "a"),
    (b'[2,"a","MeterValues",{"connectorId":1,"meterValue":[{"sampledValue":[{"value":"1e999999"}]}]}]', "a"),
    (b'[2,"a","StartTransaction",{}]', "a"),
    (b'[2,"a","StopTransaction",{"transactionId":' + b"8" * 4000 + b"}]", "a"),
]


async def test_what_has_a_clear_meaning_is_served(node: Node, box: int, subtests: pytest.Subtests) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        for data, unique_id in _SERVED:
            for as_text in (True, False):
                with subtests.test(repr(data[:60]), as_text=as_text):
                    reply = await _exchange_bytes(wire, data, unique_id, as_text)
                    assert reply[:2] == [3, unique_id]


async def _exchange_bytes(wire: Wire, data: bytes, unique_id: Any, as_text: bool) -> list[Any]:
    """As `Wire.exchange`, for bytes that are not UTF-8, in a text frame or a binary one."""
    await wire.socket.send(data, text=as_text)
    await wire.ask("Heartbeat")
    reply: list[Any] = wire.others.pop()
    assert wire.others == []
    return reply


_UNANSWERABLE = [
    *(b"", b"   ", b"\x00", b"null", b"5", b'"text"', b"{}", b"[]", b"[2]", b"[2,null]", b"[[2]]", b"not json"),
    *(b'[2,null,"Heartbeat",{}]', b'[2,{},"Heartbeat",{}]', b'[2,["a"],"Heartbeat",{}]', b'[2,true,"Heartbeat",{}]'),
    *(b'["2","a","Heartbeat",{}]', b'[true,"a","Heartbeat",{}]', b'[1,"a","Heartbeat",{}]', b'[5,"a",{}]'),
    *(b'[3,"nobody",{}]', b'[3,"nobody"]', b'[3,"nobody",[]]', b'[3,"nobody",{', b"[3,5,{}]"),
    *(b'[4,"nobody"]', b'[4,"nobody",5,[],"x",{}]', b'[4,"nobody","InternalError","",{}]', b'[4,"nobody","Inte'),
    b'[2,"' + b"i" * 2000 + b'","Heartbeat",{}]',
    b"[" * 500_000,
]


async def test_what_cannot_be_answered_is_not_answered_but_counted(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        for data in _UNANSWERABLE:
            await _send_as_text(wire, data)
        assert "currentTime" in await wire.ask("Heartbeat")
        assert wire.others == []
        connection = node.connections.find(box)
        assert connection is not None
        counted = connection.counters
        assert counted["malformed"] + counted["ignored"] + counted["unknown_reply"] >= len(_UNANSWERABLE)
        assert counted["unknown_reply"] == sum(data[:2] in (b"[3", b"[4") for data in _UNANSWERABLE)
    malformed = "SELECT count FROM deviations WHERE charge_box_id = $1 AND kind = 'malformed_frame'"
    await becomes(lambda: sql.fetchval(malformed, box), counted["malformed"])
    kept = "SELECT count(*) FROM frames WHERE direction = '<'"
    await becomes(lambda: sql.fetchval(kept), len(_UNANSWERABLE) + 1)


async def test_a_frame_in_fragments_is_one_frame(node: Node, box: int) -> None:
    async with peer(node.ocpp_port) as raw:
        await raw.shake_hands("/ocpp/BOX1")
        call = b'[2,"in parts","Heartbeat",{}]'
        await raw.send(frame(Opcode.TEXT, call[:3], fin=False))
        for position in range(3, len(call)):
            # A control frame may come between the fragments (RFC 6455, 5.4), and each byte in a segment of its own.
            await raw.send(frame(Opcode.PING, b"?") + frame(Opcode.CONT, call[position : position + 1], fin=False))
        await raw.send(frame(Opcode.CONT, b"") + text('[2,"whole","Heartbeat",{}]'))
        answers = b""
        while b"whole" not in answers:
            answers += await raw.read()
        assert answers.index(b'[3,"in parts"') < answers.index(b'[3,"whole"')


async def test_a_frame_beyond_all_measure_ends_only_its_connection(node: Node, box: int) -> None:
    async with cuttable(node.ocpp_port, "BOX1") as wire:
        with contextlib.suppress(ConnectionClosed):
            await wire.socket.send("x" * (8 * _MIB + 1))
        await wire.socket.wait_closed()
        assert wire.socket.close_code == 1009
    async with plugged(node.ocpp_port, "BOX1") as wire:
        assert "currentTime" in await wire.ask("Heartbeat")


_TAGS = ["nul\x00tag", "half\ud800pair", "x" * 256, "é" * 3000, "", "tab\ttag", "'; DROP TABLE transactions; --"]


async def test_a_start_with_any_id_tag_is_stored_and_answered(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        for number, tag in enumerate(_TAGS):
            start = {**_START, "connectorId": number + 1, "idTag": tag}
            first = await wire.ask("StartTransaction", start)
            assert first["idTagInfo"]["status"] == "Invalid"
            assert (await wire.ask("StartTransaction", start)) == first
            row = await sql.fetchrow("SELECT * FROM transactions WHERE id = $1", first["transactionId"])
            assert row is not None
            assert row["id_tag"] == tag.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")[:255]
            assert row["start_repeats"] == 1
            stop = {"transactionId": first["transactionId"], "idTag": tag, "meterStop": 1, "timestamp": ""}
            await wire.ask("StopTransaction", stop)
    assert await sql.fetchval("SELECT count(*) FROM transactions WHERE ended_at IS NOT NULL") == len(_TAGS)


async def test_deviations_are_counted_by_charge_box_and_kind(node: Node, sql: Sql, box: int) -> None:
    other = await register(sql, "BOX2")
    status = {"connectorId": 1, "errorCode": "noerror", "status": "available", "extra": "secret"}
    async with plugged(node.ocpp_port, "BOX1") as one, plugged(node.ocpp_port, "BOX2") as two:
        for _ in range(3):
            await one.ask("StatusNotification", status)
        await two.ask("StatusNotification", {**status, "timestamp": "2026-11-20T10:00:00"})
    await node.ledger.close()
    rows = await sql.fetch("SELECT * FROM deviations ORDER BY charge_box_id, kind")
    found = [(row["charge_box_id"], row["kind"], row["count"]) for row in rows]
    assert found == [
        (box, "enum_spelling", 6),
        (box, "extra_field", 3),
        (other, "enum_spelling", 2),
        (other, "extra_field", 1),
        (other, "naive_timestamp", 1),
    ]
    assert {row["action"] for row in rows} == {"StatusNotification"}
    assert "secret" not in "".join(row["example"] for row in rows)


async def test_a_flood_of_calls_is_answered_in_order(node: Node, sql: Sql, box: int) -> None:
    count = 500
    url = f"ws://127.0.0.1:{node.ocpp_port}/ocpp/BOX1"
    async with connect(url, subprotocols=[Subprotocol("ocpp1.6")], compression=None) as socket:
        payloads: list[tuple[str, dict[str, Any]]] = [
            ("Heartbeat", {}),
            ("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"}),
            ("Authorize", {"idTag": "TAG1"}),
        ]
        calls = [[2, str(number), *payloads[number % 3]] for number in range(count)]
        sending = asyncio.gather(*(socket.send(json.dumps(call)) for call in calls))
        replies = [json.loads(await socket.recv()) for _ in range(count)]
        await sending
    assert [reply[:2] for reply in replies] == [[3, str(number)] for number in range(count)]


async def test_a_peer_that_never_reads_is_dropped(node: Node, sql: Sql, box: int) -> None:
    async with peer(node.ocpp_port, receive_buffer=4096) as deaf:
        await deaf.shake_hands("/ocpp/BOX1")
        call = text(f'[2,"{"i" * 1000}","Nope",')
        sending = asyncio.create_task(_send_until_cut(deaf, call * 100))
        await holds(lambda: not node.connections.is_online(box), within_s=10)
        await sending
    cause = "SELECT data ->> 'cause' FROM events WHERE kind = 'charge_box.disconnected'"
    await becomes(lambda: sql.fetchval(cause), "does not read")


async def _send_until_cut(deaf: Any, data: bytes) -> None:
    try:
        while True:
            await deaf.send(data)
    except OSError:
        pass


async def test_a_peer_that_says_goodbye_but_never_reads_is_dropped_soon(node: Node, box: int) -> None:
    async with peer(node.ocpp_port, receive_buffer=4096) as deaf:
        await deaf.shake_hands("/ocpp/BOX1")
        # Enough to fill the buffers of both sides, and not enough to be dropped for not reading.
        await deaf.send(text(f'[2,"{"i" * 1000}","Nope",') * 5500)
        await deaf.send(frame(Opcode.CLOSE, b"\x03\xe8"))
        await holds(lambda: not node.connections.is_online(box), within_s=3)
