"""
Which price component holds, and where on a timeline that can change.

Between two boundaries nothing that a restriction looks at changes, so a stretch that
is cut at all of them is judged once, by its first instant. Lower limits include their
value and upper ones do not (OCPI 2.3.0, TariffRestrictions): at the instant of a
boundary the rule that begins there holds already.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

from csms.domain.pricing.tariff import (
    DayOfWeek,
    Dimension,
    PriceComponent,
    ReservationRestriction,
    Restrictions,
    Tariff,
)
from csms.domain.pricing.timeline import Cuts, Phase, Point, Stretch, Timeline, clock_changes

_MIDNIGHT = time(0, 0)
_DAYS = tuple(DayOfWeek)

# Which elements a phase looks at, in order. Where there is a price for expired
# reservations it goes before that of reservations (ReservationRestrictionType).
_ELEMENTS_OF: dict[Phase, tuple[ReservationRestriction | None, ...]] = {
    Phase.CHARGING: (None,),
    Phase.PARKING: (None,),
    Phase.RESERVED: (ReservationRestriction.RESERVATION,),
    Phase.EXPIRED: (ReservationRestriction.RESERVATION_EXPIRES, ReservationRestriction.RESERVATION),
}


@dataclass(frozen=True, slots=True)
class Situation:
    """All that restrictions look at, at one instant. None is what nobody measured."""

    phase: Phase
    local: datetime
    reached: Point
    power_w: Fraction | None
    current_a: Fraction | None


def situation(line: Timeline, piece: Stretch) -> Situation:
    """The first instant of a piece of a timeline."""
    return Situation(piece.phase, line.local(piece.start.s), piece.start, piece.power_w, piece.current_a)


def active_component(tariff: Tariff, dimension: Dimension, now: Situation) -> PriceComponent | None:
    """The component of the first element that has one for the dimension and whose restrictions hold."""
    for reservation in _ELEMENTS_OF[now.phase]:
        for element in tariff.elements:
            if element.restrictions.reservation is reservation and holds(element.restrictions, now):
                for component in element.components:
                    if component.type is dimension:
                        return component
    return None


def holds(rule: Restrictions, now: Situation) -> bool:
    """Tell whether all restrictions hold; that of reservations is a matter of the phase."""
    return (
        _within_day(rule, now.local.time())
        and (rule.start_date is None or now.local.date() >= rule.start_date)
        and (rule.end_date is None or now.local.date() < rule.end_date)
        and (not rule.day_of_week or _DAYS[now.local.weekday()] in rule.day_of_week)
        and _within(now.reached.wh, rule.min_kwh, rule.max_kwh, unit=1000)
        and _within(now.reached.s, rule.min_duration_s, rule.max_duration_s)
        and _within(now.power_w, rule.min_power_kw, rule.max_power_kw, unit=1000)
        and _within(now.current_a, rule.min_current_a, rule.max_current_a)
    )


def _within_day(rule: Restrictions, now: time) -> bool:
    """Compare with the hands of the local clock; with an end not after the start the period goes over midnight."""
    start = rule.start_time or _MIDNIGHT
    end = rule.end_time or _MIDNIGHT
    if end == _MIDNIGHT:
        return now >= start
    if end <= start:
        return now >= start or now < end
    return start <= now < end


def _within(value: Fraction | None, low: Decimal | int | None, high: Decimal | int | None, unit: int = 1) -> bool:
    """Compare with limits in `unit`s of the value. What nobody measured meets no limit."""
    if low is None and high is None:
        return True
    if value is None:
        return False
    return (low is None or value >= Fraction(low) * unit) and (high is None or value < Fraction(high) * unit)


def boundaries(tariffs: Iterable[Tariff], line: Timeline) -> Cuts:
    """Every instant and every amount of energy at which a restriction can begin or cease to hold."""
    rules = [element.restrictions for tariff in tariffs for element in tariff.elements]
    moments = {line.seconds_to(at) for at in _moments(rules, line)}
    seconds = {Fraction(s) for rule in rules for s in (rule.min_duration_s, rule.max_duration_s) if s is not None}
    kwh = {limit for rule in rules for limit in (rule.min_kwh, rule.max_kwh) if limit is not None}
    return Cuts(s=sorted(moments | seconds), wh=sorted(Fraction(limit) * 1000 for limit in kwh))


def _moments(rules: Iterable[Restrictions], line: Timeline) -> Iterator[datetime]:
    """
    The moments at which the local clock shows a time that some rule names, and those at which it jumps.

    A time that comes twice is a boundary twice. One that the clock leaps over is passed
    at the jump; what it stands for otherwise is a cut too many, and harmless.
    """
    times = {hands for rule in rules for hands in _times(rule)}
    if not times:
        return
    yield from clock_changes(line)
    day, last = line.local(Fraction(0)).date(), line.local(line.end.s).date()
    while day <= last:
        for hands in times:
            for fold in (0, 1):
                local = datetime.combine(day, hands, tzinfo=line.time_zone).replace(fold=fold)
                yield local.astimezone(UTC)
        day += timedelta(days=1)


def _times(rule: Restrictions) -> Iterator[time]:
    """The times of day at which a rule can change: those that it names, and midnight for dates and days."""
    if rule.start_time is not None or rule.end_time is not None:
        yield rule.start_time or _MIDNIGHT
        yield rule.end_time or _MIDNIGHT
        yield _MIDNIGHT
    if rule.start_date is not None or rule.end_date is not None or rule.day_of_week:
        yield _MIDNIGHT
