"""
Lists by page, in the two styles of the v2 API.

Style A has cursors: `nextPageCursor` or `previousPageCursor` of the last answer asks
for the page beside it. A cursor is the sort key of a row, so pages neither skip nor
repeat rows while others are inserted. It survives being sent raw: no `=`, `+` or `&`.
Style B has `offset` and `limit`, and answers `count`.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, Protocol, Self, TypeVar

import orjson
from fastapi import Query

from api import times
from api.shapes import Line, Out
from csms.errors import Invalid
from csms.store.pages import Page, Section, Window

Shown = TypeVar("Shown")
Item = TypeVar("Item")
Key = TypeVar("Key", bound=tuple[Any, ...])
Sort = TypeVar("Sort", bound=StrEnum)

_SLICE = 50
_BIGINT = range(-(2**63), 2**63)


class NotACursor(ValueError):
    """A text that this list has never written as a cursor."""


class Cursors(Protocol[Key]):
    """Writes a sort key as a cursor and reads it again."""

    def write(self, key: Key) -> str:
        """Write the key as URL-safe text."""

    def read(self, cursor: str) -> Key:
        """Read it again; raises NotACursor when the text is not one that `write` wrote."""


class Opaque(Generic[Key]):
    """
    Cursors that clients cannot read: base64url of the list's name, the key and a checksum.

    Args:
        name: the list's name, so that a cursor of one list is none of another.
        kinds: the types of the key's parts: int, str or datetime.
    """

    def __init__(self, name: str, *kinds: type) -> None:
        self._name = name
        self._kinds = kinds

    def write(self, key: Key) -> str:
        """Write the key as URL-safe text."""
        parts = [_exact(part) if isinstance(part, datetime) else part for part in key]
        text = orjson.dumps(parts)
        return base64.urlsafe_b64encode(self._checksum(text) + text).rstrip(b"=").decode()

    def read(self, cursor: str) -> Key:
        """Read it again; raises NotACursor when the text is not one that `write` wrote."""
        try:
            data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True)
        except ValueError:
            raise NotACursor(cursor) from None
        text = data[4:]
        if data[:4] != self._checksum(text):
            raise NotACursor(cursor)
        parts = orjson.loads(text)
        return tuple(  # type: ignore[return-value]  # the kinds are the key's
            times.parse(part) if kind is datetime else part for kind, part in zip(self._kinds, parts, strict=True)
        )

    def _checksum(self, text: bytes) -> bytes:
        return binascii.crc32(text, binascii.crc32(self._name.encode())).to_bytes(4, "big")


class Dated:
    """The documented cursors of transactions: `2000-01-01T00:00:00.000000Z-123456`, sort time and id."""

    _PATTERN = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z)-(\d{1,19})", re.ASCII)

    def write(self, key: tuple[datetime, int]) -> str:
        """Write the time with all its digits: two transactions may share a millisecond."""
        return f"{_exact(key[0])}-{key[1]}"

    def read(self, cursor: str) -> tuple[datetime, int]:
        """Read it again; raises NotACursor when it has another form."""
        found = self._PATTERN.fullmatch(cursor)
        if found is None or int(found[2]) not in _BIGINT:
            raise NotACursor(cursor)
        try:
            return times.parse(found[1]), int(found[2])
        except ValueError:  # the 31st of February
            raise NotACursor(cursor) from None


def _exact(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


class PageOut(Out, Generic[Shown]):
    """A page of style A."""

    data: list[Shown]
    next_page_cursor: str | None
    previous_page_cursor: str | None

    @classmethod
    async def of_many(cls, page: Page[Item, Key], cursors: Cursors[Key], show: Callable[[Item], Shown]) -> Self:
        """
        Show a long page in slices.

        Between them the event loop has its turn, and with it every charge box of this process:
        to show 2,500 transactions takes a tenth of a second.
        """
        items: list[Shown] = []
        for item in page.items:
            if len(items) % _SLICE == 0:
                await asyncio.sleep(0)
            items.append(show(item))
        return cls(
            data=items,
            next_page_cursor=None if page.next is None else cursors.write(page.next),
            previous_page_cursor=None if page.previous is None else cursors.write(page.previous),
        )

    @classmethod
    def of(cls, page: Page[Item, Key], cursors: Cursors[Key], show: Callable[[Item], Shown]) -> Self:
        """Show a page of the store."""
        return cls(
            data=[show(item) for item in page.items],
            next_page_cursor=None if page.next is None else cursors.write(page.next),
            previous_page_cursor=None if page.previous is None else cursors.write(page.previous),
        )


class CountedOut(Out, Generic[Shown]):
    """A page of style B; `count` is the total that matches the query."""

    data: list[Shown]
    count: int


class SortDirection(StrEnum):
    """asc: the smallest, or oldest, first; desc: the largest, or newest, first."""

    ASC = "asc"
    DESC = "desc"


def sectioned(sort_by: type[Sort], *, maximum: int = 1000) -> Callable[..., Section]:
    """
    Make the dependency that reads the section of a style B list from the query.

    Args:
        sort_by: what it can be sorted by, first the default; the name of a member is that of the store's column.
        maximum: of rows in a page.
    """

    default = next(iter(sort_by))

    def section(
        by: Annotated[sort_by, Query(alias="sortBy")] = default,  # type: ignore[valid-type]
        direction: Annotated[SortDirection, Query(alias="sortDirection")] = SortDirection.DESC,
        offset: Annotated[int, Query(ge=0, le=2**31, description="How many to leave out.")] = 0,
        limit: Annotated[int, Query(ge=1, description=f"Rows in a page; above {maximum} is {maximum}.")] = 500,
    ) -> Section:
        return Section(offset, min(limit, maximum), sort_by(by).name.lower(), direction is SortDirection.DESC)

    return section


Search = Annotated[Line | None, Query(max_length=50, description="Part of it, in whatever case.")]
"""The text that a style B list is searched for."""

_NextCursor = Annotated[
    str | None, Query(alias="nextPageCursor", max_length=500, description="The page after: as the last answer gave it.")
]
_PreviousCursor = Annotated[
    str | None,
    Query(alias="previousPageCursor", max_length=500, description="The page before: as the last answer gave it."),
]


def paged(cursors: Cursors[Key], *, default: int = 25, maximum: int = 100) -> Callable[..., Window[Key]]:
    """Make the dependency that reads the window of a style A list from the query."""

    def window(
        next_cursor: _NextCursor = None,
        previous_cursor: _PreviousCursor = None,
        limit: Annotated[int, Query(ge=1, description=f"Rows in a page; above {maximum} is {maximum}.")] = default,
    ) -> Window[Key]:
        if next_cursor and previous_cursor:
            raise Invalid("previousPageCursor", "cannot be sent together with nextPageCursor")
        return Window(
            limit=min(limit, maximum),
            after=_key(cursors, "nextPageCursor", next_cursor),
            before=_key(cursors, "previousPageCursor", previous_cursor),
        )

    return window


def _key(cursors: Cursors[Key], field: str, cursor: str | None) -> Key | None:
    if not cursor:
        return None
    try:
        return cursors.read(cursor)
    except NotACursor:
        raise Invalid(field, "is not a cursor of this list; send it as the last answer gave it") from None
