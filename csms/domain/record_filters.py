"""
The filter of charge records: JSON in MongoDB's query form, read into a small tree.

    {"location.id": {"$in": [1, 2]}, "$or": [{"consumed": {"$gte": 10}}, {"voucher.id": {"$exists": true}}]}

Only the fields and operators of the two tables below are known, and every value is
read as its field's type, so nothing of the text itself ever reaches the database.
What cannot be is refused with the path to it: `filter.location.id.$in.1`.

The meaning is MongoDB's: a missing value equals null, is unequal to everything else,
and is neither less nor greater than anything.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias
from uuid import UUID

from csms.errors import Invalid

MAX_LENGTH = 8000
MAX_DEPTH = 6
MAX_CONDITIONS = 100
MAX_VALUES = 1000
MAX_PATTERN = 200

_NAME = "filter"
_BIGINT = range(-(2**63), 2**63)

Value: TypeAlias = int | float | str | bool | datetime | UUID | None


class Operator(StrEnum):
    """What compares a field with one value."""

    eq = "$eq"
    ne = "$ne"
    gt = "$gt"
    gte = "$gte"
    lt = "$lt"
    lte = "$lte"


@dataclass(frozen=True, slots=True)
class Compare:
    """The field against one value; None, which stands for a missing value, with `eq` and `ne` only."""

    field: str
    operator: Operator
    value: Value
    path: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """The field is (`negated`: is not) among the values."""

    field: str
    values: tuple[Value, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Exists:
    """The field has (`wanted` false: has not) a value."""

    field: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Matches:
    """The field matches a regular expression; whether that can be read, only the database knows."""

    field: str
    pattern: str
    path: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """All conditions hold; an empty one always does."""

    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one condition holds."""

    conditions: "tuple[Condition, ...]"


Condition: TypeAlias = Compare | OneOf | Exists | Matches | AllOf | AnyOf


def parse(text: str) -> Condition:
    """
    Read a filter.

    Raises:
        Invalid: names the path of the first thing that cannot be.
    """
    if len(text) > MAX_LENGTH:
        raise Invalid(_NAME, f"may have {MAX_LENGTH} characters")
    try:
        node = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, _Refused) else "is not JSON"
        raise Invalid(_NAME, reason) from None
    return _Reader().read(node, _NAME, depth=1)


class _Refused(ValueError):
    """JSON that Python would read, and we do not."""


def _no_constant(name: str) -> None:
    raise _Refused(f"{name} is not JSON")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a repeated name only the last would be left, and the answer would be to another question."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Refused("names a field twice in one object; join them with $and")
    return found


class _Reader:
    """Reads a filter and counts its conditions."""

    def __init__(self) -> None:
        self._conditions = 0

    def read(self, node: object, path: str, depth: int) -> Condition:
        """Read an object of fields and logical operators."""
        if not isinstance(node, dict):
            raise Invalid(path, "must be an object")
        if depth > MAX_DEPTH:
            raise Invalid(path, f"is nested more than {MAX_DEPTH} deep")
        found = []
        for name, value in node.items():
            if name in _LOGICAL:
                found.append(self._logical(name, value, f"{path}.{name}", depth))
            elif name in FIELDS:
                found += self._of_field(name, value, f"{path}.{name}")
            elif name.startswith("$"):
                raise Invalid(f"{path}.{name}", f"is not an operator here; known are {', '.join(_LOGICAL)}")
            else:
                raise Invalid(
                    f"{path}.{name}", f"is not a field that can be filtered by; known are {', '.join(FIELDS)}"
                )
        return found[0] if len(found) == 1 else AllOf(tuple(found))

    def _logical(self, name: str, value: object, path: str, depth: int) -> Condition:
        if not isinstance(value, list) or not value:
            raise Invalid(path, "must be an array of conditions, and not empty")
        parts = tuple(self.read(part, f"{path}.{position}", depth + 1) for position, part in enumerate(value))
        return _LOGICAL[name](parts)

    def _of_field(self, field: str, value: object, path: str) -> list[Condition]:
        if not isinstance(value, dict):
            self._count(path)
            return [Compare(field, Operator.eq, _value(field, value, path), path)]
        if not value:
            raise Invalid(path, f"has no operator; known are {', '.join(_OPERATORS)}")
        found = []
        for operator, operand in value.items():
            here = f"{path}.{operator}"
            if operator not in _OPERATORS:
                raise Invalid(here, f"is not an operator; known are {', '.join(_OPERATORS)}")
            self._count(here)
            found.append(_OPERATORS[operator](field, operator, operand, here))
        return found

    def _count(self, path: str) -> None:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise Invalid(path, f"is one condition too many; a filter may have {MAX_CONDITIONS}")


