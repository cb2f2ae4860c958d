"""
The two kinds of JSON objects: what we answer (`Out`) and what we are sent (`In`).

Python names are snake_case, JSON names the same in camelCase. Bodies ignore fields
they do not know and take no wrong type for a right one: `"5"` is not a number.
"""

import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    Strict,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Out(BaseModel):
    """An object of an answer."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class In(BaseModel):
    """An object of a request body."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        allow_inf_nan=False,
    )

    @model_validator(mode="before")
    @classmethod
    def _read_whole_numbers(cls, said: object) -> object:
        """JSON has one kind of number: 5.0 is 5."""
        return {name: _whole(value) for name, value in said.items()} if isinstance(said, dict) else said


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def left_out_when_none(**known: Any) -> Any:
    """A field of an answer that is there only when it has a value."""
    return Field(default=None, exclude_if=lambda value: value is None, **known)


def _without_controls(text: str) -> str:
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError("must not contain control characters")
    return text


def _split(value: object) -> object:
    """Take `1,2` for `1` and `2`; both spellings may be mixed."""
    values = value if isinstance(value, list) else [value]
    return [part.strip() for item in values for part in str(item).split(",")]


Separated = BeforeValidator(_split)
"""What an array in a query is read by: `a=1&a=2`, `a=1,2` or `a[]=1`."""

# The integers that every reader of JSON keeps apart (RFC 8259, 6), whether or not a column has room for them:
# such an id is one that does not exist.
_SAFE = {"ge": -(2**53) + 1, "le": 2**53 - 1}

Id = Annotated[int, Field(**_SAFE)]
"""An id in a path or a query."""


def _digits(text: object) -> object:
    """Nothing but digits: `1.0` and `1_000` are not how ids are written, though Python reads them."""
    if re.fullmatch(r"-?[0-9]+", str(text)) is None:
        raise ValueError("must be an integer")
    return text


Ids = Annotated[list[Annotated[Id, BeforeValidator(_digits)]], Separated, Field(max_length=1000)]
"""An array in a query: `a=1&a=2`, `a=1,2` or `a[]=1`."""

Reference = Annotated[int, Strict(), Field(**_SAFE)]
"""An id in a body."""


_TEXT = r"[^\x00-\x1F\x7F]"


class _OneLine:
    """Lets the OpenAPI document say what `_without_controls` refuses."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        said = handler(core)
        # What remains must have a length when the spaces have fallen away.
        pattern = rf"^{_TEXT}*[^\x00-\x1F\x7F\s]{_TEXT}*$" if said.get("minLength") else f"^{_TEXT}*$"
        return {"pattern": pattern} | said


Flag = Annotated[bool, Strict()]
Number = Annotated[float, Strict()]
Line = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_without_controls), _OneLine()]
"""Text without control characters; spaces around it fall away."""

Name = Annotated[Line, StringConstraints(min_length=1, max_length=255)]
