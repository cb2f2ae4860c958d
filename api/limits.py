"""
How often a key may ask: so many reads, writes and commands a minute, each counted by itself.

A window of a minute begins with the first request in it. What is left of it stands in the
headers of every answer; who asks for more gets 429 and is told when to come back. A
limit of 0 is none, and shows no headers. Each process counts for itself: the limits keep
one client from taking all of a process, they are no account of what was sold.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPMethod

from starlette.requests import Request
from starlette.routing import BaseRoute

from csms.errors import CsmsError
from csms.settings import Settings

WINDOW_S = 60.0

# The last part of a path that leads to a charge box.
_COMMANDS = frozenset(
    {
        "reset",
        "reboot",
        "remote-start-transaction",
        "remote-stop-transaction",
        "unlock",
        "change-availability",
        "{action}",
    }
)
_READS = frozenset({HTTPMethod.GET, HTTPMethod.HEAD})


class Kind(StrEnum):
    """What is counted together: what a charge box is asked to do is no write."""

    READ = "read"
    WRITE = "write"
    COMMAND = "command"


class TooManyRequests(CsmsError):
    """The key has asked as often as it may in this window."""

    def __init__(self, kind: Kind, limit: int, wait_s: int) -> None:
        super().__init__(f"the API key may send {limit} {kind} requests a minute; try again in {wait_s} s")


@dataclass(slots=True)
class _Window:
    """Requests of one key and kind; `ends_at` is in monotonic seconds."""

    ends_at: float
    count: int = 0


class Limits:
    """
    The limits of a process, and how far each key has come.

    Args:
        settings: how many of each kind a minute.
        clock: monotonic seconds.
    """

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits: Mapping[Kind, int] = {
            Kind.READ: settings.rate_limit_read_per_min,
            Kind.WRITE: settings.rate_limit_write_per_min,
            Kind.COMMAND: settings.rate_limit_command_per_min,
        }
        self._clock = clock
        # By key and kind, so no more than there are keys.
        self._windows: dict[tuple[int, Kind], _Window] = {}

    def count(self, request: Request, key_id: int) -> None:
        """
        Count a request, and leave the headers of its answer in its state.

        Raises:
            TooManyRequests: it is one too many.
        """
        kind = kind_of(request.method, request.scope.get("route"))
        limit = self._limits[kind]
        if limit == 0:
            return
        window = self._window(key_id, kind)
        window.count += 1
        left_s = window.ends_at - self._clock()
        request.state.headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - window.count)),
            "X-RateLimit-Reset": str(math.ceil(time.time() + left_s)),
        }
        if window.count > limit:
            wait_s = max(1, math.ceil(left_s))
            request.state.headers["Retry-After"] = str(wait_s)
            raise TooManyRequests(kind, limit, wait_s)

    def _window(self, key_id: int, kind: Kind) -> _Window:
        now = self._clock()
        window = self._windows.get((key_id, kind))
        if window is None or window.ends_at <= now:
            window = self._windows[key_id, kind] = _Window(now + WINDOW_S)
        return window


def kind_of(method: str, route: BaseRoute | None) -> Kind:
    """Tell what a request counts as."""
    if method in _READS:
        return Kind.READ
    path: str = getattr(route, "path", "")
    return Kind.COMMAND if path.rpartition("/")[2] in _COMMANDS else Kind.WRITE
