"""Knocks: connections that were refused because nobody registered the charge box."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select

from csms.store.database import Database
from csms.store.pages import Page, Window, cut, narrow
from csms.store.tables import ChargeBoxRow, KnockRow


@dataclass(frozen=True, slots=True)
class Knock:
    """One identity that was refused: why and from where the last time, and how often in all."""

    identity: str
    reason: str
    remote_address: str
    count: int
    first_at: datetime
    last_at: datetime


async def list(database: Database, window: Window[tuple[datetime, str]]) -> Page[Knock, tuple[datetime, str]]:
    """Return a page of the knocks of charge boxes that are still not registered, the latest first."""
    registered = exists().where(
        func.lower(ChargeBoxRow.identity) == func.lower(KnockRow.identity), ChargeBoxRow.deleted_at.is_(None)
    )
    query = select(
        KnockRow.identity,
        KnockRow.reason,
        KnockRow.remote_address,
        KnockRow.count,
        KnockRow.first_at,
        KnockRow.last_at,
    ).where(~registered)
    async with database.read() as connection:
        rows = await connection.execute(narrow(query, window, KnockRow.last_at, KnockRow.identity, descending=True))
        return cut([Knock(*row) for row in rows], window, lambda knock: (knock.last_at, knock.identity))
