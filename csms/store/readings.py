"""Readings, as the API reads them: what was measured in a transaction, moment by moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, literal, select

from csms.errors import NotFound
from csms.store.database import Database
from csms.store.pages import Page, Window, cut, narrow
from csms.store.tables import MeterValueRow, ReadingShapeRow, TransactionRow


@dataclass(frozen=True, slots=True)
class SampledValue:
    """One value of a reading. `value` is None where a number cannot carry it; then `text` has it as sent."""

    measurand: str
    unit: str
    phase: str | None
    context: str
    location: str
    format: str
    value: float | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """
    All values of one moment.

    `at` is the charge box's time, or the moment of receipt where that could not be
    read; then `sent_at` has what was sent. `link` says how the transaction was found.
    """

    at: datetime
    sent_at: str | None
    received_at: datetime
    connector_id: int
    link: int
    values: Sequence[SampledValue]


async def list(
    database: Database, transaction_id: int, window: Window[tuple[datetime, int]]
) -> Page[Reading, tuple[datetime, int]]:
    """Return a page of a transaction's readings in the order of their time; raises NotFound without a transaction."""
    owner = select(TransactionRow.id).where(TransactionRow.id == literal(transaction_id, BigInteger()))
    query = (
        select(
            MeterValueRow.at,
            MeterValueRow.digest,
            MeterValueRow.received_at,
            MeterValueRow.connector_id,
            MeterValueRow.link,
            MeterValueRow.values,
            MeterValueRow.raw,
            ReadingShapeRow.definition,
        )
        .join(ReadingShapeRow, ReadingShapeRow.id == MeterValueRow.shape_id)
        .where(MeterValueRow.transaction_id == literal(transaction_id, BigInteger()))
    )
    async with database.read() as connection:
        if (await connection.execute(owner)).one_or_none() is None:
            raise NotFound("transaction", transaction_id)
        rows = (await connection.execute(narrow(query, window, MeterValueRow.at, MeterValueRow.digest))).all()
    page = cut(rows, window, lambda row: (row.at, row.digest))
    return Page(tuple(_reading(row) for row in page.items), next=page.next, previous=page.previous)


def _reading(row: Row[*tuple[Any, ...]]) -> Reading:
    raw = row.raw or {}
    return Reading(
        at=row.at,
        sent_at=raw.get("at"),
        received_at=row.received_at,
        connector_id=row.connector_id,
        link=row.link,
        values=[
            _sampled_value(kind, value, raw.get(str(position)))
            for position, (kind, value) in enumerate(zip(row.definition, row.values, strict=True))
        ],
    )


def _sampled_value(kind: Sequence[str | None], value: float | None, text: str | None) -> SampledValue:
    """The order of a kind is that of `csms.domain.metering.Kind`."""
    measurand, unit, phase, context, location, form = kind
    return SampledValue(measurand or "", unit or "", phase, context or "", location or "", form or "", value, text)
