"""What a handler is given besides its request: who asks, when, and the narrow means to answer."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from csms.caller import Caller
from csms.domain.authorization import Presented
from csms.domain.charge_boxes import ChargeBoxKey
from csms.domain.configuration import Wanted
from csms.store.ledger import Ledger

_SKEW_SAMPLES = 20


@dataclass(frozen=True, slots=True)
class Policy:
    """How this installation treats its charge boxes; times in seconds."""

    heartbeat_interval_s: int
    pending_retry_interval_s: int
    meter_value_interval_s: int
    settle_time_s: float

    def interval_for(self, identity: str) -> int:
        """
        The heartbeat interval of one charge box: the wanted one, plus or minus a tenth.

        Not all at the same second (ev-server#2093), and for one box always the same, so
        that it is not configured anew at each boot.
        """
        part = sum(identity.encode()) % 41 / 200 - 0.1
        return round(self.heartbeat_interval_s * (1 + part))

    def wanted_of(self, identity: str) -> Wanted:
        """The configuration that one charge box should have."""
        return Wanted(self.interval_for(identity), self.meter_value_interval_s)


@dataclass(slots=True)
class Session:
    """What is known of a charge box while its connection lasts."""

    registration: str
    booted: bool
    skews: deque[timedelta] = field(default_factory=lambda: deque(maxlen=_SKEW_SAMPLES))

    def note_time(self, at: datetime | None, received_at: datetime) -> None:
        """Take a timestamp that should be of this moment as a sample of the charge box's clock."""
        if at is not None:
            self.skews.append(at - received_at)

    @property
    def clock_skew_ms(self) -> int | None:
        """
        How far the charge box's clock is off, in ms (positive: ahead); None before the first sample.

        Messages that waited in a queue look late, never early: so the largest sample is the best.
        """
        return round(max(self.skews) / timedelta(milliseconds=1)) if self.skews else None


@dataclass(frozen=True, slots=True)
class Context:
    """One request's surroundings. `now` is when its frame reached us; `look_up` says what is known of an idTag here."""

    box: ChargeBoxKey
    session: Session
    unique_id: str
    now: datetime
    ledger: Ledger
    caller: Caller
    policy: Policy
    look_up: Callable[[str], Awaitable[Presented]]
    after_reply: Callable[[Callable[[], Awaitable[None]]], None]
