"""
Who may charge: one pure decision over what is known of an idTag.

Compared without case, as idTag is a CiString (OCPP 1.6, 7.28).
"""

from dataclasses import dataclass
from datetime import datetime

from ocpp.v16.enums import AuthorizationStatus


@dataclass(frozen=True, slots=True)
class Token:
    """What our record of an idTag says about its rights. Moments are aware, in UTC."""

    id: int
    uid: str
    parent_id_tag: str | None = None
    is_active: bool = True
    valid_from: datetime | None = None
    expires_at: datetime | None = None
    is_deleted: bool = False

    @property
    def blocked(self) -> bool:
        """Switched off by the operator, for now or (deleted) for ever."""
        return self.is_deleted or not self.is_active


def authorize(
    token: Token | None, *, now: datetime, others_open: int = 0, starting: bool = False
) -> AuthorizationStatus:
    """
    Decide on an idTag.

    ConcurrentTx is an answer to StartTransaction only (OCPP 1.6, 7.2): the same
    card must still be accepted at the reader, to stop the transaction it opened.

    Args:
        token: our record of the idTag, None when there is none.
        now: the moment that validity is judged at.
        others_open: accepted transactions of this idTag that are open elsewhere; a
            repeated start does not count itself.
        starting: whether this answers a StartTransaction.
    """
    if token is None:
        return AuthorizationStatus.invalid
    if token.blocked:
        return AuthorizationStatus.blocked
    if token.valid_from is not None and now < token.valid_from:
        return AuthorizationStatus.expired
    if token.expires_at is not None and now >= token.expires_at:
        return AuthorizationStatus.expired
    if starting and others_open > 0:
        return AuthorizationStatus.concurrent_tx
    return AuthorizationStatus.accepted
