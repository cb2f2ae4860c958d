"""
Pages of a list, cut by key and not by number.

A page begins after (or ends before) the sort key of a row that the caller has
seen, so rows that are inserted meanwhile make no row repeat and none be skipped.
A key is a tuple of the sort columns; the last of them is unique.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, DateTime, Select, SQLColumnExpression, Text, literal, tuple_
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
