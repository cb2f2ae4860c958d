"""
Whether a tag may charge: the authorization cache, and the central system behind it.

Online the central system is asked, unless LocalPreAuthorize lets the cache
answer. Offline the cache decides, and AllowOfflineTxForUnknownId for tags that
it does not hold (OCPP 1.6, 3.5).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ocpp.v16.enums import Action, AuthorizationStatus

from simulators.clock import Clock
from simulators.configuration import Configuration
from simulators.errors import CallFailed, CallTimedOut, Offline
from simulators.outbox import Outbox

_MOST_ENTRIES = 1000

IdTagInfo = dict[str, Any]


class Authorizer:
    """Decides on tags and remembers what the central system said of them."""

    def __init__(self, outbox: Outbox, configuration: Configuration, clock: Clock) -> None:
        self.cache: dict[str, IdTagInfo] = {}
        self._outbox = outbox
        self._configuration = configuration
        self._clock = clock

    async def authorize(self, id_tag: str) -> bool:
        """Whether the tag may charge now; a central system that refuses to answer lets nobody charge."""
        if self._configuration.flag("LocalPreAuthorize") and self._cached(id_tag) == AuthorizationStatus.accepted:
            return True
        try:
            reply = await self._outbox.call(Action.authorize.value, {"idTag": id_tag})
        except Offline:
            return self._authorize_offline(id_tag)
        except (CallFailed, CallTimedOut):
            return False
        info = reply.get("idTagInfo")
        self.learn(id_tag, info)
        return isinstance(info, dict) and info.get("status") == AuthorizationStatus.accepted

    def same_group(self, one: str, other: str) -> bool:
        """Whether two tags are known to share a parent (OCPP 1.6, 3.10)."""
        parents = [self.cache.get(tag.lower(), {}).get("parentIdTag") for tag in (one, other)]
        return parents[0] is not None and parents[0] == parents[1]

    def learn(self, id_tag: str, info: Any) -> None:
        """Keep what a reply says of a tag; the oldest entry makes room for a new one."""
        if not isinstance(info, dict) or not self._configuration.flag("AuthorizationCacheEnabled"):
            return
        self.cache.pop(id_tag.lower(), None)
        if len(self.cache) >= _MOST_ENTRIES:
            del self.cache[next(iter(self.cache))]
        self.cache[id_tag.lower()] = info

    def _authorize_offline(self, id_tag: str) -> bool:
        status = self._cached(id_tag)
        if status is None:
            return self._configuration.flag("AllowOfflineTxForUnknownId")
        return status == AuthorizationStatus.accepted and self._configuration.flag("LocalAuthorizeOffline")

    def _cached(self, id_tag: str) -> str | None:
        info = self.cache.get(id_tag.lower())
        if info is None:
            return None
        expiry = info.get("expiryDate")
        if expiry is not None:
            moment = datetime.fromisoformat(expiry)
            if moment.replace(tzinfo=moment.tzinfo or UTC) <= self._clock.now():
                return AuthorizationStatus.expired
        return str(info.get("status"))
