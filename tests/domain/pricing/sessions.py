"""Tariffs and sessions in a few words, for the tests of prices."""

from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from csms.domain.pricing import (
    Cost,
    CostKind,
    Dimension,
    Money,
    PriceComponent,
    Restrictions,
    Sample,
    Session,
    Tariff,
    TariffElement,
)

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
# A Monday.
NINE = datetime(2026, 6, 1, 9, tzinfo=UTC)


def component(of: Dimension, price: str, *, vat: str | None = None, step: int = 1) -> PriceComponent:
    return PriceComponent(of, Decimal(price), step, None if vat is None else Decimal(vat))


def energy(price: str, *, vat: str | None = None, step: int = 1) -> PriceComponent:
    return component(Dimension.ENERGY, price, vat=vat, step=step)


def charging(price: str, *, vat: str | None = None, step: int = 1) -> PriceComponent:
    return component(Dimension.TIME, price, vat=vat, step=step)


def parking(price: str, *, vat: str | None = None, step: int = 1) -> PriceComponent:
    return component(Dimension.PARKING_TIME, price, vat=vat, step=step)


def flat(price: str, *, vat: str | None = None) -> PriceComponent:
    return component(Dimension.FLAT, price, vat=vat)


def element(*components: PriceComponent, **restrictions: Any) -> TariffElement:
    return TariffElement(components, Restrictions(**restrictions))


def tariff(*parts: TariffElement | PriceComponent, **fields: Any) -> Tariff:
    """Components that stand alone make one element without restrictions, the last."""
    elements = [part for part in parts if isinstance(part, TariffElement)]
    alone = [part for part in parts if isinstance(part, PriceComponent)]
    if alone:
        elements.append(element(*alone))
    return Tariff(**{"id": "T", "currency": "EUR", "elements": tuple(elements), **fields})


class Leg(NamedTuple):
    """A part of a session that ends with a reading: energy 0 is parking."""

    minutes: float
    kwh: str = "0"
    power_kw: str | None = None
    current_a: str | None = None


def session(*legs: Leg, start: datetime = NINE, zone: tzinfo = UTC) -> Session:
    at, energy_wh = start.astimezone(UTC), Decimal(0)
    samples = [Sample(at, energy_wh)]
    for leg in legs:
        at += timedelta(minutes=leg.minutes)
        energy_wh += Decimal(leg.kwh) * 1000
        power_w = None if leg.power_kw is None else Decimal(leg.power_kw) * 1000
        current_a = None if leg.current_a is None else Decimal(leg.current_a)
        samples.append(Sample(at, energy_wh, power_w, current_a))
    return Session(start, at, tuple(samples), zone)


def money(excl_vat: str, incl_vat: str) -> Money:
    return Money(Decimal(excl_vat), Decimal(incl_vat))


def known(cost: Cost | None) -> Cost:
    assert cost is not None
    return cost


def billed(cost: Cost, kind: CostKind) -> list[tuple[Decimal, Decimal]]:
    """Quantity (kWh or minutes) and price of the lines of a kind."""
    factor = 1 if kind is CostKind.ENERGY else 60
    return [
        (round(line.billed_quantity * factor, 6), line.price)
        for line in cost.lines
        if line.kind is kind and line.price is not None
    ]


def pairs(*of: tuple[str, str]) -> list[tuple[Decimal, Decimal]]:
    return [(Decimal(quantity), Decimal(price)) for quantity, price in of]
