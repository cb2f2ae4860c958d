"""`/v2/chargeboxes/{id}/messages`: the journal of a charge box."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.auth import OPERATOR, VIEWER
from api.deps import Store
from api.openapi import answers
from api.paging import Opaque, PageOut, paged
from api.shapes import Id, Line, Out
from api.times import Iso, Moment
from csms.store import charge_boxes, journal
from csms.store.journal import RECEIVED, SENT, Filter, Frame
from csms.store.pages import Window

router = APIRouter(prefix="/v2/chargeboxes/{id}/messages", tags=["Charge boxes"], dependencies=[VIEWER, OPERATOR])

_CURSORS: Opaque[tuple[datetime, int]] = Opaque("messages", datetime, int)


class Direction(StrEnum):
    """As this system sees it."""

    received = "received"
    sent = "sent"


_SIGNS = {Direction.received: RECEIVED, Direction.sent: SENT}
_DIRECTIONS = {sign: direction for direction, sign in _SIGNS.items()}


class MessageOut(Out):
    """One frame as it was on the wire, with secrets masked. The action of a reply is that of its call."""

    id: int
    at: Iso
    direction: Direction
    action: str | None
    unique_id: str | None
    frame: str


def _show(frame: Frame) -> MessageOut:
    return MessageOut(
        id=frame.id,
        at=frame.at,
        direction=_DIRECTIONS[frame.direction],
        action=frame.action,
        unique_id=frame.unique_id,
        frame=frame.body,
    )


_EXAMPLE = MessageOut(
    id=123456,
    at=datetime(2025, 1, 27, 9, 38, 41, 120000, tzinfo=UTC),
    direction=Direction.received,
    action="Heartbeat",
    unique_id="19223201",
    frame='[2,"19223201","Heartbeat",{}]',
)
_PAGE = PageOut[MessageOut](data=[_EXAMPLE], next_page_cursor=None, previous_page_cursor=None)


def _filter(
    since: Annotated[Moment | None, Query(alias="from", description="From this moment, inclusive.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="To this moment, inclusive.")] = None,
    action: Annotated[Line | None, Query(max_length=255, description="Only this action, e.g. Heartbeat.")] = None,
    direction: Annotated[Direction | None, Query(description="Only from, or only to the charge box.")] = None,
) -> Filter:
    return Filter(since, until, action, None if direction is None else _SIGNS[direction])


@router.get("", summary="Read the journal", responses=answers(_PAGE, 400, 404))
async def list_messages(
    id: Id,
    database: Store,
    window: Annotated[Window[tuple[datetime, int]], Depends(paged(_CURSORS, default=100, maximum=1000))],
    wanted: Annotated[Filter, Depends(_filter)],
) -> PageOut[MessageOut]:
    """Every frame from and to a charge box, the newest first, while the journal keeps them. Beyond Spirii's API."""
    box = await charge_boxes.get(database, id)
    return PageOut[MessageOut].of(await journal.list(database, box.key.id, window, wanted), _CURSORS, _show)
