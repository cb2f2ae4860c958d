"""
Transactions, as the API reads them, page by page in any order of time.

Whoever reports with a clock that was never set still gets shown times that make
sense: then the moment of receipt stands in for the charge box's own (field-notes.md,
28). What the charge box said stays beside it, in `start_times` and `stop_times`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Select,
    SQLColumnExpression,
    Subquery,
    false,
    func,
    literal,
    select,
    union_all,
)

from csms.errors import NotFound
from csms.store.database import Database
from csms.store.pages import Page, Window, cut, narrow
from csms.store.tables import ChargeRecordRow, EvseRow, LocationRow, TokenRow
from csms.store.transaction_rows import UPDATED_AT, T, Transaction, joined, read

Key = tuple[datetime, int]

# What the keys of `TransactionRow` hold where there is no such moment; it sorts behind every other.
NEVER = literal(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), DateTime(timezone=True))


class SortBy(StrEnum):
    """What transactions and charge records can be sorted by."""

    created_at = "createdAt"
    started_at = "startedAt"
    updated_at = "updatedAt"
    ended_at = "endedAt"


class TransactionType(StrEnum):
    """Whose driver charged at whose charge box; without roaming there is one type only."""

    roaming_emp = "roamingEmp"
    roaming_cpo = "roamingCpo"
    roaming = "roaming"
    non_roaming = "nonRoaming"


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment (inclusive) to a moment (inclusive, or exclusive where said so); None is open."""

    since: datetime | None = None
    until: datetime | None = None
    before: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it narrows nothing."""
        return self.since is None and self.until is None and self.before is None


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to, and its order; None narrows nothing. `parking_type` is that of the location."""

    charge_box_id: int | None = None
    evse_id: str | None = None
    location_id: int | None = None
    parking_type: str | None = None
    id_tag: str | None = None
    app_user_id: int | None = None
    voucher_id: int | None = None
    type: TransactionType | None = None
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


async def list(database: Database, window: Window[Key], wanted: Filter) -> Page[Transaction, Key]:
    """Return a page of transactions in the order of the filter; among equal moments the id decides."""
    async with database.read() as connection:
        return page_of(await read(connection, keys_of(window, wanted)), window)


async def get(database: Database, transaction_id: int) -> Transaction:
    """Return a transaction; raises NotFound."""
    keys = select(T.id, T.created_at.label("sort_key")).where(T.id == literal(transaction_id, BigInteger()))
    async with database.read() as connection:
        found = await read(connection, keys)
    if not found:
        raise NotFound("transaction", transaction_id)
    return found[0][1]


def keys_of(window: Window[Key], wanted: Filter) -> Select[*tuple[Any, ...]]:
    """Select the keys of a page of a list."""
    sort_by, descending = wanted.order
    return page_keys(
        window,
        sort_by,
        _conditions(wanted),
        updated=wanted.updated,
        descending=descending,
        running_only=wanted.ongoing,
    )


def page_of(found: Sequence[tuple[datetime, Transaction]], window: Window[Key]) -> Page[Transaction, Key]:
    """Make the page from what was read of its keys."""
    page = cut(found, window, lambda entry: (entry[0], entry[1].id))
    return Page(tuple(transaction for _, transaction in page.items), next=page.next, previous=page.previous)


# The keys of a page -------------------------------------------------------------------------------------------------


def page_keys(
    window: Window[Key],
    sort_by: SortBy,
    conditions: Sequence[ColumnElement[bool]],
    *,
    updated: Span = Span(),
    descending: bool,
    running_only: bool = False,
    over_only: bool = False,
) -> Select[*tuple[Any, ...]]:
    """
    Select `id` and `sort_key` of the transactions of a page, and of one more, straight from an index.

    Args:
        window: which page.
        sort_by: the moment that sorts them.
        conditions: on the tables that `joined` joins.
        updated: a condition on the last change.
        descending: whether the latest comes first.
        running_only: leave out those that are over.
        over_only: leave out those that run.
    """
    if sort_by is SortBy.updated_at:
        both = _by_update(window, conditions, updated, descending, running=not over_only, over=not running_only)
        return narrow(select(both.c.id, both.c.sort_key), window, both.c.sort_key, both.c.id, descending=descending)
    key = {SortBy.created_at: T.created_at, SortBy.started_at: T.started_key, SortBy.ended_at: T.ended_key}[sort_by]
    if running_only:
        conditions = (*conditions, T.ended_at.is_(None))
    if over_only:
        conditions = (*conditions, T.ended_key < NEVER)
    base = T.__table__.outerjoin(ChargeRecordRow, ChargeRecordRow.transaction_id == T.id)
    query = select(T.id, key.label("sort_key")).select_from(joined(base))
    query = query.where(*conditions, *within(UPDATED_AT, updated))
    return narrow(query, window, key, T.id, descending=descending)


