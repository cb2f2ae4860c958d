"""
One charge box on one WebSocket.

The reader never waits for a handler. A reply wakes the call that awaits it at
once; calls queue for a single worker that answers them in the order they came.
So order is kept, and a handler may call the charge box it is answering. This file
knows a `send` and an `abort`, not a socket.
"""

import asyncio
import functools
import logging
import time
import uuid
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from csms.caller import Caller
from csms.domain.authorization import Presented
from csms.domain.charge_boxes import ChargeBoxKey
from csms.errors import CallQueueFull, CallRefused, CallTimeout, ChargeBoxOffline, StoreUnavailable
from csms.gateway import dispatch, journal
from csms.handlers.context import Context, Policy, Session
from csms.ocpp import leniency
from csms.ocpp.deviations import Deviation
from csms.ocpp.errors import OcppError
from csms.ocpp.frames import (
    Call,
    CallError,
    CallResult,
    Ignored,
    Malformed,
    decode,
    encode_call,
    encode_call_error,
)
from csms.store.ledger import Deviated, FramePassed, Ledger

log = logging.getLogger(__name__)

# A charge box sends one call at a time; more than this waiting is a flood, and then the socket is not read.
_MAX_INBOX = 64
# Replies that a repeat under the same unique id gets again; some stacks send one constant id.
_REMEMBERED = 8
_REPEATABLE = frozenset({"StartTransaction", "StopTransaction", "MeterValues", "DataTransfer"})


class Link(Protocol):
    """What a connection needs of its socket."""

    def send(self, data: bytes) -> None:
        """Send one text frame; what cannot be sent any more is dropped."""

    def abort(self, cause: str) -> None:
        """Drop the TCP connection at once, without waiting for the peer."""

    def pause_reading(self) -> None:
        """Read no more until told; TCP makes the peer wait."""

    def resume_reading(self) -> None:
        """Read again."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all connections of a node share. Times in seconds."""

    ledger: Ledger
    caller: Caller
    policy: Policy
    look_up: Callable[[int, str], Awaitable[Presented]]
    call_timeout_s: float
    max_waiting_calls: int
    silent_boot_time_s: float
    counters: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Pending:
    """A call of ours that has been sent."""

    unique_id: str
    action: str
    answer: asyncio.Future[dict[str, Any]]


