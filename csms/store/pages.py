"""
Pages of a list, cut by key and not by number.

A page begins after (or ends before) the sort key of a row that the caller has
seen, so rows that are inserted meanwhile make no row repeat and none be skipped.
A key is a tuple of the sort columns; the last of them is unique. Small lists whose API
has `offset` are cut by number after all (`Section`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, DateTime, Row, Select, SQLColumnExpression, Text, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

Item = TypeVar("Item")
Key = TypeVar("Key", bound=tuple[Any, ...])

_TYPES: dict[type, TypeEngine[Any]] = {int: BigInteger(), datetime: DateTime(timezone=True), str: Text()}


@dataclass(frozen=True, slots=True)
class Window(Generic[Key]):
    """Which page is wanted: the first, or the one after or before a key (exclusive; never both)."""

    limit: int
    after: Key | None = None
    before: Key | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Item, Key]):
    """Some items in order; `next` and `previous` are keys for further windows, None at the ends."""

    items: tuple[Item, ...]
    next: Key | None = None
    previous: Key | None = None


def narrow(
    query: Select[*tuple[Any, ...]], window: Window[Any], *columns: SQLColumnExpression[Any], descending: bool = False
) -> Select[*tuple[Any, ...]]:
    """
    Sort a query by its key columns and let it return the rows of a window, plus one that says whether there are more.

    A window that ends before a key is read backwards; `cut` turns it round again.
    """
    backwards = window.before is not None
    falling = descending != backwards
    query = query.order_by(None).order_by(*(column.desc() if falling else column.asc() for column in columns))
    anchor = window.before if backwards else window.after
    if anchor is not None:
        ours = tuple_(*columns)
        seen = tuple_(*(literal(part, _TYPES[type(part)]) for part in anchor))
        query = query.where(ours < seen if falling else ours > seen)
    return query.limit(window.limit + 1)


def cut(found: Sequence[Item], window: Window[Key], key: Callable[[Item], Key]) -> Page[Item, Key]:
    """Make the page from what a narrowed query returned."""
    more = len(found) > window.limit
    kept = tuple(found[: window.limit])
    if not kept:
        return Page(())
    if window.before is not None:
        kept = kept[::-1]
        return Page(kept, next=key(kept[-1]), previous=key(kept[0]) if more else None)
    return Page(
        kept,
        next=key(kept[-1]) if more else None,
        previous=key(kept[0]) if window.after is not None else None,
    )


@dataclass(frozen=True, slots=True)
class Section:
    """Which part of a list by number is wanted: `sort_by` is one of its sort columns; equal ones are sorted by id."""

    offset: int = 0
    limit: int = 500
    sort_by: str = "id"
    descending: bool = True


async def count_and_cut(
    connection: AsyncConnection,
    query: Select[*tuple[Any, ...]],
    section: Section,
    sorts: Mapping[str, SQLColumnExpression[Any]],
) -> tuple[Sequence[Row[*tuple[Any, ...]]], int]:
    """
    Return a section of what a query finds, and how much it finds in all.

    Args:
        connection: where.
        query: not sorted.
        section: which part, and in which order.
        sorts: the sort columns by name; `id` is among them.
    """
    total: int = (await connection.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    columns = (sorts[section.sort_by], sorts["id"])
    order = [column.desc() if section.descending else column.asc() for column in columns]
    rows = await connection.execute(query.order_by(*order).offset(section.offset).limit(section.limit))
    return rows.all(), total
