"""
The codec of OCPP-J 1.6 (chapter 4): bytes to frames and frames to bytes, as pure functions.

A frame that follows the specification matches one pattern and costs one parse. Everything else goes to the second half
of this file, which saves what has a clear meaning, notes the deviation, and otherwise says what is wrong and whether
the peer can be told. `decode` never raises, whatever the bytes: one hostile frame must not end a connection.
"""

import json
import math
import re
from typing import Any

import msgspec
import orjson

from csms.ocpp.deviations import Deviation, deviation
from csms.ocpp.errors import ErrorCode

MAX_FRAME_BYTES = 1 << 20
MAX_UNIQUE_ID_LENGTH = 255  # the specification allows 36 (4.1.4); this is what we keep
MAX_DEPTH = 100  # arrays and objects within each other; real payloads need 6
MAX_DESCRIPTION_LENGTH = 255

_SPECIFIED_UNIQUE_ID_LENGTH = 36


class Call(msgspec.Struct, frozen=True, gc=False):
    """A request of the peer (4.2.1)."""

    unique_id: str
    action: str
    payload: dict[str, Any]
    deviations: tuple[Deviation, ...] = ()


class CallResult(msgspec.Struct, frozen=True, gc=False):
    """The peer's answer to a call of ours (4.2.2)."""

    unique_id: str
    payload: dict[str, Any]
    deviations: tuple[Deviation, ...] = ()


class CallError(msgspec.Struct, frozen=True, gc=False):
    """The peer's refusal of a call of ours (4.2.3). The code is what it sent, not always one of ErrorCode."""

    unique_id: str
    code: str
    description: str
    details: dict[str, Any]
    deviations: tuple[Deviation, ...] = ()


class Malformed(msgspec.Struct, frozen=True, gc=False):
    """
    A frame without a usable meaning.

    Attributes:
        unique_id: what the peer called it, where that can still be read. For a broken reply it tells which call of ours
            will never get a better one.
        code: what a CALLERROR would say.
        reason: a sentence for the log and the CALLERROR; it quotes nothing of the frame.
        answerable: whether a CALLERROR may be sent: only to a CALL, and only with its unique id.
    """

    unique_id: str | None
    code: ErrorCode
    reason: str
    answerable: bool


class Ignored(msgspec.Struct, frozen=True, gc=False):
    """A frame that the specification says to ignore (4.1.3), or that says nothing."""

    reason: str


Frame = Call | CallResult | CallError | Malformed | Ignored


class NumericId(str):
    """
    A unique id that the peer sent as a number.

    It is text for everyone except the encoder, which writes it as the number again: a reply must carry exactly the id
    of its call (4.2.2), and a peer that sends 7 may not recognise "7".
    """

    __slots__ = ()


def decode(data: bytes | bytearray | memoryview) -> Frame:
    """Read one frame. Never raises."""
    data = bytes(data)
    if len(data) > MAX_FRAME_BYTES:
        return _unreadable(data, ErrorCode.GENERIC_ERROR, f"a frame of {len(data)} bytes is above {MAX_FRAME_BYTES}")
    try:
        parts = orjson.loads(data)
    except ValueError as error:
        return _decode_odd_json(data, str(error))
    # A frame without this many brackets cannot be too deep, and one without this escape holds no NUL: both are rare.
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH or (b"\\" in data and b"\\u0000" in data):
        return _decode_suspicious(parts, [])
    match parts:
        # `str() as x` and not `str(x)`: the latter looks for __match_args__ and fails, 0.4 µs a time.
        case [2, str() as unique_id, str() as action, dict() as payload] if (
            len(unique_id) <= _SPECIFIED_UNIQUE_ID_LENGTH
        ):
            return Call(unique_id, action, payload)
        case [3, str() as unique_id, dict() as payload] if len(unique_id) <= _SPECIFIED_UNIQUE_ID_LENGTH:
            return CallResult(unique_id, payload)
        case _:
            return _decode_odd_parts(parts, [])


def encode_call(unique_id: str, action: str, payload: dict[str, Any]) -> bytes:
    """
    Write a request of ours.

    Raises:
        TypeError: the payload is not JSON (an integer beyond 64 bits, a lone surrogate, another type).
    """
    return orjson.dumps([2, unique_id, action, payload])


