"""Vehicles and meters: energy is the integral of power, to the last Wh."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.meter import Meter
from simulators.vehicle import Vehicle

HOUR_NS = 3600 * 10**9
FLAT = ((0, 100),)


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


def test_an_hour_at_eleven_kilowatts_is_eleven_kilowatt_hours() -> None:
    hand = Hand()
    meter = Meter(hand, register_wh=5)
    meter.connect(Vehicle(battery_wh=100_000, soc_percent=0, max_power_w=11_000, curve=FLAT), limit_w=22_000)
    hand.ns += HOUR_NS
    assert meter.register_wh == 11_005
    assert meter.power_w == 11_000


def test_the_connector_limits_the_vehicle() -> None:
    hand = Hand()
    meter = Meter(hand)
    meter.connect(Vehicle(max_power_w=22_000, soc_percent=0, curve=FLAT), limit_w=3_700)
    hand.ns += HOUR_NS
    assert meter.register_wh == 3_700


def test_nothing_is_counted_after_the_vehicle_has_gone() -> None:
    hand = Hand()
    meter = Meter(hand)
    meter.connect(Vehicle(curve=FLAT), limit_w=11_000)
    hand.ns += HOUR_NS
    meter.disconnect()
    counted = meter.register_wh
    hand.ns += HOUR_NS
    assert (meter.register_wh, meter.power_w) == (counted, 0)


def test_a_full_vehicle_takes_nothing_more() -> None:
    hand = Hand()
    vehicle = Vehicle(battery_wh=10_000, soc_percent=50, max_power_w=10_000, curve=FLAT)
    meter = Meter(hand)
    assert vehicle.ns_to_full(10**9) == HOUR_NS // 2
    meter.connect(vehicle, limit_w=1_000_000)
    hand.ns += 5 * HOUR_NS
    assert meter.register_wh == 5_000
    assert vehicle.full
    assert vehicle.soc_percent == 100


def test_power_falls_along_the_curve() -> None:
    vehicle = Vehicle(battery_wh=10_000, soc_percent=0, max_power_w=10_000, curve=((0, 100), (80, 40)))
    assert vehicle.power_mw(10**9) == 10_000_000
    vehicle.draw(HOUR_NS * 8 // 10, 10**9)
    assert vehicle.power_mw(10**9) == 4_000_000
    assert vehicle.ns_to_full(10**9) == HOUR_NS // 2


@given(pauses=st.lists(st.integers(min_value=0, max_value=HOUR_NS), max_size=30))
def test_the_register_does_not_depend_on_when_it_is_read(pauses: list[int]) -> None:
    often, once = Hand(), Hand()
    read_often, read_once = Meter(often), Meter(once)
    read_often.connect(Vehicle(soc_percent=0, curve=FLAT), limit_w=7_360)
    read_once.connect(Vehicle(soc_percent=0, curve=FLAT), limit_w=7_360)
    for pause in pauses:
        often.ns += pause
        assert read_often.register_wh >= 0
    once.ns = often.ns
    assert read_often.register_wh == read_once.register_wh


@pytest.mark.parametrize("curve", [(), ((10, 100),), ((0, 100), (90, 50), (80, 20))])
def test_a_curve_that_does_not_rise_from_zero_is_refused(curve: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ValueError, match="curve"):
        Vehicle(curve=curve)
