"""
What a transaction comes to: price, durations, emissions.

From the facts that charge boxes report to the session that `csms.domain.pricing`
prices, and from its cost to the price that the API shows. What is not known stays
unknown: without a tariff, or where the meter does not tell the energy, there is no
price, and none is not zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from csms.domain.metering import Reading, progress
from csms.domain.pricing import (
    Cost,
    CostLine,
    Durations,
    Money,
    Sample,
    Session,
    Tariff,
    durations,
    energy_price,
    price,
    tariff_from_spirii,
    timeline,
)
from csms.domain.transactions import clock_is_trusted


class PaymentMethod(StrEnum):
    """How a transaction is paid; nobody pays a Free one."""

    PAYMENT_TERMINAL = "PaymentTerminal"
    ROAMING_OPERATOR = "RoamingOperator"
    STRIPE = "Stripe"
    MOBILE_PAY = "MobilePay"
    FREE = "Free"
    SYSTEM = "System"
    INVOICE = "Invoice"
    UNKNOWN = "Unknown"


@dataclass(frozen=True)
class AppliedTariff:
    """The version of a tariff that a transaction is priced by; `document` has Spirii's form, without the id."""

    id: str
    version: int
    document: Mapping[str, Any]

    @property
    def name(self) -> str | None:
        """What the tariff calls itself: its first text for drivers."""
        texts = self.document.get("tariffAltText") or self.document.get("tariff_alt_text") or []
        return next((text.get("text") for text in texts), None)

    @cached_property
    def terms(self) -> Tariff:
        """The tariff as it is priced by; raises Invalid where the document is none."""
        return tariff_from_spirii(self.document, id=self.id)


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What is known of a transaction that is over, or of one that runs, up to now.

    `original` is the tariff of the location where a voucher replaced it by `tariff`.
    `is_refused`: the charge box was told no when it started. `is_free`: by a voucher.
    """

    started_at: datetime | None
    ended_at: datetime
    meter_start_wh: Decimal | None
    meter_wh: Decimal | None
    readings: Sequence[Reading] = ()
    time_zone: str = "UTC"
    tariff: AppliedTariff | None = None
    original: AppliedTariff | None = None
    is_refused: bool = False
    is_free: bool = False
    billed_by: str | None = None

    @property
    def consumed_wh(self) -> Decimal | None:
        """The energy, or None where the meter does not tell."""
        return consumed_wh(self.meter_start_wh, self.meter_wh)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a transaction comes to. Prices are JSON; durations are in seconds."""

    price: dict[str, Any] | None
    original_price: dict[str, Any] | None
    charging_s: float | None
    idle_s: float | None
    co2_emitted_g: float | None
    payment_method: PaymentMethod


def consumed_wh(meter_start_wh: Decimal | None, meter_wh: Decimal | None) -> Decimal | None:
    """The energy between two readings of a meter; None where one is missing, or where it ran backwards."""
    if meter_start_wh is None or meter_wh is None or meter_wh < meter_start_wh:
        return None
    return meter_wh - meter_start_wh


def settle(facts: Facts, *, co2_g_per_kwh: float) -> Settled:
    """
    Work out what a transaction comes to.

    Args:
        facts: what is known of it.
        co2_g_per_kwh: of the energy that is charged; 0 where that is not known.

    Raises:
        Invalid: a tariff cannot be read.
    """
    session = session_of(facts)
    spent = None if session is None else durations(timeline(session))
    original = price_of(facts.original or facts.tariff, session)
    return Settled(
        price=_price(facts, session, original),
        original_price=original,
        charging_s=None if spent is None else float(spent.charging_s),
        idle_s=None if spent is None else float(spent.idle_s),
        co2_emitted_g=_co2_g(facts.consumed_wh, co2_g_per_kwh),
        payment_method=_payment_method(facts),
    )


def _price(facts: Facts, session: Session | None, original: dict[str, Any] | None) -> dict[str, Any] | None:
    if facts.is_refused:
        # Whatever flowed, nobody agreed to pay for it.
        return None
    if facts.is_free:
        return _nothing(original)
    return original if facts.original is None else price_of(facts.tariff, session)


def _payment_method(facts: Facts) -> PaymentMethod:
    if facts.is_refused or facts.is_free:
        return PaymentMethod.FREE
    known = {method.value.upper(): method for method in PaymentMethod}
    return known.get((facts.billed_by or "").upper(), PaymentMethod.UNKNOWN)


def _co2_g(energy_wh: Decimal | None, co2_g_per_kwh: float) -> float | None:
    if energy_wh is None or not co2_g_per_kwh:
        return None
    return round(float(energy_wh) / 1000 * co2_g_per_kwh, 3)


# The session --------------------------------------------------------------------------------------------------------


