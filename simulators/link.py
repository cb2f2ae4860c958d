"""
The WebSocket of a charge point, and what it does when there is none.

One task lives as long as the charge point: connect, read until the connection
ends, back off with jitter, connect again. All the ways in which links die in
the field can be had on purpose: `cut` (TCP gone at once), `linger` (half-open:
the socket stays, nobody reads or writes), `go_offline` (no connection wanted).
"""

from __future__ import annotations

import asyncio
import logging
import random
from base64 import b64encode
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from simulators.options import Options, PasswordForm

logger = logging.getLogger(__name__)

_OPEN_TIMEOUT_S = 20.0
_CLOSE_TIMEOUT_S = 2.0


class Listener(Protocol):
    """Who is told what happens on the link."""

    def link_up(self) -> None:
        """A connection has been opened."""

    def link_down(self) -> None:
        """The connection has ended, in whatever way."""

    def frame_received(self, data: bytes) -> None:
        """A text or binary frame has arrived."""


def authorization(identity: str, password: str, form: PasswordForm) -> str:
    """
    The value of the Authorization header (OCPP-J 1.6, 6.2).

    Raises:
        ValueError: the form is `decoded` and the password is no hexadecimal text.
    """
    match form:
        case "text":
            secret = password.encode()
        case "hex":
            secret = password.encode().hex().encode()
        case "decoded":
            secret = bytes.fromhex(password)
    return "Basic " + b64encode(identity.encode() + b":" + secret).decode()


class Link:
    """
    Keeps one connection open, or none while offline.

    Attributes:
        connects: how many connections have been opened.
        last_error: why the last attempt to connect failed, in words.
        last_status: the HTTP status of the last refusal, if that was one.
        password, password_form: used from the next connection on.
        ping_interval_s: of WebSocket pings on the next connection; 0 sends none.
    """

    def __init__(
        self,
        url: str,
        identity: str,
        options: Options,
        listener: Listener,
        dice: random.Random,
        changed: Callable[[], None],
    ) -> None:
        self.url = url.rstrip("/") + "/" + quote(identity, safe="")
        self.password = options.password
        self.password_form: PasswordForm = options.password_form
        self.ping_interval_s = 0
        self.connects = 0
        self.last_error: str | None = None
        self.last_status: int | None = None
        self._identity = identity
        self._options = options
        self._listener = listener
        self._dice = dice
        self._changed = changed
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._lingering: list[ClientConnection] = []
        self._wanted = asyncio.Event()
        self._hurry = asyncio.Event()
        self._failures = 0
        self._pause_s = 0.0

    @property
    def up(self) -> bool:
        """Whether there is a connection that is read and written."""
        return self._socket is not None

    async def run(self) -> None:
        """Keep connecting until cancelled."""
        while True:
            await self._wanted.wait()
            await self._pause()
            if not self._wanted.is_set():
                continue
            socket = await self._connect()
            if socket is None:
                self._failures += 1
                self._pause_s = self._backoff_s()
                continue
            self._failures = 0
            self._pause_s = self._backoff_s()
            await self._stay(socket)

    async def send(self, data: bytes, *, text: bool = True) -> bool:
        """Write a frame; returns whether there was a connection to write it to."""
        socket = self._socket
        if socket is None:
            return False
        try:
            await socket.send(data, text=text)
        except ConnectionClosed:
            # Sooner than the reader noticed: who sends again at once must not find a connection.
            if self._socket is socket:
                self._lose()
            return False
        return True

    def set_key(self, key: str) -> None:
        """Take a new AuthorizationKey: 40 hexadecimal digits spell its bytes (OCPP-J 1.6, 6.2)."""
        self.password = key
        is_hex = len(key) == 40 and set(key.lower()) <= set("0123456789abcdef")
        self.password_form = "decoded" if is_hex else "text"

    def want(self, *, delay_s: float = 0.0) -> None:
        """Connect after `delay_s`, and stay connected."""
        self._failures = 0
        self._pause_s = delay_s
        self._wanted.set()
        self._hurry.set()

    def unwant(self) -> None:
        """Drop the connection without a close frame, and stay without."""
        self._wanted.clear()
        self.cut()

    def cut(self, *, pause_s: float | None = None) -> None:
        """Drop the TCP connection at once; the next one comes after `pause_s`, or after the usual back-off."""
        if self._socket is not None:
            self._socket.transport.abort()
            self._lose()
        if pause_s is not None:
            self._pause_s = pause_s

    def linger(self) -> None:
        """Leave the socket open but neither read nor write it any more; the charge point goes on without it."""
        if self._socket is not None:
            self._socket.transport.pause_reading()
            if self._socket.keepalive_task is not None:
                self._socket.keepalive_task.cancel()
            self._lingering.append(self._socket)
            self._lose()

    def close_lingering(self) -> None:
        """Drop the sockets that were left half-open."""
        for socket in self._lingering:
            socket.transport.abort()
        self._lingering.clear()

    async def close(self, *, pause_s: float | None = None) -> None:
        """End the connection with a close frame; a new one follows unless it is no longer wanted."""
        socket = self._socket
        if pause_s is not None:
            self._pause_s = pause_s
        if socket is not None:
            self._lose()
            await socket.close()

    async def finish(self) -> None:
        """End the connection with a close frame, for good."""
        self._wanted.clear()
        await self.close()

    async def _connect(self) -> ClientConnection | None:
        headers = {}
        if self.password is not None:
            headers["Authorization"] = authorization(self._identity, self.password, self.password_form)
        subprotocol = self._options.subprotocol
        self.last_status = None
        try:
            # Neither compression (OCPP-J 1.6, 5.1) nor a proxy from the environment: this is a box on a wire.
            return await connect(
                self.url,
                subprotocols=None if subprotocol is None else [Subprotocol(subprotocol)],
                additional_headers=headers,
                compression=None,
                proxy=None,
                open_timeout=_OPEN_TIMEOUT_S,
                close_timeout=_CLOSE_TIMEOUT_S,
                ping_interval=self.ping_interval_s or None,
            )
        except InvalidStatus as error:
            self.last_status = error.response.status_code
            self.last_error = f"the central system answered HTTP {self.last_status}"
        except (OSError, InvalidHandshake) as error:
            self.last_error = str(error) or type(error).__name__
        logger.info("%s: cannot connect to %s: %s", self._identity, self.url, self.last_error)
        self._changed()
        return None

    async def _stay(self, socket: ClientConnection) -> None:
        """Read until the connection ends or is let go."""
        if not self._wanted.is_set():
            socket.transport.abort()
            return
        self._socket = socket
        self.connects += 1
        self._reader = asyncio.create_task(self._read(socket))
        self._listener.link_up()
        try:
            await asyncio.wait([self._reader])
        finally:
            if self._socket is socket:
                self._lose()

    async def _read(self, socket: ClientConnection) -> None:
        try:
            while True:
                self._listener.frame_received(await socket.recv(decode=False))
        except ConnectionClosed:
            pass
        except Exception:
            logger.exception("%s: a frame could not be dealt with", self._identity)
            socket.transport.abort()

    def _lose(self) -> None:
        self._socket = None
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None
        self._listener.link_down()

    async def _pause(self) -> None:
        self._hurry.clear()
        if self._pause_s > 0:
            try:
                async with asyncio.timeout(self._pause_s):
                    await self._hurry.wait()
            except TimeoutError:
                pass

    def _backoff_s(self) -> float:
        longest = min(self._options.reconnect_max_s, self._options.reconnect_min_s * 2.0 ** min(self._failures, 20))
        return longest * self._dice.uniform(0.5, 1.0)
