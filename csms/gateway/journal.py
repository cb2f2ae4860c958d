"""What of a frame may be kept: everything but secrets (law 11)."""

from typing import Any

import orjson

from csms.domain.configuration import is_secret

_MASK = "***"
_MAX_BODY = 64 * 1024
_MAX_NAME = 255
# A frame that cannot be read cannot be masked either; these words make it unfit to be kept.
_SUSPICIOUS = (b"authorizationkey", b"password", b"passwd", b"secret", b"private key")


def shown(data: bytes, payload: dict[str, Any] | None) -> str:
    """
    Return a frame's text as the journal keeps it.

    What is masked is told by the payload alone: a reply that comes too late has no
    action any more, and holds the same secrets.

    Args:
        data: the frame.
        payload: its payload; None if it has none that could be masked (a CALLERROR, a frame that cannot be read).
    """
    if payload is None:
        if any(word in data.lower() for word in _SUSPICIOUS):
            return f"({len(data)} bytes that may hold a secret)"
    elif (masked := _masked(payload)) is not payload:
        return _rewritten(data, masked)
    return text(data)


def text(data: bytes) -> str:
    """The text of a frame, cut and made fit for PostgreSQL, which knows no NUL."""
    return data[:_MAX_BODY].decode("utf-8", "replace").replace("\x00", "\ufffd")


def name(sent: str | None) -> str | None:
    """An action or a unique id, cut and made fit likewise: that of a frame that cannot be read may hold anything."""
    return None if sent is None else sent[:_MAX_NAME].replace("\x00", "\ufffd")


def _masked(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload with the values of secret configuration keys masked; itself where there are none."""
    if is_secret(str(payload.get("key", ""))):
        return {**payload, "value": _MASK} if payload.get("value") else payload
    entries = payload.get("configurationKey")
    if not isinstance(entries, list):
        return payload
    masked = [_masked_entry(entry) for entry in entries]
    return payload if masked == entries else {**payload, "configurationKey": masked}


def _masked_entry(entry: Any) -> Any:
    return _masked(entry) if isinstance(entry, dict) else entry


def _rewritten(data: bytes, payload: dict[str, Any]) -> str:
    """The frame with another payload. What follows the payload has no meaning, and goes."""
    try:
        parts = orjson.loads(data)
    except orjson.JSONDecodeError:
        return f"({len(data)} bytes that hold a secret)"
    return text(orjson.dumps([*parts[: 3 if parts[0] == 2 else 2], payload]))
