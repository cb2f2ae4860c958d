"""
Transactions, as the API reads them.

Whoever reports with a clock that was never set still gets shown times that make
sense: then the moment of receipt stands in for the charge box's own (field-notes.md,
28). What the charge box said stays beside it, in `as_sent`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Row,
    Select,
    SQLColumnExpression,
    case,
    func,
    literal,
    select,
)

from csms.domain.charge_boxes import ChargeBoxKey
from csms.errors import NotFound
from csms.store.customers import Customer
from csms.store.database import Database
from csms.store.pages import Page, Window, cut, narrow
from csms.store.tables import ChargeBoxRow, CustomerRow, EvseRow, LocationRow, TokenRow, TransactionRow

# The rule of `csms.domain.transactions.clock_is_trusted`, where the database has to apply it.
CLOCKS_WERE_SET = datetime(2020, 1, 1, tzinfo=UTC)
# Sorts what has no such moment (a running transaction has no end) after everything that has one.
_NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class SortBy(StrEnum):
    """What a list of transactions can be sorted by."""

    created_at = "createdAt"
    started_at = "startedAt"
    updated_at = "updatedAt"
    ended_at = "endedAt"


@dataclass(frozen=True, slots=True)
class Times:
    """One moment in its three forms: as the charge box sent it, as parsed, and when it reached us."""

    sent: str | None
    parsed: datetime | None
    received: datetime | None


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """Our record of the idTag that started a transaction."""

    id: int
    type: str
    label: str | None
    customer_id: int
    app_user_id: int | None
    billing_reference: str | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a transaction happened: the location of its charge box."""

    id: int
    name: str
    address: str
    postal_code: str
    city: str
    country_code: str
    customer: Customer


