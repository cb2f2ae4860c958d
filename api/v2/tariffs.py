"""
`/v2/tariffs`: what charging costs, in the camelCase form of OCPI 2.3.0.

To read one is documented by Spirii; the rest is ours. A change makes a new version:
running transactions keep the one that they started with.
"""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field, StringConstraints

from api.auth import VIEWER, Editor
from api.deps import Store
from api.openapi import answers
from api.paging import Opaque, PageOut, paged
from api.shapes import In, Line, Number, left_out_when_none
from api.times import Iso, Moment
from csms.domain.pricing import (
    DayOfWeek,
    Dimension,
    ReservationRestriction,
    TariffType,
    TaxIncluded,
    tariff_from_spirii,
    tariff_to_spirii,
)
from csms.store import tariffs
from csms.store.pages import Window
from csms.store.tariffs import Tariff

router = APIRouter(prefix="/v2/tariffs", tags=["Tariffs"], dependencies=[VIEWER])

_CURSORS: Opaque[tuple[str]] = Opaque("tariffs", str)

TariffId = Annotated[Line, Path(max_length=64, description="A UUID, in whatever case.")]

_Amount = Annotated[Number, Field(ge=0, le=1e9)]
_Count = Annotated[int, Field(strict=True, ge=0, lt=2**31)]
_TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
_Date = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$"), Field(json_schema_extra={"format": "date"})]


class PriceComponent(In):
    """
    A price: per kWh (ENERGY), per hour (TIME, PARKING_TIME) or once (FLAT).

    `vat` is a fraction: 0.25 is 25 %. `stepSize` is in Wh or in seconds.
    """

    type: Dimension
    price: _Amount
    step_size: _Count = 1
    vat: Annotated[Number, Field(ge=0, le=1)] | None = left_out_when_none()


class TariffRestrictions(In):
    """When an element holds. Times and dates are local to the location, powers in kW, currents in A, durations in s."""

    start_time: _TimeOfDay | None = left_out_when_none()
    end_time: _TimeOfDay | None = left_out_when_none()
    start_date: _Date | None = left_out_when_none()
    end_date: _Date | None = left_out_when_none()
    min_kwh: _Amount | None = left_out_when_none()
    max_kwh: _Amount | None = left_out_when_none()
    min_current: _Amount | None = left_out_when_none()
    max_current: _Amount | None = left_out_when_none()
    min_power: _Amount | None = left_out_when_none()
    max_power: _Amount | None = left_out_when_none()
    min_duration: _Count | None = left_out_when_none()
    max_duration: _Count | None = left_out_when_none()
    day_of_week: Annotated[list[DayOfWeek], Field(max_length=7)] | None = left_out_when_none()
    reservation: ReservationRestriction | None = left_out_when_none()


class TariffElement(In):
    """Prices that hold together. For each type of price the first element counts whose restrictions are met."""

    price_components: Annotated[list[PriceComponent], Field(min_length=1, max_length=20)]
    restrictions: TariffRestrictions | None = left_out_when_none()


class AltText(In):
    """The tariff in words for drivers."""

    language: Annotated[str, StringConstraints(pattern="^[A-Za-z]{2}$"), Field(description="ISO 639-1.")]
    text: Annotated[Line, StringConstraints(min_length=1, max_length=512)]


class _Terms(In):
    """What a tariff says besides its elements."""

    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$"), Field(description="ISO 4217.")]
    type: TariffType | None = left_out_when_none()
    tariff_alt_text: Annotated[list[AltText], Field(max_length=50)] | None = left_out_when_none()
    tariff_alt_text_deprecated: Annotated[list[AltText], Field(max_length=50)] | None = left_out_when_none(
        alias="tariff_alt_text", deprecated=True, description="The same as tariffAltText."
    )
    tariff_alt_url: Annotated[Line, StringConstraints(min_length=1, max_length=255)] | None = left_out_when_none()
    min_price: _Amount | None = left_out_when_none(description="Without taxes, unless taxIncluded is YES.")
    max_price: _Amount | None = left_out_when_none(description="Without taxes, unless taxIncluded is YES.")
    elements: Annotated[list[TariffElement], Field(min_length=1, max_length=100)]
    tax_included: TaxIncluded | None = left_out_when_none(description="Whether prices contain taxes. Default: NO.")
    start_date_time: Moment | None = left_out_when_none()
    end_date_time: Moment | None = left_out_when_none()

    def document(self, tariff_id: str) -> dict[str, Any]:
        """
        The tariff as it is stored, in its one spelling, without its id.

        Raises:
            Invalid: it means nothing; names the path of the field.
        """
        said = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        written = tariff_to_spirii(tariff_from_spirii(said, id=tariff_id))
        return {name: value for name, value in written.items() if name != "id"}


