"""
A charge point as a machine: its parts, and what it does by itself.

It connects, boots, tells its status, beats its heart, keeps its clock and its
books, and takes the frames that come. What drivers, faults and commands do to
it stands in charge_point.py. Everything runs on one event loop in three tasks:
the link, its reader and the outbox; the rest are timers.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from ocpp.v16.enums import Action, Reason

from simulators.authorizer import Authorizer
from simulators.books import Books
from simulators.charging import Charging
from simulators.clock import Clock
from simulators.conditions import Conditions
from simulators.configuration import Configuration
from simulators.connector import Connector
from simulators.errors import FrameError
from simulators.frame_log import FrameLog
from simulators.frames import Call, Frame, Payload, decode, encode
from simulators.link import Link
from simulators.meter import Meter
from simulators.options import Options
from simulators.outbox import Notice, Outbox, RetryRule, Urgency
from simulators.registration import LOWEST_URGENCY, Registration, Standing
from simulators.status import StatusTeller
from simulators.timers import Ticker

logger = logging.getLogger(__name__)

T = TypeVar("T")

_FLUSH_BEFORE_REBOOT_S = 5.0


class Machine(ABC):
    """
    The parts of one charge point, and its life.

    Attributes:
        charge_point_id: its identity, the last segment of the URL.
        connectors: by number, from 1; `box` is connector 0, the charge point as a whole.
        books: what it reported and what was acknowledged.
        configuration, authorizer, clock, charging, outbox, link: the parts, open to tests.
        log: counts of frames, and the last ones.

    Args:
        url: of the central system, without the identity.
    """

    def __init__(self, url: str, charge_point_id: str, options: Options) -> None:
        self.charge_point_id = charge_point_id
        self.options = options
        self.dice = random.Random(None if options.seed is None else f"{options.seed}/{charge_point_id}")
        self.clock = Clock(options.time_scale, options.clock_offset)
        self.books = Books(charge_point_id)
        self.log = FrameLog(options.frame_log)
        self.conditions = Conditions()
        self.configuration = Configuration(options.connectors, options.configuration)
        self.link = Link(url, charge_point_id, options, self, self.dice, self.conditions.changed)
        self.outbox = Outbox(
            self.transmit,
            retry_rule=self._retry_rule,
            call_timeout_s=options.call_timeout_s,
            changed=self.conditions.changed,
        )
        self.authorizer = Authorizer(self.outbox, self.configuration, self.clock)
        self.status = StatusTeller(self.outbox, self.clock, self.conditions.changed)
        self.charging = Charging(
            options,
            self.clock,
            self.configuration,
            self.books,
            self.outbox,
            self.authorizer,
            self.dice,
            self.status.refresh,
        )
        self.box = self._connector(0)
        self.connectors = {number: self._connector(number) for number in range(1, options.connectors + 1)}
        self.registration = Registration(
            charge_point_id,
            self.outbox,
            options.boot_payload(charge_point_id),
            options.boot_retry_s,
            accepted=self._accepted,
            changed=self.conditions.changed,
        )
        self._heartbeat = Ticker(lambda: self.notify(Action.heartbeat, {}))
        self._aligned = Ticker(self._read_aligned)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._boot_task: asyncio.Task[None] | None = None

    # ---- life ----

    async def start(self, *, wait_s: float | None = None) -> None:
        """
        Switch on; with `wait_s`, wait until the central system has accepted.

        Raises:
            TimeoutError: it was not accepted within `wait_s` real seconds.
        """
        self.configuration.changed = self._configured
        self._set_aligned()
        self.link.ping_interval_s = self.configuration.number("WebSocketPingInterval")
        self.link.want(delay_s=self.options.connect_delay_s)
        self._spawn(self.link.run())
        self._spawn(self.outbox.run())
        if wait_s is not None:
            await self.wait_for(lambda: self.accepted and self.online, timeout_s=wait_s)

    async def stop(self) -> None:
        """Switch off: close the connection in good order and end every task; the books stay."""
        self._heartbeat.stop()
        self._aligned.stop()
        for connector in self.connectors.values():
            connector.sampler.stop()
            connector.cancel_timers()
        await self.link.finish()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.link.close_lingering()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def reboot(self, reason: Reason = Reason.reboot, *, graceful: bool = True) -> None:
        """
        Stop all transactions for `reason`, restart, and boot anew.

        A graceful one (soft reset) delivers its stops first, as far as that is
        possible in a few seconds; otherwise they are sent after the boot (OCPP 1.6, 5.14).
        """
        for connector in self.connectors.values():
            self.charging.end(connector, reason)
            connector.waiting_tag = None
            connector.cancel_timers()
        if graceful:
            with contextlib.suppress(TimeoutError):
                await self.wait_for(lambda: self.idle or not self.online, timeout_s=_FLUSH_BEFORE_REBOOT_S)
        self._heartbeat.stop()
        self.status.forget()
        self.registration.begin()
        self.link.ping_interval_s = self.configuration.number("WebSocketPingInterval")
        if graceful:
            await self.link.close(pause_s=self.options.reboot_s)
        else:
            self.link.cut(pause_s=self.options.reboot_s)

    @abstractmethod
    async def answer(self, call: Call) -> None:
        """Answer one command."""

    # ---- state ----

    @property
    def online(self) -> bool:
        """Whether there is a connection."""
        return self.link.up

    @property
    def standing(self) -> Standing:
        """How it stands with the central system."""
        return self.registration.standing

    @property
    def accepted(self) -> bool:
        """Whether the central system has accepted it since it was switched on."""
        return self.standing is Standing.ACCEPTED

    @property
    def idle(self) -> bool:
        """Whether everything it had to say has been answered."""
        return self.outbox.idle

    def connector(self, number: int) -> Connector:
        """A connector by number; 0 is the charge point as a whole. Raises KeyError."""
        return self.box if number == 0 else self.connectors[number]

    async def wait_for(self, condition: Callable[[], T], timeout_s: float = 10.0) -> T:
        """
        Wait until a condition on this charge point is truthy; return its value.

        The condition is looked at when something happens here, so it must depend on nothing else.

        Raises:
            TimeoutError: it was not within `timeout_s` real seconds.
        """
        return await self.conditions.wait_for(condition, timeout_s)

    # ---- sending ----

    async def call(
        self, action: Action | str, payload: Payload | None = None, *, unique_id: str | None = None
    ) -> Payload:
        """
        Send any call and return the answer's payload; it waits its turn (one call at a time).

        Raises:
            CallFailed, CallTimedOut, Offline: there was a CALLERROR, or no answer.
        """
        name = action.value if isinstance(action, Action) else action
        return await self.outbox.call(name, payload or {}, unique_id=unique_id)

    def notify(self, action: Action, payload: Payload, *, urgency: Urgency = Urgency.NORMAL) -> None:
        """Send a call whose answer is of no further interest."""
        self.outbox.notify(Notice(action.value, payload, lambda outcome: None, urgency))

    def boot_now(self) -> None:
        """Send BootNotification now."""
        if self._boot_task is not None and not self._boot_task.done():
            self.registration.again()
        else:
            self._boot_task = self._spawn(self.registration.run())

    async def send_raw(self, data: str | bytes, *, text: bool = True) -> bool:
        """Send a frame as it stands, good or bad, past the queue; returns False while offline."""
        raw = data.encode() if isinstance(data, str) else data
        if not self.online:
            return False
        self.log.add("sent", raw)
        sent = await self.link.send(raw, text=text)
        self.conditions.changed()
        return sent

    async def transmit(self, frame: Frame) -> bool:
        """Send a frame past the queue (the outbox and the answers come here)."""
        if isinstance(frame, Call) and self.online:
            self.log.sent_calls[frame.action] += 1
        return await self.send_raw(encode(frame))

    # ---- the link's listener ----

    def link_up(self) -> None:
        """Boot, or go on where the last connection ended (OCPP-J 1.6, 5.4)."""
        if self.options.boot_on_reconnect:
            self.status.forget()
            self.registration.begin()
        self.outbox.link_up(LOWEST_URGENCY[self.standing])
        if self.accepted:
            self._go_on()
        else:
            self.boot_now()
        self.conditions.changed()

    def link_down(self) -> None:
        """Notices fail, reports wait."""
        self._heartbeat.stop()
        if self._boot_task is not None:
            self._boot_task.cancel()
            self._boot_task = None
        self.outbox.link_down()
        self.conditions.changed()

    def frame_received(self, data: bytes) -> None:
        """Hand an answer to whoever waits for it, and a command to its own task."""
        self.log.add("received", data)
        try:
            frame = decode(data)
        except FrameError as error:
            logger.warning("%s: received %s", self.charge_point_id, error)
            self.log.oddities["malformed"] += 1
        else:
            if isinstance(frame, Call):
                self.log.received_calls[frame.action] += 1
                self._spawn(self.answer(frame))
            elif not self.outbox.answer_received(frame):
                self.log.oddities["unexpected"] += 1
        self.conditions.changed()

    # ---- inside ----

    def _connector(self, number: int) -> Connector:
        options = self.options
        meter = Meter(self.clock.simulated_ns, options.meter_start_wh)
        sampler = Ticker(lambda: self.charging.sample_periodically(self.connector(number)))
        return Connector(number, meter, options.phases, options.max_power_w, sampler)

    def _retry_rule(self) -> RetryRule:
        return RetryRule(
            attempts=self.configuration.number("TransactionMessageAttempts"),
            interval_s=self.configuration.number("TransactionMessageRetryInterval"),
            same_id=self.options.retry_same_id,
        )

    def _accepted(self, interval_s: int) -> None:
        if interval_s > 0:
            self.configuration.set("HeartbeatInterval", interval_s)
        self._go_on()

    def _go_on(self) -> None:
        """Tell the central system what it does not know yet, and let the heart beat."""
        self.status.introduce([self.box, *self.connectors.values()])
        self._set_heartbeat()

    def _set_heartbeat(self) -> None:
        interval_s = self.configuration.number("HeartbeatInterval")
        self._heartbeat.start(interval_s, first_s=interval_s * self.dice.uniform(0.5, 1.0))

    def _set_aligned(self) -> None:
        self._aligned.start(self.clock.real_s(self.configuration.number("ClockAlignedDataInterval")))

    def _configured(self, name: str) -> None:
        if name == "HeartbeatInterval" and self.online and self.accepted:
            self._set_heartbeat()
        elif name == "MeterValueSampleInterval":
            for connector in self.connectors.values():
                self.charging.set_sampling(connector)
        elif name == "ClockAlignedDataInterval":
            self._set_aligned()
        elif name == "AuthorizationKey":
            self.link.set_key(self.configuration[name])

    def _read_aligned(self) -> None:
        for connector in self.connectors.values():
            self.charging.read_aligned(connector)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("%s: a task ended", self.charge_point_id, exc_info=task.exception())
        self.conditions.changed()
