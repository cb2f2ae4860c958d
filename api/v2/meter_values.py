"""`/v2/transactions/{id}/meter-values`: what was measured, moment by moment."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends

from api.auth import VIEWER
from api.deps import Store
from api.openapi import answers
from api.paging import Opaque, PageOut, paged
from api.shapes import Id, Out, left_out_when_none
from api.times import Iso
from csms.store import readings
from csms.store.pages import Window
from csms.store.readings import Reading, SampledValue

router = APIRouter(prefix="/v2/transactions/{id}/meter-values", tags=["Transactions"], dependencies=[VIEWER])

_CURSORS: Opaque[tuple[datetime, int]] = Opaque("meter-values", datetime, int)


class LinkedBy(StrEnum):
    """How the reading found its transaction: by the id it named, by its connector, or with the stop."""

    NONE = "none"
    ID = "id"
    CONNECTOR = "connector"
    STOP = "stop"


# The order of `csms.store.ledger.readings.Link`.
_LINKS = (LinkedBy.NONE, LinkedBy.ID, LinkedBy.CONNECTOR, LinkedBy.STOP)


class SampledValueOut(Out):
    """One value. Where a number cannot carry it, `value` is null; `text` has it as it was sent."""

    measurand: str
    value: float | None
    unit: str
    phase: str | None
    context: str
    location: str
    format: str
    text: str | None = left_out_when_none()


class MeterValueOut(Out):
    """All values of one moment. Where its time was unreadable, `at` is that of receipt and `sentAt` what was sent."""

    at: Iso
    sent_at: str | None = left_out_when_none()
    received_at: Iso
    connector_id: int
    linked_by: LinkedBy
    values: list[SampledValueOut]


def _show(reading: Reading) -> MeterValueOut:
    return MeterValueOut(
        at=reading.at,
        sent_at=reading.sent_at,
        received_at=reading.received_at,
        connector_id=reading.connector_id,
        linked_by=_LINKS[reading.link],
        values=[_show_value(value) for value in reading.values],
    )


def _show_value(value: SampledValue) -> SampledValueOut:
    return SampledValueOut(
        measurand=value.measurand,
        value=value.value,
        unit=value.unit,
        phase=value.phase,
        context=value.context,
        location=value.location,
        format=value.format,
        text=value.text,
    )


_NOON = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)
_EXAMPLE = MeterValueOut(
    at=_NOON,
    received_at=_NOON,
    connector_id=1,
    linked_by=LinkedBy.ID,
    values=[
        SampledValueOut(
            measurand="Energy.Active.Import.Register",
            value=100_420.0,
            unit="Wh",
            phase=None,
            context="Sample.Periodic",
            location="Outlet",
            format="Raw",
        )
    ],
)
_PAGE = PageOut[MeterValueOut](data=[_EXAMPLE], next_page_cursor=None, previous_page_cursor=None)


@router.get("", summary="Read the meter values of a transaction", responses=answers(_PAGE, 400, 404))
async def list_meter_values(
    id: Id,
    database: Store,
    window: Annotated[Window[tuple[datetime, int]], Depends(paged(_CURSORS, default=500, maximum=2500))],
) -> PageOut[MeterValueOut]:
    """Every reading of a transaction in the order of its time, in the units of the charge box. Beyond Spirii's API."""
    return await PageOut[MeterValueOut].of_many(await readings.list(database, id, window), _CURSORS, _show)
