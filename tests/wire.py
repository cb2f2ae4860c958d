"""
A charge box at its barest: a WebSocket and the frames that a test writes by hand.

For what no well-mannered implementation would send. The simulators and the `ocpp`
package's ChargePoint play the well-mannered ones.
"""

import asyncio
import base64
import contextlib
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

_ids = itertools.count(1)


class Wire:
    """One socket to the central system, with the replies and the calls that come over it kept apart."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.calls: asyncio.Queue[list[Any]] = asyncio.Queue()
        self._replies: dict[str, asyncio.Future[list[Any]]] = {}
        self.others: list[Any] = []
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in self.socket:
                self._take(json.loads(text))

    def _take(self, frame: list[Any]) -> None:
        if frame[0] == 2:
            self.calls.put_nowait(frame)
        elif (waiting := self._replies.pop(frame[1], None)) is not None:
            waiting.set_result(frame)
        else:
            self.others.append(frame)

    async def send(self, text: str | bytes) -> None:
        """Send a frame as it is."""
        await self.socket.send(text)

    async def exchange(self, text: str | bytes, unique_id: str) -> list[Any]:
        """Send a frame as it is, and return the reply to that unique id."""
        waiting = self._replies[unique_id] = asyncio.get_running_loop().create_future()
        await self.socket.send(text)
        return await asyncio.wait_for(waiting, 10)

    async def call(self, action: str, payload: Any = None, *, unique_id: str | None = None) -> list[Any]:
        """Call an action, and return the whole reply frame."""
        name = unique_id or f"call-{next(_ids)}"
        return await self.exchange(json.dumps([2, name, action, {} if payload is None else payload]), name)

    async def ask(self, action: str, payload: Any = None) -> dict[str, Any]:
        """Call an action, and return the payload of its CALLRESULT."""
        reply = await self.call(action, payload)
        assert reply[0] == 3, reply
        result: dict[str, Any] = reply[2]
        return result

    async def next_call(self, timeout_s: float = 5.0) -> list[Any]:
        """The next call from the central system."""
        return await asyncio.wait_for(self.calls.get(), timeout_s)

    async def answer(self, call: list[Any], payload: dict[str, Any]) -> None:
        """Answer a call of the central system."""
        await self.socket.send(json.dumps([3, call[1], payload]))

    async def boot(self, **more: Any) -> dict[str, Any]:
        """Boot, as every good charge box does first."""
        return await self.ask("BootNotification", {"chargePointVendor": "Bare", "chargePointModel": "Wire", **more})

    async def close(self) -> None:
        """Close the socket and stop reading."""
        await self.socket.close()
        await asyncio.wait([self._reader])


def basic(identity: str, password: str | bytes) -> dict[str, str]:
    """The header of HTTP Basic authentication."""
    secret = password if isinstance(password, bytes) else password.encode()
    return {"Authorization": "Basic " + base64.b64encode(identity.encode() + b":" + secret).decode()}


@asynccontextmanager
async def plugged(
    port: int, identity: str, *, headers: dict[str, str] | None = None, path: str | None = None, **more: Any
) -> AsyncIterator[Wire]:
    """A bare charge box, connected."""
    options: dict[str, Any] = {"subprotocols": ["ocpp1.6"], "compression": None, "additional_headers": headers, **more}
    async with connect(f"ws://127.0.0.1:{port}{path or '/ocpp/' + identity}", **options) as socket:
        wire = Wire(socket)
        yield wire
        await wire.close()


async def register(sql: asyncpg.Connection, identity: str, **columns: Any) -> int:
    """Register a charge box without a password, and return its number."""
    values = {"identity": identity, "serial_number": identity, "password_required": False, **columns}
    names = ", ".join(values)
    marks = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    statement = f"INSERT INTO charge_boxes ({names}) VALUES ({marks}) RETURNING id"
    return int(await sql.fetchval(statement, *values.values()))


async def add_token(sql: asyncpg.Connection, uid: str, **columns: Any) -> int:
    """Make an idTag known, and return its number."""
    values = {"uid": uid, **columns}
    names = ", ".join(values)
    marks = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    return int(await sql.fetchval(f"INSERT INTO tokens ({names}) VALUES ({marks}) RETURNING id", *values.values()))