class Connection:
    """One charge box on one WebSocket, from its handshake to its end."""

    def __init__(self, box: ChargeBoxKey, epoch: int, link: Link, session: Session, around: Surroundings) -> None:
        self.box = box
        self.epoch = epoch
        self.session = session
        self.opened_at = time.monotonic()
        self.heard_at = self.opened_at
        self.closed = False
        self._link = link
        self._around = around
        self._inbox: deque[tuple[Call, datetime]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._paused = False
        self._answered: deque[tuple[str, str, dict[str, Any], bytes]] = deque(maxlen=_REMEMBERED)
        self._jobs: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._pending: _Pending | None = None
        self._ready = asyncio.Event()
        # Boots that are not answered yet, or whose settle time has not passed.
        self._booting = 0

    @property
    def counters(self) -> Counter[str]:
        """What was odd on this node's connections: frames malformed or ignored, calls repeated, replies unknown."""
        return self._around.counters

    # ---- what the charge box says

    def receive(self, data: bytes) -> None:
        """Take one frame. Never raises and never waits."""
        self.heard_at = time.monotonic()
        now = datetime.now(UTC)
        match decode(data):
            case Call() as call:
                self._keep(now, "<", call.action, call.unique_id, data, call.payload)
                self._note_all(call.action, call.deviations, now)
                self._enqueue(call, now)
            case CallResult() as result:
                pending = self._match(result.unique_id)
                action = pending.action if pending else None
                self._keep(now, "<", action, result.unique_id, data, result.payload)
                if pending:
                    self._note_all(pending.action, result.deviations, now)
                    self._deliver(pending, result.payload, now)
            case CallError() as error:
                pending = self._match(error.unique_id)
                self._keep(now, "<", pending.action if pending else None, error.unique_id, data, None)
                if pending:
                    refused = CallRefused(
                        self.box.identity, pending.action, error.code, error.description, error.details
                    )
                    self._fail(pending, refused)
            case Malformed() as malformed:
                self._keep(now, "<", None, malformed.unique_id, data, None)
                self._refuse(malformed, now)
            case Ignored(reason=reason):
                self._keep(now, "<", None, None, data, None)
                self._count("ignored", reason)

    def _enqueue(self, call: Call, now: datetime) -> None:
        if call.action == "BootNotification":
            self._booting += 1
            if not self.closed:
                self._ready.clear()
        elif self.session.booted and not self._booting:
            # It reconnected and goes on; it need not boot again (OCPP-J 5.4).
            self._ready.set()
        self._inbox.append((call, now))
        if len(self._inbox) >= _MAX_INBOX and not self._paused:
            self._paused = True
            self._link.pause_reading()
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())

    async def _work(self) -> None:
        """Answer what is in the inbox, in order, then rest."""
        try:
            while self._inbox:
                call, now = self._inbox.popleft()
                await self._answer(call, now)
                if self._paused and len(self._inbox) < _MAX_INBOX // 2:
                    self._paused = False
                    self._link.resume_reading()
        finally:
            self._worker = None

    async def _answer(self, call: Call, now: datetime) -> None:
        for unique_id, action, payload, reply in self._answered:
            if unique_id == call.unique_id and action == call.action and payload == call.payload:
                self._count("repeated", action)
                self._send(reply, call.action, call.unique_id, {})
                return
        jobs: list[Callable[[], Awaitable[None]]] = []
        around = self._around
        context = Context(
            self.box,
            self.session,
            call.unique_id,
            now,
            around.ledger,
            around.caller,
            around.policy,
            functools.partial(around.look_up, self.box.id),
            jobs.append,
        )
        reply, is_result = await dispatch.answer(call, context, lambda action, found: self._note(action, found, now))
        if is_result and call.action in _REPEATABLE:
            self._answered.append((call.unique_id, call.action, call.payload, reply))
        self._send(reply, call.action, call.unique_id, {})
        if call.action == "BootNotification":
            self._start(self._settle if is_result else self._await_next_boot)
        for job in jobs:
            self._start(job)

    def _refuse(self, malformed: Malformed, now: datetime) -> None:
        self._count("malformed", malformed.reason)
        self._note("", Deviation("malformed_frame", "", malformed.reason[:100]), now)
        if malformed.answerable and malformed.unique_id is not None:
            reply = encode_call_error(malformed.unique_id, malformed.code, malformed.reason)
            self._send(reply, None, malformed.unique_id, {})
        elif malformed.unique_id is not None and (pending := self._match(malformed.unique_id)):
            self._fail(
                pending,
                CallRefused(self.box.identity, pending.action, malformed.code, malformed.reason, {}),
            )

    # ---- what we ask the charge box

    async def call(self, action: str, payload: dict[str, Any], timeout_s: float | None = None) -> dict[str, Any]:
        """Send a call in its turn and await the answer; see `Caller.call`."""
        limit_s = self._around.call_timeout_s if timeout_s is None else timeout_s
        if self._waiting >= self._around.max_waiting_calls:
            raise CallQueueFull(self.box.identity, self._waiting)
        if self.session.registration == "Rejected":
            raise ChargeBoxOffline(self.box.identity, "Charge box is connected but its registration is Rejected")
        self._waiting += 1
        try:
            await self._await_turn(action, limit_s)
            try:
                return await self._exchange(action, payload, limit_s)
            finally:
                self._turn.release()
        finally:
            self._waiting -= 1

    async def _await_turn(self, action: str, limit_s: float) -> None:
        """Wait until the charge box has booted (law 9) and no other call is under way (OCPP-J 4.1.1)."""
        try:
            async with asyncio.timeout(limit_s):
                await self._ready.wait()
                await self._turn.acquire()
        except TimeoutError:
            raise CallTimeout(self.box.identity, f"an earlier call, so {action} was not sent", limit_s) from None

    async def _exchange(self, action: str, payload: dict[str, Any], limit_s: float) -> dict[str, Any]:
        if self.closed:
            raise ChargeBoxOffline(self.box.identity)
        unique_id = str(uuid.uuid4())
        self._pending = pending = _Pending(unique_id, action, asyncio.get_running_loop().create_future())
        self._send(encode_call(unique_id, action, payload), action, unique_id, payload)
        try:
            async with asyncio.timeout(limit_s):
                return await pending.answer
        except TimeoutError:
            raise CallTimeout(self.box.identity, action, limit_s) from None
        finally:
            self._pending = None

    def _match(self, unique_id: str) -> _Pending | None:
        """The call that a reply answers; replies to anything else are counted and forgotten."""
        if self._pending is not None and self._pending.unique_id == unique_id:
            return self._pending
        self._count("unknown_reply", unique_id)
        return None

    def _deliver(self, pending: _Pending, payload: dict[str, Any], now: datetime) -> None:
        try:
            accepted, deviations = leniency.accept_response(pending.action, payload)
        except OcppError as error:
            reason = f"its answer is not one of OCPP 1.6: {error.description}"
            self._fail(pending, CallRefused(self.box.identity, pending.action, error.code, reason, {}))
            return
        self._note_all(pending.action, deviations, now)
        if not pending.answer.done():
            pending.answer.set_result(accepted)

    @staticmethod
    def _fail(pending: _Pending, error: Exception) -> None:
        if not pending.answer.done():
            pending.answer.set_exception(error)

    # ---- its life

    def opened(self) -> None:
        """The handshake is over; calls wait for the boot, or for a while where boxes boot silently."""
        self._start(self._await_silent_boot)

    def close(self) -> None:
        """The socket is gone: nothing waits any longer, and what is being written is written."""
        if self.closed:
            return
        self.closed = True
        self._ready.set()
        if self._pending is not None:
            # An exception, not a cancellation: that would look like the caller's own.
            self._fail(self._pending, ChargeBoxOffline(self.box.identity, "Charge box disconnected before it answered"))
        for job in self._jobs:
            job.cancel()

    def abort(self, cause: str) -> None:
        """End the connection at once."""
        self._link.abort(cause)

    async def finish(self) -> None:
        """Wait until what is in flight is answered."""
        while (worker := self._worker) is not None:
            await asyncio.wait([worker])

    async def _settle(self) -> None:
        await asyncio.sleep(min(self._around.policy.settle_time_s, self._around.silent_boot_time_s))
        self._end_boot()

    async def _await_next_boot(self) -> None:
        await asyncio.sleep(self._around.silent_boot_time_s)
        self._end_boot()

    def _end_boot(self) -> None:
        self._booting -= 1
        if not self._booting:
            self._ready.set()

    async def _await_silent_boot(self) -> None:
        await asyncio.sleep(self._around.silent_boot_time_s)
        if not self._booting:
            self._ready.set()

    def _start(self, job: Callable[[], Awaitable[None]]) -> None:
        """Run a job that this connection owns."""

        async def run() -> None:
            try:
                await job()
            except StoreUnavailable as error:
                log.warning("%s: what follows a reply was not kept: %s", self.box, error)
            except Exception:
                log.exception("%s: what follows a reply failed", self.box)

        if not self.closed:
            task = asyncio.create_task(run())
            self._jobs.add(task)
            task.add_done_callback(self._jobs.discard)

    # ---- what is kept of it

    def _send(self, data: bytes, action: str | None, unique_id: str, payload: dict[str, Any]) -> None:
        if not self.closed:
            self._keep(datetime.now(UTC), ">", action, unique_id, data, payload)
            self._link.send(data)

    def _keep(
        self,
        at: datetime,
        direction: str,
        action: str | None,
        unique_id: str | None,
        data: bytes,
        payload: dict[str, Any] | None,
    ) -> None:
        body = journal.shown(data, payload)
        fact = FramePassed(self.box.id, at, direction, journal.name(action), journal.name(unique_id), body)
        self._around.ledger.note_frame(fact)

    def _note_all(self, action: str, deviations: tuple[Deviation, ...], now: datetime) -> None:
        for deviation in deviations:
            self._note(action, deviation, now)

    def _note(self, action: str, deviation: Deviation, now: datetime) -> None:
        fact = Deviated(self.box.id, now, deviation.kind, action, deviation.path, deviation.example)
        self._around.ledger.note_deviation(fact)

    def _count(self, what: str, detail: str) -> None:
        self._around.counters[what] += 1
        log.debug("%s: %s: %s", self.box, what, detail)
