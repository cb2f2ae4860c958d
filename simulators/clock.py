"""
The two times of a simulated charge point.

What it writes on the wire is the wall clock plus an offset that a test may set
to anything (1970, next year). What the vehicle and the meter live through runs
`time_scale` times faster than the wall clock, so that an hour of charging fits
into a minute. The wire's clock is never scaled: a box whose clock runs away
into the future is a fault to be simulated on purpose, with the offset.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

_FIRST_DAY = datetime(1, 1, 1, tzinfo=UTC)
_LAST_DAY = datetime(9999, 12, 31, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class Clock:
    """
    Wall time for timestamps, scaled time for vehicle and meter.

    Args:
        time_scale: simulated seconds per real second, kept to a thousandth.
        offset: how far the charge point's clock is ahead of the truth.
    """

    def __init__(self, time_scale: float = 1.0, offset: timedelta = timedelta(0)) -> None:
        if time_scale <= 0:
            raise ValueError(f"time_scale must be positive, not {time_scale}")
        self.offset = offset
        self.time_scale = time_scale
        self._scale_thousandths = max(1, round(time_scale * 1000))
        self._started_ns = time.monotonic_ns()
        self._last_ms = -1

    def now(self) -> datetime:
        """The charge point's belief of the time (UTC); a wrong offset stops at the calendar's ends."""
        try:
            return datetime.now(UTC) + self.offset
        except OverflowError:
            return _FIRST_DAY if self.offset < timedelta(0) else _LAST_DAY

    def stamp(self) -> str:
        """
        The time as it goes on the wire, with milliseconds and `Z`.

        Stamps taken within one millisecond are set a millisecond apart, so that
        a reading can be told by its timestamp.
        """
        now_ms = (self.now() - _FIRST_DAY) // _MS
        if 0 <= self._last_ms - now_ms < 1000:
            now_ms = self._last_ms + 1
        self._last_ms = now_ms
        moment = _FIRST_DAY.replace(tzinfo=None) + now_ms * _MS
        return moment.isoformat(timespec="milliseconds") + "Z"

    def simulated_ns(self) -> int:
        """Nanoseconds of simulated time since this clock was made."""
        return (time.monotonic_ns() - self._started_ns) * self._scale_thousandths // 1000

    def real_s(self, simulated_s: float) -> float:
        """How many real seconds a span of simulated seconds takes."""
        return simulated_s / self.time_scale

    def set_to(self, moment: datetime) -> None:
        """Let the charge point believe that it is now `moment` (with a time zone)."""
        self.offset = moment - datetime.now(UTC)
