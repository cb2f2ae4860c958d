"""What holds for every tariff and every session."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from csms.domain.pricing import (
    Cost,
    CostKind,
    DayOfWeek,
    Dimension,
    PriceComponent,
    PriceLimit,
    Restrictions,
    Sample,
    Session,
    Tariff,
    TariffChange,
    TariffElement,
    TaxIncluded,
    price,
)
from tests.domain.pricing.sessions import COPENHAGEN, element, energy, known, tariff

# Around the jumps of the clock in Copenhagen and around an ordinary week's end.
STARTS = st.sampled_from(
    [
        datetime(2026, 3, 28, 22, tzinfo=UTC),
        datetime(2026, 10, 24, 22, tzinfo=UTC),
        datetime(2026, 6, 5, 20, tzinfo=UTC),
    ]
)
VATS = st.sampled_from([None, Decimal("0.25"), Decimal("0.19"), Decimal("0.052")])
TIMES = st.none() | st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))
DATES = st.sampled_from([None, date(2026, 3, 29), date(2026, 6, 6), date(2026, 10, 25)])


def decimals(most: int, places: int) -> st.SearchStrategy[Decimal]:
    """From 0 to `most`, of so many places."""
    return st.integers(0, most * 10**places).map(lambda number: Decimal(number).scaleb(-places))


PRICES = decimals(10, 4)

# Each restriction by itself; what counts from the start of the session apart from the rest.
OF_THE_MOMENT: dict[str, st.SearchStrategy[Any]] = {
    "start_time": TIMES,
    "end_time": TIMES,
    "start_date": DATES,
    "end_date": DATES,
    "min_power_kw": decimals(50, 1),
    "max_power_kw": decimals(50, 1),
    "min_current_a": decimals(64, 0),
    "max_current_a": decimals(64, 0),
    "day_of_week": st.sets(st.sampled_from(DayOfWeek), max_size=2).map(tuple),
}
SO_FAR: dict[str, st.SearchStrategy[Any]] = {
    "min_kwh": decimals(40, 2),
    "max_kwh": decimals(40, 2),
    "min_duration_s": st.integers(0, 40_000),
    "max_duration_s": st.integers(0, 40_000),
}


def restrictions(of: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Restrictions]:
    """Up to three restrictions at once."""
    names = st.lists(st.sampled_from(sorted(of)), max_size=3, unique=True)
    return names.flatmap(lambda names: st.builds(Restrictions, **{name: of[name] for name in names}))


RULES = restrictions(OF_THE_MOMENT | SO_FAR)


def elements(rules: st.SearchStrategy[Restrictions], step: st.SearchStrategy[int]) -> st.SearchStrategy[TariffElement]:
    components = st.builds(PriceComponent, st.sampled_from(Dimension), PRICES, step, VATS)
    return st.builds(TariffElement, st.lists(components, min_size=1, max_size=3).map(tuple), rules)


def tariffs(elements: st.SearchStrategy[TariffElement], **fields: Any) -> st.SearchStrategy[Tariff]:
    return st.builds(
        Tariff,
        id=st.just("T"),
        currency=st.sampled_from(["EUR", "JPY", "KWD"]),
        elements=st.lists(elements, min_size=1, max_size=4).map(tuple),
        tax_included=st.sampled_from(TaxIncluded),
        **fields,
    )


LIMITS = st.none() | st.builds(PriceLimit, st.none() | PRICES, st.none() | PRICES)
TARIFFS = tariffs(elements(RULES, st.integers(0, 2000)), min_price=LIMITS, max_price=LIMITS)


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    """Readings up to three hours apart, with and without energy, power and current; the last at the end or before."""
    start = draw(STARTS)
    at, energy_wh, samples = start, Decimal(0), [Sample(start, Decimal(0))]
    for _ in range(draw(st.integers(1, 5))):
        at += timedelta(seconds=draw(st.integers(0, 10_000)))
        energy_wh += draw(st.just(Decimal(0)) | decimals(20_000, 1))
        power_w = draw(st.none() | decimals(50_000, 0))
        # Without a current nobody knows what it was, and then a reading more can tell more.
        samples.append(Sample(at, energy_wh, power_w, draw(decimals(64, 0)) + 1))
    return Session(start, at + timedelta(seconds=draw(st.integers(0, 1000))), tuple(samples), COPENHAGEN)


def essence(cost: Cost) -> object:
    """All that a cut must leave as it is: money, lines and durations."""
    return (
        cost.total,
        cost.totals,
        [(line.kind, line.exact, line.billed_quantity) for line in cost.lines],
        cost.durations,
    )


@given(TARIFFS, sessions(), st.data())
@settings(max_examples=100, deadline=None)
def test_a_reading_on_the_line_between_two_others_changes_nothing(
    of: Tariff, whole: Session, data: st.DataObject
) -> None:
    index = data.draw(st.integers(1, len(whole.samples) - 1))
    low, high = whole.samples[index - 1 : index + 1]
    share = data.draw(st.sampled_from([Decimal(0), Decimal("0.25"), Decimal("0.5"), Decimal("0.8")]))
    between = Sample(
        low.at + (high.at - low.at) * float(share),
        low.energy_wh + (high.energy_wh - low.energy_wh) * share,
        high.power_w,
        high.current_a,
    )
    samples = (*whole.samples[:index], between, *whole.samples[index:])
    cut = Session(whole.started_at, whole.ended_at, samples, COPENHAGEN)
    assert essence(known(price(of, cut))) == essence(known(price(of, whole)))


@given(TARIFFS, sessions(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_change_to_the_same_tariff_changes_nothing(of: Tariff, whole: Session, data: st.DataObject) -> None:
    moments = st.datetimes(
        whole.started_at.replace(tzinfo=None), whole.ended_at.replace(tzinfo=None), timezones=st.just(UTC)
    )
    changes = [TariffChange(at, of) for at in data.draw(st.lists(moments, max_size=3))]
    assert essence(known(price(of, whole, changes=changes))) == essence(known(price(of, whole)))


@given(tariffs(elements(restrictions(OF_THE_MOMENT), st.just(0))), sessions(), st.data())
@settings(max_examples=60, deadline=None)
def test_two_halves_of_a_session_cost_what_the_whole_costs(of: Tariff, whole: Session, data: st.DataObject) -> None:
    """Cut at a reading, under rules that look at nothing from before it; the fee at the start is left out."""
    index = data.draw(st.integers(0, len(whole.samples) - 1))
    middle = whole.samples[index]
    first = Session(whole.started_at, middle.at, whole.samples[: index + 1], COPENHAGEN)
    rest = tuple(
        Sample(sample.at, sample.energy_wh - middle.energy_wh, sample.power_w, sample.current_a)
        for sample in whole.samples[index + 1 :]
    )
    second = Session(middle.at, whole.ended_at if rest else middle.at, rest, COPENHAGEN)
    if not rest:
        whole = first

    def used(session: Session) -> tuple[Fraction, Fraction]:
        lines = [line for line in known(price(of, session)).lines if line.kind is not CostKind.FLAT]
        return sum((line.exact.excl_vat for line in lines), Fraction(0)), sum(
            (line.exact.incl_vat for line in lines), Fraction(0)
        )

    halves = zip(used(first), used(second), strict=True)
    assert tuple(one + other for one, other in halves) == used(whole)


@given(st.lists(RULES, max_size=3), sessions(), st.integers(0, 3000))
@settings(max_examples=60, deadline=None)
def test_energy_is_conserved_over_the_cost_lines(rules: list[Restrictions], whole: Session, step: int) -> None:
    """With a fallback, all energy is on some line; and what is billed is the next whole step."""
    tiers = [TariffElement((energy(str(number), step=step),), rule) for number, rule in enumerate(rules)]
    cost = known(price(tariff(*tiers, energy("9", step=step)), whole))
    assert sum(line.quantity for line in cost.lines) == cost.energy_kwh == whole.samples[-1].energy_wh / 1000
    billed_wh = sum(line.billed_quantity for line in cost.lines) * 1000
    assert 0 <= billed_wh - whole.samples[-1].energy_wh < max(step, 1)
    assert not step or billed_wh % step == 0


@given(
    st.lists(st.tuples(st.integers(1, 40), PRICES), max_size=3),
    PRICES,
    VATS,
    sessions(),
    decimals(5000, 1),
)
@settings(max_examples=60, deadline=None)
def test_more_energy_never_costs_less(
    tiers: list[tuple[int, Decimal]], last: Decimal, vat: Decimal | None, less: Session, added_wh: Decimal
) -> None:
    """For prices of energy alone that are not negative, in tiers of whole steps."""
    of = tariff(
        *(
            element(PriceComponent(Dimension.ENERGY, each, 1, vat), max_kwh=Decimal(limit))
            for limit, each in sorted(tiers)
        ),
        PriceComponent(Dimension.ENERGY, last, 1, vat),
    )
    end = less.samples[-1]
    more = Session(
        less.started_at, less.ended_at, (*less.samples[:-1], Sample(end.at, end.energy_wh + added_wh)), COPENHAGEN
    )
    assert known(price(of, more)).total.excl_vat >= known(price(of, less)).total.excl_vat
    assert known(price(of, more)).total.incl_vat >= known(price(of, less)).total.incl_vat


@given(TARIFFS, sessions())
@settings(max_examples=60, deadline=None)
def test_totals_are_the_sums_of_their_lines(of: Tariff, whole: Session) -> None:
    cost = known(price(of, whole))
    unit = {"EUR": Decimal("0.01"), "JPY": Decimal(1), "KWD": Decimal("0.001")}[of.currency]
    for kind, amount in [*cost.totals.items(), (None, cost.total)]:
        exact = [line.exact for line in cost.lines if kind in (None, line.kind)]
        assert (
            abs(sum((each.excl_vat for each in exact), Fraction(0)) - Fraction(amount.excl_vat)) <= Fraction(unit) / 2
        )
        assert (
            abs(sum((each.incl_vat for each in exact), Fraction(0)) - Fraction(amount.incl_vat)) <= Fraction(unit) / 2
        )
        assert amount.excl_vat % unit == amount.incl_vat % unit == 0
    for line in cost.lines:
        assert abs(Fraction(line.amount.excl_vat) - line.exact.excl_vat) <= Fraction(1, 2 * 10**12)
        assert line.price is None or line.quantity <= line.billed_quantity


@given(TARIFFS, sessions())
@settings(max_examples=60, deadline=None)
def test_no_session_costs_more_than_its_highest_price(of: Tariff, whole: Session) -> None:
    cost = known(price(of, whole))
    exact = [line.exact for line in cost.lines]
    most = of.max_price or PriceLimit()
    if most.before_taxes is not None:
        assert sum((each.excl_vat for each in exact), Fraction(0)) <= Fraction(most.before_taxes)
    if most.after_taxes is not None:
        assert sum((each.incl_vat for each in exact), Fraction(0)) <= Fraction(most.after_taxes)
