"""What a session costs as a whole: lines, totals, taxes, limits, tariffs that change, and what is not known."""

from dataclasses import replace
from datetime import UTC, timedelta
from decimal import Decimal

import pytest

from csms.domain.pricing import (
    CostKind,
    Durations,
    Money,
    PriceLimit,
    ReservationRestriction,
    Sample,
    Session,
    Tariff,
    TariffChange,
    TaxIncluded,
    durations,
    price,
    price_reservation,
    timeline,
)
from csms.errors import Invalid
from tests.domain.pricing.sessions import (
    NINE,
    Leg,
    billed,
    charging,
    element,
    energy,
    flat,
    known,
    money,
    pairs,
    parking,
    session,
    tariff,
)

PER_KWH = tariff(energy("1", vat="0.25"))


def limit(before: str | None = None, after: str | None = None) -> PriceLimit:
    return PriceLimit(*(None if side is None else Decimal(side) for side in (before, after)))


# Lines and totals -----------------------------------------------------------------------------------------------------


def test_a_line_says_what_is_owed_for_what() -> None:
    [line] = known(price(tariff(energy("0.30", vat="0.25", step=1000)), session(Leg(60, "9.2")))).lines
    assert (line.kind, line.tariff_id) == (CostKind.ENERGY, "T")
    assert (line.started_at, line.ended_at) == (NINE, NINE + timedelta(hours=1))
    assert (line.price, line.vat, line.step_size) == (Decimal("0.30"), Decimal("0.25"), 1000)
    assert (line.quantity, line.billed_quantity) == (Decimal("9.2"), Decimal(10))
    assert (line.amount, line.amount.vat) == (money("3", "3.75"), Decimal("0.75"))


def test_periods_that_readings_cut_are_one_line_and_a_pause_makes_two() -> None:
    of = tariff(energy("1"), charging("1"), parking("1"))
    cost = known(price(of, session(Leg(10, "1"), Leg(10, "2"), Leg(5), Leg(5), Leg(10, "3"))))
    assert billed(cost, CostKind.ENERGY) == pairs(("3", "1"), ("3", "1"))
    assert billed(cost, CostKind.TIME) == pairs(("20", "1"), ("10", "1"))
    assert billed(cost, CostKind.PARKING_TIME) == pairs(("10", "1"))


def test_charging_after_a_pause_is_the_last_period_of_time_and_is_rounded() -> None:
    of = tariff(charging("1", step=600), parking("1", step=600))
    cost = known(price(of, session(Leg(11, "1"), Leg(5), Leg(7, "1"))))
    assert billed(cost, CostKind.PARKING_TIME) == pairs(("5", "1"))
    assert billed(cost, CostKind.TIME) == pairs(("11", "1"), ("9", "1"))


def test_a_step_of_zero_rounds_nothing() -> None:
    cost = known(price(tariff(energy("1", step=0)), session(Leg(60, "1.0005"))))
    assert cost.lines[0].billed_quantity == Decimal("1.0005")


def test_each_total_is_rounded_once_from_its_exact_sum() -> None:
    of = tariff(energy("0.005"), charging("0.005"))
    cost = known(price(of, session(Leg(60, "1"))))
    assert cost.totals == {CostKind.ENERGY: money("0.01", "0.01"), CostKind.TIME: money("0.01", "0.01")}
    assert cost.total == money("0.01", "0.01")


def test_thirds_of_an_hour_add_up_without_loss() -> None:
    of = tariff(charging("3"), parking("3"))
    legs = [Leg(20, "1"), Leg(20)] * 3
    assert known(price(of, session(*legs))).total == money("6.00", "6.00")
    shown = [line.quantity for line in known(price(of, session(*legs))).lines if line.kind is CostKind.TIME]
    assert sum(shown) == 1


@pytest.mark.parametrize(
    ("currency", "total"),
    [("EUR", "1.24"), ("JPY", "1"), ("KWD", "1.235"), ("CLF", "1.2346"), ("DKK", "1.24")],
)
def test_money_is_rounded_half_up_to_the_minor_unit_of_its_currency(currency: str, total: str) -> None:
    amount = {"CLF": "1.23455", "KWD": "1.2345"}.get(currency, "1.235")
    assert known(price(tariff(flat(amount), currency=currency), session(Leg(1)))).total == money(total, total)