def _by_update(
    window: Window[Key],
    conditions: Sequence[ColumnElement[bool]],
    updated: Span,
    descending: bool,
    *,
    running: bool,
    over: bool,
) -> Subquery:
    """
    Take as much as a page from each of the two places that know when something changed.

    Those that are over come from the index of charge records. Those that run are as many
    as there are vehicles charging, and are sorted: an index of what every meter value
    changes would make every meter value write to all indexes.
    """
    parts = []
    if over:
        changed_at = ChargeRecordRow.updated_at
        base = ChargeRecordRow.__table__.join(T.__table__, T.id == ChargeRecordRow.transaction_id)
        query = select(T.id, changed_at.label("sort_key")).select_from(joined(base))
        query = query.where(*conditions, *within(changed_at, updated))
        parts.append(narrow(query, window, changed_at, ChargeRecordRow.transaction_id, descending=descending))
    if running:
        base = T.__table__.outerjoin(ChargeRecordRow, ChargeRecordRow.transaction_id == T.id)
        query = select(T.id, T.updated_at.label("sort_key")).select_from(joined(base))
        query = query.where(T.ended_at.is_(None), *conditions, *within(T.updated_at, updated))
        parts.append(narrow(query, window, T.updated_at, T.id, descending=descending))
    return union_all(*(select(part.subquery()) for part in parts)).subquery()


# Conditions ---------------------------------------------------------------------------------------------------------


def within(column: SQLColumnExpression[Any], span: Span) -> Sequence[ColumnElement[bool]]:
    """Narrow a moment to a span."""
    found: tuple[ColumnElement[bool], ...] = ()
    if span.since is not None:
        found += (column >= literal(span.since, DateTime(timezone=True)),)
    if span.until is not None:
        found += (column <= literal(span.until, DateTime(timezone=True)),)
    if span.before is not None:
        found += (column < literal(span.before, DateTime(timezone=True)),)
    return found


def _conditions(wanted: Filter) -> Sequence[ColumnElement[bool]]:
    found = (*_conditions_of_place(wanted), *_conditions_of_driver(wanted))
    for key, span in ((T.started_key, wanted.started), (T.ended_key, wanted.ended)):
        if not span.is_open:
            found += (*within(key, span), key < NEVER)
    if wanted.type not in (None, TransactionType.non_roaming):
        found += (false(),)
    return found


def _conditions_of_place(wanted: Filter) -> Sequence[ColumnElement[bool]]:
    found: tuple[ColumnElement[bool], ...] = ()
    if wanted.charge_box_id is not None:
        found += (T.charge_box_id == literal(wanted.charge_box_id, BigInteger()),)
    if wanted.evse_id is not None:
        # By its charge box as well, for the sake of that index.
        evses = select(EvseRow.uid).where(EvseRow.evse_id == wanted.evse_id)
        boxes = select(EvseRow.charge_box_id).where(EvseRow.evse_id == wanted.evse_id)
        found += (T.evse_uid.in_(evses), T.charge_box_id.in_(boxes))
    if wanted.location_id is not None:
        found += (T.location_id == literal(wanted.location_id, BigInteger()),)
    if wanted.parking_type is not None:
        found += (T.location_id.in_(select(LocationRow.id).where(LocationRow.parking_type == wanted.parking_type)),)
    return found


def _conditions_of_driver(wanted: Filter) -> Sequence[ColumnElement[bool]]:
    found: tuple[ColumnElement[bool], ...] = ()
    if wanted.id_tag is not None:
        found += (func.upper(T.id_tag) == wanted.id_tag.upper(),)
    if wanted.app_user_id is not None:
        # By the idTag as well, for the sake of that index.
        theirs = TokenRow.app_user_id == literal(wanted.app_user_id, BigInteger())
        found += (
            T.token_id.in_(select(TokenRow.id).where(theirs)),
            func.upper(T.id_tag).in_(select(func.upper(TokenRow.uid)).where(theirs)),
        )
    if wanted.voucher_id is not None:
        found += (T.voucher_id == literal(wanted.voucher_id, BigInteger()),)
    return found
