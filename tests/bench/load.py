"""
The load generator: charge boxes in a closed loop, as cheap as Python can make them.

It speaks just enough WebSocket to send text frames and read small answers, with a
mask of zero, so that it is never the bottleneck; it reports its own share of a CPU.
Each charge box sends 20 messages in a circle: StartTransaction, 14 MeterValues with 5
sampled values, 2 Heartbeats, 2 StatusNotifications, StopTransaction. Every reply is
checked to be the CALLRESULT of its call.
"""

import asyncio
import itertools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection

import orjson
import uvloop

_SAMPLES = (
    '{"value":"%d.5","measurand":"Energy.Active.Import.Register","unit":"Wh","context":"Sample.Periodic"},'
    '{"value":"7360","measurand":"Power.Active.Import","unit":"W","context":"Sample.Periodic"},'
    '{"value":"16.0","measurand":"Current.Import","unit":"A","phase":"L1","context":"Sample.Periodic"},'
    '{"value":"230.4","measurand":"Voltage","unit":"V","phase":"L1-N","context":"Sample.Periodic"},'
    '{"value":"55","measurand":"SoC","unit":"Percent","context":"Sample.Periodic"}'
)
_CIRCLE = ("start", *["meter"] * 7, "heartbeat", "status", *["meter"] * 7, "heartbeat", "status", "stop")


@dataclass(slots=True)
class Tally:
    """What all charge boxes of a run count together."""

    counting: bool = False
    stopped: bool = False
    replies: int = 0
    latencies_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def _now() -> str:
    return datetime.now(UTC).isoformat()


class ChargeBox(asyncio.Protocol):
    """One charge box: sends the next message when the reply to the last one has come."""

    def __init__(self, number: int, tally: Tally, done: asyncio.Future[None]) -> None:
        self._name = f"BENCH{number}"
        self._tally = tally
        self._done = done
        self._ids = itertools.count(1)
        self._steps: Iterator[str] = itertools.chain(("boot",), itertools.cycle(_CIRCLE))
        self._step = ""
        self._expected = b""
        self._transaction = 0
        self._wh = 0
        self._buffer = b""
        self._open = False
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._transport.write(
            f"GET /ocpp/{self._name} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._open:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head:
                self._fail(f"refused: {head[:80]!r}")
                return
            self._open, self._buffer = True, rest
            self._next()
        while (text := self._take()) is not None:
            self._read(text)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._tally.stopped:
            self._fail(f"connection lost: {error}")
        elif not self._done.done():
            self._done.set_result(None)

    def _take(self) -> bytes | None:
        """The next text frame of the server; pings and others are passed over."""
        while len(self._buffer) >= 2:
            length, start = self._buffer[1] & 127, 2
            if length == 126:
                length, start = int.from_bytes(self._buffer[2:4], "big"), 4
            if len(self._buffer) < start + length:
                return None
            opcode = self._buffer[0] & 15
            payload, self._buffer = self._buffer[start : start + length], self._buffer[start + length :]
            if opcode == 1:
                return payload
        return None

    def _read(self, text: bytes) -> None:
        if text.startswith(b"[2"):  # a call of the server (configuration after boot): not part of the measure
            call = orjson.loads(text)
            self._write(orjson.dumps([4, call[1], "NotSupported", "", {}]))
            return
        parts = orjson.loads(text)
        if parts[0] != 3 or parts[1].encode() != self._expected:
            self._fail(f"{self._step} was answered with {text[:200]!r}")
            return
        if self._step == "start":
            self._transaction = parts[2]["transactionId"]
        if self._tally.counting:
            self._tally.replies += 1
            if self._tally.replies % 16 == 0:
                self._tally.latencies_s.append(time.perf_counter() - self._sent_at)
        if self._tally.stopped:
            self._transport.abort()
        else:
            self._next()

    def _next(self) -> None:
        self._step = next(self._steps)
        self._expected = f"{self._name}-{next(self._ids)}".encode()
        action, payload = self._message()
        self._sent_at = time.perf_counter()
        self._write(b'[2,"%s","%s",%s]' % (self._expected, action, payload.encode()))

    def _message(self) -> tuple[bytes, str]:
        match self._step:
            case "start":
                text = '{"connectorId":1,"idTag":"%s","meterStart":%d,"timestamp":"%s"}'
                return b"StartTransaction", text % (self._name, self._wh, _now())
            case "meter":
                self._wh += 1
                text = '{"connectorId":1,"transactionId":%d,"meterValue":[{"timestamp":"%s","sampledValue":[%s]}]}'
                return b"MeterValues", text % (self._transaction, _now(), _SAMPLES % self._wh)
            case "heartbeat":
                return b"Heartbeat", "{}"
            case "status":
                return b"StatusNotification", '{"connectorId":1,"errorCode":"NoError","status":"Charging"}'
            case "stop":
                text = '{"transactionId":%d,"meterStop":%d,"timestamp":"%s"}'
                return b"StopTransaction", text % (self._transaction, self._wh, _now())
            case _:
                return b"BootNotification", '{"chargePointVendor":"Bench","chargePointModel":"Bench"}'

    def _write(self, payload: bytes) -> None:
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        self._transport.write(b"\x81" + length + b"\0\0\0\0" + payload)

    def _fail(self, why: str) -> None:
        self._tally.errors.append(f"{self._name}: {why}")
        if not self._done.done():
            self._done.set_result(None)


async def _run(port: int, boxes: int, warm_up_s: float, measure_s: float) -> dict[str, object]:
    loop = asyncio.get_running_loop()
    tally = Tally()
    ends: list[asyncio.Future[None]] = []
    for number in range(boxes):
        done = loop.create_future()
        ends.append(done)
        await loop.create_connection(lambda n=number, d=done: ChargeBox(n, tally, d), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.sleep(warm_up_s)
    tally.counting, began, cpu = True, time.perf_counter(), time.process_time()
    await asyncio.sleep(measure_s)
    tally.counting, took, cpu = False, time.perf_counter() - began, time.process_time() - cpu
    tally.stopped = True
    await asyncio.wait(ends, timeout=10)
    ordered = sorted(tally.latencies_s) or [0.0]
    return {
        "replies": tally.replies,
        "per_second": tally.replies / took,
        "took_s": took,
        "p50_ms": ordered[len(ordered) // 2] * 1000,
        "p99_ms": ordered[len(ordered) * 99 // 100] * 1000,
        "generator_cpu": cpu / took,
        "errors": tally.errors[:3],
    }


def generate(pipe: Connection, port: int, boxes: int, warm_up_s: float, measure_s: float, core: int | None) -> None:
    """Run the load against a port and send what was measured through the pipe; meant for a process of its own."""
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    pipe.send(uvloop.run(_run(port, boxes, warm_up_s, measure_s)))