def test_a_negative_price_is_rounded_half_up_away_from_zero() -> None:
    cost = known(price(tariff(energy("-0.125", vat="0.20")), session(Leg(60, "1"))))
    assert cost.total == money("-0.13", "-0.15")


@pytest.mark.parametrize(
    ("tax_included", "vat", "total", "shown_vat"),
    [
        (TaxIncluded.NO, "0.25", money("1.00", "1.25"), Decimal("0.25")),
        (TaxIncluded.YES, "0.25", money("0.80", "1.00"), Decimal("0.25")),
        (TaxIncluded.YES, "0.19", money("0.84", "1.00"), Decimal("0.19")),
        (TaxIncluded.NOT_APPLICABLE, "0.25", money("1.00", "1.00"), None),
        (TaxIncluded.NO, None, money("1.00", "1.00"), None),
    ],
)
def test_a_price_includes_vat_or_not(
    tax_included: TaxIncluded, vat: str | None, total: Money, shown_vat: Decimal | None
) -> None:
    cost = known(price(tariff(energy("1", vat=vat), tax_included=tax_included), session(Leg(60, "1"))))
    assert (cost.total, cost.lines[0].vat, cost.vat_rate) == (total, shown_vat, shown_vat)


def test_a_cost_of_several_vat_rates_names_none() -> None:
    assert known(price(tariff(energy("1", vat="0.1"), flat("1", vat="0.2")), session(Leg(60, "1")))).vat_rate is None


# Limits ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of_kwh", "least", "total", "kind"),
    [
        # 1 EUR per kWh and 25 % VAT
        ("4", limit("5"), money("5.00", "6.25"), CostKind.MIN_PRICE),
        ("4", limit(after="5.50"), money("4.40", "5.50"), CostKind.MIN_PRICE),
        ("4", limit("5", "7"), money("5.00", "7.00"), CostKind.MIN_PRICE),
        ("4", limit("4", "6"), money("4.00", "6.00"), CostKind.MIN_PRICE),
        ("5", limit("5"), money("5.00", "6.25"), None),
        ("5", limit(), money("5.00", "6.25"), None),
        # Nothing was charged: the VAT is the tariff's.
        ("0", limit("5"), money("5.00", "6.25"), CostKind.MIN_PRICE),
        ("0", limit(after="5"), money("4.00", "5.00"), CostKind.MIN_PRICE),
    ],
)
def test_a_session_costs_at_least_the_minimum_before_and_after_taxes(
    of_kwh: str, least: PriceLimit, total: Money, kind: CostKind | None
) -> None:
    cost = known(price(tariff(energy("1", vat="0.25"), min_price=least), session(Leg(60, of_kwh))))
    assert (cost.total, cost.limit) == (total, kind)


@pytest.mark.parametrize(
    ("most", "total"),
    [
        (limit("5"), money("5.00", "6.25")),
        (limit(after="5"), money("4.00", "5.00")),
        (limit("5", "10"), money("5.00", "10.00")),
        (limit("8", "9"), money("8.00", "9.00")),
    ],
)
def test_a_session_costs_at_most_the_maximum_before_and_after_taxes(most: PriceLimit, total: Money) -> None:
    cost = known(price(tariff(energy("1", vat="0.25"), max_price=most), session(Leg(60, "8"))))
    assert (cost.total, cost.limit) == (total, CostKind.MAX_PRICE)


def test_a_limit_is_a_line_that_makes_the_lines_add_up() -> None:
    cost = known(price(tariff(energy("1", vat="0.25"), max_price=limit("5")), session(Leg(60, "8"))))
    line = cost.lines[-1]
    assert (line.kind, line.price, line.vat, line.quantity) == (CostKind.MAX_PRICE, None, None, Decimal(1))
    assert line.amount == money("-3", "-3.75")
    assert cost.totals[CostKind.ENERGY] == money("8.00", "10.00")
    assert cost.vat_rate == Decimal("0.25")