def session_of(facts: Facts) -> Session | None:
    """
    The session to price; None where its start or its energy is not known.

    Readings of a clock that was never set, and registers that do not lie between the
    meter at the start and at the end, tell nothing of when the energy flowed. The whole
    of it is what the meter says at the end.
    """
    if facts.started_at is None or facts.meter_start_wh is None:
        return None
    energy_wh = facts.consumed_wh
    if energy_wh is None:
        return None
    samples = [sample for reading in facts.readings if (sample := _sample(reading, facts.meter_start_wh)) is not None]
    within = [sample for sample in samples if 0 <= sample.energy_wh <= energy_wh and clock_is_trusted(sample.at)]
    return Session(
        facts.started_at,
        max(facts.ended_at, facts.started_at),
        (*within, Sample(facts.ended_at, energy_wh)),
        ZoneInfo(facts.time_zone),
    )


def _sample(reading: Reading, meter_start_wh: Decimal) -> Sample | None:
    said = progress(reading)
    if reading.at is None or said.register_wh is None:
        return None
    power_w = None if said.power_w is None else Decimal(repr(said.power_w))
    return Sample(reading.at, said.register_wh - meter_start_wh, power_w)


def so_far(
    tariff: AppliedTariff | None,
    *,
    started_at: datetime | None,
    last_reading_at: datetime | None,
    meter_start_wh: Decimal | None,
    register_wh: Decimal | None,
    time_zone: str,
    now: datetime,
    in_detail: bool = False,
) -> dict[str, Any] | None:
    """
    The price of a transaction that runs, from the running summary of its readings; without details, unless wanted.

    It is exact where a tariff counts energy and time. Where it looks at when exactly
    the energy flowed, only the readings tell, and they are looked at when it is over.
    """
    if started_at is None or meter_start_wh is None:
        return None
    energy_wh = consumed_wh(meter_start_wh, meter_start_wh if register_wh is None else register_wh)
    if energy_wh is None:
        return None
    at = last_reading_at if last_reading_at is not None and last_reading_at >= started_at else now
    session = Session(
        started_at, max(now, started_at), (Sample(at, energy_wh),) if energy_wh else (), ZoneInfo(time_zone)
    )
    return price_of(tariff, session, in_detail=in_detail)


# The price ----------------------------------------------------------------------------------------------------------


def price_of(
    applied: AppliedTariff | None, session: Session | None, *, in_detail: bool = True
) -> dict[str, Any] | None:
    """
    The price of a session as the API shows it: JSON in the names of Spirii.

    Args:
        applied: the tariff.
        session: what happened.
        in_detail: with the tariff and all cost lines; what a list of transactions shows does without.

    Raises:
        Invalid: the tariff cannot be read.
    """
    if session is None:
        return None
    tariff = None if applied is None else applied.terms
    cost = price(tariff, session)
    if applied is None or tariff is None or cost is None:
        return None
    component = energy_price(tariff, at=session.started_at, time_zone=session.time_zone)
    shown = {
        **_amounts(cost.total),
        "vatRate": _vat_rate(cost),
        "currency": cost.currency,
        "perKwh": None if component is None else float(component.price),
        "isDynamic": False,
    }
    if not in_detail:
        return shown
    return shown | {
        "tariffId": applied.id,
        "tariffName": applied.name,
        "tariffs": {applied.id: dict(applied.document) | {"version": applied.version}},
        "breakdown": _breakdown(cost),
    }


def _nothing(original: dict[str, Any] | None) -> dict[str, Any] | None:
    """What a free session costs; in which currency, only its original price can tell."""
    if original is None:
        return None
    free = {"amount": 0.0, "amountExVat": 0.0, "perKwh": 0.0, "tariffId": None, "tariffName": None}
    return original | free | {"tariffs": {}, "breakdown": original["breakdown"] | {"lines": [], "totals": {}}}


def _amounts(money: Money) -> dict[str, Any]:
    return {"amount": float(money.incl_vat), "amountExVat": float(money.excl_vat)}


def _vat_rate(cost: Cost) -> float:
    """The rate as a fraction; where lines have several, what they come to together."""
    if cost.vat_rate is not None:
        return float(cost.vat_rate)
    if not cost.total.excl_vat:
        return 0.0
    return float(round(cost.total.vat / cost.total.excl_vat, 4))


def _breakdown(cost: Cost) -> dict[str, Any]:
    spent: Durations = cost.durations
    return {
        "energyKwh": float(cost.energy_kwh),
        "chargingSeconds": float(spent.charging_s),
        "idleSeconds": float(spent.idle_s),
        "limitedBy": cost.limit,
        "totals": {kind.value: _amounts(money) for kind, money in cost.totals.items()},
        "lines": [_line(line) for line in cost.lines],
    }


def _line(line: CostLine) -> dict[str, Any]:
    """Energy is in kWh, times are in hours; `billed` is the quantity after step_size."""
    return {
        "type": line.kind.value,
        "tariffId": line.tariff_id,
        "startedAt": _moment(line.started_at),
        "endedAt": _moment(line.ended_at),
        "price": None if line.price is None else float(line.price),
        "vatRate": None if line.vat is None else float(line.vat),
        "stepSize": line.step_size,
        "quantity": float(line.quantity),
        "billed": float(line.billed_quantity),
        **_amounts(line.amount),
    }


def _moment(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
