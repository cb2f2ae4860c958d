"""
What a charge point has to say, and in which order it says it.

One call at a time (OCPP-J 1.6, 4.1.1): a single task takes the next thing to
send and waits for its answer. Notices (everything that is not about a
transaction) are sent when there is a connection and fail when it ends. Reports
(StartTransaction, MeterValues, StopTransaction) are kept until they are
answered, strictly in order: no report overtakes another, not even while one
waits to be repeated. Notices may go in between (OCPP 1.6, 3.7).

A report whose connection ended before the answer is repeated at once on the next
connection and has not failed; a CALLERROR or no answer in time is a failure
(OCPP 1.6, 3.7.1), repeated after TransactionMessageRetryInterval times the
number of failures and given up after TransactionMessageAttempts.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum
from uuid import uuid4

from simulators.books import Delivery
from simulators.errors import CallFailed, CallTimedOut, Offline
from simulators.frames import Call, CallError, CallResult, Payload

Outcome = Payload | CallFailed | CallTimedOut | Offline


class Urgency(IntEnum):
    """Which notices may be sent before the central system has accepted the charge point (OCPP 1.6, 4.2)."""

    NORMAL = 0
    TRIGGERED = 1  # asked for by TriggerMessage, so allowed while Pending
    BOOT = 2


@dataclass(slots=True, eq=False)
class Notice:
    """A call that is of no use without a connection."""

    action: str
    payload: Payload
    done: Callable[[Outcome], None]
    urgency: Urgency = Urgency.NORMAL
    unique_id: str | None = None


@dataclass(slots=True)
class Report:
    """
    A call about a transaction, kept until it is answered.

    Attributes:
        payload: written at each sending, since the transaction id may have become known.
        answered: told the answer.
        delivery: its line in the books.
    """

    action: str
    payload: Callable[[], Payload]
    delivery: Delivery
    answered: Callable[[Payload], None] = lambda payload: None
    unique_id: str | None = None
    failures: int = 0
    not_before: float = 0.0


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How often and how soon a failed report is repeated, in real seconds."""

    attempts: int
    interval_s: float
    same_id: bool = False


