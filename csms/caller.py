"""
Caller: the one way to call a charge box, wherever it is connected.

Whoever sends a command holds a Caller and cannot know whether the charge box
hangs on this process or on another. A call either returns the payload of the
CALLRESULT, or raises the one CallFailed that says why there is none.
"""

from typing import Any, Protocol

from csms.domain.charge_boxes import ChargeBoxKey


class Caller(Protocol):
    """Carries one call to a charge box and its answer back."""

    async def call(
        self, box: ChargeBoxKey, action: str, payload: dict[str, Any], *, timeout_s: float | None = None
    ) -> dict[str, Any]:
        """
        Send a call and await its answer.

        Calls to one charge box go one at a time, in the order they came.

        Args:
            box: the charge box.
            action: an OCPP 1.6 action, e.g. `Reset`.
            payload: its request as on the wire, valid by the schema.
            timeout_s: how long the charge box may take from the moment the call is
                sent; default: the setting call_timeout_s.

        Returns:
            The payload of the CALLRESULT.

        Raises:
            ChargeBoxOffline: it is not connected, or its connection ended before the answer.
            CallQueueFull: too many calls wait for it.
            CallTimeout: no answer in time.
            CallRefused: it answered with a CALLERROR, or with an answer that the schema forbids.
        """
        ...
