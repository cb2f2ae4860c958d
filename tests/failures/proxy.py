"""
The network between charge points and the server, as a TCP proxy that can lose it.

It breaks as networks do: what is on its way is lost, then nothing passes, and nobody
is told. When it is back, charge points learn that their connections are dead, while
the server's halves of them linger, open and silent. What the server says takes a
moment to arrive, so that a cut loses answers to questions that it has dealt with.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast


@dataclass(eq=False)
class _Half(asyncio.Protocol):
    """One end of a proxied connection; what comes in goes out at the other end."""

    network: "Network"
    is_server_side: bool
    other: "_Half | None" = None
    transport: asyncio.Transport | None = None
    early: list[bytes] = field(default_factory=list)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own class
        self.network.halves.add(self)
        if not self.is_server_side:
            self.network.connect(self)

    def data_received(self, data: bytes) -> None:
        if self.is_server_side:
            asyncio.get_running_loop().call_later(self.network.answers_take_s, self._pass_on, data)
        else:
            self._pass_on(data)

    def _pass_on(self, data: bytes) -> None:
        if not self.network.is_cut:
            if self.other is None or self.other.transport is None:
                self.early.append(data)
            else:
                self.other.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.network.halves.discard(self)
        self.transport = None
        # A cut network tells nobody.
        if not self.network.is_cut and self.other is not None and self.other.transport is not None:
            self.other.transport.abort()


class Network:
    """A network with one port in front of a server; see `network`."""

    def __init__(self, server_port: int, answers_take_s: float) -> None:
        self.halves: set[_Half] = set()
        self.answers_take_s = answers_take_s
        self.is_cut = False
        self.port = 0
        self._server_port = server_port
        self._listener: asyncio.Server | None = None
        self._connecting: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where charge points connect to."""
        return f"ws://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Let connections through, on the same port each time."""
        self.is_cut = False
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: _Half(self, is_server_side=False), "127.0.0.1", self.port, backlog=1024
        )
        self.port = self._listener.sockets[0].getsockname()[1]

    async def cut(self, for_s: float) -> None:
        """Let nothing pass and nobody connect for a while, then come back."""
        self.is_cut = True
        if self._listener is not None:
            self._listener.close()
        await asyncio.sleep(for_s)
        for half in list(self.halves):
            if not half.is_server_side and half.transport is not None:
                half.other = None
                half.transport.abort()
        await self.open()

    async def close(self) -> None:
        """Drop everything."""
        if self._listener is not None:
            self._listener.close()
        for task in self._connecting:
            task.cancel()
        for half in list(self.halves):
            if half.transport is not None:
                half.transport.abort()

    @property
    def lingering(self) -> int:
        """How many connections of the server lead to nobody."""
        return sum(half.is_server_side and (half.other not in self.halves) for half in self.halves)

    def connect(self, box: _Half) -> None:
        """Connect a charge point's half with one of its own to the server."""
        task = asyncio.create_task(self._connect(box))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, box: _Half) -> None:
        loop = asyncio.get_running_loop()
        server = _Half(self, is_server_side=True, other=box)
        with contextlib.suppress(OSError):
            await loop.create_connection(lambda: server, "127.0.0.1", self._server_port)
        if server.transport is None or box not in self.halves:
            for half in (server, box):
                if half.transport is not None:
                    half.transport.abort()
            return
        box.other = server
        for data in box.early:
            server.transport.write(data)
        box.early.clear()


@contextlib.asynccontextmanager
async def network(server_port: int, *, answers_take_s: float = 0.1) -> AsyncIterator[Network]:
    """A network that works until it is cut, in front of a port of this machine."""
    opened = Network(server_port, answers_take_s)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()
