"""
Periodic work without a task: one handle of the event loop, re-armed on each tick.

A fleet of a thousand charge points has thousands of these; each costs a heap
entry and nothing else until it is due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Ticker:
    """Calls a function every so many real seconds, without drift, until it is stopped."""

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick
        self._interval_s = 0.0
        self._handle: asyncio.TimerHandle | None = None

    @property
    def running(self) -> bool:
        """Whether a tick is due at some time."""
        return self._handle is not None

    def start(self, interval_s: float, *, first_s: float | None = None) -> None:
        """
        (Re)start; an interval of zero or less means: never.

        Args:
            interval_s: real seconds between ticks.
            first_s: real seconds until the first one, an interval unless told.
        """
        self.stop()
        self._interval_s = interval_s
        if interval_s > 0:
            loop = asyncio.get_running_loop()
            self._arm(loop.time() + (interval_s if first_s is None else first_s))

    def stop(self) -> None:
        """Never tick again."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _arm(self, due: float) -> None:
        self._handle = asyncio.get_running_loop().call_at(due, self._fire, due)

    def _fire(self, due: float) -> None:
        # A loop that was blocked for long skips the ticks that it missed.
        now = asyncio.get_running_loop().time()
        self._arm(max(due + self._interval_s, now))
        self._tick()
