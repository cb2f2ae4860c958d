"""What a transaction comes to: sessions from facts, prices as they are shown, and nothing where nothing is known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from csms.domain.metering import Reading
from csms.domain.settlement import (
    AppliedTariff,
    Facts,
    PaymentMethod,
    price_of,
    session_of,
    settle,
    so_far,
)
from csms.errors import Invalid

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def tariff(*components: dict[str, Any], id: str = "t", **more: Any) -> AppliedTariff:
    """A tariff of one element."""
    document = {"currency": "EUR", "elements": [{"priceComponents": [*components]}]} | more
    return AppliedTariff(id, 2, document)


def energy(price: float, **more: Any) -> dict[str, Any]:
    """A price per kWh."""
    return {"type": "ENERGY", "price": price, **more}


def reading(minutes: float, register_wh: float | None, power_w: float | None = None) -> Reading:
    """A reading of energy and power, some minutes after noon."""
    kinds = (
        ("Energy.Active.Import.Register", "Wh", None, "Sample.Periodic", "Outlet", "Raw"),
        ("Power.Active.Import", "W", None, "Sample.Periodic", "Outlet", "Raw"),
    )
    return Reading(kinds, (register_wh, power_w), NOON + timedelta(minutes=minutes), {}, 0)


FACTS = Facts(
    started_at=NOON,
    ended_at=NOON + HOUR,
    meter_start_wh=Decimal(1000),
    meter_wh=Decimal(11_000),
    tariff=tariff(energy(0.5, vat=0.2)),
)


def test_a_price_is_shown_with_what_it_is_made_of() -> None:
    price = settle(FACTS, co2_g_per_kwh=0).price
    assert price is not None
    breakdown = price.pop("breakdown")
    assert price == {
        "amount": 6.0,
        "amountExVat": 5.0,
        "vatRate": 0.2,
        "currency": "EUR",
        "perKwh": 0.5,
        "isDynamic": False,
        "tariffId": "t",
        "tariffName": None,
        "tariffs": {"t": FACTS.tariff.document | {"version": 2}},  # type: ignore[union-attr]
    }
    assert breakdown == {
        "energyKwh": 10.0,
        "chargingSeconds": 3600.0,
        "idleSeconds": 0.0,
        "limitedBy": None,
        "totals": {"ENERGY": {"amount": 6.0, "amountExVat": 5.0}},
        "lines": [
            {
                "type": "ENERGY",
                "tariffId": "t",
                "startedAt": "2026-01-01T12:00:00.000Z",
                "endedAt": "2026-01-01T13:00:00.000Z",
                "price": 0.5,
                "vatRate": 0.2,
                "stepSize": 1,
                "quantity": 10.0,
                "billed": 10.0,
                "amount": 6.0,
                "amountExVat": 5.0,
            }
        ],
    }


@pytest.mark.parametrize(
    ("components", "vat_rate"),
    [
        ([energy(0.5, vat=0.2), {"type": "FLAT", "price": 5, "vat": 0.1}], 0.15),
        ([energy(0.5)], 0.0),
        ([energy(0, vat=0.2), {"type": "FLAT", "price": 0, "vat": 0.1}], 0.0),
    ],
)
def test_of_several_vat_rates_the_whole_has_what_they_come_to(
    components: list[dict[str, Any]], vat_rate: float
) -> None:
    price = settle(replace(FACTS, tariff=tariff(*components)), co2_g_per_kwh=0).price
    assert price is not None
    assert price["vatRate"] == vat_rate


def test_a_tariff_without_a_price_of_energy_has_none_per_kwh() -> None:
    price = settle(replace(FACTS, tariff=tariff({"type": "FLAT", "price": 1})), co2_g_per_kwh=0).price
    assert price is not None
    assert (price["amount"], price["perKwh"]) == (1.0, None)


def test_a_tariff_is_named_by_its_first_text() -> None:
    texts = [{"language": "en", "text": "By day"}, {"language": "da", "text": "Om dagen"}]
    assert tariff(energy(1), tariffAltText=texts).name == "By day"
    assert tariff(energy(1), tariff_alt_text=texts).name == "By day"
    assert tariff(energy(1)).name is None


@pytest.mark.parametrize(
    "unknown",
    [
        {"tariff": None},
        {"started_at": None},
        {"meter_start_wh": None},
        {"meter_wh": None},
        {"meter_wh": Decimal(999)},
    ],
)
def test_what_is_not_known_has_no_price(unknown: dict[str, Any]) -> None:
    settled = settle(replace(FACTS, **unknown), co2_g_per_kwh=0)
    assert (settled.price, settled.original_price) == (None, None)


def test_durations_need_no_tariff_and_emissions_no_times() -> None:
    idle = (reading(30, 11_000), reading(45, 11_000))
    settled = settle(replace(FACTS, tariff=None, readings=idle), co2_g_per_kwh=150)
    assert (settled.charging_s, settled.idle_s, settled.co2_emitted_g) == (1800, 1800, 1500)
    untimed = settle(replace(FACTS, started_at=None), co2_g_per_kwh=150)
    assert (untimed.charging_s, untimed.idle_s, untimed.co2_emitted_g) == (None, None, 1500)
    assert settle(FACTS, co2_g_per_kwh=0).co2_emitted_g is None
    assert settle(replace(FACTS, meter_wh=None), co2_g_per_kwh=150).co2_emitted_g is None


def test_what_was_refused_is_paid_by_nobody() -> None:
    settled = settle(replace(FACTS, is_refused=True), co2_g_per_kwh=0)
    assert (settled.price, settled.payment_method) == (None, PaymentMethod.FREE)
    assert settled.original_price is not None


def test_a_voucher_changes_the_price_and_not_the_original() -> None:
    settled = settle(replace(FACTS, tariff=tariff(energy(0.1), id="v"), original=FACTS.tariff), co2_g_per_kwh=0)
    assert settled.price is not None
    assert settled.original_price is not None
    assert (settled.price["amount"], settled.price["tariffId"]) == (1.0, "v")
    assert (settled.original_price["amount"], settled.original_price["tariffId"]) == (6.0, "t")
    assert settled.payment_method is PaymentMethod.UNKNOWN


def test_what_a_voucher_makes_free_costs_nothing() -> None:
    settled = settle(replace(FACTS, tariff=None, original=FACTS.tariff, is_free=True), co2_g_per_kwh=0)
    assert settled.price is not None
    assert (settled.price["amount"], settled.price["amountExVat"], settled.price["currency"]) == (0.0, 0.0, "EUR")
    assert (settled.price["tariffId"], settled.price["breakdown"]["lines"]) == (None, [])
    assert settled.payment_method is PaymentMethod.FREE
    nothing = settle(replace(FACTS, tariff=None, is_free=True), co2_g_per_kwh=0)
    assert (nothing.price, nothing.payment_method) == (None, PaymentMethod.FREE)


@pytest.mark.parametrize(
    ("billed_by", "method"),
    [("invoice", PaymentMethod.INVOICE), ("barter", PaymentMethod.UNKNOWN), (None, PaymentMethod.UNKNOWN)],
)
def test_the_customer_says_how_it_is_paid(billed_by: str | None, method: PaymentMethod) -> None:
    assert settle(replace(FACTS, billed_by=billed_by), co2_g_per_kwh=0).payment_method is method


def test_a_session_has_the_readings_that_can_be_and_ends_with_the_meter() -> None:
    unset = Reading(reading(0, 0).shape, (5_000.0, None), datetime(1970, 1, 1, tzinfo=UTC), {}, 0)
    untimed = Reading(reading(0, 0).shape, (5_000.0, None), None, {}, 0)
    readings = (reading(10, 2_000, 7400.5), reading(20, 999), reading(30, 11_001), reading(40, None), unset, untimed)
    session = session_of(replace(FACTS, readings=readings))
    assert session is not None
    assert [(sample.at, sample.energy_wh, sample.power_w) for sample in session.samples] == [
        (NOON + timedelta(minutes=10), 1000, Decimal("7400.5")),
        (NOON + HOUR, 10_000, None),
    ]


def test_an_end_before_the_start_is_one_at_the_start() -> None:
    session = session_of(replace(FACTS, ended_at=NOON - HOUR))
    assert session is not None
    assert session.ended_at == NOON


def test_a_tariff_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(Invalid):
        price_of(AppliedTariff("t", 1, {}), session_of(FACTS))


def live(**changed: Any) -> Any:
    """The price of a transaction that has run for an hour, in EUR; 1 kWh by its last reading, after half of it."""
    known: dict[str, Any] = {
        "started_at": NOON,
        "last_reading_at": NOON + HOUR / 2,
        "meter_start_wh": Decimal(1000),
        "register_wh": Decimal(2000),
        "time_zone": "UTC",
        "now": NOON + HOUR,
    }
    price = so_far(tariff(energy(3), {"type": "TIME", "price": 6}), **known | changed)
    return None if price is None else price["amount"]


def test_a_live_price_counts_the_energy_and_the_time_so_far() -> None:
    assert live() == 9
    assert live(register_wh=None) == 6
    assert live(last_reading_at=None) == 9
    assert live(last_reading_at=datetime(1970, 1, 1, tzinfo=UTC)) == 9
    assert live(now=NOON - HOUR) == 3, "a clock ahead of ours"


def test_a_live_price_has_its_details_where_they_are_wanted() -> None:
    known: dict[str, Any] = {
        "started_at": NOON,
        "last_reading_at": None,
        "meter_start_wh": Decimal(0),
        "register_wh": Decimal(1000),
        "time_zone": "UTC",
        "now": NOON + HOUR,
    }
    brief, whole = (so_far(tariff(energy(3)), **known, in_detail=wanted) for wanted in (False, True))
    assert brief is not None
    assert whole is not None
    assert brief.items() <= whole.items()
    assert {"breakdown", "tariffs"} <= set(whole) - set(brief)


@pytest.mark.parametrize("unknown", [{"started_at": None}, {"meter_start_wh": None}, {"register_wh": Decimal(999)}])
def test_a_live_price_needs_a_start_and_a_meter_that_runs_forward(unknown: dict[str, Any]) -> None:
    assert live(**unknown) is None
