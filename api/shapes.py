"""
The two kinds of JSON objects: what we answer (`Out`) and what we are sent (`In`).

Python names are snake_case, JSON names the same in camelCase. Bodies ignore fields
they do not know and take no wrong type for a right one: `"5"` is not a number.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict, StringConstraints
from pydantic.alias_generators import to_camel


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
    return [part.strip() for item in values for part in str(item).split(",") if part.strip()]


Separated = BeforeValidator(_split)
"""What an array in a query is read by: `a=1&a=2`, `a=1,2` or `a[]=1`."""

# PostgreSQL's bigint; an id beyond a column's type is one that does not exist. The last 1023 numbers are left
# out: JSON numbers are doubles to most readers of the OpenAPI document, and this limit is one exactly.
_BIGINT = {"ge": -(2**63), "le": 2**63 - 1024}

Id = Annotated[int, Field(**_BIGINT)]
"""An id in a path or a query."""

Ids = Annotated[list[Id], Separated, Field(max_length=1000)]
"""An array in a query: `a=1&a=2`, `a=1,2` or `a[]=1`."""

Reference = Annotated[int, Strict(), Field(**_BIGINT)]
"""An id in a body."""

Flag = Annotated[bool, Strict()]
Number = Annotated[float, Strict()]
Line = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_without_controls)]
"""Text without control characters; spaces around it fall away."""

Name = Annotated[Line, StringConstraints(min_length=1, max_length=255)]
