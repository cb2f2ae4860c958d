"""
A caller that writes into the event log who sent what, and what came of it.

The event is written when the charge box has spoken, never while it thinks. That it
cannot be written does not unsay the answer: then the log has it instead.
"""

import logging
import time
from typing import Any

from csms.caller import Caller
from csms.domain.charge_boxes import ChargeBoxKey
from csms.errors import CallFailed, CallQueueFull, CallRefused, CallTimeout, StoreUnavailable
from csms.store import events
from csms.store.database import Database

log = logging.getLogger(__name__)


class RecordedCaller:
    """Carries the calls of one actor, the holder of an API key; each becomes an event `command.sent`."""

    def __init__(self, caller: Caller, database: Database, actor: str) -> None:
        self._caller = caller
        self._database = database
        self._actor = actor

    async def call(
        self, box: ChargeBoxKey, action: str, payload: dict[str, Any], *, timeout_s: float | None = None
    ) -> dict[str, Any]:
        """Send a call and await its answer, as `Caller.call` says; one that the queue refused was not sent."""
        began = time.perf_counter()
        try:
            answer = await self._caller.call(box, action, payload, timeout_s=timeout_s)
        except CallQueueFull:
            raise
        except CallFailed as failure:
            await self._record(box, action, began, outcome=_outcome(failure), reason=str(failure))
            raise
        # The payload itself may hold a secret, on both ways; the word that most answers have does not.
        await self._record(box, action, began, outcome="Answered", status=answer.get("status"))
        return answer

    async def _record(self, box: ChargeBoxKey, action: str, began: float, **found: Any) -> None:
        duration_ms = round((time.perf_counter() - began) * 1000, 3)
        data = {"action": action, **found, "durationMs": duration_ms}
        try:
            async with self._database.write() as connection:
                await events.append(connection, "command.sent", actor=self._actor, charge_box_id=box.id, data=data)
        except StoreUnavailable as error:
            log.warning("%s: not in the event log: command of %s, %s: %s", box, self._actor, data, error)
        except Exception:
            log.exception("%s: not in the event log: command of %s, %s", box, self._actor, data)


def _outcome(failure: CallFailed) -> str:
    """The outcome in the words of the general command."""
    if isinstance(failure, CallRefused):
        return "CallError"
    return "Timeout" if isinstance(failure, CallTimeout) else "Offline"