# Values --------------------------------------------------------------------------------------------------------------


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value not in _BIGINT:
        raise ValueError("must be an integer")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(_float(value)):
        raise ValueError("must be a number")
    return _float(value)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _boolean(value: object) -> bool:
    # The flags of this resource are 0 and 1 elsewhere.
    if isinstance(value, bool) or value in (0, 1):
        return bool(value)
    raise ValueError("must be true or false")


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("must be a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("must be a text in Unicode") from None
    return value


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(value))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be an ISO 8601 date and time, e.g. 2025-06-03T12:00:00.000Z") from None


def _uuid(value: object) -> UUID:
    try:
        return UUID(_text(value))
    except ValueError:
        raise ValueError("must be a UUID") from None


FIELDS: Mapping[str, Callable[[object], Value]] = MappingProxyType(
    {
        "operatorId": _integer,
        "companyId": _integer,
        "company.id": _integer,
        "auth.idTag.id": _integer,
        "auth.idTag.operatorId": _integer,
        "auth.idTag.companyId": _integer,
        "auth.idTag.customerId": _integer,
        "auth.idTag.crmCustomerId": _text,
        "auth.type": _text,
        "transactionId": _integer,
        "location.country": _text,
        "location.isPublic": _boolean,
        "location.crmCustomerId": _text,
        "auth.idTag.uid": _text,
        "startedAt": _moment,
        "endedAt": _moment,
        "updatedAt": _moment,
        "createdAt": _moment,
        "isRoaming": _boolean,
        "location.appUserId": _integer,
        "location.id": _integer,
        "location.type": _text,
        "consumed": _number,
        "role": _text,
        "evseId": _text,
        "sessionId": _uuid,
        "paymentMetadata.externalSessionId": _text,
        "roamingDetails.type": _text,
        "voucher.id": _integer,
        "chargeBoxId": _integer,
    }
)
"""What can be filtered by, and how each value is read."""


def _value(field: str, value: object, path: str) -> Value:
    if value is None:
        return None
    try:
        return FIELDS[field](value)
    except ValueError as error:
        raise Invalid(path, str(error)) from None


# Operators -----------------------------------------------------------------------------------------------------------


def _compare(field: str, operator: str, operand: object, path: str) -> Condition:
    value = _value(field, operand, path)
    if value is None and operator not in (Operator.eq, Operator.ne):
        raise Invalid(path, "must not be null")
    if isinstance(value, bool) and operator not in (Operator.eq, Operator.ne):
        raise Invalid(path, "cannot be compared by size")
    return Compare(field, Operator(operator), value, path)


def _one_of(field: str, operator: str, operand: object, path: str) -> Condition:
    if not isinstance(operand, list):
        raise Invalid(path, "must be an array")
    if len(operand) > MAX_VALUES:
        raise Invalid(path, f"may have {MAX_VALUES} values")
    values = tuple(_value(field, value, f"{path}.{position}") for position, value in enumerate(operand))
    return OneOf(field, values, negated=operator == "$nin")


def _exists(field: str, operator: str, operand: object, path: str) -> Condition:
    del operator
    try:
        return Exists(field, _boolean(operand))
    except ValueError as error:
        raise Invalid(path, str(error)) from None


def _matches(field: str, operator: str, operand: object, path: str) -> Condition:
    del operator
    if FIELDS[field] is not _text:
        raise Invalid(path, f"needs a field of text, which {field} is not")
    if not isinstance(operand, str) or len(operand) > MAX_PATTERN:
        raise Invalid(path, f"must be a regular expression of up to {MAX_PATTERN} characters")
    return Matches(field, str(_value(field, operand, path)), path)


_LOGICAL: Mapping[str, Callable[[tuple[Condition, ...]], Condition]] = MappingProxyType({"$and": AllOf, "$or": AnyOf})
_OPERATORS: Mapping[str, Callable[[str, str, object, str], Condition]] = MappingProxyType(
    {
        **dict.fromkeys(Operator, _compare),
        "$in": _one_of,
        "$nin": _one_of,
        "$exists": _exists,
        "$regex": _matches,
    }
)
