"""Peers that do what no library would: plain bytes on TCP, frames put together by hand, no reading, no closing."""

import asyncio
import base64
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol

from csms.node import Node
from csms.settings import Settings
from csms.store.database import Database
from tests.wire import Wire


@asynccontextmanager
async def running(settings: Settings, database: Database, **changes: object) -> AsyncIterator[Node]:
    """A node with some settings changed."""
    node = Node(settings.model_copy(update=changes), database)
    await node.start()
    try:
        yield node
    finally:
        await node.stop()


def request(path: str, *headers: str, subprotocol: str | None = "ocpp1.6") -> bytes:
    """The bytes of a WebSocket handshake."""
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        *([f"Sec-WebSocket-Protocol: {subprotocol}"] if subprotocol else []),
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode("utf-8")


def text(data: bytes | str) -> bytes:
    """The bytes of one text frame of a client."""
    return frame(Opcode.TEXT, data.encode() if isinstance(data, str) else data)


def frame(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    """The bytes of one frame of a client."""
    return Frame(opcode, data, fin).serialize(mask=True)


class Peer:
    """A TCP connection to the port for charge boxes. It reads when told to, and closes when told to."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        await self._loop.sock_sendall(self._socket, data)

    async def read(self, timeout_s: float = 5.0) -> bytes:
        """Read what is there; b"" at the end."""
        async with asyncio.timeout(timeout_s):
            return await self._loop.sock_recv(self._socket, 65536)

    async def read_to_end(self, timeout_s: float = 5.0) -> bytes:
        """Read until the other side ends the connection, by a close or a reset."""
        parts = []
        try:
            while part := await self.read(timeout_s):
                parts.append(part)
        except ConnectionResetError:
            pass
        return b"".join(parts)

    async def shake_hands(self, path: str, *headers: str, subprotocol: str | None = "ocpp1.6") -> str:
        """Send a handshake and return the head of its answer."""
        await self.send(request(path, *headers, subprotocol=subprotocol))
        head = b""
        while b"\r\n\r\n" not in head:
            part = await self.read()
            if not part:
                break
            head += part
        return head.decode()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def reset(self) -> None:
        """End the connection as a power cut would: with a reset, or without a word."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self._socket.close()


@asynccontextmanager
async def peer(port: int, *, receive_buffer: int | None = None) -> AsyncIterator[Peer]:
    """A peer, connected by TCP and nothing more."""
    connected = socket.socket()
    if receive_buffer is not None:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connected.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connected, ("127.0.0.1", port))
    try:
        yield Peer(connected)
    finally:
        connected.close()


class _CuttableWire(Wire):
    """A wire to which it is no error that the central system drops the connection."""

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            await super()._read()


@asynccontextmanager
async def cuttable(port: int, identity: str) -> AsyncIterator[Wire]:
    """A bare charge box whose connection the test expects to be dropped."""
    url = f"ws://127.0.0.1:{port}/ocpp/{identity}"
    async with connect(url, subprotocols=[Subprotocol("ocpp1.6")], compression=None) as socket:
        wire = _CuttableWire(socket)
        yield wire
        await wire.close()


async def next_command(wire: Wire, timeout_s: float = 5.0) -> list[Any]:
    """The next call that is not of the configuration exchange; that one is refused, and so ends."""
    while (call := await wire.next_call(timeout_s))[2] == "GetConfiguration":
        await wire.send(json.dumps([4, call[1], "NotSupported", "", {}]))
    return call
