"""
One connector: the facts, and the status that follows from them.

The status is never set; it is derived (OCPP 1.6, 4.9), so that it cannot
contradict the facts. Connector 0 is the charge point as a whole and knows only
Available, Unavailable and Faulted.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from ocpp.v16.enums import ChargePointErrorCode, ChargePointStatus

from simulators.books import TransactionRecord
from simulators.meter import Meter
from simulators.timers import Ticker
from simulators.vehicle import Vehicle

StatusReport = tuple[ChargePointStatus, ChargePointErrorCode]


@dataclass(slots=True)
class Connector:
    """
    One connector of a charge point.

    Attributes:
        vehicle: what is plugged in.
        transaction: the one that runs.
        finished: a transaction has ended and the cable is still in.
        waiting_tag: an authorized tag that waits for the cable.
        operative, operative_next: availability, and the one scheduled for after the transaction.
        faulted: no charging is possible; `error_code` says why. Without it the code is a warning.
        suspended: the charge point holds the energy back (SuspendedEVSE).
        cable_stuck: the lock does not open.
        announced, acknowledged: the last status that was queued, and the last that the central system knows.
    """

    number: int
    meter: Meter
    phases: int
    max_power_w: float
    sampler: Ticker
    vehicle: Vehicle | None = None
    transaction: TransactionRecord | None = None
    finished: bool = False
    waiting_tag: str | None = None
    operative: bool = True
    operative_next: bool | None = None
    faulted: bool = False
    error_code: ChargePointErrorCode = ChargePointErrorCode.no_error
    suspended: bool = False
    cable_stuck: bool = False
    announced: StatusReport | None = None
    acknowledged: StatusReport | None = None
    transaction_data: list[dict[str, object]] = field(default_factory=list)
    timers: list[asyncio.TimerHandle] = field(default_factory=list)

    @property
    def status(self) -> ChargePointStatus:
        """The status that follows from the facts."""
        if self.faulted:
            return ChargePointStatus.faulted
        if self.transaction is not None:
            return self._status_in_transaction()
        if self.finished:
            return ChargePointStatus.finishing
        if not self.operative:
            return ChargePointStatus.unavailable
        if self.vehicle is not None or self.waiting_tag is not None:
            return ChargePointStatus.preparing
        return ChargePointStatus.available

    @property
    def report(self) -> StatusReport:
        """What a StatusNotification says."""
        return self.status, self.error_code

    @property
    def free(self) -> bool:
        """Whether a transaction may begin here."""
        return self.number > 0 and self.operative and not self.faulted and self.transaction is None

    def cancel_timers(self) -> None:
        """Forget what was due."""
        for timer in self.timers:
            timer.cancel()
        self.timers.clear()

    def _status_in_transaction(self) -> ChargePointStatus:
        if self.suspended:
            return ChargePointStatus.suspended_evse
        if self.vehicle is None or self.vehicle.full:
            return ChargePointStatus.suspended_ev
        return ChargePointStatus.charging