class TariffChangesIn(_Terms):
    """A tariff as it is to be from now on."""


class TariffIn(_Terms):
    """A new tariff. Without an id it gets one."""

    id: UUID | None = None


class TariffOut(_Terms):
    """A tariff as it is in force."""

    id: str
    version: int
    last_updated: Iso


def _show(tariff: Tariff) -> TariffOut:
    ours = {"id": tariff.id, "version": tariff.version, "lastUpdated": tariff.updated_at}
    return TariffOut.model_validate({**tariff.document, **ours})


_EXAMPLE = TariffOut(
    id="58652fe8-d840-4aa4-bb4f-3ebd944df9d6",
    version=1,
    last_updated=datetime(2025, 6, 3, 12, 0, tzinfo=UTC),
    currency="DKK",
    type=TariffType.REGULAR,
    tariff_alt_text=[AltText(language="en", text="3.50 kr. per kWh by day")],
    tariff_alt_text_deprecated=[AltText(language="en", text="3.50 kr. per kWh by day")],
    elements=[
        TariffElement(
            price_components=[PriceComponent(type=Dimension.ENERGY, price=3.5, step_size=1, vat=0.25)],
            restrictions=TariffRestrictions(start_time="06:00", end_time="22:00"),
        ),
        TariffElement(price_components=[PriceComponent(type=Dimension.ENERGY, price=2.5, step_size=1, vat=0.25)]),
    ],
    tax_included=TaxIncluded.NO,
)
_PAGE = PageOut[TariffOut](data=[_EXAMPLE], next_page_cursor=None, previous_page_cursor=None)


@router.get("", summary="List tariffs", responses=answers(_PAGE, 400))
async def list_tariffs(
    database: Store, window: Annotated[Window[tuple[str]], Depends(paged(_CURSORS))]
) -> PageOut[TariffOut]:
    """All tariffs as they are in force, by ascending id."""
    return PageOut[TariffOut].of(await tariffs.list(database, window), _CURSORS, _show)


@router.get("/{id}", summary="Get a tariff", responses=answers(_EXAMPLE, 400, 404))
async def get_tariff(id: TariffId, database: Store) -> TariffOut:
    """One tariff as it is in force."""
    return _show(await tariffs.get(database, id))


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Create a tariff",
    responses=answers(_EXAMPLE, 400, 409, 413, status=201, description="Created"),
)
async def create_tariff(body: TariffIn, database: Store, key: Editor) -> TariffOut:
    """Create a tariff, so that locations and voucher groups can use it. An id is never used again."""
    tariff_id = str(body.id or uuid4())
    return _show(await tariffs.create(database, tariff_id, body.document(tariff_id), actor=key.name))


@router.put("/{id}", summary="Replace a tariff", responses=answers(_EXAMPLE, 400, 404, 413))
async def replace_tariff(id: TariffId, body: TariffChangesIn, database: Store, key: Editor) -> TariffOut:
    """Make a new version, for the transactions that start from now on. The id stays."""
    return _show(await tariffs.replace(database, id, body.document(id.lower()), actor=key.name))


@router.delete(
    "/{id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Delete a tariff",
    responses=answers(None, 400, 404, 409, status=204, description="Deleted"),
)
async def delete_tariff(id: TariffId, database: Store, key: Editor) -> Response:
    """Delete a tariff softly. No location and no voucher group may use it; transactions that did keep their price."""
    await tariffs.delete(database, id, actor=key.name)
    return Response(status_code=HTTPStatus.NO_CONTENT)
