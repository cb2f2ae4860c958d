"""
Tariffs in the words of DATEX II v3: energy rates and their prices.

A price component becomes an energy price; the restrictions of its element become the
periods and amounts that it applies to. DATEX II has no word for powers and currents,
these stand in `additionalInformation`; prices of reservations have no place at all.
As in OCPI, of several prices of one type the first counts whose periods hold.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from csms.domain.pricing import Dimension, PriceComponent, Restrictions, Tariff, TaxIncluded

_MINUTES = Decimal(60)
_PRICE_TYPES = {
    Dimension.ENERGY: "pricePerKWh",
    Dimension.TIME: "pricePerMinute",
    Dimension.PARKING_TIME: "pricePerMinute",
    Dimension.FLAT: "basePrice",
}
_WHILE_PARKING = "while the vehicle is connected and does not charge"


@dataclass(frozen=True, slots=True)
class Rate:
    """A tariff that holds at a site, with the site's IANA time zone, and since when it is as it is."""

    tariff: Tariff
    time_zone: str
    updated_at: datetime


def energy_rate(rate: Rate) -> dict[str, Any]:
    """Write the rate that the static publication defines; it carries the currency."""
    tariff = rate.tariff
    limits = {"minimumDeliveryFee": tariff.min_price, "maximumDeliveryFee": tariff.max_price}
    known = {
        name: float(side)
        for name, limit in limits.items()
        if limit is not None
        for side in (limit.after_taxes if limit.before_taxes is None else limit.before_taxes,)
        if side is not None
    }
    return {
        "idG": tariff.id,
        "ratePolicy": {"value": "adHoc"},
        "lastUpdated": moment(rate.updated_at),
        "applicableCurrency": [tariff.currency],
        **known,
        "energyPrice": list(_prices(rate)),
    }


def energy_rate_update(rate: Rate) -> dict[str, Any]:
    """Write the prices that the dynamic publication repeats for a rate of the static one."""
    return {
        "lastUpdated": moment(rate.updated_at),
        "energyRateReference": {"targetClass": "EnergyRate", "idG": rate.tariff.id},
        "energyPrice": list(_prices(rate)),
    }


def _prices(rate: Rate) -> Iterator[dict[str, Any]]:
    for element in rate.tariff.elements:
        if element.restrictions.reservation is None:
            for component in element.components:
                yield _price(component, element.restrictions, rate)


def _price(component: PriceComponent, rule: Restrictions, rate: Rate) -> dict[str, Any]:
    per_hour = component.type in (Dimension.TIME, Dimension.PARKING_TIME)
    written: dict[str, Any] = {
        "priceType": {"value": _PRICE_TYPES[component.type]},
        "value": float(component.price / _MINUTES if per_hour else component.price),
        "taxIncluded": rate.tariff.tax_included is TaxIncluded.YES,
    }
    vat = rate.tariff.vat_of(component)
    if vat is not None:
        written["taxRate"] = float(vat * 100)
    if notes := list(_notes(component, rule)):
        written["additionalInformation"] = {"values": [{"lang": "en", "value": "; ".join(notes)}]}
    return written | _applicability(rule, rate)


def _notes(component: PriceComponent, rule: Restrictions) -> Iterator[str]:
    if component.type is Dimension.PARKING_TIME:
        yield _WHILE_PARKING
    limits = (
        ("from", rule.min_power_kw, "kW"),
        ("below", rule.max_power_kw, "kW"),
        ("from", rule.min_current_a, "A"),
        ("below", rule.max_current_a, "A"),
    )
    for word, limit, unit in limits:
        if limit is not None:
            yield f"{word} {limit.normalize():f} {unit}"


def _applicability(rule: Restrictions, rate: Rate) -> dict[str, Any]:
    """When, for how long a stay, and for how much energy a price holds."""
    stay = {"fromMinute": rule.min_duration_s, "toMinute": rule.max_duration_s}
    minutes = {name: seconds // 60 for name, seconds in stay.items() if seconds is not None}
    amount = {"fromKWh": rule.min_kwh, "toKWh": rule.max_kwh}
    energy = {name: float(kwh) for name, kwh in amount.items() if kwh is not None}
    period = _overall_period(rule, rate)
    return (
        ({"overallPeriod": period} if period else {})
        | ({"timeBasedApplicability": minutes} if minutes else {})
        | ({"energyBasedApplicability": energy} if energy else {})
    )


def _overall_period(rule: Restrictions, rate: Rate) -> dict[str, Any]:
    valid = _valid_period(rule)
    begin = _earliest(rule.start_date, rate)
    end = rate.tariff.end_at if rule.end_date is None else _midnight(rule.end_date, rate)
    if not valid and rule.start_date is None and rate.tariff.start_at is None and end is None:
        return {}
    return (
        {"overallStartTime": moment(begin)}
        | ({"overallEndTime": moment(end)} if end is not None else {})
        | ({"validPeriod": [valid]} if valid else {})
    )


def _valid_period(rule: Restrictions) -> dict[str, Any]:
    """Hours over midnight are two periods of the day."""
    period: dict[str, Any] = {}
    if rule.day_of_week:
        days = [{"value": day.value.lower()} for day in rule.day_of_week]
        period["recurringDayWeekMonthPeriod"] = [{"applicableDay": days}]
    begin, end = rule.start_time or time.min, rule.end_time or time.min
    if (begin, end) == (time.min, time.min):
        return period
    spans = [(begin, end)] if end > begin or end == time.min else [(begin, time.min), (time.min, end)]
    period["recurringTimePeriodOfDay"] = [
        {"startTimeOfPeriod": f"{first:%H:%M}", "endTimeOfPeriod": "24:00" if last == time.min else f"{last:%H:%M}"}
        for first, last in spans
    ]
    return period


def _earliest(start_date: date | None, rate: Rate) -> datetime:
    if start_date is not None:
        return _midnight(start_date, rate)
    return rate.tariff.start_at or rate.updated_at


def _midnight(day: date, rate: Rate) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(rate.time_zone))


def moment(at: datetime) -> str:
    """Write a moment as DATEX II does; two of them compare as their texts."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
