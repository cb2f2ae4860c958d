"""
A departure from the specification that was accepted, as it is counted and shown in a charge box's health report.

Deviations are counted per kind and path, so neither may grow with the data: a path names a place in the schema
(`meterValue[].sampledValue[].unit`) and never an index, and a message notes each pair once.
"""

from dataclasses import dataclass

MAX_EXAMPLE_LENGTH = 100

_HIDDEN = frozenset({"data", "csr", "configurationKey[].value"})  # may hold keys, passwords, certificates


@dataclass(frozen=True, slots=True)
class Deviation:
    """
    One accepted departure.

    Attributes:
        kind: what was odd, in snake_case (`naive_timestamp`).
        path: where, as a place in the schema; empty for the frame itself.
        example: what was sent, for people; at most 100 characters and never a secret.
    """

    kind: str
    path: str = ""
    example: str = ""


def deviation(kind: str, path: str = "", value: object = "", *, shown: bool = True) -> Deviation:
    """
    Note a departure with a printable example of `value`.

    Args:
        shown: False where the value is not ours to know, as in fields that OCPP does not define.
    """
    hidden = not shown or path in _HIDDEN
    return Deviation(kind, _cut(path), _described(value) if hidden else _example(value))


def _example(value: object) -> str:
    if isinstance(value, str):
        return _cut(value)
    if value is None or isinstance(value, bool | float):
        return str(value)
    if isinstance(value, int) and value.bit_length() <= 256:  # str() of a huge integer raises
        return str(value)
    return _described(value)


def _described(value: object) -> str:
    match value:
        case str():
            return f"(text of {len(value)} characters)"
        case list():
            return f"(list of {len(value)})"
        case dict():
            return f"(object of {len(value)})"
        case _:
            return f"({type(value).__name__})"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_EXAMPLE_LENGTH else text[: MAX_EXAMPLE_LENGTH - 1] + "…"