def encode_call_result(unique_id: str, payload: dict[str, Any]) -> bytes:
    """Write the answer to a peer's call, under the unique id as `decode` gave it. Raises as `encode_call` does."""
    return orjson.dumps([3, _as_sent(unique_id), payload])


def encode_call_error(
    unique_id: str, code: ErrorCode, description: str = "", details: dict[str, Any] | None = None
) -> bytes:
    """Write a refusal; the description is cut to 255 characters. Raises as `encode_call` does."""
    return orjson.dumps([4, _as_sent(unique_id), code, description[:MAX_DESCRIPTION_LENGTH], details or {}])


def _as_sent(unique_id: str) -> object:
    return orjson.Fragment(unique_id.encode()) if isinstance(unique_id, NumericId) else unique_id


# From here on: frames that are not as specified. ----------------------------------------------------------------------

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # what PostgreSQL's text cannot hold
_PADDING = " \t\r\n\x00\ufeff"  # C stacks send the terminating NUL, Windows stacks a byte order mark
_MAX_ECHOED_ID_LENGTH = 1024
_BEGINNING = re.compile(
    rb'[\s\x00\xef\xbb\xbf]*\[\s*([234])\s*,\s*("(?:[^"\\]|\\.){0,1024}"|-?[0-9]{1,20}(?=\s*,))', re.DOTALL
)


def _decode_odd_json(data: bytes, complaint: str) -> Frame:
    """
    Read what the strict parser refused: control characters, lone surrogates, NaN, huge numbers, bytes not in UTF-8.

    A session must not be lost for one odd character in an otherwise sound frame (field-notes D31, D32).
    """
    text = data.decode("utf-8", "replace").strip(_PADDING)
    if not text:
        return Ignored("an empty frame")
    try:
        parts = _TOLERANT_JSON.decode(text)
    except (ValueError, RecursionError):
        return _unreadable(data, ErrorCode.FORMATION_VIOLATION, f"not JSON: {complaint}")
    return _decode_suspicious(parts, [deviation("invalid_json", "", complaint)])


def _decode_suspicious(parts: object, notes: list[Deviation]) -> Frame:
    """Read a frame that may be nested absurdly or hold characters that no database column takes."""
    if _is_too_deep(parts):
        unique_id, answerable = _identity(parts)
        reason = f"nested deeper than {MAX_DEPTH} levels"
        return Malformed(unique_id, ErrorCode.FORMATION_VIOLATION, reason, answerable)
    storable = _storable(parts)
    if storable != parts:
        notes.append(deviation("unstorable_character"))
    return _decode_odd_parts(storable, notes)


def _decode_odd_parts(parts: object, notes: list[Deviation]) -> Frame:
    """Read a frame by its pieces, keeping what has a meaning."""
    if not isinstance(parts, list) or not parts:
        return Malformed(None, ErrorCode.FORMATION_VIOLATION, "not a JSON array with a message type", False)
    message_type = parts[0]
    if isinstance(message_type, bool) or not isinstance(message_type, int | float):
        return Malformed(None, ErrorCode.FORMATION_VIOLATION, "the message type is not a number", False)
    if message_type not in (2, 3, 4):
        return Ignored(f"unknown message type {message_type}")
    unique_id, answerable = _identity(parts)
    if unique_id is None:
        return Malformed(None, ErrorCode.FORMATION_VIOLATION, "no usable unique id", False)
    if len(unique_id) > MAX_UNIQUE_ID_LENGTH:
        reason = f"a unique id of {len(unique_id)} characters is above {MAX_UNIQUE_ID_LENGTH}"
        return Malformed(unique_id, ErrorCode.FORMATION_VIOLATION, reason, answerable)
    if isinstance(unique_id, NumericId):
        notes.append(deviation("numeric_unique_id", "uniqueId", unique_id))
    if len(unique_id) > _SPECIFIED_UNIQUE_ID_LENGTH:
        notes.append(deviation("long_unique_id", "uniqueId", unique_id))
    if message_type == 2:
        return _read_call(unique_id, parts[2:], notes)
    if message_type == 3:
        return _read_call_result(unique_id, parts[2:], notes)
    return _read_call_error(unique_id, parts[2:], notes)