def test_a_limit_without_any_vat_is_the_same_on_both_sides() -> None:
    of = tariff(energy("1", vat="0.25"), min_price=limit("5"), tax_included=TaxIncluded.NOT_APPLICABLE)
    assert known(price(of, session(Leg(60)))).total == money("5.00", "5.00")


# Tariffs that change --------------------------------------------------------------------------------------------------

LATER = tariff(flat("7"), energy("2"), id="L", min_price=limit("99"))


def test_each_part_of_a_session_has_the_prices_of_its_own_tariff() -> None:
    first = tariff(flat("5"), energy("1"), charging("1"))
    cost = known(price(first, session(Leg(60, "12")), changes=[TariffChange(NINE + timedelta(minutes=20), LATER)]))
    assert [(line.tariff_id, line.kind, line.quantity) for line in cost.lines] == [
        ("T", CostKind.FLAT, Decimal(1)),
        ("T", CostKind.ENERGY, Decimal(4)),
        ("T", CostKind.TIME, Decimal("0.333333333333")),
        ("L", CostKind.ENERGY, Decimal(8)),
    ]
    # The start fee and the limits are those that the driver agreed to.
    assert cost.total == money("25.33", "25.33")


def test_the_same_price_of_another_tariff_is_another_line() -> None:
    including = replace(PER_KWH, id="L", tax_included=TaxIncluded.YES)
    cost = known(price(PER_KWH, session(Leg(60, "2")), changes=[TariffChange(NINE + timedelta(minutes=30), including)]))
    assert [(line.tariff_id, line.amount.incl_vat) for line in cost.lines] == [
        ("T", Decimal("1.25")),
        ("L", Decimal(1)),
    ]


def test_what_was_used_so_far_counts_on_over_a_change_of_tariff() -> None:
    tiers = tariff(element(energy("1"), max_kwh=Decimal(8)), energy("3"), id="L")
    changes = [TariffChange(NINE + timedelta(minutes=20), tiers)]
    cost = known(price(tariff(energy("2")), session(Leg(60, "12")), changes=changes))
    assert billed(cost, CostKind.ENERGY) == pairs(("4", "2"), ("4", "1"), ("4", "3"))


def test_a_change_of_tariff_rounds_nothing_before_the_end() -> None:
    changes = [TariffChange(NINE + timedelta(minutes=20), tariff(energy("2", step=1000), id="L"))]
    cost = known(price(tariff(energy("1", step=5000)), session(Leg(60, "12.3")), changes=changes))
    assert billed(cost, CostKind.ENERGY) == pairs(("4.1", "1"), ("8.9", "2"))


@pytest.mark.parametrize("minutes", [0, -5])
def test_a_change_that_is_not_after_the_start_counts_from_the_start(minutes: int) -> None:
    changes = [
        TariffChange(NINE + timedelta(minutes=minutes), LATER),
        TariffChange(NINE + timedelta(minutes=-10), None),
    ]
    cost = known(price(PER_KWH, session(Leg(60, "12")), changes=changes))
    assert {line.tariff_id for line in cost.lines} == {"L"}
    assert cost.total.excl_vat == 99


def test_a_change_after_the_end_changes_nothing() -> None:
    changes = [TariffChange(NINE + timedelta(hours=1), LATER)]
    charged = session(Leg(60, "12"))
    assert price(PER_KWH, charged, changes=changes) == price(PER_KWH, charged)


def test_the_tariffs_of_a_session_share_their_currency() -> None:
    changes = [TariffChange(NINE + timedelta(minutes=1), tariff(energy("1"), currency="DKK"))]
    with pytest.raises(Invalid, match="currency: must be the same"):
        price(PER_KWH, session(Leg(60, "12")), changes=changes)


@pytest.mark.parametrize(
    ("of", "changes"),
    [
        (None, []),
        (None, [TariffChange(NINE + timedelta(minutes=1), PER_KWH)]),
        (PER_KWH, [TariffChange(NINE + timedelta(minutes=1), None)]),
    ],
)
def test_without_a_tariff_the_price_is_not_known(of: Tariff | None, changes: list[TariffChange]) -> None:
    assert price(of, session(Leg(60, "12")), changes=changes) is None


# Reservations ---------------------------------------------------------------------------------------------------------


