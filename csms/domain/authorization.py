"""
Who may charge, and where: one pure decision over what is known when an idTag is presented.

The token comes first: what it may not do anywhere it may not do here. Then the place:

    location                              who may charge there
    in one or more enabled token groups   tokens of these groups, at any time, published or not; nobody else
    in none, and not published            tokens of the location's own customer, and those with a voucher that is
                                          good there, during opening hours
    in none, and published                every token, during opening hours

A disabled group neither keeps others away nor lets its own tokens in. idTags are
compared without case, as idTag is a CiString (OCPP 1.6, 7.28).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ocpp.v16.enums import AuthorizationStatus

from csms.domain.opening_times import is_open
from csms.domain.vouchers import Voucher, choose


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
    customer_id: int | None = None

    @property
    def blocked(self) -> bool:
        """Switched off by the operator, for now or (deleted) for ever."""
        return self.is_deleted or not self.is_active


@dataclass(frozen=True, slots=True)
class Place:
    """
    The location of a charge box, as it looks to one token.

    `is_exclusive`: it is in an enabled token group; `grants`: the token is in one of those.
    `opening_times` have the form of the API, in `time_zone`; None is always.
    """

    customer_id: int
    is_published: bool
    opening_times: dict[str, Any] | None = None
    time_zone: str = "UTC"
    is_exclusive: bool = False
    grants: bool = False


@dataclass(frozen=True, slots=True)
class Presented:
    """
    What is known when an idTag is presented at a charge box.

    Args:
        token: our record of the idTag, None when there is none.
        place: the location of the charge box, None when it stands at none.
        others_open: accepted transactions of this idTag that are open elsewhere; a
            repeated start does not count itself.
        is_open_here: whether a transaction of this idTag is open at this charge box.
        vouchers: what the token, or its app user, is linked to, of groups that are good at the location.
    """

    token: Token | None
    place: Place | None = None
    others_open: int = 0
    is_open_here: bool = False
    vouchers: Sequence[Voucher] = ()


def authorize(presented: Presented, *, now: datetime, starting: bool = False) -> AuthorizationStatus:
    """
    Decide on an idTag that is presented at a charge box.

    What the place does not allow is Blocked: the token is known and has not expired, so
    of the five words that OCPP has (1.6, 7.2) this is the only true one.

    Two answers depend on why it is asked. ConcurrentTx is an answer to StartTransaction
    only: the same card must still be accepted at the reader, to stop the transaction it
    opened. For the same reason the place does not count at the reader while a transaction
    of the idTag is open there: hours end and groups change, a vehicle still gets its cable
    back. A second one cannot begin this way, as the start itself is judged by the place.

    Args:
        presented: what is known.
        now: the moment that validity and opening hours are judged at.
        starting: whether this answers a StartTransaction.
    """
    right = authorize_token(presented.token, now=now)
    if presented.token is None or right is not AuthorizationStatus.accepted:
        return right
    may_be_stopping = presented.is_open_here and not starting
    if not may_be_stopping and not _admits(presented.place, presented.token, presented.vouchers, now):
        return AuthorizationStatus.blocked
    if starting and presented.others_open > 0:
        return AuthorizationStatus.concurrent_tx
    return AuthorizationStatus.accepted


def authorize_token(token: Token | None, *, now: datetime) -> AuthorizationStatus:
    """Decide on a token wherever it may be presented: all that matters at a stop."""
    if token is None:
        return AuthorizationStatus.invalid
    if token.blocked:
        return AuthorizationStatus.blocked
    if token.valid_from is not None and now < token.valid_from:
        return AuthorizationStatus.expired
    if token.expires_at is not None and now >= token.expires_at:
        return AuthorizationStatus.expired
    return AuthorizationStatus.accepted


def _admits(place: Place | None, token: Token, vouchers: Sequence[Voucher], now: datetime) -> bool:
    """
    Tell whether a token may charge at a place.

    That an unpublished location serves the tokens of its own customer is inferred: the
    API's documents say that a group's tokens may charge at one "even if it is not public",
    so others may not; but its owner would not build a location that nobody can use. A
    voucher "can grant access": where it would change the price, and where nothing stronger
    than not being published keeps the token away.
    """
    if place is None:
        return True
    if place.is_exclusive:
        return place.grants
    is_invited = token.customer_id == place.customer_id or choose(vouchers, now=now) is not None
    if not place.is_published and not is_invited:
        return False
    return is_open(place.opening_times, time_zone=place.time_zone, now=now)
