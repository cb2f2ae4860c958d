"""`/v2/chargeboxes/unknown`: who tried to connect and is not registered, so that an operator can admit it."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from api.auth import VIEWER
from api.deps import Store
from api.openapi import answers
from api.paging import Opaque, PageOut, paged
from api.shapes import Out
from api.times import Iso
from csms.store import knocks
from csms.store.knocks import Knock
from csms.store.pages import Window

router = APIRouter(prefix="/v2/chargeboxes/unknown", tags=["Charge boxes"], dependencies=[VIEWER])

_CURSORS: Opaque[tuple[datetime, str]] = Opaque("unknown", datetime, str)


class UnknownChargeBoxOut(Out):
    """An identity that was refused: why and from where the last time, and how often in all."""

    charge_box_identity: str
    reason: str
    remote_address: str
    count: int
    first_at: Iso
    last_at: Iso


def _show(knock: Knock) -> UnknownChargeBoxOut:
    return UnknownChargeBoxOut(
        charge_box_identity=knock.identity,
        reason=knock.reason,
        remote_address=knock.remote_address,
        count=knock.count,
        first_at=knock.first_at,
        last_at=knock.last_at,
    )


_EXAMPLE = UnknownChargeBoxOut(
    charge_box_identity="CB000042",
    reason="unknown",
    remote_address="192.0.2.17",
    count=12,
    first_at=datetime(2025, 1, 27, 9, 38, 41, tzinfo=UTC),
    last_at=datetime(2025, 1, 27, 10, 2, 5, tzinfo=UTC),
)
_PAGE = PageOut[UnknownChargeBoxOut](data=[_EXAMPLE], next_page_cursor=None, previous_page_cursor=None)


@router.get("", summary="List unknown charge boxes that knocked", responses=answers(_PAGE, 400))
async def list_unknown(
    database: Store, window: Annotated[Window[tuple[datetime, str]], Depends(paged(_CURSORS))]
) -> PageOut[UnknownChargeBoxOut]:
    """
    Connections that were refused because nobody registered the charge box, the latest first.

    To admit one, create a charge box with its identity. Beyond Spirii's API.
    """
    return PageOut[UnknownChargeBoxOut].of(await knocks.list(database, window), _CURSORS, _show)
