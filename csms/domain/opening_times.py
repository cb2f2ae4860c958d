"""
When a location is open.

Opening times have the form of the API, and their meaning is OCPI's (2.3.0, module
Locations, class Hours): open all the time or in regular hours, and in exceptional
openings besides; closed in exceptional closings whatever else is said.

Regular hours are what a clock on the wall says, exceptional periods are moments. Where
clocks change, an hour that comes twice is read in the driver's favour: a period begins
when the clock first shows its begin, and is over when the clock has last shown its end.
A time that the clock leaps over is the moment of the leap.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from csms.errors import Invalid

_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_MIDNIGHT = "24:00"
_DAY = timedelta(days=1)


def is_open(opening_times: dict[str, Any] | None, *, time_zone: str, now: datetime) -> bool:
    """
    Tell whether a location is open.

    Args:
        opening_times: as `check` accepts them; None: always open.
        time_zone: the IANA name of the zone that regular hours are in.
        now: with a time zone, any.
    """
    if opening_times is None:
        return True
    if _in_one_of(opening_times.get("exceptionalClosings"), now):
        return False
    if opening_times.get("twentyFourSeven") or _in_one_of(opening_times.get("exceptionalOpenings"), now):
        return True
    regular = opening_times.get("regularHours") or ()
    return any(_in_regular_hours(hours, now.astimezone(ZoneInfo(time_zone))) for hours in regular)


def check(opening_times: Mapping[str, Any], *, path: str = "openingTimes") -> None:
    """
    Refuse opening times that mean nothing.

    Regular hours may end at 24:00, or at or before their begin, which is then on the
    next day: 22:00 to 06:00 is a night, 08:00 to 08:00 a day and a night.

    Args:
        opening_times: `twentyFourSeven`, `regularHours` (`weekday` 1 is Monday, `periodBegin` and `periodEnd` as
            `HH:MM`), `exceptionalOpenings` and `exceptionalClosings` (`periodBegin` and `periodEnd` in ISO 8601), of
            these types.
        path: where they stand in the body.

    Raises:
        Invalid: names the first field that is wrong.
    """
    regular = opening_times.get("regularHours") or ()
    openings = opening_times.get("exceptionalOpenings") or ()
    if not opening_times.get("twentyFourSeven") and not regular and not openings:
        raise Invalid(f"{path}.regularHours", "must have a period where twentyFourSeven is false")
    for number, hours in enumerate(regular):
        _check_hours(hours, f"{path}.regularHours.{number}")
    _check_exceptions(openings, f"{path}.exceptionalOpenings")
    _check_exceptions(opening_times.get("exceptionalClosings") or (), f"{path}.exceptionalClosings")


def _check_hours(hours: Mapping[str, Any], path: str) -> None:
    if hours["weekday"] not in range(1, 8):
        raise Invalid(f"{path}.weekday", "must be from 1 (Monday) to 7 (Sunday)")
    if not _TIME_OF_DAY.fullmatch(hours["periodBegin"]):
        raise Invalid(f"{path}.periodBegin", "must be a time from 00:00 to 23:59")
    if hours["periodEnd"] != _MIDNIGHT and not _TIME_OF_DAY.fullmatch(hours["periodEnd"]):
        raise Invalid(f"{path}.periodEnd", "must be a time from 00:00 to 24:00")


def _check_exceptions(periods: Iterable[Mapping[str, Any]], path: str) -> None:
    for number, period in enumerate(periods):
        moments = {}
        for name in ("periodBegin", "periodEnd"):
            try:
                moments[name] = _moment(period[name])
            except ValueError:
                raise Invalid(
                    f"{path}.{number}.{name}", "must be an ISO 8601 date and time, e.g. 2025-06-03T12:00:00.000Z"
                ) from None
        if moments["periodEnd"] <= moments["periodBegin"]:
            raise Invalid(f"{path}.{number}.periodEnd", "must be after periodBegin")


def _in_one_of(periods: Sequence[Mapping[str, Any]] | None, now: datetime) -> bool:
    return any(_moment(period["periodBegin"]) <= now < _moment(period["periodEnd"]) for period in periods or ())


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _in_regular_hours(hours: Mapping[str, Any], here: datetime) -> bool:
    """`here` is the moment in the zone of the location; the period may have begun yesterday."""
    for day in (here.date() - _DAY, here.date()):
        if day.isoweekday() == hours["weekday"]:
            begin, end = _period(day, hours)
            if _has_begun(begin, here) and not _is_over(end, here):
                return True
    return False


def _period(day: date, hours: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """The begin and the end as the clock on the wall shows them, without a zone."""
    begin = datetime.combine(day, time.fromisoformat(hours["periodBegin"]))
    until_midnight = hours["periodEnd"] == _MIDNIGHT
    end = datetime.combine(day, time.min if until_midnight else time.fromisoformat(hours["periodEnd"]))
    return begin, end if end > begin else end + _DAY


def _has_begun(begin: datetime, here: datetime) -> bool:
    first = begin.replace(tzinfo=here.tzinfo, fold=0)
    return _wall(here) >= begin or _utc(here) >= _utc(first)


def _is_over(end: datetime, here: datetime) -> bool:
    last = end.replace(tzinfo=here.tzinfo, fold=1)
    return _wall(here) >= end and _utc(here) >= _utc(last)


def _wall(here: datetime) -> datetime:
    return here.replace(tzinfo=None, fold=0)


def _utc(moment: datetime) -> datetime:
    # Two moments of one zone are compared by their clock readings, so both go to UTC first.
    return moment.astimezone(UTC)
