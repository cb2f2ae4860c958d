"""Which report belongs to which transaction: identities by content, the match of stops, and what is odd."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.transactions import (
    OpenTransaction,
    clock_is_trusted,
    match_stop,
    orphan_stop_key,
    start_key,
    stop_oddities,
    time_oddities,
)

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
NEVER_SET = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

TAGS = st.sampled_from(["CARD", "card", "OTHER", "", None])
MOMENTS = st.none() | st.sampled_from([NEVER_SET, NOON - MINUTE, NOON, NOON + 2 * MINUTE, NOON + timedelta(days=9)])
METERS = st.none() | st.decimals(0, 5, places=0)
TEXTS = st.text(st.characters(codec=None), max_size=5)
OPEN = st.lists(
    st.builds(
        OpenTransaction,
        id=st.integers(1, 1000),
        id_tag=TAGS,
        started_at=MOMENTS,
        meter_start_wh=METERS,
        register_wh=METERS,
    ),
    max_size=4,
    unique_by=lambda transaction: transaction.id,
)


# Clocks ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "is_trusted"),
    [
        (None, False),
        (datetime(1, 1, 1, tzinfo=UTC), False),
        (NEVER_SET, False),
        (datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC), False),
        (datetime(2020, 1, 1, tzinfo=UTC), True),
        (NOON, True),
        (datetime(9999, 12, 31, tzinfo=UTC), True),
    ],
)
def test_a_clock_that_was_never_set_is_not_trusted(at: datetime | None, is_trusted: bool) -> None:
    assert clock_is_trusted(at) is is_trusted


@pytest.mark.parametrize(
    ("raw", "at", "oddities"),
    [
        (None, None, ["start_time_missing"]),
        ("", None, ["start_time_unreadable"]),
        ("yesterday", None, ["start_time_unreadable"]),
        ("1970-01-01T00:05:00Z", NEVER_SET, ["start_clock_never_set"]),
        ("2026-07-01T12:00:00Z", NOON, []),
        ("2026-06-01T12:00:00Z", NOON - timedelta(days=30), []),
        ("2026-07-01T12:05:00Z", NOON + 5 * MINUTE, []),
        ("2026-07-01T12:05:01Z", NOON + 5 * MINUTE + timedelta(seconds=1), ["start_in_the_future"]),
        ("2099-01-01T00:00:00Z", datetime(2099, 1, 1, tzinfo=UTC), ["start_in_the_future"]),
    ],
)
def test_what_is_odd_about_a_time_has_a_name(raw: str | None, at: datetime | None, oddities: list[str]) -> None:
    assert time_oddities("start", raw, at, received_at=NOON) == oddities


# Identities by content ------------------------------------------------------------------------------------------------

START = (1, 1, "CARD", "2026-07-01T12:00:00Z", Decimal(1000), "unique-1")


@pytest.mark.parametrize(
    "repeat",
    [
        START,
        (1, 1, "CARD", "2026-07-01T12:00:00Z", Decimal(1000), "unique-2"),
        (1, 1, "card", "2026-07-01T12:00:00Z", Decimal(1000), "unique-1"),
    ],
)
def test_a_start_is_the_same_under_another_unique_id(repeat: tuple[int, int, str, str, Decimal, str]) -> None:
    assert start_key(*repeat) == start_key(*START)
    assert len(start_key(*repeat)) == 16


@pytest.mark.parametrize(
    "other",
    [
        (2, 1, "CARD", "2026-07-01T12:00:00Z", Decimal(1000), "unique-1"),
        (1, 2, "CARD", "2026-07-01T12:00:00Z", Decimal(1000), "unique-1"),
        (1, 1, "OTHER", "2026-07-01T12:00:00Z", Decimal(1000), "unique-1"),
        (1, 1, "CARD", "2026-07-01T12:00:01Z", Decimal(1000), "unique-1"),
        (1, 1, "CARD", None, Decimal(1000), "unique-1"),
        (1, 1, "CARD", "2026-07-01T12:00:00Z", Decimal(1001), "unique-1"),
        (1, 1, "CARD", "2026-07-01T12:00:00Z", None, "unique-1"),
    ],
)
def test_a_start_of_other_content_is_another_one(other: tuple[int, int, str, str | None, Decimal, str]) -> None:
    assert start_key(*other) != start_key(*START)


@pytest.mark.parametrize("missing", [None, ""])
def test_without_a_time_a_start_is_known_by_its_unique_id(missing: str | None) -> None:
    keys = [start_key(1, 1, "CARD", missing, Decimal(0), unique_id) for unique_id in ("1", "1", "2")]

    assert keys[0] == keys[1] != keys[2]


@given(
    st.lists(
        st.tuples(st.integers(1, 3), TEXTS, st.none() | TEXTS, st.none() | st.decimals(0, 9, places=0)),
        min_size=2,
        max_size=2,
        unique=True,
    )
)
def test_orphan_stops_are_the_same_only_if_all_is_the_same(
    stops: list[tuple[int, str, str | None, Decimal | None]],
) -> None:
    first, second = stops

    assert orphan_stop_key(*first) == orphan_stop_key(*first)
    assert orphan_stop_key(*first) != orphan_stop_key(*second)


def test_a_start_and_a_stop_are_never_the_same() -> None:
    assert start_key(1, 1, "", "", None, "") != orphan_stop_key(1, "1", "", None)


# Matching a stop without a usable id ----------------------------------------------------------------------------------


def open_one(
    *,
    number: int = 1,
    id_tag: str | None = "CARD",
    started_at: datetime | None = NOON,
    meter_start_wh: int | None = 1000,
    register_wh: int | None = None,
) -> OpenTransaction:
    return OpenTransaction(
        number,
        id_tag,
        started_at,
        None if meter_start_wh is None else Decimal(meter_start_wh),
        None if register_wh is None else Decimal(register_wh),
    )


@pytest.mark.parametrize(
    ("transaction", "is_match"),
    [
        (open_one(), True),
        (open_one(id_tag="card"), True),
        (open_one(id_tag="OTHER"), False),
        (open_one(id_tag=None), True),
        (open_one(started_at=None), True),
        (open_one(started_at=NOON + timedelta(hours=1)), True),
        # Timestamps that were rounded may lie up to a minute apart the wrong way round.
        (open_one(started_at=NOON + timedelta(hours=1, minutes=1)), True),
        (open_one(started_at=NOON + timedelta(hours=1, minutes=1, seconds=1)), False),
        (open_one(started_at=NEVER_SET), True),
        (open_one(meter_start_wh=None), True),
        (open_one(meter_start_wh=5000), True),
        (open_one(meter_start_wh=5001), False),
        (open_one(register_wh=5000), True),
        (open_one(register_wh=5001), False),
        (open_one(meter_start_wh=None, register_wh=5001), False),
    ],
)
def test_a_stop_finds_the_one_transaction_that_fits(transaction: OpenTransaction, is_match: bool) -> None:
    found = match_stop([transaction], id_tag="CARD", stopped_at=NOON + timedelta(hours=1), meter_stop_wh=Decimal(5000))

    assert found == (transaction if is_match else None)


def test_a_stop_that_says_nothing_finds_the_only_open_transaction() -> None:
    only = open_one()

    assert match_stop([only], id_tag=None, stopped_at=None, meter_stop_wh=None) is only


def test_a_stop_of_a_clock_that_was_never_set_is_not_too_early() -> None:
    only = open_one()

    assert match_stop([only], id_tag="CARD", stopped_at=NEVER_SET, meter_stop_wh=Decimal(1000)) is only


def test_a_stop_with_nothing_open_has_no_match() -> None:
    assert match_stop([], id_tag="CARD", stopped_at=NOON, meter_stop_wh=Decimal(5000)) is None


def test_facts_that_leave_one_choice_tell_two_open_transactions_apart() -> None:
    mine, other = open_one(number=1), open_one(number=2, id_tag="OTHER")

    assert match_stop([mine, other], id_tag="card", stopped_at=NOON, meter_stop_wh=Decimal(5000)) is mine


def test_a_stop_that_two_transactions_fit_is_not_guessed() -> None:
    open_transactions = [open_one(number=1), open_one(number=2)]

    assert match_stop(open_transactions, id_tag="CARD", stopped_at=NOON, meter_stop_wh=Decimal(5000)) is None


@given(open_transactions=OPEN, id_tag=TAGS, stopped_at=MOMENTS, meter_stop_wh=METERS)
def test_no_stop_goes_to_a_transaction_that_a_fact_rules_out(
    open_transactions: list[OpenTransaction],
    id_tag: str | None,
    stopped_at: datetime | None,
    meter_stop_wh: Decimal | None,
) -> None:
    match = match_stop(open_transactions, id_tag=id_tag, stopped_at=stopped_at, meter_stop_wh=meter_stop_wh)

    if match is not None:
        assert match in open_transactions
        assert not id_tag or match.id_tag is None or match.id_tag.lower() == id_tag.lower()
        if meter_stop_wh is not None:
            assert (match.meter_start_wh or 0) <= meter_stop_wh
            assert (match.register_wh or 0) <= meter_stop_wh
        if stopped_at not in (None, NEVER_SET) and match.started_at not in (None, NEVER_SET):
            assert match.started_at - stopped_at <= MINUTE


# Oddities of a stop ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("started_at", "stopped_at", "meter_start_wh", "meter_stop_wh", "oddities"),
    [
        (NOON, NOON, 1000, 1000, []),
        (NOON, NOON + MINUTE, 1000, 5000, []),
        (NOON, NOON - MINUTE, 1000, 5000, []),
        (NOON, NOON - 2 * MINUTE, 1000, 5000, ["stop_before_start"]),
        (NOON, NEVER_SET, 1000, 5000, []),
        (NOON, NOON, 1000, 999, ["meter_ran_backwards"]),
        (NOON, NOON - 2 * MINUTE, 1000, 0, ["stop_before_start", "meter_ran_backwards"]),
        (None, NOON, None, 0, []),
        (NOON, None, 1000, None, []),
    ],
)
def test_what_does_not_fit_between_start_and_stop_has_a_name(
    started_at: datetime | None,
    stopped_at: datetime | None,
    meter_start_wh: int | None,
    meter_stop_wh: int | None,
    oddities: list[str],
) -> None:
    found = stop_oddities(
        started_at=started_at,
        stopped_at=stopped_at,
        meter_start_wh=None if meter_start_wh is None else Decimal(meter_start_wh),
        meter_stop_wh=None if meter_stop_wh is None else Decimal(meter_stop_wh),
    )

    assert found == oddities
