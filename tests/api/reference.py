"""
Reads `reference.toml`, and holds values and the OpenAPI document to it.

A problem is one line of text; the functions here return all of them, so that a test
tells everything that is missing at once.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REFERENCE: dict[str, Any] = tomllib.loads(Path(__file__).with_name("reference.toml").read_text())
OPERATIONS: Mapping[str, Mapping[str, Any]] = REFERENCE["operations"]
SHAPES: Mapping[str, Mapping[str, str]] = REFERENCE["shapes"]

_MOMENTS = {
    "iso": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
    "spaced": re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
}
_PAGES = {
    "cursors": {"data": "[{}]", "nextPageCursor": "string?", "previousPageCursor": "string?"},
    "counted": {"data": "[{}]", "count": "integer"},
    "section": {"data": "[{}]", "totalElements": "integer", "offset": "integer", "limit": "integer"},
    "data": {"data": "[{}]"},
}
_JSON = {"iso": "string", "spaced": "string"}


@dataclass(frozen=True)
class Kind:
    """What a field is: of JSON's types or of a shape, one or an array, and whether it may be null or left out."""

    name: str
    is_shape: bool
    is_array: bool
    may_be_null: bool
    may_be_absent: bool

    @classmethod
    def read(cls, text: str) -> "Kind":
        """Read `[string]`, `{Party}-`, `iso?`, …"""
        bare = text.rstrip("?-")
        is_array = bare.startswith("[")
        name = bare.strip("[]{}")
        return cls(name, name in SHAPES, is_array, text != bare, text.endswith("-"))


def places_of_enums(direction: str) -> list[tuple[str, list[str]]]:
    """Where enums are `sent` or `shown`, e.g. `GET /v2/evses/{uid} connectors.standard`, with their values."""
    return [(where, enum["values"]) for enum in REFERENCE["enums"] for where in enum.get(direction, ())]


def answer_fields(answer: str) -> Mapping[str, str] | str:
    """The fields of an operation's answer; of an array or an object of one shape its kind."""
    page, _, shape = answer.rpartition(":")
    if page:
        return {name: kind.format(shape) for name, kind in _PAGES[page].items()}
    return answer


# ---- values


def value_problems(value: Any, answer: str) -> Iterator[str]:
    """What a live answer lacks of its shape."""
    expected = answer_fields(answer)
    yield from _object(value, expected, "") if isinstance(expected, Mapping) else _kind(value, expected, "")


def _kind(value: Any, text: str, where: str) -> Iterator[str]:
    kind = Kind.read(text)
    if value is None:
        if not kind.may_be_null:
            yield f"{where}: is null"
    elif kind.is_array:
        if not isinstance(value, list):
            yield f"{where}: is no array"
            return
        for index, item in enumerate(value):
            yield from _one(item, kind, f"{where}.{index}")
    else:
        yield from _one(value, kind, where)


def _one(value: Any, kind: Kind, where: str) -> Iterator[str]:
    if kind.is_shape:
        yield from _object(value, SHAPES[kind.name], where)
    elif not _is(value, kind.name):
        yield f"{where}: {value!r} is no {kind.name}"


def _object(value: Any, fields: Mapping[str, str], where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: is no object"
        return
    for path, text in fields.items():
        found: Any = value
        *parents, last = path.split(".")
        for parent in parents:
            found = found.get(parent, {})
        if last in found:
            yield from _kind(found[last], text, f"{where}.{path}")
        elif not Kind.read(text).may_be_absent:
            yield f"{where}.{path}: is missing"


def _is(value: Any, name: str) -> bool:
    if name in _MOMENTS:
        return isinstance(value, str) and _MOMENTS[name].fullmatch(value) is not None
    if name in ("number", "integer"):
        return (
            isinstance(value, int | float) and not isinstance(value, bool) and (name == "number" or value == int(value))
        )
    return isinstance(value, {"string": str, "boolean": bool, "object": dict}[name])


# ---- the OpenAPI document


class Document:
    """The OpenAPI document, asked for what it says of an operation (`GET /v2/evses`)."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def operation(self, name: str) -> dict[str, Any]:
        """One operation; empty where there is none."""
        method, path = name.split(" ")
        found: dict[str, Any] = self._document["paths"].get(path, {}).get(method.lower(), {})
        return found

    def answer(self, name: str) -> dict[str, Any]:
        """The content of the good answer."""
        operation = self.operation(name)
        status = next(code for code in operation["responses"] if code.startswith("2"))
        content: dict[str, Any] = operation["responses"][status].get("content", {}).get("application/json", {})
        return content

    def body(self, name: str) -> dict[str, Any]:
        """The schema of the body."""
        schema: dict[str, Any] = self.operation(name)["requestBody"]["content"]["application/json"]["schema"]
        return schema

    def forms(self, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """What a schema can be, references followed; null is none of them."""
        if "$ref" in schema:
            return self.forms(self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        for union in ("anyOf", "oneOf", "allOf"):
            if union in schema:
                return [form for part in schema[union] for form in self.forms(part)]
        return [] if schema.get("type") == "null" else [schema]

    def at(self, schema: Mapping[str, Any], path: str) -> list[Mapping[str, Any]]:
        """What stands at a path of fields; arrays on the way are entered."""
        forms = self.forms(schema)
        while any(form.get("type") == "array" for form in forms):
            forms = [inner for form in forms for inner in (self.forms(form["items"]) if "items" in form else [form])]
        if not path:
            return forms
        first, _, rest = path.partition(".")
        return [
            found
            for form in forms
            if first in form.get("properties", {})
            for found in self.at(form["properties"][first], rest)
        ]

    def problems(self, schema: Mapping[str, Any], answer: str) -> Iterator[str]:
        """What a schema lacks of a shape."""
        expected = answer_fields(answer)
        if isinstance(expected, str):
            kind = Kind.read(expected)
            yield from self._kind_problems(schema, kind, "")
        else:
            yield from self._fields_problems(schema, expected, "")

    def _fields_problems(self, schema: Mapping[str, Any], fields: Mapping[str, str], where: str) -> Iterator[str]:
        for path, text in fields.items():
            parents, _, last = path.rpartition(".")
            holders = [form for form in self.at(schema, parents) if last in form.get("properties", {})]
            if not holders:
                yield f"{where}.{path}: is not in the document"
            for holder in holders:
                yield from self._kind_problems(holder["properties"][last], Kind.read(text), f"{where}.{path}")

    def _kind_problems(self, schema: Mapping[str, Any], kind: Kind, where: str) -> Iterator[str]:
        forms = self.forms(schema)
        if kind.is_array and not any(form.get("type") == "array" for form in forms):
            yield f"{where}: is no array in the document"
            return
        if kind.is_shape:
            yield from self._fields_problems(schema, SHAPES[kind.name], where)
            return
        wanted = _JSON.get(kind.name, kind.name)
        types = {form.get("type") for form in self.at(schema, "")}
        if not types <= ({"number", "integer"} if wanted == "number" else {wanted}) or not types:
            yield f"{where}: is {types} in the document, not {wanted}"
