"""
Telling the central system the status of each connector, at every change.

While offline nothing is queued: on the next connection only what the central
system does not know yet is told, as it is then (OCPP 1.6, 4.9). It knows what it
has acknowledged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ocpp.v16.enums import Action

from simulators.clock import Clock
from simulators.connector import Connector
from simulators.outbox import Notice, Outbox, Outcome, Urgency


class StatusTeller:
    """
    Sends StatusNotifications.

    Args:
        changed: told at every change, announced or not.
    """

    def __init__(self, outbox: Outbox, clock: Clock, changed: Callable[[], None]) -> None:
        self._outbox = outbox
        self._clock = clock
        self._changed = changed
        self._introduced = False

    def forget(self) -> None:
        """After a boot every status has to be told."""
        self._introduced = False

    def introduce(self, connectors: Iterable[Connector]) -> None:
        """Tell what the central system does not know, all of it after a boot."""
        for connector in connectors:
            if not self._introduced or connector.acknowledged != connector.report:
                self.announce(connector)
        self._introduced = True

    def refresh(self, connector: Connector) -> None:
        """Tell the status of a connector if it has changed."""
        if self._introduced and connector.report != connector.announced:
            self.announce(connector)
        self._changed()

    def announce(self, connector: Connector, *, urgency: Urgency = Urgency.NORMAL) -> None:
        """Tell the status of a connector, changed or not."""
        report = connector.announced = connector.report
        status, error_code = report

        def done(outcome: Outcome) -> None:
            if isinstance(outcome, dict):
                connector.acknowledged = report

        payload = {
            "connectorId": connector.number,
            "errorCode": error_code.value,
            "status": status.value,
            "timestamp": self._clock.stamp(),
        }
        self._outbox.notify(Notice(Action.status_notification.value, payload, done, urgency))
