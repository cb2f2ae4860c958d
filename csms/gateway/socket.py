"""
One TCP connection that speaks WebSocket.

The `websockets` library parses and writes the frames, without its own I/O; this
file moves bytes between it and asyncio. Text reaches the connection as the bytes
that came, so not even broken UTF-8 ends it (RFC 6455 would; a session is worth more).
"""

import asyncio
import logging
import time
from typing import Protocol, cast

from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader, InvalidMessage
from websockets.frames import CloseCode, Frame, Opcode
from websockets.headers import parse_subprotocol
from websockets.http11 import Request, Response
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from csms.gateway.admission import Knock, Refusal, chosen_subprotocol
from csms.gateway.connection import Connection
from csms.ocpp.frames import MAX_FRAME_BYTES

# The library tells of every handshake and frame; the journal is the record of those.
_LIBRARY_LOG = logging.getLogger("csms.gateway.websockets")
_LIBRARY_LOG.setLevel(logging.ERROR)

# The codec answers what is larger than a frame may be; only what is absurd ends the connection.
_ABSURD_BYTES = 8 * MAX_FRAME_BYTES
# A peer that does not take this much of what we send is not reading.
_MAX_UNSENT_BYTES = 4 * 1024 * 1024
# How long a peer may take to read our last words (field-notes.md, 8).
_CLOSE_LIMIT_S = 1.0
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Door(Protocol):
    """What a socket needs of the server that accepted it."""

    def came(self, socket: "Socket") -> None:
        """A TCP connection was accepted; its handshake should follow."""

    def knocked(self, socket: "Socket", knock: Knock) -> None:
        """A handshake has come in; answer it with `welcome` or `refuse`."""

    def gone(self, socket: "Socket", cause: str) -> None:
        """The socket has ended."""


