"""
Who asks, and whether they may.

A key travels as `Authorization: Bearer KEY` and is found by its keyed hash. What
was found is remembered for a few seconds, so a revoked key ends within that time
and a busy client costs one look a second and not one a request.
"""

import time
from collections import OrderedDict
from typing import Annotated

from fastapi import Depends, Request
from fastapi.params import Depends as Dependency
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.errors import Forbidden, NotPermitted
from api.limits import Limits
from csms.domain.roles import ApiRole, allows
from csms.domain.secrets import hash_secret
from csms.store import api_keys
from csms.store.api_keys import ApiKey
from csms.store.database import Database

REMEMBERED_S = 5.0
_MOST_REMEMBERED = 1024

_BEARER = HTTPBearer(
    auto_error=False, scheme_name="apiKey", description="A key that `csms keys create NAME --role ROLE` printed."
)


class Keys:
    """The API keys, with a short memory of those that were found."""

    def __init__(self, database: Database, secret_key: bytes, *, remembered_s: float = REMEMBERED_S) -> None:
        self._database = database
        self._secret_key = secret_key
        self._remembered_s = remembered_s
        self._found: OrderedDict[bytes, tuple[float, ApiKey]] = OrderedDict()

    async def find(self, presented: str) -> ApiKey | None:
        """Return the live key that was presented, or None; what a revocation says counts when the memory has faded."""
        now = time.monotonic()
        # Not the key itself: a dump of our memory should not be a list of keys.
        name = hash_secret(presented.encode(), self._secret_key)
        remembered = self._found.pop(name, None)
        if remembered is not None and remembered[0] > now:
            self._found[name] = remembered
            return remembered[1]
        key = await api_keys.find(self._database, presented, self._secret_key)
        if key is not None:
            self._found[name] = (now + self._remembered_s, key)
            if len(self._found) > _MOST_REMEMBERED:
                self._found.popitem(last=False)
        return key


async def _authenticate(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> ApiKey:
    if credentials is None:
        raise Forbidden("an API key is missing: send the header Authorization: Bearer KEY")
    keys: Keys = request.app.state.keys
    key = await keys.find(credentials.credentials)
    if key is None:
        raise Forbidden("the API key is not known here, or was revoked")
    limits: Limits = request.app.state.limits
    limits.count(request, key.id)
    return key


def needs(role: ApiRole, *, refused: type[Forbidden] | type[NotPermitted] = Forbidden) -> Dependency:
    """Make the dependency that lets a request pass when its key has this role or one above it, else is `refused`."""

    async def authorize(key: Annotated[ApiKey, Depends(_authenticate)]) -> ApiKey:
        if not allows(key.role, role):
            raise refused(f"this needs the role {role}; the key '{key.name}' has the role {key.role}")
        return key

    dependency = Depends(authorize)
    assert isinstance(dependency, Dependency)
    return dependency


VIEWER = needs(ApiRole.viewer)
EDITOR = needs(ApiRole.editor)
OPERATOR = needs(ApiRole.operator)

Editor = Annotated[ApiKey, EDITOR]
"""The key of someone who may create and change things, and start and stop sessions."""

CustomerEditor = Annotated[ApiKey, needs(ApiRole.editor, refused=NotPermitted)]
"""The same for customers, whose documents say 401 where everything else says 403."""

Operator = Annotated[ApiKey, OPERATOR]
"""The key of someone who may do to a charge box what can hurt, and read its journal."""
