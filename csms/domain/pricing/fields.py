"""
One JSON object, read field by field; an error names the field's path in the caller's words.

Absent and null are the same: None. What is there must be right.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from csms.errors import Invalid

_Value = TypeVar("_Value")
_Choice = TypeVar("_Choice", bound=StrEnum)

# Far more than any price, and few enough digits for arithmetic with 28 of them.
_MOST = Decimal(10) ** 12
_DECIMALS = Decimal(10) ** -12

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_DATE = re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", re.ASCII)
# OCPI 2.3.0, DateTime: UTC, with or without the letter that says so.
_MOMENT = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fields:
    """
    A JSON object and where it stands.

    Names are given in snake_case; `spell` turns them into the caller's. Every reader
    raises Invalid when what is there has the wrong type or value.
    """

    values: Mapping[str, Any]
    spell: Callable[[str], str]
    path: str = ""

    def at(self, name: str) -> str:
        """The path of a field."""
        return f"{self.path}.{self.spell(name)}" if self.path else self.spell(name)

    def refuse(self, name: str, reason: str) -> NoReturn:
        """Say what is wrong with a field."""
        raise Invalid(self.at(name), reason)

    def need(self, read: Callable[[str], _Value | None], name: str) -> _Value:
        """Read a field that must be there: `fields.need(fields.number, "price")`."""
        value = read(name)
        if value is None:
            self.refuse(name, "is required")
        return value

    def get(self, name: str) -> Any:
        """A field as it is."""
        return self.values.get(self.spell(name))

    def text(self, name: str, *, longest: int = 255) -> str | None:
        """A text that is not empty."""
        value = self.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not 0 < len(value) <= longest:
            self.refuse(name, f"must be a text of 1 to {longest} characters")
        return value

    def number(self, name: str, *, least: Decimal = -_MOST, most: Decimal = _MOST) -> Decimal | None:
        """A number, rounded to twelve decimals."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            self.refuse(name, "must be a number")
        # By its text: 0.1 and not 0.1000000000000000055.
        number = Decimal(str(value))
        if not number.is_finite() or not least <= number <= most:
            self.refuse(name, f"must be between {least:f} and {most:f}")
        return number.quantize(_DECIMALS).normalize() + 0

    def integer(self, name: str) -> int | None:
        """A whole number, not below zero; 60.0 is one too."""
        number = self.number(name, least=Decimal(0))
        if number is not None and number != int(number):
            self.refuse(name, "must be a whole number")
        return None if number is None else int(number)

    def choice(self, name: str, among: type[_Choice]) -> _Choice | None:
        """One word of a list."""
        value = self.get(name)
        return None if value is None else self._word(name, value, among)

    def choices(self, name: str, among: type[_Choice]) -> tuple[_Choice, ...]:
        """Several words of a list; an absent list is an empty one."""
        return tuple(self._word(f"{name}.{index}", value, among) for index, value in enumerate(self._list(name)))

    def time(self, name: str) -> time | None:
        """A time of day: 13:30."""
        return self._parsed(name, _TIME, time.fromisoformat, "must be a time of day like 13:30")

    def date(self, name: str) -> date | None:
        """A date: 2026-12-24."""
        return self._parsed(name, _DATE, date.fromisoformat, "must be a date like 2026-12-24")

    def moment(self, name: str) -> datetime | None:
        """A moment in UTC, aware."""
        at = self._parsed(name, _MOMENT, datetime.fromisoformat, "must be a time in UTC like 2026-12-24T13:30:00Z")
        return None if at is None else at.replace(tzinfo=UTC)

    def inner(self, name: str) -> "Fields | None":
        """An object within."""
        value = self.get(name)
        return None if value is None else self._object(name, value)

    def inners(self, name: str) -> "tuple[Fields, ...]":
        """Objects within; an absent list is an empty one."""
        return tuple(self._object(f"{name}.{index}", value) for index, value in enumerate(self._list(name)))

    def _list(self, name: str) -> list[Any]:
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.refuse(name, "must be a list")
        return value

    def _object(self, name: str, value: object) -> "Fields":
        if not isinstance(value, Mapping):
            self.refuse(name, "must be an object")
        return Fields(value, self.spell, self.at(name))

    def _word(self, name: str, value: object, among: type[_Choice]) -> _Choice:
        if not isinstance(value, str) or value not in set(among):
            self.refuse(name, f"must be one of {', '.join(among)}")
        return among(value)

    def _parsed(
        self, name: str, pattern: re.Pattern[str], parse: Callable[[str], _Value], reason: str
    ) -> _Value | None:
        value = self.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self.refuse(name, reason)
        try:
            return parse(value)
        except ValueError:
            self.refuse(name, reason)
