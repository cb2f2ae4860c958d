"""Any action, as its caller wrote it; with an outcome that says exactly what came of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from csms.caller import Caller
from csms.domain.charge_boxes import ChargeBoxKey
from csms.errors import CallRefused, CallTimeout, ChargeBoxOffline, Invalid
from csms.ocpp.validation import Profile, request_violations

# What may be sent, and the profile of OCPP 1.6 that it belongs to.
COMMANDS: Mapping[str, Profile] = {
    "ChangeAvailability": Profile.CORE,
    "ChangeConfiguration": Profile.CORE,
    "ClearCache": Profile.CORE,
    "DataTransfer": Profile.CORE,
    "GetConfiguration": Profile.CORE,
    "RemoteStartTransaction": Profile.CORE,
    "RemoteStopTransaction": Profile.CORE,
    "Reset": Profile.CORE,
    "UnlockConnector": Profile.CORE,
    "TriggerMessage": Profile.REMOTE_TRIGGER,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What came of a call.

    Answered has the CALLRESULT's payload in `response`; the others have `error`: of a
    CallError its code, description and details; of Timeout and Offline a message.
    `duration_ms` counts from the request to the outcome, waiting included.
    """

    outcome: Literal["Answered", "CallError", "Timeout", "Offline"]
    response: dict[str, Any] | None
    error: dict[str, Any] | None
    duration_ms: float


async def send(caller: Caller, box: ChargeBoxKey, action: str, payload: dict[str, Any]) -> Outcome:
    """
    Send any action of COMMANDS with the payload given.

    Raises:
        Invalid: the action may not be sent, or the schema refuses the payload; nothing was sent.
        CallQueueFull: too many calls wait for the charge box; nothing was sent.
    """
    if action not in COMMANDS:
        raise Invalid("action", f"must be one of {', '.join(COMMANDS)}")
    for violation in request_violations(action, payload):
        raise Invalid(".".join(str(part) for part in violation.path) or "payload", violation.message)
    began = time.perf_counter()
    outcome: Literal["Answered", "CallError", "Timeout", "Offline"]
    response: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    try:
        response, outcome = await caller.call(box, action, payload), "Answered"
    except CallRefused as refused:
        outcome = "CallError"
        error = {"code": refused.code, "description": refused.description, "details": dict(refused.details)}
    except CallTimeout as late:
        outcome, error = "Timeout", {"message": str(late)}
    except ChargeBoxOffline as offline:
        outcome, error = "Offline", {"message": str(offline)}
    return Outcome(outcome, response, error, round((time.perf_counter() - began) * 1000, 3))
