"""
How moments are written and read.

Charge boxes, models and locations show `2025-01-27 09:38:41`, everything else
ISO 8601 with milliseconds and `Z`; both are UTC. Reading takes any ISO 8601 text;
one without an offset is UTC.
"""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

# A `+` that was sent raw in a query arrives as a space: `…T12:00:00 02:00`.
_LOST_PLUS = re.compile(r"^(.+T.+) (\d\d:?\d\d)$")


def iso(moment: datetime) -> str:
    """Write `2025-06-03T12:00:00.000Z`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def spaced(moment: datetime) -> str:
    """Write `2025-01-27 09:38:41`, the form of charge boxes, models and locations."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def parse(value: object) -> datetime:
    """
    Read an ISO 8601 moment.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str):
        raise ValueError("must be an ISO 8601 date and time, e.g. 2025-06-03T12:00:00.000Z")
    try:
        moment = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", value.strip()))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be an ISO 8601 date and time, e.g. 2025-06-03T12:00:00.000Z") from None


Iso = Annotated[
    datetime,
    PlainSerializer(iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2025-06-03T12:00:00.000Z"]}),
]
Spaced = Annotated[
    datetime,
    PlainSerializer(spaced, return_type=str),
    # Not the format `date-time`: that is RFC 3339, which has a T and an offset.
    WithJsonSchema(
        {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", "examples": ["2025-01-27 09:38:41"]}
    ),
]
Moment = Annotated[
    datetime,
    BeforeValidator(parse),
    PlainSerializer(iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2025-06-03T12:00:00.000Z"]}),
]
