"""
Logs: standard logging, one line an event, to stderr.

The identity of a charge box comes first, given as `extra={"charge_box": identity}`
or written by the logger itself. What a charge box sent may stand in a message, so
line breaks and control characters are shown and never obeyed.
"""

import json as json_format
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

# Libraries that speak of their own inner life below this level; websockets would even show frames with passwords.
_QUIET = {
    "alembic": logging.WARNING,
    "asyncio": logging.WARNING,
    "nats": logging.WARNING,
    "websockets": logging.WARNING,
}
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))} | {
    0x0A: "\\n",
    0x0D: "\\r",
    0x09: "\\t",
}


def setup(level: str, json: bool, stream: TextIO | None = None) -> None:
    """
    Send all logs of this process to one stream (stderr), also those of uvicorn.

    Args:
        level: DEBUG, INFO, WARNING or ERROR.
        json: one JSON object a line instead of text.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if json else TextLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    for name, at_least in _QUIET.items():
        logging.getLogger(name).setLevel(at_least)
    debugging = root.level <= logging.DEBUG
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
        # Its INFO tells of every connection; the command line says what a person wants to know.
        logger.setLevel(logging.DEBUG if debugging else logging.WARNING)


class TextLines(logging.Formatter):
    """`2025-06-03T12:00:00.000Z WARNING csms.gateway: DK.1: sent no boot`; a traceback follows on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one event."""
        subject = f"{_charge_box(record)}: ".translate(_CONTROL) if _charge_box(record) else ""
        message = record.getMessage().translate(_CONTROL)
        line = f"{_moment(record)} {record.levelname:<7} {record.name}: {subject}{message}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, logger, chargeBox where there is one, message, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one event."""
        event = {"at": _moment(record), "level": record.levelname, "logger": record.name}
        if _charge_box(record):
            event["chargeBox"] = _charge_box(record)
        event["message"] = record.getMessage()
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return json_format.dumps(event)


def _charge_box(record: logging.LogRecord) -> str:
    return str(getattr(record, "charge_box", ""))


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
