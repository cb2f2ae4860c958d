"""Timestamps on the wire, and simulated time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from simulators.clock import Clock


def test_stamps_are_all_different_and_rise() -> None:
    clock = Clock()
    stamps = [clock.stamp() for _ in range(500)]
    assert sorted(set(stamps)) == stamps
    assert all(len(stamp) == 24 and stamp.endswith("Z") for stamp in stamps)


def test_a_stamp_is_the_time_of_the_wall_whatever_the_scale() -> None:
    stamp = datetime.fromisoformat(Clock(time_scale=1000).stamp())
    assert abs(datetime.now(UTC) - stamp) < timedelta(seconds=1)


def test_the_clock_can_be_wrong_on_purpose() -> None:
    clock = Clock(offset=timedelta(hours=-3))
    assert abs(datetime.now(UTC) - timedelta(hours=3) - clock.now()) < timedelta(seconds=1)
    clock.set_to(datetime(1970, 1, 1, tzinfo=UTC))
    assert clock.stamp().startswith("1970-01-01T00:00:00")


@pytest.mark.parametrize(("offset", "year"), [(timedelta.min, "0001"), (timedelta.max, "9999")])
def test_a_clock_that_is_wrong_beyond_measure_stops_at_the_end_of_the_calendar(offset: timedelta, year: str) -> None:
    assert Clock(offset=offset).stamp().startswith(year)


def test_simulated_time_runs_faster_by_the_scale() -> None:
    clock = Clock(time_scale=1000)
    before = clock.simulated_ns()
    time.sleep(0.02)
    assert clock.simulated_ns() - before >= 20 * 10**9
    assert clock.real_s(60) == 0.06


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="time_scale"):
        Clock(time_scale=0)
