"""
A simulated OCPP 1.6J charge point, as tests and scenarios hold it in their hands.

Here stands what happens to the machine: drivers (`plug_in`, `present_tag`,
`unplug`), faults (`cut`, `linger`, `go_offline`, `fault`, `cable_stuck`) and
the commands of the central system, whose answers can be overridden.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime
from functools import partial
from typing import Any

from ocpp.v16.enums import Action, ChargePointErrorCode, Reason

from simulators.answering import Answering
from simulators.books import Delivery, TransactionRecord
from simulators.connector import Connector
from simulators.frames import Call
from simulators.machine import Machine
from simulators.options import Options
from simulators.overrides import Override
from simulators.vehicle import Vehicle

_DEFAULT_OPTIONS = Options()


class ChargePoint(Machine):
    """
    One simulated charge point (see `Machine` for its attributes).

    Args:
        url: of the central system, without the identity.
    """

    def __init__(self, url: str, charge_point_id: str, options: Options = _DEFAULT_OPTIONS) -> None:
        super().__init__(url, charge_point_id, options)
        self._answering = Answering(self)

    # ---- the driver ----

    def plug_in(self, connector: int, vehicle: Vehicle | None = None) -> Vehicle:
        """A vehicle is plugged in; charging begins if an authorized tag waits for it."""
        place = self.connectors[connector]
        place.vehicle = vehicle or Vehicle(soc_percent=self.dice.uniform(10, 60))
        place.finished = False
        if place.waiting_tag is not None and place.free:
            self.charging.begin(place, place.waiting_tag)
        self.charging.feed(place)
        self.status.refresh(place)
        return place.vehicle

    def unplug(self, connector: int) -> bool:
        """The cable is pulled; returns False where the lock does not open."""
        place = self.connectors[connector]
        if not self.unlock(connector):
            return False
        if self.configuration.flag("StopTransactionOnEVSideDisconnect"):
            self.charging.end(place, Reason.ev_disconnected)
        place.vehicle = None
        place.finished = False
        self.charging.feed(place)
        self.status.refresh(place)
        return True

    async def present_tag(self, connector: int, tag: str, *, wait_s: float = 30.0) -> TransactionRecord | None:
        """
        A tag is held to the reader: starts a transaction, or stops the one that this tag may stop.

        Args:
            wait_s: how long to wait for the central system's answer to the start or the stop, in real
                seconds; it is not waited for while offline.

        Returns:
            The transaction that was started or stopped; None if the tag was refused, or is accepted and waits
            for a cable until ConnectionTimeOut.
        """
        place = self.connectors[connector]
        if place.transaction is not None:
            return await self._stop_by_tag(place, tag, wait_s)
        if not self._usable(place) or not await self.authorizer.authorize(tag) or not self._usable(place):
            return None
        record = self._start_or_wait_for_cable(place, tag)
        if record is not None:
            await self._settled(record.start, wait_s)
        return record

    async def start_remotely(self, connector: int, tag: str) -> None:
        """Carry out an accepted RemoteStartTransaction (OCPP 1.6, 5.11)."""
        place = self.connectors[connector]
        if self.configuration.flag("AuthorizeRemoteTxRequests") and not await self.authorizer.authorize(tag):
            return
        if self._usable(place):
            self._start_or_wait_for_cable(place, tag)

    def end_transaction(
        self, connector: int, reason: Reason = Reason.local, id_tag: str | None = None
    ) -> TransactionRecord | None:
        """Stop the transaction of a connector at once; returns it, or None if there was none."""
        return self.charging.end(self.connectors[connector], reason, id_tag)

    def limit(self, connector: int, power_w: float) -> None:
        """Let a connector offer at most so much power from now on."""
        place = self.connectors[connector]
        place.max_power_w = power_w
        self.charging.feed(place)
        self.status.refresh(place)

    def suspend(self, connector: int, suspended: bool = True) -> None:
        """Hold the energy of a running transaction back (SuspendedEVSE), or let it flow again."""
        place = self.connectors[connector]
        place.suspended = suspended and place.transaction is not None
        self.charging.feed(place)
        self.status.refresh(place)

    def deliver_wh(self, connector: int, energy_wh: int) -> None:
        """Count some Wh at once, for tests that need a certain figure."""
        self.connectors[connector].meter.add_wh(energy_wh)

    # ---- faults ----

    def cut(self, *, pause_s: float | None = None) -> None:
        """Drop the TCP connection without a close frame; reconnect after `pause_s` or the usual back-off."""
        self.link.cut(pause_s=pause_s)

    def linger(self, *, reconnect: bool = True) -> None:
        """Stop reading and writing while the socket stays open; go on with a new connection, or with none."""
        self.link.linger()
        if not reconnect:
            self.link.unwant()

    def close_lingering(self) -> None:
        """Drop the sockets left by `linger`."""
        self.link.close_lingering()

    def go_offline(self) -> None:
        """Lose the network: the connection drops and none is made until `go_online`."""
        self.link.unwant()

    def go_online(self) -> None:
        """Have the network back."""
        self.link.want()

    def fault(self, connector: int, code: ChargePointErrorCode | str = ChargePointErrorCode.other_error) -> None:
        """A connector (0: the charge point) becomes Faulted; its transaction ends."""
        place = self.connector(connector)
        place.faulted = True
        place.error_code = ChargePointErrorCode(code)
        self.charging.end(place, Reason.other)
        self.status.refresh(place)

    def clear_fault(self, connector: int) -> None:
        """The fault, or the warning, is over."""
        place = self.connector(connector)
        place.faulted = False
        place.error_code = ChargePointErrorCode.no_error
        self.status.refresh(place)

    def cable_stuck(self, connector: int, stuck: bool = True) -> None:
        """From now on the lock does not open (or does again)."""
        place = self.connectors[connector]
        place.cable_stuck = stuck
        if not stuck:
            self.clear_fault(connector)

    def set_clock(self, moment: datetime) -> None:
        """Let it believe that it is now `moment`; `clock.offset` can be set as well."""
        self.clock.set_to(moment)

    # ---- commands of the central system ----

    def override(self, action: Action | str, **what: Any) -> None:
        """Answer the commands of an action otherwise; `what` are the attributes of `Override`."""
        self._answering.override(str(action), Override(**what))

    def restore(self, action: Action | str) -> None:
        """Answer the commands of an action as usual again."""
        self._answering.restore(str(action))

    def unlock(self, connector: int) -> bool:
        """Try to open the lock; a stuck one warns with ConnectorLockFailure."""
        place = self.connectors[connector]
        if place.cable_stuck:
            place.error_code = ChargePointErrorCode.connector_lock_failure
        self.status.refresh(place)
        return not place.cable_stuck

    def set_operative(self, connector: int, operative: bool) -> bool:
        """Change the availability of a connector, or with 0 of all; returns whether some of it has to wait."""
        places = [self.box, *self.connectors.values()] if connector == 0 else [self.connectors[connector]]
        for place in places:
            if place.transaction is not None and place.operative is not operative:
                place.operative_next = operative
            else:
                place.operative, place.operative_next = operative, None
            self.status.refresh(place)
        return any(place.operative_next is not None for place in places)

    def connector_of(self, transaction_id: int) -> Connector | None:
        """The connector on which a transaction runs."""
        for connector in self.connectors.values():
            if connector.transaction is not None and connector.transaction.transaction_id == transaction_id:
                return connector
        return None

    def free_connector(self, number: int | None = None) -> Connector | None:
        """A connector that can start a transaction: the one named, or the first, those with a car before the others."""
        free = [each for each in self.connectors.values() if self._usable(each) and each.waiting_tag is None]
        if number is not None:
            return next((each for each in free if each.number == number), None)
        return min(free, key=lambda each: each.vehicle is None, default=None)

    # ---- inside ----

    async def answer(self, call: Call) -> None:
        """Answer one command."""
        await self._answering.answer(call)

    def _usable(self, connector: Connector) -> bool:
        return connector.free and not self.box.faulted

    def _start_or_wait_for_cable(self, connector: Connector, tag: str) -> TransactionRecord | None:
        if connector.vehicle is not None:
            return self.charging.begin(connector, tag)
        connector.waiting_tag = tag
        timeout_s = self.clock.real_s(self.configuration.number("ConnectionTimeOut"))
        loop = asyncio.get_running_loop()
        connector.timers.append(loop.call_later(timeout_s, partial(self._forget_tag, connector)))
        self.status.refresh(connector)
        return None

    def _forget_tag(self, connector: Connector) -> None:
        connector.waiting_tag = None
        self.status.refresh(connector)

    async def _stop_by_tag(self, connector: Connector, tag: str, wait_s: float) -> TransactionRecord | None:
        record = connector.transaction
        if record is None:
            return None
        if tag.lower() != record.id_tag.lower():
            # OCPP 1.6, 4.1: another tag is authorized first, and stops only what its own group started.
            if not await self.authorizer.authorize(tag) or not self.authorizer.same_group(tag, record.id_tag):
                return None
            if connector.transaction is not record:
                return None
        self.charging.end(connector, Reason.local, tag)
        await self._settled(record.stop, wait_s)
        return record

    async def _settled(self, delivery: Delivery, wait_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            await self.wait_for(lambda: delivery.settled or not self.online, timeout_s=wait_s)
