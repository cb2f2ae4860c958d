"""
Reading a payload along its schema and setting right what can be.

One reader per payload: it copies the value, place by place, and notes each departure once per kind and place. What it
cannot make sense of it raises, as an OcppError, to the nearest place that can do without: a list leaves the element
out, a field with a stand-in takes that, and at the top the message is refused. Which fields can do without is decided
by `leniency`, not here.
"""

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import jsonschema_rs
import orjson

from csms.ocpp.deviations import Deviation, deviation
from csms.ocpp.errors import ErrorCode, OcppError
from csms.ocpp.payloads import parse_timestamp
from csms.ocpp.validation import Schema

NOTHING: Final = object()
"""The stand-in that leaves the field out."""

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1

_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,2})?\s*", re.ASCII)
_OFFSET = re.compile(r":.*(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)\s*", re.ASCII | re.IGNORECASE | re.DOTALL)
_DATE_TIME = jsonschema_rs.Draft4Validator({"format": "date-time"}, validate_formats=True)
_BOOLEANS: dict[str | int, bool] = {"true": True, "1": True, 1: True, "false": False, "0": False, 0: False}
_MAX_INTEGER_BITS = 1024  # the widest double; Python refuses to print integers not much wider


class Reader:
    """
    Reads one payload.

    Args:
        schema: of the whole payload.
        stand_ins: for a required field at a place (`meterValue[].timestamp`), what is taken when it is absent or
            unusable.
        drops_unusable: whether an optional field with an unusable value counts as absent.
        keeps_unknown: whether a text that its enumeration lacks is kept.
        json_text: places of texts that may be any JSON value, of which the JSON text is taken.
    """

    def __init__(
        self,
        schema: Schema,
        *,
        stand_ins: Mapping[str, object],
        drops_unusable: bool,
        keeps_unknown: bool,
        json_text: frozenset[str],
    ) -> None:
        self._schema = schema
        self._stand_ins = stand_ins
        self._drops_unusable = drops_unusable
        self._keeps_unknown = keeps_unknown
        self._json_text = json_text
        self._notes: dict[tuple[str, str], Deviation] = {}

    def read(self, payload: object) -> tuple[dict[str, Any], tuple[Deviation, ...]]:
        """
        Copy the payload, set right.

        Raises:
            OcppError: it says nothing without what is missing or unusable in it.
        """
        if not isinstance(payload, dict):
            raise OcppError(ErrorCode.FORMATION_VIOLATION, "the payload is not an object")
        return self._object(payload, self._schema, ""), tuple(self._notes.values())

    def _note(self, kind: str, path: str, value: object = "", *, shown: bool = True) -> None:
        if (kind, path) not in self._notes:
            self._notes[kind, path] = deviation(kind, path, value, shown=shown)

    def _value(self, value: object, schema: Schema, path: str) -> Any:
        if "$ref" in schema:
            schema = self._schema["definitions"][schema["$ref"].rpartition("/")[2]]
        match schema["type"]:
            case "object":
                return self._object(value, schema, path)
            case "array":
                return self._list(value, schema, path)
            case "integer":
                return self._integer(value, path)
            case "number":
                return self._number(value, schema, path)
            case "boolean":
                return self._boolean(value, path)
            case _:
                return self._text(value, schema, path)

    def _object(self, value: object, schema: Schema, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong_type(path, "an object")
        fields, required = schema.get("properties", {}), schema.get("required", ())
        result: dict[str, Any] = {}
        for name, item in value.items():
            place = f"{path}.{name}" if path else name
            if name not in fields:
                self._note("extra_field", path, name)  # its value is not ours to show
                result[name] = item
            elif item is None:
                self._note("null_field", place)
            elif isinstance(item, str) and not item.strip() and not _is_free_text(fields[name]):
                self._note("empty_text", place)
            else:
                self._field(result, name, item, fields[name], place, name in required)
        for name in required:
            if name not in result:
                self._stand_in(result, name, f"{path}.{name}" if path else name)
        return result

    def _field(
        self, result: dict[str, Any], name: str, item: object, schema: Schema, place: str, required: bool
    ) -> None:
        try:
            result[name] = self._value(item, schema, place)
        except OcppError:
            if place not in self._stand_ins and (required or not self._drops_unusable):
                raise
            self._note("unusable_value", place, item)

    def _stand_in(self, result: dict[str, Any], name: str, place: str) -> None:
        if place not in self._stand_ins:
            raise OcppError(ErrorCode.PROTOCOL_ERROR, f"{place} is missing")
        if not any((kind, place) in self._notes for kind in ("null_field", "empty_text", "unusable_value")):
            self._note("missing_field", place)
        if self._stand_ins[place] is not NOTHING:
            result[name] = self._stand_ins[place]

    def _list(self, value: object, schema: Schema, path: str) -> list[Any]:
        items = schema["items"]
        place = f"{path}[]"
        if not isinstance(value, list):
            if not isinstance(value, str if items.get("type") == "string" else dict):
                raise _wrong_type(path, "a list")
            self._note("single_for_list", path)
            value = [value]
        result = []
        for item in value:
            try:
                result.append(self._value(item, items, place))
            except OcppError:
                self._note("unusable_item", place, item)
        if len(result) < schema.get("minItems", 0):
            self._note("empty_list", path)
        return result

    def _integer(self, value: object, path: str) -> int:
        number = self._exact(value, path)
        if number is None:
            raise _wrong_type(path, "an integer")
        integer = round(number)
        if integer != number:
            self._note("fraction", path, value)
        elif isinstance(value, float):
            self._note("decimal_point", path, value)
        if not INT32_MIN <= integer <= INT32_MAX:
            self._note("integer_out_of_range", path, value)
        return integer

    def _number(self, value: object, schema: Schema, path: str) -> int | float:
        number = self._exact(value, path)
        if number is None:
            raise _wrong_type(path, "a number")
        if "multipleOf" in schema and not _is_whole(number / Decimal(str(schema["multipleOf"]))):
            self._note("decimals", path, value)
        return value if isinstance(value, int | float) else float(number)

    def _exact(self, value: object, path: str) -> Decimal | int | None:
        """The number that a value means, or None."""
        if isinstance(value, bool):
            return None
        if isinstance(value, int):
            return value if value.bit_length() <= _MAX_INTEGER_BITS else None
        if isinstance(value, float):
            return Decimal(repr(value)) if math.isfinite(value) else None
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            self._note("text_for_number", path, value)
            return Decimal(value.strip())
        return None

    def _boolean(self, value: object, path: str) -> bool:
        if isinstance(value, bool):
            return value
        meaning = None
        if isinstance(value, str | int):
            meaning = _BOOLEANS.get(value.strip().lower() if isinstance(value, str) else value)
        if meaning is None:
            raise _wrong_type(path, "a boolean")
        self._note("text_for_boolean", path, value)
        return meaning

    def _text(self, value: object, schema: Schema, path: str) -> str:
        text = value if isinstance(value, str) else self._text_of(value, path)
        if "enum" in schema:
            return self._enumerated(text, schema["enum"], path)
        if schema.get("format") == "date-time" and not _is_date_time(text):
            self._note(_oddity_of_timestamp(text), path, text)
        elif len(text) > schema.get("maxLength", len(text)):
            self._note("long_text", path, text)
        return text

    def _text_of(self, value: object, path: str) -> str:
        if isinstance(value, bool | int | float) and not (
            isinstance(value, int) and value.bit_length() > _MAX_INTEGER_BITS
        ):
            self._note("number_for_text", path, value)
            return str(value).lower() if isinstance(value, bool) else str(value)
        if path in self._json_text:
            try:
                text = orjson.dumps(value).decode()
            except TypeError:
                raise _wrong_type(path, "a text") from None
            self._note("object_for_text", path, value)
            return text
        raise _wrong_type(path, "a text")

    def _enumerated(self, text: str, values: list[str], path: str) -> str:
        if text in values:
            return text
        folded = text.strip().casefold()
        for value in values:
            if value.casefold() == folded:
                self._note("enum_spelling", path, text)
                return value
        if not self._keeps_unknown:
            raise OcppError(
                ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, f"{path} has a value that OCPP 1.6 does not define"
            )
        self._note("unknown_value", path, text)
        return text


def _wrong_type(path: str, wanted: str) -> OcppError:
    return OcppError(ErrorCode.TYPE_CONSTRAINT_VIOLATION, f"{path} is not {wanted}")


def _is_whole(number: Decimal) -> bool:
    return number == int(number)


def _is_free_text(schema: Schema) -> bool:
    return schema.get("type") == "string" and "enum" not in schema and "format" not in schema


def _is_date_time(text: str) -> bool:
    try:
        return _DATE_TIME.is_valid(text)
    except ValueError:  # a lone surrogate
        return False


def _oddity_of_timestamp(text: str) -> str:
    if parse_timestamp(text) is None:
        return "unparsable_timestamp"
    return "odd_timestamp" if _OFFSET.search(text) else "naive_timestamp"