@dataclass(frozen=True, slots=True)
class Transaction:
    """
    A transaction. Energy is in Wh, power in W, state of charge in percent.

    `ended_at` is None while it runs. `evse_status` is OCPP's word for its connector now.
    """

    id: int
    charge_box: ChargeBoxKey
    evse_id: str | None
    evse_status: str | None
    connector_id: int | None
    id_tag: str | None
    token: PresentedToken | None
    place: Place | None

    started_at: datetime | None
    ended_at: datetime | None
    created_at: datetime
    updated_at: datetime

    meter_start_wh: Decimal | None
    meter_stop_wh: Decimal | None
    register_wh: Decimal | None
    power_w: float | None
    highest_power_w: float | None
    soc_start: float | None
    soc: float | None
    last_reading_at: datetime | None

    start_times: Times
    stop_times: Times
    start_answer: str | None
    start_repeats: int
    stop_repeats: int
    stop_match: str | None
    stop_reason: str | None
    stop_id_tag: str | None
    end_cause: str | None
    oddities: Sequence[str]

    @property
    def consumed_wh(self) -> Decimal | None:
        """The energy so far, or None where the meter does not tell."""
        last = self.meter_stop_wh if self.meter_stop_wh is not None else self.register_wh
        if self.meter_start_wh is None or last is None or last < self.meter_start_wh:
            return None
        return last - self.meter_start_wh

    @property
    def duration_s(self) -> float | None:
        """From start to end in seconds; None while it runs, or where the times do not tell."""
        if self.started_at is None or self.ended_at is None or self.ended_at < self.started_at:
            return None
        return (self.ended_at - self.started_at).total_seconds()


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment (inclusive) to a moment (inclusive); None is open."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it narrows nothing."""
        return self.since is None and self.until is None


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to, and its order; None narrows nothing."""

    charge_box_id: int | None = None
    evse_id: str | None = None
    location_id: int | None = None
    id_tag: str | None = None
    ongoing: bool = False
    started: Span = Span()
    updated: Span = Span()
    ended: Span = Span()
    sort_by: SortBy | None = None

    @property
    def order(self) -> tuple[SortBy, bool]:
        """What to sort by, and whether descending: a time filter alone sorts by its time, upwards."""
        if self.sort_by is not None:
            return self.sort_by, True
        spans = {SortBy.started_at: self.started, SortBy.updated_at: self.updated, SortBy.ended_at: self.ended}
        narrowed = [field for field, span in spans.items() if not span.is_open]
        return (narrowed[0], False) if narrowed else (SortBy.created_at, True)


_T = TransactionRow
_STARTED_AT: ColumnElement[datetime | None] = case((_T.clock_trusted, _T.started_at), else_=_T.start_received_at)
_ENDED_AT: ColumnElement[datetime | None] = case(
    (_T.ended_at >= literal(CLOCKS_WERE_SET, DateTime(timezone=True)), _T.ended_at),
    (_T.ended_at.is_not(None), func.coalesce(_T.stop_received_at, _T.last_evidence_at)),
)
_SORTS: dict[SortBy, SQLColumnExpression[Any]] = {
    SortBy.created_at: _T.created_at,
    SortBy.updated_at: _T.updated_at,
    SortBy.started_at: func.coalesce(_STARTED_AT, literal(_NEVER, DateTime(timezone=True))),
    SortBy.ended_at: func.coalesce(_ENDED_AT, literal(_NEVER, DateTime(timezone=True))),
}
_COLUMNS = (
    _T.id,
    _T.charge_box_id,
    ChargeBoxRow.identity,
    EvseRow.evse_id,
    EvseRow.status.label("evse_status"),
    _T.connector_id,
    _T.id_tag,
    _STARTED_AT.label("started_at"),
    _ENDED_AT.label("ended_at"),
    _T.created_at,
    _T.updated_at,
    _T.meter_start_wh,
    _T.meter_stop_wh,
    _T.register_wh,
    _T.power_w,
    _T.highest_power_w,
    _T.soc_start,
    _T.soc,
    _T.last_reading_at,
    _T.started_at_raw,
    _T.started_at.label("start_parsed_at"),
    _T.start_received_at,
    _T.stopped_at_raw,
    _T.stopped_at,
    _T.stop_received_at,
    _T.start_answer,
    _T.start_repeats,
    _T.stop_repeats,
    _T.stop_match,
    _T.stop_reason,
    _T.stop_id_tag,
    _T.end_cause,
    _T.oddities,
    TokenRow.id.label("token_id"),
    TokenRow.type.label("token_type"),
    TokenRow.label.label("token_label"),
    TokenRow.customer_id.label("token_customer_id"),
    TokenRow.app_user_id,
    TokenRow.billing_reference,
    TokenRow.comment,
    LocationRow.id.label("location_id"),
    LocationRow.name.label("location_name"),
    LocationRow.address,
    LocationRow.postal_code,
    LocationRow.city,
    LocationRow.country_code,
    CustomerRow.id.label("customer_id"),
    CustomerRow.name.label("customer_name"),
)


def _transactions() -> Select[*tuple[Any, ...]]:
    return (
        select(*_COLUMNS)
        .select_from(_T)
        .join(ChargeBoxRow, ChargeBoxRow.id == _T.charge_box_id)
        .outerjoin(EvseRow, EvseRow.uid == _T.evse_uid)
        .outerjoin(TokenRow, TokenRow.id == _T.token_id)
        .outerjoin(LocationRow, LocationRow.id == ChargeBoxRow.location_id)
        .outerjoin(CustomerRow, CustomerRow.id == LocationRow.customer_id)
    )


async def list(
    database: Database, window: Window[tuple[datetime, int]], wanted: Filter
) -> Page[Transaction, tuple[datetime, int]]:
    """Return a page of transactions in the order of the filter; among equal moments the id decides."""
    sort_by, descending = wanted.order
    query = _transactions().add_columns(_SORTS[sort_by].label("sort_key")).where(*_conditions(wanted))
    async with database.read() as connection:
        rows = (await connection.execute(narrow(query, window, _SORTS[sort_by], _T.id, descending=descending))).all()
    page = cut(rows, window, lambda row: (row.sort_key, row.id))
    return Page(tuple(_transaction(row) for row in page.items), next=page.next, previous=page.previous)


async def get(database: Database, transaction_id: int) -> Transaction:
    """Return a transaction; raises NotFound."""
    query = _transactions().where(_T.id == literal(transaction_id, BigInteger()))
    async with database.read() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("transaction", transaction_id)
    return _transaction(row)


def _conditions(wanted: Filter) -> Sequence[ColumnElement[bool]]:
    found: tuple[ColumnElement[bool], ...] = ()
    if wanted.charge_box_id is not None:
        found += (_T.charge_box_id == literal(wanted.charge_box_id, BigInteger()),)
    if wanted.evse_id is not None:
        found += (EvseRow.evse_id == wanted.evse_id,)
    if wanted.location_id is not None:
        found += (ChargeBoxRow.location_id == literal(wanted.location_id, BigInteger()),)
    if wanted.id_tag is not None:
        found += (func.upper(_T.id_tag) == wanted.id_tag.upper(),)
    if wanted.ongoing:
        found += (_T.ended_at.is_(None),)
    spans = ((_STARTED_AT, wanted.started), (_T.updated_at, wanted.updated), (_ENDED_AT, wanted.ended))
    for column, span in spans:
        if span.since is not None:
            found += (column >= literal(span.since, DateTime(timezone=True)),)
        if span.until is not None:
            found += (column <= literal(span.until, DateTime(timezone=True)),)
    return found


def _transaction(row: Row[*tuple[Any, ...]]) -> Transaction:
    return Transaction(
        id=row.id,
        charge_box=ChargeBoxKey(row.charge_box_id, row.identity),
        evse_id=row.evse_id,
        evse_status=row.evse_status,
        connector_id=row.connector_id,
        id_tag=row.id_tag,
        token=_token(row),
        place=_place(row),
        started_at=row.started_at,
        ended_at=row.ended_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        meter_start_wh=row.meter_start_wh,
        meter_stop_wh=row.meter_stop_wh,
        register_wh=row.register_wh,
        power_w=row.power_w,
        highest_power_w=row.highest_power_w,
        soc_start=row.soc_start,
        soc=row.soc,
        last_reading_at=row.last_reading_at,
        start_times=Times(row.started_at_raw, row.start_parsed_at, row.start_received_at),
        stop_times=Times(row.stopped_at_raw, row.stopped_at, row.stop_received_at),
        start_answer=row.start_answer,
        start_repeats=row.start_repeats,
        stop_repeats=row.stop_repeats,
        stop_match=row.stop_match,
        stop_reason=row.stop_reason,
        stop_id_tag=row.stop_id_tag,
        end_cause=row.end_cause,
        oddities=row.oddities,
    )


def _token(row: Row[*tuple[Any, ...]]) -> PresentedToken | None:
    if row.token_id is None:
        return None
    return PresentedToken(
        row.token_id,
        row.token_type,
        row.token_label,
        row.token_customer_id,
        row.app_user_id,
        row.billing_reference,
        row.comment,
    )


def _place(row: Row[*tuple[Any, ...]]) -> Place | None:
    if row.location_id is None:
        return None
    return Place(
        row.location_id,
        row.location_name,
        row.address,
        row.postal_code,
        row.city,
        row.country_code,
        Customer(row.customer_id, row.customer_name),
    )
