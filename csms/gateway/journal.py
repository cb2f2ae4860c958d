"""What of a frame may be kept: everything but secrets (law 11)."""

from typing import Any

import orjson

from csms.domain.configuration import is_secret

_MASK = "***"
_MAX_BODY = 64 * 1024
_MAX_NAME = 255
# A frame that cannot be read cannot be masked either; these words make it unfit to be kept.
_SUSPICIOUS = (b"authorizationkey", b"password", b"secret", b"private key")


def shown(data: bytes, action: str | None, payload: dict[str, Any] | None) -> str:
    """
    Return a frame's text as the journal keeps it.

    Args:
        data: the frame.
        action: its action; of a reply, that of its call; None if it cannot be known.
        payload: its payload; None if it cannot be read.
    """
    if payload is None:
        if any(word in data.lower() for word in _SUSPICIOUS):
            return f"({len(data)} bytes that may hold a secret)"
    elif action == "ChangeConfiguration" and is_secret(str(payload.get("key", ""))):
        return _rewritten(data, payload, {**payload, "value": _MASK})
    elif action == "GetConfiguration" and isinstance(payload.get("configurationKey"), list):
        entries = [_masked(entry) for entry in payload["configurationKey"]]
        if entries != payload["configurationKey"]:
            return _rewritten(data, payload, {**payload, "configurationKey": entries})
    return text(data)


def text(data: bytes) -> str:
    """The text of a frame, cut and made fit for PostgreSQL, which knows no NUL."""
    return data[:_MAX_BODY].decode("utf-8", "replace").replace("\x00", "\ufffd")


def name(sent: str | None) -> str | None:
    """An action or a unique id, cut and made fit likewise: that of a frame that cannot be read may hold anything."""
    return None if sent is None else sent[:_MAX_NAME].replace("\x00", "\ufffd")


def _masked(entry: Any) -> Any:
    if isinstance(entry, dict) and is_secret(str(entry.get("key", ""))) and entry.get("value"):
        return {**entry, "value": _MASK}
    return entry


def _rewritten(data: bytes, payload: dict[str, Any], masked: dict[str, Any]) -> str:
    """The frame with another payload in the same place."""
    try:
        parts = orjson.loads(data)
    except orjson.JSONDecodeError:
        return f"({len(data)} bytes that hold a secret)"
    return text(orjson.dumps([masked if part == payload else part for part in parts]))
