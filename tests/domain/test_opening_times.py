"""Opening times: regular hours over midnight and over changes of the clock, exceptions, and what is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.opening_times import check, is_open
from csms.errors import Invalid

COPENHAGEN = "Europe/Copenhagen"
# 2 June 2025 is a Monday; Copenhagen is two hours before UTC then.
MONDAY = datetime(2025, 6, 2, tzinfo=UTC) - timedelta(hours=2)


def at(weekday: int, clock: str) -> datetime:
    """A moment of that week, by the clock in Copenhagen."""
    hour, minute = clock.split(":")
    return MONDAY + timedelta(days=weekday - 1, hours=int(hour), minutes=int(minute))


def regular(weekday: int, begin: str, end: str) -> dict[str, Any]:
    return {"regularHours": [{"weekday": weekday, "periodBegin": begin, "periodEnd": end}]}


def period(begin: str, end: str) -> list[dict[str, str]]:
    return [{"periodBegin": begin, "periodEnd": end}]


def open_at(opening_times: dict[str, Any] | None, now: datetime) -> bool:
    return is_open(opening_times, time_zone=COPENHAGEN, now=now)


def test_a_location_without_opening_times_is_always_open() -> None:
    assert open_at(None, MONDAY)


def test_a_location_that_never_said_when_it_opens_is_closed() -> None:
    assert not open_at({"twentyFourSeven": False}, MONDAY)


@pytest.mark.parametrize(
    ("hours", "moment", "expected"),
    [
        (regular(1, "08:00", "17:00"), at(1, "07:59"), False),
        (regular(1, "08:00", "17:00"), at(1, "08:00"), True),
        (regular(1, "08:00", "17:00"), at(1, "16:59"), True),
        (regular(1, "08:00", "17:00"), at(1, "17:00"), False),
        (regular(1, "08:00", "17:00"), at(2, "12:00"), False),
        # over midnight: the day is that of the begin
        (regular(5, "22:00", "06:00"), at(5, "05:00"), False),
        (regular(5, "22:00", "06:00"), at(5, "22:00"), True),
        (regular(5, "22:00", "06:00"), at(6, "05:59"), True),
        (regular(5, "22:00", "06:00"), at(6, "06:00"), False),
        (regular(5, "22:00", "06:00"), at(6, "22:00"), False),
        # from Sunday into Monday
        (regular(7, "22:00", "06:00"), at(8, "01:00"), True),
        (regular(7, "22:00", "00:00"), at(7, "23:59"), True),
        (regular(7, "22:00", "00:00"), at(8, "00:00"), False),
        (regular(3, "00:00", "24:00"), at(3, "23:59"), True),
        (regular(3, "00:00", "24:00"), at(4, "00:00"), False),
        # a day and a night
        (regular(1, "08:00", "08:00"), at(2, "07:59"), True),
        (regular(1, "08:00", "08:00"), at(2, "08:00"), False),
    ],
)
def test_regular_hours_are_in_the_time_of_the_place(hours: dict[str, Any], moment: datetime, expected: bool) -> None:
    assert open_at(hours, moment) is expected


def test_each_of_several_regular_hours_opens() -> None:
    hours = {
        "regularHours": regular(1, "08:00", "12:00")["regularHours"] + regular(1, "13:00", "17:00")["regularHours"]
    }
    assert [open_at(hours, at(1, clock)) for clock in ("11:59", "12:30", "13:00")] == [True, False, True]


def test_an_exceptional_opening_adds_to_regular_hours() -> None:
    hours = regular(1, "08:00", "17:00") | {
        "exceptionalOpenings": period("2025-06-07T10:00:00Z", "2025-06-07T12:00:00Z")
    }
    saturday = datetime(2025, 6, 7, tzinfo=UTC)
    assert [open_at(hours, saturday + timedelta(hours=hour)) for hour in (9, 10, 11, 12)] == [False, True, True, False]
    assert open_at(hours, at(1, "08:00"))


@pytest.mark.parametrize(
    "otherwise",
    [
        {"twentyFourSeven": True},
        regular(1, "00:00", "24:00"),
        {"exceptionalOpenings": period("2025-06-01T00:00:00Z", "2025-06-10T00:00:00Z")},
    ],
)
def test_an_exceptional_closing_overrules_everything(otherwise: dict[str, Any]) -> None:
    # Without an offset it is UTC; 09:00 UTC is 11:00 in Copenhagen.
    hours = otherwise | {"exceptionalClosings": period("2025-06-02T09:00:00", "2025-06-02T12:00:00+02:00")}
    assert [open_at(hours, at(1, clock)) for clock in ("10:59", "11:00", "11:59", "12:00")] == [
        True,
        False,
        False,
        True,
    ]


# ---- clocks that change: in Copenhagen 02:00 becomes 03:00 on 30 March, and 03:00 becomes 02:00 on 26 October 2025

SPRING = datetime(2025, 3, 30, 1, 0, tzinfo=UTC)
AUTUMN = datetime(2025, 10, 26, 1, 0, tzinfo=UTC)


def minutes_open(hours: dict[str, Any], change: datetime) -> list[int]:
    """The first minute that is open and the first that is closed again, counted from the change of the clock."""
    span = range(-24 * 60, 24 * 60)
    found = [minute for minute in span if open_at(hours, change + timedelta(minutes=minute))]
    assert found == list(range(found[0], found[-1] + 1)), "opened twice"
    return [found[0], found[-1] + 1]


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        ("01:00", "04:00", [-60, 60]),  # two hours, not three
        ("02:30", "04:00", [0, 60]),
        ("01:00", "02:30", [-60, 0]),
        ("03:00", "04:00", [0, 60]),
    ],
)
def test_a_time_that_the_clock_leaps_over_is_the_moment_of_the_leap(begin: str, end: str, expected: list[int]) -> None:
    assert minutes_open(regular(7, begin, end), SPRING) == expected


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        ("01:00", "04:00", [-120, 120]),  # four hours, not three
        ("02:30", "04:00", [-30, 120]),
        ("01:00", "02:30", [-120, 30]),
        ("02:15", "02:30", [-45, 30]),
        ("03:00", "04:00", [60, 120]),
    ],
)
def test_an_hour_that_comes_twice_is_read_in_the_drivers_favour(begin: str, end: str, expected: list[int]) -> None:
    assert minutes_open(regular(7, begin, end), AUTUMN) == expected


@given(st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)))
def test_seven_whole_days_are_always_open(now: datetime) -> None:
    week = [regular(weekday, "00:00", "24:00")["regularHours"][0] for weekday in range(1, 8)]
    assert is_open({"regularHours": week}, time_zone="America/Santiago", now=now)


# ---- what is refused


@pytest.mark.parametrize(
    "good",
    [
        {"twentyFourSeven": True},
        {"twentyFourSeven": True, "regularHours": None, "exceptionalOpenings": None, "exceptionalClosings": None},
        regular(7, "22:00", "06:00"),
        regular(1, "00:00", "24:00"),
        {"exceptionalOpenings": period("2025-06-07T10:00:00Z", "2025-06-07T12:00:00.000-02:30")},
    ],
)
def test_opening_times_that_mean_something_are_accepted(good: dict[str, Any]) -> None:
    check(good)


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({}, "regularHours"),
        ({"twentyFourSeven": False, "regularHours": []}, "regularHours"),
        (regular(0, "08:00", "17:00"), "regularHours.0.weekday"),
        (regular(8, "08:00", "17:00"), "regularHours.0.weekday"),
        (regular(1, "24:00", "17:00"), "regularHours.0.periodBegin"),
        (regular(1, "8:00", "17:00"), "regularHours.0.periodBegin"),
        (regular(1, "08:00", "17:60"), "regularHours.0.periodEnd"),
        (regular(1, "08:00", "24:01"), "regularHours.0.periodEnd"),
        ({"exceptionalOpenings": period("Saturday", "2025-06-07T12:00:00Z")}, "exceptionalOpenings.0.periodBegin"),
        (
            {
                "twentyFourSeven": True,
                "exceptionalClosings": period("2025-06-07T12:00:00Z", "2025-06-07T14:00:00+02:00"),
            },
            "exceptionalClosings.0.periodEnd",
        ),
    ],
)
def test_opening_times_that_mean_nothing_are_refused_by_their_path(bad: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(bad)
    assert refused.value.field == f"openingTimes.{field}"
