"""
Which voucher a session has: a pure choice among those that its token or its app user is linked to.

Each of them is of a group that is good at the location; whether it is still good itself
is decided here. Of a voucher's users the first `max_users` count, in the order in which
they got it. Whoever has several good ones has the one that they got last: it is what
they asked for most recently.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Voucher:
    """
    A voucher, as it looks to one of its users.

    Args:
        id: which.
        tariff_id: what its group puts in place of the location's tariff; None makes sessions free.
        user_number: 1 for who got it first, and so on.
        linked_as: the number of the link; the larger one is the newer.
        max_users: how many of its users count; None is all.
        expires_at: from this moment on it is good no more; None is never.
    """

    id: int
    tariff_id: str | None
    user_number: int
    linked_as: int
    max_users: int | None = None
    expires_at: datetime | None = None


def choose(vouchers: Sequence[Voucher], *, now: datetime) -> Voucher | None:
    """Return the voucher that applies to a session that begins now; None where none is good."""
    good = [voucher for voucher in vouchers if _is_good(voucher, now)]
    return max(good, key=lambda voucher: voucher.linked_as, default=None)


def _is_good(voucher: Voucher, now: datetime) -> bool:
    if voucher.expires_at is not None and now >= voucher.expires_at:
        return False
    return voucher.max_users is None or voucher.user_number <= voucher.max_users