def test_a_cancelled_reservation_costs_what_a_reservation_costs_without_limits() -> None:
    of = tariff(
        element(charging("9"), reservation=ReservationRestriction.RESERVATION_EXPIRES),
        element(flat("1"), charging("2"), reservation=ReservationRestriction.RESERVATION),
        energy("1"),
        min_price=limit("50"),
    )
    ended_at = NINE + timedelta(minutes=30)
    cost = known(price_reservation(of, reserved_at=NINE, ended_at=ended_at, expired=False, time_zone=UTC))
    assert (cost.total, cost.energy_kwh) == (money("2.00", "2.00"), Decimal(0))
    assert cost.durations == Durations(Decimal(0), Decimal(0))


def test_a_reservation_without_a_tariff_has_no_known_price() -> None:
    assert price_reservation(None, reserved_at=NINE, ended_at=NINE, expired=True, time_zone=UTC) is None


def test_a_reservation_that_ends_before_it_began_takes_no_time() -> None:
    of = tariff(element(flat("1"), charging("2"), reservation=ReservationRestriction.RESERVATION), energy("1"))
    cost = known(price(of, session(Leg(60, "1")), reserved_at=NINE + timedelta(hours=1)))
    assert set(cost.totals) == {CostKind.RESERVATION_FLAT, CostKind.ENERGY}


# What happened --------------------------------------------------------------------------------------------------------


def lasted(of: Session) -> tuple[int, int]:
    of_line = durations(timeline(of))
    return int(of_line.charging_s), int(of_line.idle_s)


def test_time_without_energy_between_two_readings_is_idle() -> None:
    assert lasted(session(Leg(10, "1"), Leg(5), Leg(10, "1"), Leg(15))) == (1200, 1200)


def test_durations_are_part_of_the_cost() -> None:
    cost = known(price(PER_KWH, session(Leg(10.0001, "1"), Leg(5))))
    assert cost.durations == Durations(Decimal("600.006"), Decimal(300))


@pytest.mark.parametrize(("legs", "expected"), [((Leg(10, "1"),), (1200, 0)), ((Leg(10),), (0, 1200)), ((), (1200, 0))])
def test_after_the_last_reading_things_go_on_as_they_were(legs: tuple[Leg, ...], expected: tuple[int, int]) -> None:
    live = session(*legs)
    assert lasted(Session(NINE, NINE + timedelta(minutes=20), live.samples, UTC)) == expected


def test_a_session_of_nothing_pays_its_fee() -> None:
    nothing = Session(NINE, NINE, (), UTC)
    cost = known(price(tariff(flat("1"), energy("1"), charging("1"), parking("1")), nothing))
    assert ([line.kind for line in cost.lines], lasted(nothing)) == ([CostKind.FLAT], (0, 0))


def test_a_fee_is_paid_where_a_session_begins_without_energy_too() -> None:
    assert known(price(tariff(flat("1")), session(Leg(10), Leg(10, "1")))).total.excl_vat == 1


@pytest.mark.parametrize("minutes", [-30, 90])
def test_a_reading_outside_of_the_session_counts_at_its_near_end(minutes: int) -> None:
    stray = Sample(NINE + timedelta(minutes=minutes), Decimal(5000))
    cost = known(price(PER_KWH, Session(NINE, NINE + timedelta(hours=1), (stray,), UTC)))
    assert cost.energy_kwh == cost.lines[0].quantity == 5
    assert cost.durations.charging_s == 3600


def test_readings_may_come_in_any_order_and_never_take_energy_back() -> None:
    readings = session(Leg(10, "5"), Leg(10, "-2"), Leg(10, "4")).samples
    shuffled = Session(NINE, NINE + timedelta(minutes=30), readings[::-1], UTC)
    assert known(price(PER_KWH, shuffled)).energy_kwh == 7
    assert lasted(shuffled) == (1200, 600)


def test_a_session_that_ends_before_it_began_still_has_its_energy() -> None:
    backwards = Session(NINE, NINE - timedelta(hours=1), (Sample(NINE, Decimal(5000)),), UTC)
    cost = known(price(PER_KWH, backwards))
    assert (cost.total.excl_vat, cost.durations) == (Decimal(5), Durations(Decimal(0), Decimal(0)))