class Socket(asyncio.Protocol):
    """One TCP connection: handshake, frames, end."""

    def __init__(self, door: Door) -> None:
        self.remote_address = ""
        self.opened_at = time.monotonic()
        self.connection: Connection | None = None
        self.ponged_at: float | None = None
        self._door = door
        self._websocket = ServerProtocol(max_size=_ABSURD_BYTES, logger=_LIBRARY_LOG)
        self._transport: asyncio.Transport | None = None
        self._upgrade: tuple[Request, Response] | None = None
        self._fragments: list[bytes] = []
        self._cause: str | None = None

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A TCP connection was accepted."""
        # uvloop's transport has the interface, not the base class.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=_MAX_UNSENT_BYTES)
        peer = transport.get_extra_info("peername")
        self.remote_address = f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else str(peer or "")
        self._door.came(self)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        self._websocket.receive_data(data)
        self._pump()

    def eof_received(self) -> None:
        """The peer sends no more."""
        self._websocket.receive_eof()
        self._pump()

    def pause_writing(self) -> None:
        """The peer does not read what we send: to it the connection is dead already."""
        self.abort("does not read")

    def connection_lost(self, error: Exception | None) -> None:
        """The TCP connection has ended, by whatever cause."""
        if self.connection is not None:
            self.connection.close()
        self._door.gone(self, self._cause or ("reset by peer" if error else "closed by charge box"))

    # ---- the handshake

    def welcome(self, connection: Connection) -> bool:
        """Complete the handshake; False if the peer did not wait for it."""
        upgrade = self._take_upgrade()
        if upgrade is None:
            return False
        request, response = upgrade
        chosen = chosen_subprotocol(_subprotocols(request.headers))
        if chosen is not None:
            response.headers["Sec-WebSocket-Protocol"] = chosen
        self._websocket.send_response(response)
        self.connection = connection
        connection.opened()
        self._pump()
        return True

    def refuse(self, refusal: Refusal) -> None:
        """Answer the handshake with an HTTP status, if the peer waits for it."""
        if self._take_upgrade() is None:
            return
        self._cause = refusal.reason
        response = self._websocket.reject(refusal.status, refusal.text)
        if refusal.status == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="OCPP"'
        if refusal.status == 503:
            response.headers["Retry-After"] = "5"
        self._websocket.send_response(response)
        self._pump()

    def refuse_subprotocol(self) -> None:
        """OCPP-J 3.2: complete the handshake without a subprotocol, then close."""
        upgrade = self._take_upgrade()
        if upgrade is None:
            return
        self._cause = "foreign subprotocol"
        self._websocket.send_response(upgrade[1])
        self._websocket.send_close(CloseCode.PROTOCOL_ERROR, "this is OCPP 1.6")
        self._pump()

    def _take_upgrade(self) -> tuple[Request, Response] | None:
        """The handshake that waits for its answer; None where it has one, or the peer has gone meanwhile."""
        upgrade, self._upgrade = self._upgrade, None
        return None if self._transport is None or self._transport.is_closing() else upgrade

    # ---- Link

    def send(self, data: bytes) -> None:
        """Send one text frame; what cannot be sent any more is dropped."""
        if self._websocket.state is OPEN:
            self._websocket.send_text(data)
            self._flush()

    def ping(self) -> None:
        """Send a ping."""
        if self._websocket.state is OPEN:
            self._websocket.send_ping(b"")
            self._flush()

    def abort(self, cause: str) -> None:
        """
        Drop the TCP connection at once.

        Not by a close handshake: one family never comes back after one (field-notes.md, 7),
        and a dead peer would make us wait (field-notes.md, 10).
        """
        self._cause = self._cause or cause
        if self.connection is not None:
            self.connection.close()
        if self._transport is not None:
            self._transport.abort()

    def pause_reading(self) -> None:
        """Read no more until told; TCP makes the peer wait."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # ---- between the two

    def _pump(self) -> None:
        """Take what the library made of the bytes, and send what it wants sent."""
        for event in self._websocket.events_received():
            if isinstance(event, Frame):
                self._take(event)
            elif isinstance(event, Request):
                self._ask(event)
        if isinstance(self._websocket.handshake_exc, InvalidMessage) and self._transport is not None:
            self._transport.write(_BAD_REQUEST)
        self._flush()
        if self._websocket.close_expected() and self._transport is not None:
            self._cause = self._cause or self._why_closed()
            self._transport.close()
            asyncio.get_running_loop().call_later(_CLOSE_LIMIT_S, self._transport.abort)

    def _ask(self, request: Request) -> None:
        """Let the server decide on a handshake; what is none (a browser, a scanner) does not get that far."""
        response = self._websocket.accept(request)
        if response.status_code == 101:
            self._upgrade = request, response
            self._door.knocked(self, _knock(request))
        else:
            self._websocket.send_response(response)

    def _why_closed(self) -> str:
        if self._websocket.parser_exc is not None:
            return f"WebSocket error: {self._websocket.parser_exc}"[:200]
        return "closed by charge box"

    def _take(self, frame: Frame) -> None:
        if self.connection is None:
            return
        match frame.opcode:
            case Opcode.TEXT | Opcode.BINARY | Opcode.CONT:
                # OCPP-J is text; a stack that marks its text as binary is understood all the same.
                self._fragments.append(bytes(frame.data))
                if frame.fin:
                    data = self._fragments[0] if len(self._fragments) == 1 else b"".join(self._fragments)
                    self._fragments.clear()
                    self.connection.receive(data)
            case Opcode.PONG:
                self.ponged_at = self.connection.heard_at = time.monotonic()
            case Opcode.PING:
                self.connection.heard_at = time.monotonic()
            case _:
                pass

    def _flush(self) -> None:
        if self._transport is None:
            return
        for data in self._websocket.data_to_send():
            if self._transport.is_closing():
                return
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof():
                self._transport.write_eof()


def _knock(request: Request) -> Knock:
    authorization = request.headers.get_all("Authorization")
    return Knock(request.path, authorization[0] if authorization else None, _subprotocols(request.headers))


def _subprotocols(headers: Headers) -> tuple[str, ...]:
    """The versions offered; a header that cannot be read offers none."""
    try:
        return tuple(name for value in headers.get_all("Sec-WebSocket-Protocol") for name in parse_subprotocol(value))
    except InvalidHeader:
        return ()
