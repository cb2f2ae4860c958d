"""The journal of one charge box, as the API reads it: every frame in and out, masked."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from csms.store.database import Database
from csms.store.pages import Page, Window, cut, narrow
from csms.store.tables import FrameRow

RECEIVED = "<"
SENT = ">"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `direction` is `<` from the charge box, `>` to it; `body` is its text."""

    id: int
    at: datetime
    direction: str
    action: str | None
    unique_id: str | None
    body: str


@dataclass(frozen=True, slots=True)
class Filter:
    """What the journal is narrowed to; None narrows nothing, both moments are inclusive."""

    since: datetime | None = None
    until: datetime | None = None
    action: str | None = None
    direction: str | None = None


async def list(
    database: Database, charge_box_id: int, window: Window[tuple[datetime, int]], wanted: Filter
) -> Page[Frame, tuple[datetime, int]]:
    """Return a page of frames, the newest first."""
    query = select(
        FrameRow.id, FrameRow.at, FrameRow.direction, FrameRow.action, FrameRow.unique_id, FrameRow.body
    ).where(FrameRow.charge_box_id == charge_box_id)
    if wanted.since is not None:
        query = query.where(FrameRow.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(FrameRow.at <= wanted.until)
    if wanted.action is not None:
        query = query.where(FrameRow.action == wanted.action)
    if wanted.direction is not None:
        query = query.where(FrameRow.direction == wanted.direction)
    async with database.read() as connection:
        rows = await connection.execute(narrow(query, window, FrameRow.at, FrameRow.id, descending=True))
        return cut([Frame(*row) for row in rows], window, lambda frame: (frame.at, frame.id))
