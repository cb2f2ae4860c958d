"""
When to ping a charge box, and what its silence means.

Liveness is any inbound frame (field-notes.md, 41). Some boxes never pong: so a box
is only observed until its first pong; one that sends messages but leaves pings
unanswered is not pinged any more. Pure: time is an argument.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

# Unanswered pings, with messages in between, that prove that a box does not pong.
_PROOF = 3


class PingPolicy(StrEnum):
    """What is known of a charge box's manners with pings."""

    observe = "observe"
    on = "on"
    off = "off"


@dataclass(slots=True)
class Pings:
    """The pings of one connection. Moments are seconds of one monotonic clock."""

    policy: PingPolicy
    sent_at: float
    outstanding: bool = False
    unanswered: int = 0

    def next(
        self,
        now: float,
        *,
        heard_at: float,
        ponged_at: float | None,
        interval_s: float,
        timeout_s: float,
        idle_limit_s: float,
    ) -> Literal["ping", "dead", "idle"] | None:
        """
        Say what to do now, and learn.

        Args:
            heard_at: when anything last came in.
            ponged_at: when a pong last came in, None if never.
            interval_s: quiet time before a ping; 0 sends none.
            timeout_s: silence after a ping that ends the connection of a box that is known to pong.
            idle_limit_s: silence that ends any connection.
        """
        if self.outstanding and ponged_at is not None and ponged_at >= self.sent_at:
            self.outstanding, self.unanswered, self.policy = False, 0, PingPolicy.on
        if now - heard_at >= idle_limit_s:
            return "idle"
        if self.outstanding:
            return self._judge(now, heard_at, timeout_s)
        due = max(heard_at, self.sent_at) + interval_s
        if self.policy is PingPolicy.off or interval_s <= 0 or now < due:
            return None
        self.sent_at, self.outstanding = now, True
        return "ping"

    def _judge(self, now: float, heard_at: float, timeout_s: float) -> Literal["dead"] | None:
        """A ping is out and no pong has come."""
        if now - self.sent_at < timeout_s:
            return None
        if heard_at <= self.sent_at and self.policy is PingPolicy.on:
            return "dead"
        self.outstanding = False
        if heard_at > self.sent_at:
            self.unanswered += 1
            if self.unanswered >= _PROOF:
                self.policy = PingPolicy.off
        return None
