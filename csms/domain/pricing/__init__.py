"""
What a session costs: tariff and readings in, cost lines and totals out.

The rules are OCPI 2.3.0's (mod_tariffs, and mod_cdrs for charging periods and
step_size), one to a module, in the order in which a price comes about:

    tariff        what is agreed: elements, price components, restrictions
    forms         the same as JSON, in OCPI's spelling and in Spirii's
    timeline      what happened: stretches of charging and parking
    restrictions  which component holds when, and where that can change
    usage         component by component what was used, rounded up by step_size
    cost          the price of that, within the limits of the tariff
    money         excluding and including VAT, rounded once

No clock is read and nothing is stored, so a live price is the same question asked
again with a later end. Quantities and amounts are fractions until they are shown:
cutting a session anywhere changes no total, not even in the last digit.
"""

from csms.domain.pricing.cost import (
    Cost,
    CostLine,
    TariffChange,
    energy_price,
    price,
    price_reservation,
)
from csms.domain.pricing.forms import tariff_from_ocpi, tariff_from_spirii, tariff_to_ocpi, tariff_to_spirii
from csms.domain.pricing.money import Money
from csms.domain.pricing.tariff import (
    AltText,
    DayOfWeek,
    Dimension,
    PriceComponent,
    PriceLimit,
    ReservationRestriction,
    Restrictions,
    Tariff,
    TariffElement,
    TariffType,
    TaxIncluded,
    tariff_in_force,
)
from csms.domain.pricing.timeline import Durations, Sample, Session, durations, timeline
from csms.domain.pricing.usage import CostKind

__all__ = [
    "AltText",
    "Cost",
    "CostKind",
    "CostLine",
    "DayOfWeek",
    "Dimension",
    "Durations",
    "Money",
    "PriceComponent",
    "PriceLimit",
    "ReservationRestriction",
    "Restrictions",
    "Sample",
    "Session",
    "Tariff",
    "TariffChange",
    "TariffElement",
    "TariffType",
    "TaxIncluded",
    "durations",
    "energy_price",
    "price",
    "price_reservation",
    "tariff_from_ocpi",
    "tariff_from_spirii",
    "tariff_in_force",
    "tariff_to_ocpi",
    "tariff_to_spirii",
    "timeline",
]
