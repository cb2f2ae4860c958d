"""
The listener for charge boxes: handshakes in, connections out.

A handshake asks the store who knocks, waits until the connection is recorded (its
epoch comes from there), and only then answers. One task looks after all sockets:
it pings the quiet ones, ends the dead ones, and flushes when each was last heard.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from csms.errors import StoreUnavailable
from csms.gateway import admission
from csms.gateway.admission import Knock, Refusal
from csms.gateway.connection import Connection, Surroundings
from csms.gateway.connections import Connections
from csms.gateway.pings import PingPolicy, Pings
from csms.gateway.socket import Socket
from csms.handlers.context import Session
from csms.settings import Settings, UnknownChargeBoxes
from csms.store.admission import KnownChargeBox, find_charge_box, register_charge_box
from csms.store.database import Database
from csms.store.ledger import Changed, Connected, Disconnected, Knocked, Ledger, Seen

log = logging.getLogger(__name__)

_BACKLOG = 4096
_HANDSHAKE_LIMIT_S = 15.0
_SWEEP_S = 1.0
_FLUSH_S = 10.0


@dataclass(slots=True)
class _Held:
    """A connection, its socket, and its manners with pings."""

    socket: Socket
    connection: Connection
    pings: Pings


class Gateway:
    """The listener and everything that hangs on it."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        ledger: Ledger,
        connections: Connections,
        around: Surroundings,
        secret_key: bytes,
        announce: Callable[[int, int], Awaitable[None]] | None = None,
    ) -> None:
        self._settings = settings
        self._database = database
        self._ledger = ledger
        self._connections = connections
        self._around = around
        self._secret_key = secret_key
        self._announce = announce
        self._server: asyncio.Server | None = None
        self._closing = False
        self._sockets: set[Socket] = set()
        self._held: dict[Socket, _Held] = {}
        self._handshakes: dict[Socket, asyncio.Task[None]] = {}
        # All may come in one second (ev-server#2093): they wait here, and leave half of the pool to the others.
        self._turnstile = asyncio.Semaphore(max(1, settings.pool_size // 2))
        self._sweeper: asyncio.Task[None] | None = None
        self._flushed_at = 0.0

    # ---- its life

    async def start(self, bound: socket.socket | None = None) -> None:
        """Begin to listen, on a socket that is bound already or on the one the settings name."""
        loop = asyncio.get_running_loop()
        if bound is not None:
            self._server = await loop.create_server(lambda: Socket(self), sock=bound, backlog=_BACKLOG)
        else:
            self._server = await loop.create_server(
                lambda: Socket(self), self._settings.host, self._settings.ocpp_port, backlog=_BACKLOG
            )
        self._sweeper = asyncio.create_task(self._sweep_forever(), name="gateway sweep")

    @property
    def port(self) -> int:
        """The port it listens on; 0 when it does not."""
        if self._server is None or not self._server.sockets:
            return 0
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def is_listening(self) -> bool:
        """Whether new connections are accepted."""
        return self._server is not None and self._server.is_serving() and not self._closing

    async def stop_accepting(self) -> None:
        """Close the listener; those who are connected stay."""
        self._closing = True
        if self._server is not None:
            self._server.close()
        handshakes = list(self._handshakes.values())
        for task in handshakes:
            task.cancel()
        if handshakes:
            await asyncio.wait(handshakes)

    async def finish(self, timeout_s: float) -> None:
        """Take no more frames, and wait until what is in flight is answered."""
        for held in list(self._held.values()):
            held.socket.pause_reading()
        answering = [asyncio.create_task(held.connection.finish()) for held in self._held.values()]
        if answering:
            _, late = await asyncio.wait(answering, timeout=timeout_s)
            for task in late:
                task.cancel()

    async def drop_all(self, cause: str) -> None:
        """Drop every socket at once, and let their ends be recorded."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.wait([self._sweeper])
        for opened in list(self._sockets):
            opened.abort(cause)
        # The loop tells each socket of its end in its next turns.
        for _ in range(10):
            if not self._sockets:
                return
            await asyncio.sleep(0.01)

    # ---- Door: what sockets tell

    def came(self, socket: Socket) -> None:
        """A TCP connection was accepted."""
        self._sockets.add(socket)

    def knocked(self, socket: Socket, knock: Knock) -> None:
        """A handshake has come in."""
        task = asyncio.create_task(self._admit(socket, knock))
        self._handshakes[socket] = task
        task.add_done_callback(lambda _: self._handshakes.pop(socket, None))

    def gone(self, socket: Socket, cause: str) -> None:
        """A socket has ended. Its handshake goes on: the connection that it may be recording must be ended too."""
        self._sockets.discard(socket)
        held = self._held.pop(socket, None)
        if held is None:
            return
        connection = held.connection
        self._connections.remove(connection)
        duration_s = time.monotonic() - connection.opened_at
        log.info("%s: disconnected after %.0f s (%s)", connection.box, duration_s, cause)
        now = datetime.now(UTC)
        fact = Disconnected(connection.box.id, connection.epoch, now, _moment(connection.heard_at), cause, duration_s)
        self._ledger.disconnect(fact)

    # ---- the handshake

    async def _admit(self, socket: Socket, knock: Knock) -> None:
        identity = admission.identity_of(knock.path)
        try:
            if identity is None:
                self._refuse(socket, "", admission.NO_IDENTITY)
            else:
                await self._admit_identity(socket, knock, identity)
        except StoreUnavailable:
            self._refuse(socket, identity or "", admission.AWAY)
        except asyncio.CancelledError:
            socket.abort("shutdown")
            raise
        except Exception:
            log.exception("%s: the handshake failed", identity)
            socket.abort("handshake failed")

    async def _admit_identity(self, socket: Socket, knock: Knock, identity: str) -> None:
        presented = admission.password_of(knock.authorization, identity)
        async with self._turnstile:
            if socket not in self._sockets:  # it did not wait for its turn
                return
            known = await self._look_up(identity, presented)
        if known is None:
            self._refuse(socket, identity, admission.UNKNOWN)
            return
        form = admission.check_password(
            presented, required=known.password_required, stored_hash=known.password_hash, key=self._secret_key
        )
        if isinstance(form, Refusal):
            self._refuse(socket, identity, form)
        elif admission.is_foreign(knock.subprotocols):
            self._remember(socket, identity, f"offers only {', '.join(knock.subprotocols)}"[:200])
            socket.refuse_subprotocol()
        elif len(self._held) >= self._settings.max_connections and not self._connections.is_online(known.key.id):
            self._refuse(socket, identity, admission.FULL)
        else:
            await self._open(socket, known, form)

    async def _look_up(self, identity: str, presented: bytes | None) -> KnownChargeBox | None:
        """Find a charge box, or register it where that is wanted."""
        known = await find_charge_box(self._database, identity)
        if known is None and self._settings.unknown_charge_boxes is UnknownChargeBoxes.register:
            first = admission.first_password(presented, self._secret_key)
            known = await register_charge_box(self._database, identity, first)
        return known

    async def _open(self, socket: Socket, known: KnownChargeBox, form: str | None) -> None:
        """Record the connection, make it the one of its charge box, and complete the handshake."""
        now = datetime.now(UTC)
        fact = Connected(known.key.id, self._settings.name, socket.remote_address, now, form)
        epoch = await self._ledger.connect(fact)
        session = Session(known.registration_status, known.booted_at is not None)
        connection = Connection(known.key, epoch, socket, session, self._around)
        held = _Held(socket, connection, Pings(PingPolicy(known.ping_policy), time.monotonic()))
        self._held[socket] = held
        if socket not in self._sockets or not self._connections.add(connection) or not socket.welcome(connection):
            # The peer did not wait, or a newer connection was faster.
            self.gone(socket, "handshake abandoned")
            socket.abort("handshake abandoned")
            return
        log.info("%s: connected from %s", known.key, socket.remote_address)
        if self._announce is not None:
            await self._announce(known.key.id, epoch)

    def _refuse(self, socket: Socket, identity: str, refusal: Refusal) -> None:
        if refusal.status == 503:  # our failure, so nothing to remember of the charge box
            log.warning("%s: refused from %s (%s)", identity, socket.remote_address, refusal.reason)
        else:
            self._remember(socket, identity, refusal.reason)
        socket.refuse(refusal)

    def _remember(self, socket: Socket, identity: str, reason: str) -> None:
        log.warning("%s: refused from %s (%s)", identity or "(no identity)", socket.remote_address, reason)
        if identity:
            self._ledger.note_knock(Knocked(identity, reason, socket.remote_address, datetime.now(UTC)))

    # ---- looking after them

    async def _sweep_forever(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            try:
                self._sweep(time.monotonic())
            except Exception:
                log.exception("looking after sockets failed")

    def _sweep(self, now: float) -> None:
        for opened in [s for s in self._sockets if s not in self._held]:
            if now - opened.opened_at > _HANDSHAKE_LIMIT_S:
                opened.abort("handshake too slow")
        for held in list(self._held.values()):
            self._look_after(held, now)
        if now - self._flushed_at >= _FLUSH_S:
            self._flushed_at = now
            self.flush_seen()

    def _look_after(self, held: _Held, now: float) -> None:
        policy = held.pings.policy
        match held.pings.next(
            now,
            heard_at=held.connection.heard_at,
            ponged_at=held.socket.ponged_at,
            interval_s=self._settings.ping_interval_s,
            timeout_s=self._settings.ping_timeout_s,
            idle_limit_s=3.0 * self._settings.heartbeat_interval_s,
        ):
            case "ping":
                held.socket.ping()
            case "dead":
                held.socket.abort("ping timeout")
            case "idle":
                held.socket.abort("idle")
        if held.pings.policy is not policy:
            self._note_policy(held)

    def _note_policy(self, held: _Held) -> None:
        box = held.connection.box
        log.info("%s: ping policy is now %s", box, held.pings.policy)
        fact = Changed(box.id, datetime.now(UTC), {"ping_policy": held.pings.policy.value})
        self._ledger.note_changed(fact)

    def flush_seen(self) -> None:
        """Hand the ledger when each charge box was last heard: for those heard lately, once more than needed."""
        now = time.monotonic()
        for held in self._held.values():
            connection = held.connection
            if now - connection.heard_at <= 2 * _FLUSH_S:
                heard_at = _moment(connection.heard_at)
                self._ledger.note_seen(Seen(connection.box.id, heard_at, connection.session.clock_skew_ms))


def _moment(monotonic_s: float) -> datetime:
    """The moment that a reading of the monotonic clock stands for."""
    return datetime.now(UTC) - timedelta(seconds=time.monotonic() - monotonic_s)
