"""Which voucher a session has."""

from datetime import UTC, datetime, timedelta

from csms.domain.vouchers import Voucher, choose

NOON = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def voucher(number: int = 1, *, max_users: int | None = None, expires_at: datetime | None = None) -> Voucher:
    """A voucher whose second user asks."""
    return Voucher(
        number, tariff_id=None, user_number=2, linked_as=100 + number, max_users=max_users, expires_at=expires_at
    )


def test_who_has_no_voucher_gets_none() -> None:
    assert choose([], now=NOON) is None


def test_a_voucher_is_good_until_it_expires() -> None:
    assert choose([good := voucher(expires_at=NOON + MOMENT)], now=NOON) == good
    assert choose([voucher(expires_at=NOON)], now=NOON) is None
    assert choose([forever := voucher()], now=NOON) == forever


def test_only_the_first_users_count() -> None:
    assert choose([counted := voucher(max_users=2)], now=NOON) == counted
    assert choose([voucher(max_users=1)], now=NOON) is None


def test_of_several_good_ones_the_newest_link_counts() -> None:
    older, newer, newest = voucher(2), voucher(5), voucher(9, max_users=1)
    assert choose([older, newest, newer], now=NOON) == newer
    assert choose([newer, older], now=NOON) == newer