class Outbox:
    """
    Sends notices and reports, one at a time.

    Args:
        transmit: writes a frame; returns False where there is no connection.
        retry_rule: read at each failure, since configuration keys change.
        changed: told after every step.
    """

    def __init__(
        self,
        transmit: Callable[[Call], Awaitable[bool]],
        *,
        retry_rule: Callable[[], RetryRule],
        call_timeout_s: float,
        changed: Callable[[], None],
    ) -> None:
        self.reports: deque[Report] = deque()
        self._notices: deque[Notice] = deque()
        self._transmit = transmit
        self._retry_rule = retry_rule
        self._call_timeout_s = call_timeout_s
        self._changed = changed
        self._wake = asyncio.Event()
        self._up = False
        self._lowest = Urgency.BOOT
        self._waiting: tuple[Call, asyncio.Future[Outcome]] | None = None
        self._raw: dict[str, asyncio.Future[CallResult | CallError]] = {}

    @property
    def idle(self) -> bool:
        """Whether everything has been said and answered."""
        return not (self.reports or self._notices or self._waiting)

    def link_up(self, lowest: Urgency) -> None:
        """A connection is there; notices below the urgency `lowest`, and reports unless it is NORMAL, have to wait."""
        self._up = True
        self.admit(lowest)

    def admit(self, lowest: Urgency) -> None:
        """From now on send what has at least this urgency."""
        self._lowest = lowest
        self._wake.set()

    def link_down(self) -> None:
        """The connection has ended: notices fail, reports wait for the next one."""
        self._up = False
        if self._waiting is not None:
            call, reply = self._waiting
            _settle(reply, Offline(call.action))
        lost, self._notices = self._notices, deque()
        for notice in lost:
            notice.done(Offline(notice.action))
        for report in self.reports:
            report.not_before = 0.0

    def notify(self, notice: Notice) -> None:
        """Queue a notice; without a connection it fails at once."""
        if not self._up:
            notice.done(Offline(notice.action))
            return
        self._notices.append(notice)
        self._wake.set()

    async def call(
        self, action: str, payload: Payload, *, urgency: Urgency = Urgency.NORMAL, unique_id: str | None = None
    ) -> Payload:
        """
        Send a notice and wait for its answer.

        Raises:
            CallFailed, CallTimedOut, Offline: there was none, or a CALLERROR.
        """
        reply: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.notify(Notice(action, payload, lambda outcome: _settle(reply, outcome), urgency, unique_id))
        outcome = await reply
        if isinstance(outcome, dict):
            return outcome
        raise outcome

    def report(self, report: Report) -> None:
        """Queue a report behind the others."""
        self.reports.append(report)
        self._wake.set()

    async def answer_to(self, unique_id: str, timeout_s: float) -> CallResult | CallError:
        """
        Wait for the answer to a frame that was sent past the outbox.

        Raises:
            TimeoutError: it did not come within `timeout_s` real seconds.
        """
        answer: asyncio.Future[CallResult | CallError] = asyncio.get_running_loop().create_future()
        self._raw[unique_id] = answer
        try:
            async with asyncio.timeout(timeout_s):
                return await answer
        finally:
            del self._raw[unique_id]

    def answer_received(self, answer: CallResult | CallError) -> bool:
        """Take an answer from the central system; returns False if nobody waits for it."""
        raw = self._raw.get(answer.unique_id)
        if raw is not None and not raw.done():
            raw.set_result(answer)
            return True
        if self._waiting is None or self._waiting[0].unique_id != answer.unique_id:
            return False
        call, reply = self._waiting
        if isinstance(answer, CallResult):
            _settle(reply, answer.payload)
        else:
            _settle(reply, CallFailed(call.action, answer.code, answer.description, answer.details))
        return True

    async def run(self) -> None:
        """Send what there is to send, until cancelled."""
        while True:
            self._wake.clear()
            if notice := self._next_notice():
                notice.done(await self._send(notice.action, notice.payload, notice.unique_id))
            elif report := self._next_report():
                await self._deliver(report)
            else:
                await self._wake.wait()
                continue
            self._changed()

    def _next_notice(self) -> Notice | None:
        if self._up:
            for notice in self._notices:
                if notice.urgency >= self._lowest:
                    self._notices.remove(notice)
                    return notice
        return None

    def _next_report(self) -> Report | None:
        if not self._up or self._lowest is not Urgency.NORMAL or not self.reports:
            return None
        head = self.reports[0]
        loop = asyncio.get_running_loop()
        if head.not_before > loop.time():
            loop.call_at(head.not_before, self._wake.set)
            return None
        return head

    async def _deliver(self, report: Report) -> None:
        rule = self._retry_rule()
        if report.unique_id is None or not rule.same_id:
            report.unique_id = str(uuid4())
        report.delivery.attempts += 1
        outcome = await self._send(report.action, report.payload(), report.unique_id)
        match outcome:
            case dict():
                self.reports.popleft()
                report.delivery.acknowledged = True
                report.answered(outcome)
            case Offline():
                pass
            case _:
                report.failures += 1
                report.not_before = asyncio.get_running_loop().time() + rule.interval_s * report.failures
                if report.failures >= rule.attempts:
                    self.reports.popleft()
                    report.delivery.discarded = True

    async def _send(self, action: str, payload: Payload, unique_id: str | None) -> Outcome:
        call = Call(unique_id or str(uuid4()), action, payload)
        reply: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting = (call, reply)
        try:
            async with asyncio.timeout(self._call_timeout_s):
                if not await self._transmit(call):
                    return Offline(action)
                return await reply
        except TimeoutError:
            return CallTimedOut(action, self._call_timeout_s)
        finally:
            self._waiting = None


def _settle(reply: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not reply.done():
        reply.set_result(outcome)
