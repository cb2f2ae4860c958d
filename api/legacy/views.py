"""What all v1 routes have in common: they say that they are deprecated, and list by number."""

from datetime import datetime
from typing import Annotated, Generic, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request, Response
from fastapi.params import Depends as Dependency

from api.shapes import Out
from csms.domain.pricing import energy_price, tariff_from_spirii
from csms.errors import Invalid
from csms.store.tariffs import Tariff
from csms.store.v1 import Section

Shown = TypeVar("Shown")

# RFC 9745: the moment since which it is deprecated, here 2025-01-01.
_DEPRECATED_SINCE = "@1735689600"
_MOST = 2000


class SectionOut(Out, Generic[Shown]):
    """A part of a list; `totalElements` is how many match in all."""

    data: list[Shown]
    total_elements: int
    offset: int
    limit: int


def succeeded_by(path: str) -> Dependency:
    """
    Make the dependency that says where a route's successor is.

    Args:
        path: of the successor, with the names of the route's own path parameters.
    """

    def say(request: Request, response: Response) -> None:
        response.headers["Deprecation"] = _DEPRECATED_SINCE
        response.headers["Link"] = f'<{path.format(**request.path_params)}>; rel="successor-version"'

    dependency = Depends(say)
    assert isinstance(dependency, Dependency)
    return dependency


def _section(
    offset: Annotated[int, Query(ge=0, le=2**31, description="How many to leave out.")] = 0,
    limit: Annotated[int, Query(ge=1, description=f"Rows in a page; above {_MOST} is {_MOST}.")] = 250,
) -> Section:
    return Section(offset, min(limit, _MOST))


Sectioned = Annotated[Section, Depends(_section)]
"""The part of a list that is asked for."""


class PricePerKwhOut(Out):
    """What energy costs now; `vat` is a fraction. Everything else that a tariff says, v1 has no words for."""

    per_kwh: float | None
    currency: str | None
    vat: float | None


def price_per_kwh(tariff: Tariff | None, *, now: datetime, time_zone: str = "UTC") -> PricePerKwhOut | None:
    """Show the price of energy by a tariff now; None without one, and where it cannot be read."""
    if tariff is None:
        return None
    try:
        agreed = tariff_from_spirii(tariff.document, id=tariff.id)
    except Invalid:
        return None
    component = energy_price(agreed, at=now, time_zone=ZoneInfo(time_zone))
    if component is None:
        return PricePerKwhOut(per_kwh=None, currency=agreed.currency, vat=None)
    return PricePerKwhOut(
        per_kwh=float(component.price),
        currency=agreed.currency,
        vat=None if component.vat is None else float(component.vat),
    )
