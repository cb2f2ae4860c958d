"""
From charges to cost lines and totals.

What belongs to the session as a whole (the FLAT fee, the least and the highest price)
is what the driver agreed to: the tariff in force at the start. What belongs to use
follows the tariff of the moment.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from csms.domain.pricing.money import Amount, Money, shown, spread, taxed, total
from csms.domain.pricing.restrictions import active_component, situation
from csms.domain.pricing.tariff import Dimension, PriceComponent, PriceLimit, Tariff
from csms.domain.pricing.timeline import Durations, Session, Timeline, durations, reserved, timeline
from csms.domain.pricing.usage import Charge, CostKind, Part, charges
from csms.errors import Invalid

# How many Wh or seconds a price is for.
_UNIT = {Dimension.ENERGY: 1000, Dimension.TIME: 3600, Dimension.PARKING_TIME: 3600, Dimension.FLAT: 1}


class TariffChange(NamedTuple):
    """From this moment (aware) another tariff is in force; None where none is known."""

    at: datetime
    tariff: Tariff | None


@dataclass(frozen=True, slots=True)
class CostLine:
    """
    What one price component is owed for one period.

    `quantity` is in kWh, in hours, or 1; `billed_quantity` is the same after step_size.
    `price` is the component's, in the tariff's own sense of taxes; `vat` is a fraction.
    A line of kind MIN_PRICE or MAX_PRICE is the difference to the limit: without price
    and VAT rate, above or below zero. Amounts are not rounded to the currency, and the
    quantities of a kind add up exactly.
    """

    kind: CostKind
    tariff_id: str
    started_at: datetime
    ended_at: datetime
    price: Decimal | None
    vat: Decimal | None
    step_size: int
    quantity: Decimal
    billed_quantity: Decimal
    exact: Amount

    @property
    def amount(self) -> Money:
        """What is owed, with the decimals of a line."""
        return self.exact.shown()


@dataclass(frozen=True, slots=True)
class Cost:
    """
    What a session costs.

    `total` and each of `totals` are rounded on their own, so the parts may differ from
    the whole by a minor unit. `energy_kwh` and `durations` are measured, not billed.
    """

    currency: str
    lines: tuple[CostLine, ...]
    totals: Mapping[CostKind, Money]
    total: Money
    energy_kwh: Decimal
    durations: Durations

    @property
    def limit(self) -> CostKind | None:
        """MIN_PRICE or MAX_PRICE where that decided the total."""
        return next((line.kind for line in reversed(self.lines) if line.price is None), None)

    @property
    def vat_rate(self) -> Decimal | None:
        """The VAT (a fraction) that all priced lines share; None where they have several or none."""
        rates = {line.vat for line in self.lines if line.price is not None}
        return rates.pop() if len(rates) == 1 else None


def price(
    tariff: Tariff | None,
    session: Session,
    *,
    changes: Iterable[TariffChange] = (),
    reserved_at: datetime | None = None,
) -> Cost | None:
    """
    Work out what a session costs, or costs so far when its end is now.

    Args:
        tariff: in force at the start.
        session: what happened.
        changes: tariffs that came into force later; the last one not after the start counts from the start.
        reserved_at: when the EVSE was reserved for this session, if it was.

    Returns:
        the cost; None where for some part of the session no tariff is known, as that is not the same as free.

    Raises:
        Invalid: the tariffs are in different currencies.
    """
    line = timeline(session)
    parts = _in_force(tariff, changes, line)
    if not parts:
        return None
    agreed = parts[0].tariff
    if any(part.tariff.currency != agreed.currency for part in parts):
        raise Invalid("currency", "must be the same in all tariffs of a session")
    charged = charges(line, parts)
    if reserved_at is not None:
        reservation = reserved(reserved_at, session.started_at, session.time_zone, expired=False)
        charged = charges(reservation, parts[:1]) + charged
    lines = _lines(charged)
    limited = [*lines, *_to_limits(agreed, lines, line)]
    return _cost(agreed.currency, limited, shown(line.end.wh / 1000), durations(line))


def price_reservation(
    tariff: Tariff | None, *, reserved_at: datetime, ended_at: datetime, expired: bool, time_zone: tzinfo
) -> Cost | None:
    """
    Work out what a reservation costs that no session followed: it expired, or it was cancelled.

    The least and the highest price are those of a charging session, and do not apply.
    """
    if tariff is None:
        return None
    line = reserved(reserved_at, ended_at, time_zone, expired=expired)
    lines = _lines(charges(line, [Part(Fraction(0), tariff)]))
    return _cost(tariff.currency, lines, Decimal(0), durations(line))


def energy_price(tariff: Tariff, *, at: datetime, time_zone: tzinfo) -> PriceComponent | None:
    """The ENERGY component for a session that starts at `at`: what a price list shows per kWh."""
    line = timeline(Session(at, at, (), time_zone))
    return active_component(tariff, Dimension.ENERGY, situation(line, line.stretches[0]))


def _in_force(tariff: Tariff | None, changes: Iterable[TariffChange], line: Timeline) -> list[Part]:
    """The tariffs in force one after the other, the first from the start; empty where one is not known."""
    tariffs = {Fraction(0): tariff}
    for change in sorted(changes, key=lambda change: line.seconds_to(change.at)):
        s = max(line.seconds_to(change.at), Fraction(0))
        if s == 0 or s < line.end.s:
            tariffs[s] = change.tariff
    known = [Part(s, tariff) for s, tariff in tariffs.items() if tariff is not None]
    return known if len(known) == len(tariffs) else []


def _lines(charged: Sequence[Charge]) -> list[CostLine]:
    """Price every charge."""
    quantities = _by_kind(charged, lambda charge: charge.quantity)
    billed = _by_kind(charged, lambda charge: charge.billed)
    return [
        CostLine(
            kind=charge.kind,
            tariff_id=charge.tariff.id,
            started_at=charge.started_at,
            ended_at=charge.ended_at,
            price=charge.component.price,
            vat=charge.tariff.vat_of(charge.component),
            step_size=charge.component.step_size,
            quantity=next(quantities),
            billed_quantity=next(billed),
            exact=_amount(charge),
        )
        for charge in charged
    ]


def _by_kind(charged: Sequence[Charge], quantity: Callable[[Charge], Fraction]) -> Iterator[Decimal]:
    """Show a quantity of every charge in the unit of its price."""
    kinds = {
        kind: iter(spread(quantity(each) / _UNIT[each.component.type] for each in charged if each.kind is kind))
        for kind in CostKind
    }
    return (next(kinds[charge.kind]) for charge in charged)


def _amount(charge: Charge) -> Amount:
    tariff, component = charge.tariff, charge.component
    amount = charge.billed / _UNIT[component.type] * Fraction(component.price)
    return taxed(amount, tariff.vat_of(component), tariff.tax_included)


def _to_limits(agreed: Tariff, lines: Sequence[CostLine], line: Timeline) -> Iterator[CostLine]:
    """What is missing to the least price, then what exceeds the highest; a line each, where it binds."""
    due = sum((each.exact for each in lines), start=Amount())
    for kind, limit, bound in (
        (CostKind.MIN_PRICE, agreed.min_price, max),
        (CostKind.MAX_PRICE, agreed.max_price, min),
    ):
        limited = _limited(due, limit, bound, agreed.usual_vat)
        if limited != due:
            yield CostLine(
                kind=kind,
                tariff_id=agreed.id,
                started_at=line.origin,
                ended_at=line.moment(line.end.s),
                price=None,
                vat=None,
                step_size=0,
                quantity=Decimal(1),
                billed_quantity=Decimal(1),
                exact=limited - due,
            )
        due = limited


def _limited(
    due: Amount, limit: PriceLimit | None, bound: Callable[[Fraction, Fraction], Fraction], usual_vat: Decimal
) -> Amount:
    """
    Keep both sides within the limit, each on its own (mod_tariffs, notes on min_price and max_price).

    A side that the limit does not name follows the other, at the VAT of what is due.
    """
    if limit is None:
        return due
    taxes = due.incl_vat / due.excl_vat if due.excl_vat > 0 < due.incl_vat else 1 + Fraction(usual_vat)
    excl_vat = due.excl_vat if limit.before_taxes is None else bound(due.excl_vat, Fraction(limit.before_taxes))
    incl_vat = due.incl_vat if limit.after_taxes is None else bound(due.incl_vat, Fraction(limit.after_taxes))
    if limit.before_taxes is None and incl_vat != due.incl_vat:
        excl_vat = incl_vat / taxes
    if limit.after_taxes is None and excl_vat != due.excl_vat:
        incl_vat = excl_vat * taxes
    return Amount(excl_vat, incl_vat)


def _cost(currency: str, lines: Sequence[CostLine], energy_kwh: Decimal, lasted: Durations) -> Cost:
    kinds = dict.fromkeys(line.kind for line in lines)
    totals = {kind: total((line.exact for line in lines if line.kind is kind), currency) for kind in kinds}
    whole = total((line.exact for line in lines), currency)
    return Cost(currency, tuple(lines), totals, whole, energy_kwh, lasted)
