"""What the holder of an API key may do: each role includes those before it."""

from enum import StrEnum


class ApiRole(StrEnum):
    """The roles of API keys, from the least to the most."""

    viewer = "viewer"
    editor = "editor"
    operator = "operator"
    admin = "admin"


_RANK = {role: rank for rank, role in enumerate(ApiRole)}


def allows(have: ApiRole, need: ApiRole) -> bool:
    """Tell whether a key with one role may do what needs another."""
    return _RANK[have] >= _RANK[need]
