"""The frames that a charge point sent and received: the last ones in full, all of them counted."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

Direction = Literal["sent", "received"]


@dataclass(frozen=True, slots=True)
class LoggedFrame:
    """One frame, with the true time (not the charge point's)."""

    at: datetime
    direction: Direction
    data: bytes

    @property
    def parts(self) -> Any:
        """The JSON value of the frame; raises ValueError if it is none."""
        return orjson.loads(self.data)


class FrameLog:
    """
    Counts of everything, and the last frames.

    Attributes:
        sent, received: how many frames.
        sent_calls, received_calls: how many CALLs, by action.
        oddities: what the central system did that it should not, by kind: `malformed` frames, `unexpected`
            answers, `early` commands before the first boot reply, commands while `rejected`.
        last: the last frames, oldest first.
    """

    def __init__(self, keep: int) -> None:
        self.sent = 0
        self.received = 0
        self.sent_calls: Counter[str] = Counter()
        self.received_calls: Counter[str] = Counter()
        self.oddities: Counter[str] = Counter()
        self.last: deque[LoggedFrame] = deque(maxlen=keep)

    def add(self, direction: Direction, data: bytes) -> None:
        """Note a frame."""
        if direction == "sent":
            self.sent += 1
        else:
            self.received += 1
        self.last.append(LoggedFrame(datetime.now(UTC), direction, data))
