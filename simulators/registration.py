"""
From power-on to acceptance: BootNotification, and waiting where it is not accepted.

OCPP 1.6, 4.2: before the first answer and while Rejected nothing else is sent;
while Pending only what was triggered. The interval of the reply is the wait
before the next attempt, or the heartbeat interval once accepted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from enum import Enum

from ocpp.v16.enums import Action, RegistrationStatus

from simulators.errors import CallFailed, CallTimedOut, Offline
from simulators.frames import Payload
from simulators.outbox import Outbox, Urgency

logger = logging.getLogger(__name__)


class Standing(Enum):
    """How the charge point stands with the central system."""

    BOOTING = "Booting"
    PENDING = "Pending"
    REJECTED = "Rejected"
    ACCEPTED = "Accepted"


_STANDING = {
    RegistrationStatus.accepted.value: Standing.ACCEPTED,
    RegistrationStatus.pending.value: Standing.PENDING,
    RegistrationStatus.rejected.value: Standing.REJECTED,
}

# What may be sent in which standing.
LOWEST_URGENCY = {
    Standing.BOOTING: Urgency.BOOT,
    Standing.PENDING: Urgency.TRIGGERED,
    Standing.REJECTED: Urgency.BOOT,
    Standing.ACCEPTED: Urgency.NORMAL,
}


class Registration:
    """
    Boots a charge point until it is accepted.

    Attributes:
        standing: how it stands now.
        boots: how many BootNotifications were answered.

    Args:
        accepted: told the interval of an Accepted reply, in seconds.
        changed: told after every reply.
    """

    def __init__(
        self,
        charge_point_id: str,
        outbox: Outbox,
        payload: Payload,
        retry_s: float,
        accepted: Callable[[int], None],
        changed: Callable[[], None],
    ) -> None:
        self.standing = Standing.BOOTING
        self.boots = 0
        self._charge_point_id = charge_point_id
        self._outbox = outbox
        self._payload = payload
        self._retry_s = retry_s
        self._accepted = accepted
        self._changed = changed
        self._now = asyncio.Event()

    def begin(self) -> None:
        """Forget the standing: the charge point has just been switched on."""
        self._stand(Standing.BOOTING)

    def again(self) -> None:
        """Send the next BootNotification at once (TriggerMessage)."""
        self._now.set()

    async def run(self) -> None:
        """Send BootNotification until it is accepted, or the connection ends."""
        while True:
            self._now.clear()
            try:
                reply = await self._outbox.call(Action.boot_notification.value, self._payload, urgency=Urgency.BOOT)
            except Offline:
                return
            except (CallFailed, CallTimedOut) as error:
                logger.warning("%s: %s", self._charge_point_id, error)
                wait_s = self._retry_s
            else:
                self.boots += 1
                interval_s = reply.get("interval", 0)
                standing = _STANDING.get(str(reply.get("status")), Standing.REJECTED)
                self._stand(standing)
                if standing is Standing.ACCEPTED:
                    self._accepted(interval_s)
                self._changed()
                if standing is Standing.ACCEPTED:
                    return
                wait_s = interval_s or self._retry_s
            try:
                async with asyncio.timeout(wait_s):
                    await self._now.wait()
            except TimeoutError:
                pass

    def _stand(self, standing: Standing) -> None:
        self.standing = standing
        self._outbox.admit(LOWEST_URGENCY[standing])
