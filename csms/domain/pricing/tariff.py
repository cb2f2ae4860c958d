"""
A tariff as OCPI 2.3.0 describes it (mod_tariffs, Object description and Data types).

A tariff is a list of elements; an element is a group of price components that hold
under the same restrictions. For each dimension the first element counts that has a
component for it and whose restrictions hold.

VAT is a fraction here: 0.25 is 25 %. OCPI writes the percentage, 25; Spirii writes
the fraction; `forms` converts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum

_ALWAYS = datetime.min.replace(tzinfo=UTC)


class Dimension(StrEnum):
    """What a price component puts a price on (TariffDimensionType)."""

    ENERGY = "ENERGY"  # per kWh; step_size in Wh
    TIME = "TIME"  # per hour of charging, or of a reservation; step_size in seconds
    PARKING_TIME = "PARKING_TIME"  # per hour of being connected without charging; step_size in seconds
    FLAT = "FLAT"  # once


class TariffType(StrEnum):
    """Which sessions a tariff is meant for; a tariff without a type is for all."""

    AD_HOC_PAYMENT = "AD_HOC_PAYMENT"
    PROFILE_CHEAP = "PROFILE_CHEAP"
    PROFILE_FAST = "PROFILE_FAST"
    PROFILE_GREEN = "PROFILE_GREEN"
    REGULAR = "REGULAR"


class TaxIncluded(StrEnum):
    """Whether the tariff's prices contain taxes already."""

    YES = "YES"
    NO = "NO"
    NOT_APPLICABLE = "N/A"


class DayOfWeek(StrEnum):
    """The weekdays, in the order of `date.weekday()`."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


class ReservationRestriction(StrEnum):
    """An element for reservations: for every one, or for one that no session followed."""

    RESERVATION = "RESERVATION"
    RESERVATION_EXPIRES = "RESERVATION_EXPIRES"


@dataclass(frozen=True, slots=True)
class PriceComponent:
    """
    The price of one dimension.

    `price` is per kWh, per hour or once. `step_size` is in Wh or seconds; 0
    rounds nothing. `vat` is a fraction; None means that no VAT is
    known, and then the amounts excluding and including it are the same.
    """

    type: Dimension
    price: Decimal
    step_size: int = 1
    vat: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Restrictions:
    """
    When an element holds: all that is set must hold at once (TariffRestrictions).

    Lower limits are inclusive, upper ones exclusive. Times and dates are local to the
    location; `end_time` 00:00 is the end of the day, an `end_time` not after
    `start_time` lies on the next day. kWh and seconds count from the session's start.
    """

    start_time: time | None = None
    end_time: time | None = None
    start_date: date | None = None
    end_date: date | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_current_a: Decimal | None = None
    max_current_a: Decimal | None = None
    min_power_kw: Decimal | None = None
    max_power_kw: Decimal | None = None
    min_duration_s: int | None = None
    max_duration_s: int | None = None
    day_of_week: tuple[DayOfWeek, ...] = ()
    reservation: ReservationRestriction | None = None


@dataclass(frozen=True, slots=True)
class TariffElement:
    """Price components that hold under the same restrictions."""

    components: tuple[PriceComponent, ...]
    restrictions: Restrictions = Restrictions()


@dataclass(frozen=True, slots=True)
class PriceLimit:
    """The least or the most that a session costs; a side that is None sets no limit of its own."""

    before_taxes: Decimal | None = None
    after_taxes: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AltText:
    """A text for drivers in one language (ISO 639-1)."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Tariff:
    """One tariff. Moments are aware; `currency` is an ISO 4217 code."""

    id: str
    currency: str
    elements: tuple[TariffElement, ...]
    type: TariffType | None = None
    min_price: PriceLimit | None = None
    max_price: PriceLimit | None = None
    alt_texts: tuple[AltText, ...] = ()
    alt_url: str | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    tax_included: TaxIncluded = TaxIncluded.NO

    def vat_of(self, component: PriceComponent) -> Decimal | None:
        """The VAT (a fraction) on a component; None where none is known or none is applicable."""
        return None if self.tax_included is TaxIncluded.NOT_APPLICABLE else component.vat

    @property
    def usual_vat(self) -> Decimal:
        """The VAT of the first component that has one: for amounts that no component gave rise to."""
        rates = (self.vat_of(component) for element in self.elements for component in element.components)
        return next((rate for rate in rates if rate is not None), Decimal(0))


def tariff_in_force(tariffs: Iterable[Tariff], at: datetime, *, type: TariffType = TariffType.REGULAR) -> Tariff | None:
    """
    Choose among the tariffs of a connector the one for a session that starts at `at`.

    Old and new tariffs may stand side by side (mod_tariffs, Tariff object): of those
    that are valid for this type of session, the one that began last.
    """
    valid = [
        tariff
        for tariff in tariffs
        if tariff.type in (None, type)
        and (tariff.start_at is None or tariff.start_at <= at)
        and (tariff.end_at is None or at <= tariff.end_at)
    ]
    return max(valid, key=lambda tariff: tariff.start_at or _ALWAYS, default=None)
