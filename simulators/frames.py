"""
OCPP-J frames as seen by a charge point: JSON arrays in, values out.

Only what a charge point needs (OCPP-J 1.6, 4.2): it is as strict as the
specification, so that a central system which bends the rules is noticed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from simulators.errors import FrameError

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A request: `[2, uniqueId, action, payload]`."""

    unique_id: str
    action: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class CallResult:
    """An answer: `[3, uniqueId, payload]`."""

    unique_id: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class CallError:
    """A refusal: `[4, uniqueId, errorCode, errorDescription, errorDetails]`."""

    unique_id: str
    code: str
    description: str = ""
    details: Payload = field(default_factory=dict)


Frame = Call | CallResult | CallError


def encode(frame: Frame) -> bytes:
    """Write a frame as the UTF-8 text of its JSON array."""
    match frame:
        case Call(unique_id, action, payload):
            parts: list[Any] = [2, unique_id, action, payload]
        case CallResult(unique_id, payload):
            parts = [3, unique_id, payload]
        case CallError(unique_id, code, description, details):
            parts = [4, unique_id, code, description, details]
    return orjson.dumps(parts)


def decode(text: bytes | str) -> Frame:
    """
    Read a frame.

    Raises:
        FrameError: the text is no JSON, or no frame of the three kinds.
    """
    try:
        parts = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise FrameError(f"not JSON: {error}") from None
    match parts:
        case [2, str(unique_id), str(action), dict(payload)]:
            return Call(unique_id, action, payload)
        case [3, str(unique_id), dict(payload)]:
            return CallResult(unique_id, payload)
        case [4, str(unique_id), str(code), str(description), dict(details)]:
            return CallError(unique_id, code, description, details)
    raise FrameError("not a CALL, CALLRESULT or CALLERROR")
