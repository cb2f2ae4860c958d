"""When a price holds: clocks and calendars of the location, tiers, power, current, and what was never measured."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from csms.domain.pricing import CostKind, DayOfWeek, ReservationRestriction, energy_price, price
from tests.domain.pricing.sessions import (
    COPENHAGEN,
    NINE,
    Leg,
    billed,
    charging,
    element,
    energy,
    flat,
    known,
    pairs,
    parking,
    session,
    tariff,
)


def at(day: int, hour: int, minute: int = 0, *, month: int = 6) -> datetime:
    """A local time in Copenhagen."""
    return datetime(2026, month, day, hour, minute, tzinfo=COPENHAGEN)


# The local clock ------------------------------------------------------------------------------------------------------

NIGHT = tariff(element(charging("1"), start_time=time(22), end_time=time(6)), charging("2"))


@pytest.mark.parametrize(
    ("start", "hours", "minutes_and_prices"),
    [
        (at(1, 21), 2, [("60", "2"), ("60", "1")]),
        (at(1, 23), 2, [("120", "1")]),
        (at(1, 5), 2, [("60", "1"), ("60", "2")]),
        (at(1, 21), 34, [("60", "2"), ("480", "1"), ("960", "2"), ("480", "1"), ("60", "2")]),
    ],
)
def test_a_period_goes_over_midnight(start: datetime, hours: int, minutes_and_prices: list[tuple[str, str]]) -> None:
    cost = known(price(NIGHT, session(Leg(hours * 60, "50"), start=start, zone=COPENHAGEN)))
    assert billed(cost, CostKind.TIME) == pairs(*minutes_and_prices)


def test_a_boundary_lies_at_its_local_minute() -> None:
    cost = known(price(NIGHT, session(Leg(120, "50"), start=at(1, 21), zone=COPENHAGEN)))
    assert cost.lines[0].ended_at == cost.lines[1].started_at == datetime(2026, 6, 1, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("restrictions", "minutes_and_prices"),
    [
        ({"start_time": time(22)}, [("60", "2"), ("120", "1"), ("60", "2")]),
        ({"start_time": time(22), "end_time": time(0)}, [("60", "2"), ("120", "1"), ("60", "2")]),
        ({"end_time": time(22)}, [("60", "1"), ("120", "2"), ("60", "1")]),
        ({"start_time": time(0), "end_time": time(0)}, [("240", "1")]),
        ({"start_time": time(22), "end_time": time(22)}, [("240", "1")]),
    ],
)
def test_an_open_end_of_a_period_is_midnight(
    restrictions: dict[str, time], minutes_and_prices: list[tuple[str, str]]
) -> None:
    of = tariff(element(charging("1"), **restrictions), charging("2"))
    cost = known(price(of, session(Leg(240, "50"), start=at(1, 21), zone=COPENHAGEN)))
    assert billed(cost, CostKind.TIME) == pairs(*minutes_and_prices)


def test_in_spring_the_clock_leaps_over_a_boundary() -> None:
    """On 29 March 2026 02:00 is 03:00: what begins at 02:30 begins at the jump, after one hour."""
    of = tariff(element(charging("1"), end_time=time(2, 30)), charging("2"))
    cost = known(price(of, session(Leg(120, "20"), start=at(29, 1, month=3), zone=COPENHAGEN)))
    assert billed(cost, CostKind.TIME) == pairs(("60", "1"), ("60", "2"))
    assert cost.lines[1].started_at == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_in_autumn_a_boundary_comes_twice() -> None:
    """On 25 October 2026 03:00 is 02:00 once more: the half hour from 02:30 is lived through twice."""
    of = tariff(element(charging("2"), start_time=time(2, 30)), charging("1"))
    cost = known(price(of, session(Leg(120, "20"), start=at(25, 2, month=10), zone=COPENHAGEN)))
    assert billed(cost, CostKind.TIME) == pairs(("30", "1"), ("30", "2"), ("30", "1"), ("30", "2"))
    assert cost.lines[2].started_at == datetime(2026, 10, 25, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 29, 23), (10, 25, 25), (6, 1, 24)])
def test_a_local_day_has_the_hours_that_it_has(month: int, day: int, hours: int) -> None:
    of = tariff(charging("1"))
    start = at(day, 0, month=month)
    whole = session(Leg(hours * 60, "20"), start=start, zone=COPENHAGEN)
    of_the_day = tariff(element(charging("1"), start_date=start.date(), end_date=start.date() + timedelta(days=1)))
    longer = session(Leg(48 * 60, "20"), start=start - timedelta(hours=5), zone=COPENHAGEN)
    assert known(price(of_the_day, longer)).total == known(price(of, whole)).total


def test_moments_of_one_zone_are_compared_by_what_passed_and_not_by_their_hands() -> None:
    """02:50 before the clock goes back and 02:10 after it are 20 minutes apart."""
    start, end = at(25, 2, 50, month=10), at(25, 2, 10, month=10).replace(fold=1)
    charged = session(Leg(20, "1"), start=start, zone=COPENHAGEN)
    assert charged.ended_at == end.astimezone(UTC)
    by_hands = type(charged)(start, end, charged.samples[1:], COPENHAGEN)
    assert billed(known(price(tariff(charging("1")), by_hands)), CostKind.TIME) == pairs(("20", "1"))


# The calendar ---------------------------------------------------------------------------------------------------------


def test_a_weekday_ends_at_local_midnight() -> None:
    of = tariff(element(charging("1"), day_of_week=(DayOfWeek.SATURDAY, DayOfWeek.SUNDAY)), charging("2"))
    friday_evening = session(Leg(52 * 60, "20"), start=at(5, 22), zone=COPENHAGEN)
    assert billed(known(price(of, friday_evening)), CostKind.TIME) == pairs(("120", "2"), ("2880", "1"), ("120", "2"))


def test_a_date_is_included_at_its_start_and_excluded_at_its_end() -> None:
    of = tariff(element(charging("1"), start_date=date(2026, 6, 2), end_date=date(2026, 6, 3)), charging("2"))
    charged = session(Leg(50 * 60, "20"), start=at(1, 23), zone=COPENHAGEN)
    assert billed(known(price(of, charged)), CostKind.TIME) == pairs(("60", "2"), ("1440", "1"), ("1500", "2"))


def test_all_restrictions_of_an_element_hold_at_once() -> None:
    of = tariff(
        element(energy("1"), start_time=time(9), end_time=time(10), max_kwh=Decimal(5), min_duration_s=600),
        energy("2"),
    )
    # 12 kWh an hour: from ten minutes (2 kWh) to 5 kWh.
    cost = known(price(of, session(Leg(120, "24"))))
    assert billed(cost, CostKind.ENERGY) == pairs(("2", "2"), ("3", "1"), ("19", "2"))


# Tiers ----------------------------------------------------------------------------------------------------------------


def test_a_tier_ends_at_its_exact_energy_between_two_readings() -> None:
    of = tariff(
        element(energy("0.50"), max_kwh=Decimal(10)),
        element(energy("0.40"), min_kwh=Decimal(10), max_kwh=Decimal("22.5")),
        energy("0.30"),
    )
    cost = known(price(of, session(Leg(60, "30"))))
    assert billed(cost, CostKind.ENERGY) == pairs(("10", "0.50"), ("12.5", "0.40"), ("7.5", "0.30"))
    assert [line.ended_at - NINE for line in cost.lines] == [timedelta(minutes=each) for each in (20, 45, 60)]


def test_energy_moves_the_price_of_time_too() -> None:
    of = tariff(element(charging("1"), max_kwh=Decimal(1)), charging("2"))
    cost = known(price(of, session(Leg(30, "3"))))
    assert billed(cost, CostKind.TIME) == pairs(("10", "1"), ("20", "2"))


def test_all_energy_of_a_moment_without_length_passes_its_tiers() -> None:
    """A charge box whose clock stands still reports all its energy at one moment."""
    of = tariff(element(energy("0.50"), max_kwh=Decimal(10)), energy("0.30"), charging("9"))
    cost = known(price(of, session(Leg(0, "30"))))
    assert billed(cost, CostKind.ENERGY) == pairs(("10", "0.50"), ("20", "0.30"))
    assert CostKind.TIME not in cost.totals


def test_duration_counts_from_the_start_with_its_lower_end_included() -> None:
    of = tariff(element(charging("1"), min_duration_s=600, max_duration_s=1200), charging("2"))
    cost = known(price(of, session(Leg(30, "3"))))
    assert billed(cost, CostKind.TIME) == pairs(("10", "2"), ("10", "1"), ("10", "2"))


# Power and current ----------------------------------------------------------------------------------------------------

BY_POWER = tariff(element(energy("1"), min_power_kw=Decimal(10), max_power_kw=Decimal(20)), energy("2"))


@pytest.mark.parametrize(
    ("leg", "per_kwh"),
    [
        (Leg(60, "10"), "1"),
        (Leg(60, "9.999"), "2"),
        (Leg(60, "20"), "2"),
        (Leg(60, "5", power_kw="15"), "1"),
        (Leg(60, "15", power_kw="25"), "2"),
        # A zero at the moment of the stop says nothing of the time before it.
        (Leg(60, "15", power_kw="0"), "1"),
        # No time passed, so nobody knows.
        (Leg(0, "15"), "2"),
    ],
)
def test_power_is_the_reported_one_else_that_of_the_register(leg: Leg, per_kwh: str) -> None:
    assert [price for _, price in billed(known(price(BY_POWER, session(leg))), CostKind.ENERGY)] == [Decimal(per_kwh)]


def test_current_is_the_last_that_was_said_while_charging() -> None:
    of = tariff(element(energy("1"), max_current_a=Decimal(32)), element(energy("2"), min_current_a=Decimal(32)))
    legs = (
        Leg(10, "1"),  # nobody knows: neither element holds
        Leg(10, "2", current_a="16"),
        Leg(10, "3"),
        Leg(10),
        Leg(10, "4", current_a="0"),
        Leg(10, "5", current_a="32"),
    )
    cost = known(price(of, session(*legs)))
    assert billed(cost, CostKind.ENERGY) == pairs(("5", "1"), ("4", "1"), ("5", "2"))


def test_while_parking_power_and_current_are_zero() -> None:
    of = tariff(element(parking("1"), max_power_kw=Decimal(1), max_current_a=Decimal(1)))
    cost = known(price(of, session(Leg(10, "5"), Leg(10))))
    assert billed(cost, CostKind.PARKING_TIME) == pairs(("10", "1"))


# Which element --------------------------------------------------------------------------------------------------------


def test_each_dimension_finds_its_own_first_element() -> None:
    of = tariff(
        element(parking("9"), end_time=time(8)),
        element(charging("1"), max_kwh=Decimal(5)),
        element(energy("3"), charging("2")),
        element(energy("4")),
    )
    cost = known(price(of, session(Leg(60, "10"))))
    assert billed(cost, CostKind.TIME) == pairs(("30", "1"), ("30", "2"))
    assert billed(cost, CostKind.ENERGY) == pairs(("10", "3"))


def test_a_dimension_without_a_matching_element_costs_nothing() -> None:
    of = tariff(element(energy("3"), end_time=time(8)), element(parking("3")))
    cost = known(price(of, session(Leg(60, "10"))))
    assert (cost.lines, cost.total.incl_vat, cost.energy_kwh) == ((), Decimal(0), Decimal(10))


def test_elements_of_reservations_do_not_price_a_session() -> None:
    of = tariff(element(charging("3"), reservation=ReservationRestriction.RESERVATION))
    assert known(price(of, session(Leg(60, "10")))).lines == ()


def test_the_flat_fee_is_the_one_that_holds_at_the_start_and_is_paid_once() -> None:
    of = tariff(element(flat("1"), start_time=time(9), end_time=time(10)), flat("2"))
    assert [line.price for line in known(price(of, session(Leg(180, "10")))).lines] == [Decimal(1)]
    assert [line.price for line in known(price(of, session(Leg(180, "1"), start=NINE.replace(hour=8)))).lines] == [
        Decimal(2)
    ]


def test_a_price_list_shows_the_energy_price_of_the_moment() -> None:
    of = tariff(element(energy("1"), start_time=time(22)), element(energy("2"), max_kwh=Decimal(5)))
    assert energy_price(of, at=at(1, 22), time_zone=COPENHAGEN) == energy("1")
    assert energy_price(of, at=at(1, 21), time_zone=COPENHAGEN) == energy("2")
    assert energy_price(tariff(flat("1")), at=NINE, time_zone=UTC) is None