def _read_call(unique_id: str, rest: list[object], notes: list[Deviation]) -> Call | Malformed:
    action = rest[0] if rest else None
    if not isinstance(action, str):
        return Malformed(unique_id, ErrorCode.FORMATION_VIOLATION, "the action is not a text", True)
    payload = _payload(rest[1:], notes)
    if payload is None:
        return Malformed(unique_id, ErrorCode.FORMATION_VIOLATION, "the payload is not an object", True)
    return Call(unique_id, action, payload, tuple(notes))


def _read_call_result(unique_id: str, rest: list[object], notes: list[Deviation]) -> CallResult | Malformed:
    payload = _payload(rest, notes)
    if payload is None:
        return Malformed(unique_id, ErrorCode.FORMATION_VIOLATION, "the payload is not an object", False)
    return CallResult(unique_id, payload, tuple(notes))


def _read_call_error(unique_id: str, rest: list[object], notes: list[Deviation]) -> CallError:
    """Read a refusal: it ends a call of ours, so nothing in it can make it unwelcome."""
    code, description, details = [*rest, None, None, None][:3]
    if not (isinstance(code, str) and isinstance(description, str) and isinstance(details, dict)):
        notes.append(deviation("incomplete_call_error"))
    if len(rest) > 3:
        notes.append(deviation("extra_element", "", rest[3], shown=False))
    return CallError(
        unique_id,
        code if isinstance(code, str) and code else ErrorCode.GENERIC_ERROR.value,
        description if isinstance(description, str) else "",
        details if isinstance(details, dict) else {},
        tuple(notes),
    )


def _payload(rest: list[object], notes: list[Deviation]) -> dict[str, Any] | None:
    """Take the payload; null and nothing are an empty object (4.2.1; field-notes D32). None if it is something else."""
    payload = rest[0] if rest else None
    if len(rest) > 1:
        notes.append(deviation("extra_element", "", rest[1], shown=False))
    if payload is None:
        notes.append(deviation("null_payload"))
        return {}
    return payload if isinstance(payload, dict) else None


def _identity(parts: object) -> tuple[str | None, bool]:
    """The unique id that a parsed frame carries, if it can be echoed, and whether a CALLERROR may answer it."""
    if not isinstance(parts, list) or len(parts) < 2:
        return None, False
    unique_id = _unique_id(parts[1])
    return unique_id, unique_id is not None and parts[0] == 2


def _unique_id(value: object) -> str | None:
    if isinstance(value, str):
        return value if len(value) <= _MAX_ECHOED_ID_LENGTH else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return NumericId(orjson.dumps(value).decode())
    return None


def _unreadable(data: bytes, code: ErrorCode, reason: str) -> Malformed:
    """Say what is wrong with bytes that cannot be parsed, with the unique id if their beginning shows it."""
    beginning = _BEGINNING.match(data)
    if beginning is None:
        return Malformed(None, code, reason, False)
    try:
        unique_id = _unique_id(orjson.loads(beginning[2]))
    except ValueError:
        unique_id = None
    return Malformed(unique_id, code, reason, unique_id is not None and beginning[1] == b"2")


def _is_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
    return True


def _storable(value: object) -> Any:
    """Copy a JSON value with U+FFFD in place of every character that PostgreSQL's text cannot hold."""
    match value:
        case str():
            return _UNSTORABLE.sub("\ufffd", value)
        case list():
            return [_storable(item) for item in value]
        case dict():
            return {_storable(key): _storable(item) for key, item in value.items()}
        case _:
            return value


def _integer(text: str) -> int | float | str:
    """Read an integer as the fast parser does: beyond 64 bits it becomes a float."""
    if len(text) > 20:
        return _float(text)
    number = int(text)
    return number if -(2**63) <= number < 2**64 else float(number)


def _float(text: str) -> float | str:
    """Read a number; beyond a double it stays the text that was sent, as NaN and Infinity do."""
    number = float(text)
    return number if math.isfinite(number) else text


_TOLERANT_JSON = json.JSONDecoder(strict=False, parse_constant=str, parse_int=_integer, parse_float=_float)
