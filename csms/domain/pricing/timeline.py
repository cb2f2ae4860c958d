"""
What happened: a session as stretches over which energy flows evenly.

Two neighbouring readings bound a stretch; between them time and energy run on a
straight line. So a boundary in time gives its energy, a boundary in energy its
moment, and a stretch can be cut at either without loss. A stretch may have no
length: a charge box whose clock stands still has delivered energy all the same.

Seconds and Wh count from the start of the session.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum, auto
from fractions import Fraction
from itertools import pairwise
from math import floor

_MICROSECOND = timedelta(microseconds=1)


class Phase(Enum):
    """What the time of a stretch was spent on."""

    CHARGING = auto()
    PARKING = auto()  # connected, without energy
    RESERVED = auto()  # before the session
    EXPIRED = auto()  # reserved, and no session followed


@dataclass(frozen=True, slots=True)
class Sample:
    """
    One reading of a session: moment (aware), energy in Wh since its start.

    Power and current (the sum of the phases) describe the time since the sample before.
    """

    at: datetime
    energy_wh: Decimal
    power_w: Decimal | None = None
    current_a: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """
    What is known of a session: aware moments, readings in any order, the location's time zone.

    `ended_at` is now for a session that goes on. The readings should include the meter
    at the stop, at `ended_at`.
    """

    started_at: datetime
    ended_at: datetime
    samples: tuple[Sample, ...]
    time_zone: tzinfo


@dataclass(frozen=True, slots=True)
class Durations:
    """How long a session charged and how long it was connected without charging, in seconds."""

    charging_s: Decimal
    idle_s: Decimal


@dataclass(frozen=True, slots=True)
class Point:
    """Where a session stands: seconds and Wh since its start."""

    s: Fraction
    wh: Fraction


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a session within which time and energy run on a straight line, in one phase."""

    phase: Phase
    start: Point
    end: Point
    power_w: Fraction | None = None
    current_a: Fraction | None = None

    @property
    def seconds(self) -> Fraction:
        """How long it takes."""
        return self.end.s - self.start.s

    @property
    def energy_wh(self) -> Fraction:
        """What it delivers."""
        return self.end.wh - self.start.wh

    def cut(self, cuts: "Cuts") -> Iterator["Stretch"]:
        """Split at every moment and every amount of energy that lies strictly within."""
        shares = {Fraction(1)}
        for marks, low, high in ((cuts.s, self.start.s, self.end.s), (cuts.wh, self.start.wh, self.end.wh)):
            within = marks[bisect_right(marks, low) : bisect_left(marks, high)]
            shares.update((mark - low) / (high - low) for mark in within)
        start = self.start
        for share in sorted(shares):
            end = Point(self.start.s + share * self.seconds, self.start.wh + share * self.energy_wh)
            yield Stretch(self.phase, start, end, self.power_w, self.current_a)
            start = end


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where a price can change, ascending: at these seconds, and at these Wh."""

    s: Sequence[Fraction]
    wh: Sequence[Fraction]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Stretches without a gap between them, from `origin` (UTC) on; never empty."""

    origin: datetime
    time_zone: tzinfo
    stretches: tuple[Stretch, ...]

    @property
    def end(self) -> Point:
        """Where it ends."""
        return self.stretches[-1].end

    def moment(self, s: Fraction) -> datetime:
        """The moment `s` seconds from the origin, in UTC, down to the microsecond before."""
        return self.origin + floor(s * 10**6) * _MICROSECOND

    def local(self, s: Fraction) -> datetime:
        """The same on the location's clock."""
        return self.moment(s).astimezone(self.time_zone)

    def seconds_to(self, at: datetime) -> Fraction:
        """How many seconds from the origin to a moment."""
        # The origin is in UTC: two moments of one local zone would be subtracted by the hands of their clocks.
        return Fraction((at - self.origin) // _MICROSECOND, 10**6)


def timeline(session: Session) -> Timeline:
    """
    Lay out a session: charging where the energy grew between two readings, parking where it did not.

    - Readings are taken in the order of their moments. A reading outside of the session
      (the clocks of charge boxes drift) counts at its near end; one that falls below an
      earlier one counts as equal to it. So no energy is lost and none is given back.
    - After the last reading the phase goes on as it was, without energy: a live session
      does not park between two readings. Before any reading it counts as charging.
    - Power is what the reading that closes the stretch says, else the register's: energy
      by time. Current is what that reading says, else the last that was said. A reported
      zero while energy flowed is true of its moment only (a reading at the stop), and
      says nothing. While parking both are zero.
    """
    line = Timeline(session.started_at.astimezone(UTC), session.time_zone, ())
    end_s = max(line.seconds_to(session.ended_at), Fraction(0))
    stretches: list[Stretch] = []
    start = Point(Fraction(0), Fraction(0))
    for sample in sorted(session.samples, key=lambda sample: line.seconds_to(sample.at)):
        s = min(max(line.seconds_to(sample.at), start.s), end_s)
        end = Point(s, max(Fraction(sample.energy_wh), start.wh))
        if end != start:
            stretches.append(_between(start, end, sample, stretches))
            start = end
    if start.s < end_s or not stretches:
        last = stretches[-1] if stretches else Stretch(Phase.CHARGING, start, start)
        stretches.append(Stretch(last.phase, start, Point(end_s, start.wh), last.power_w, last.current_a))
    return Timeline(line.origin, line.time_zone, tuple(stretches))


def _between(start: Point, end: Point, closing: Sample, before: Sequence[Stretch]) -> Stretch:
    """The stretch that a reading closes."""
    if end.wh == start.wh:
        return Stretch(Phase.PARKING, start, end, Fraction(0), Fraction(0))
    measured_w = (end.wh - start.wh) * 3600 / (end.s - start.s) if end.s > start.s else None
    charged = (stretch.current_a for stretch in reversed(before) if stretch.phase is Phase.CHARGING)
    return Stretch(
        Phase.CHARGING,
        start,
        end,
        power_w=Fraction(closing.power_w) if closing.power_w else measured_w,
        current_a=Fraction(closing.current_a) if closing.current_a else next(charged, None),
    )


def reserved(from_at: datetime, to_at: datetime, time_zone: tzinfo, *, expired: bool) -> Timeline:
    """Lay out a reservation: one stretch without energy."""
    line = Timeline(from_at.astimezone(UTC), time_zone, ())
    nothing = Point(Fraction(0), Fraction(0))
    end = Point(max(line.seconds_to(to_at), Fraction(0)), Fraction(0))
    stretch = Stretch(Phase.EXPIRED if expired else Phase.RESERVED, nothing, end, Fraction(0), Fraction(0))
    return Timeline(line.origin, time_zone, (stretch,))


def durations(line: Timeline) -> Durations:
    """Split the duration of a session in charging and idle; it needs no tariff."""
    charging, idle = (
        sum((stretch.seconds for stretch in line.stretches if stretch.phase is phase), start=Fraction(0))
        for phase in (Phase.CHARGING, Phase.PARKING)
    )
    # Readings have whole microseconds, so nothing is lost.
    return Durations(*(Decimal(int(seconds * 10**6)).scaleb(-6) for seconds in (charging, idle)))


def clock_changes(line: Timeline) -> Iterator[datetime]:
    """The moments within a timeline at which the location's clock jumps."""
    end = line.moment(line.end.s)
    days = (end - line.origin) // timedelta(days=1) + 1
    marks = [min(line.origin + timedelta(days=day), end) for day in range(days + 1)]
    for before, after in pairwise(marks):
        if _offset(before, line.time_zone) != _offset(after, line.time_zone):
            yield _jump(before, after, line.time_zone)


def _jump(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Halve the time between two moments until only the jump is left."""
    while after - before > _MICROSECOND:
        middle = before + (after - before) / 2
        if _offset(middle, zone) == _offset(before, zone):
            before = middle
        else:
            after = middle
    return after


def _offset(at: datetime, zone: tzinfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()
