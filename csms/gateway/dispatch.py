"""
From a call to its reply: validation, handler, encoding; every exception ends here.

What cannot be done is answered with the CALLERROR that 1.6 has for it. Our own
failure is InternalError, never a false answer: the charge box keeps the message
and repeats it (law 2).
"""

import logging
from collections.abc import Callable

from csms.errors import StoreUnavailable
from csms.handlers import HANDLERS
from csms.handlers.context import Context
from csms.ocpp import leniency
from csms.ocpp.deviations import Deviation
from csms.ocpp.errors import ErrorCode, OcppError
from csms.ocpp.frames import Call, encode_call_error, encode_call_result
from csms.ocpp.payloads import to_request, to_wire

log = logging.getLogger(__name__)

# What a charge box that was told Rejected may still report: a session is never lost for its status.
_ALWAYS_HEARD = frozenset({"BootNotification", "StartTransaction", "StopTransaction", "MeterValues"})


async def answer(call: Call, context: Context, note: Callable[[str, Deviation], None]) -> tuple[bytes, bool]:
    """
    Answer a call. Never raises, but for cancellation.

    Returns:
        The reply's frame, and whether it is a CALLRESULT.
    """
    try:
        payload, deviations = leniency.accept(call.action, call.payload)
        for deviation in deviations:
            note(call.action, deviation)
        if context.session.registration == "Rejected" and call.action not in _ALWAYS_HEARD:
            # OCPP-J errata 3.10: a call before the charge box is accepted.
            raise OcppError(ErrorCode.SECURITY_ERROR, "this charge box is not accepted")
        result = await HANDLERS[call.action](to_request(call.action, payload), context)
        return encode_call_result(call.unique_id, to_wire(result)), True
    except OcppError as error:
        log.warning("%s: %s refused with %s: %s", context.box, call.action[:50], error.code, error.description)
        return encode_call_error(call.unique_id, error.code, error.description, error.details), False
    except StoreUnavailable as error:
        log.warning("%s: %s not acknowledged: %s", context.box, call.action, error)
        return encode_call_error(call.unique_id, ErrorCode.INTERNAL_ERROR, "not stored; please repeat"), False
    except Exception:
        log.exception("%s: %s failed", context.box, call.action)
        return encode_call_error(call.unique_id, ErrorCode.INTERNAL_ERROR, "please repeat"), False
