"""The decision on an idTag, as a table of what is known and what follows, and two rules over everything."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocpp.v16.enums import AuthorizationStatus

from csms.domain.authorization import Token, authorize

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BEFORE, AFTER = NOW - SECOND, NOW + SECOND

TOKENS = st.builds(
    Token,
    id=st.just(1),
    uid=st.just("CARD"),
    parent_id_tag=st.none() | st.just("FAMILY"),
    is_active=st.booleans(),
    valid_from=st.sampled_from([None, BEFORE, NOW, AFTER]),
    expires_at=st.sampled_from([None, BEFORE, NOW, AFTER]),
    is_deleted=st.booleans(),
)


@pytest.mark.parametrize(
    ("token", "status"),
    [
        (None, "Invalid"),
        (Token(1, "CARD"), "Accepted"),
        (Token(1, "CARD", parent_id_tag="FAMILY"), "Accepted"),
        (Token(1, "CARD", is_active=False), "Blocked"),
        (Token(1, "CARD", is_deleted=True), "Blocked"),
        (Token(1, "CARD", is_active=False, expires_at=BEFORE), "Blocked"),
        (Token(1, "CARD", valid_from=BEFORE), "Accepted"),
        (Token(1, "CARD", valid_from=NOW), "Accepted"),
        (Token(1, "CARD", valid_from=AFTER), "Expired"),
        (Token(1, "CARD", expires_at=AFTER), "Accepted"),
        (Token(1, "CARD", expires_at=NOW), "Expired"),
        (Token(1, "CARD", expires_at=BEFORE), "Expired"),
        (Token(1, "CARD", valid_from=BEFORE, expires_at=AFTER), "Accepted"),
    ],
)
def test_what_is_known_of_an_id_tag_decides(token: Token | None, status: str) -> None:
    assert authorize(token, now=NOW) == status


@pytest.mark.parametrize(
    ("others_open", "starting", "status"),
    [
        (0, True, "Accepted"),
        (1, True, "ConcurrentTx"),
        (2, True, "ConcurrentTx"),
        (0, False, "Accepted"),
        # At the reader the same card must still stop what it started.
        (1, False, "Accepted"),
    ],
)
def test_concurrent_is_an_answer_to_a_start_only(others_open: int, starting: bool, status: str) -> None:
    assert authorize(Token(1, "CARD"), now=NOW, others_open=others_open, starting=starting) == status


def test_a_token_that_could_not_start_is_not_called_concurrent() -> None:
    token = Token(1, "CARD", is_active=False)

    assert authorize(token, now=NOW, others_open=1, starting=True) == AuthorizationStatus.blocked


@given(token=st.none() | TOKENS, others_open=st.integers(0, 3), starting=st.booleans())
def test_only_a_token_with_every_right_is_accepted(token: Token | None, others_open: int, starting: bool) -> None:
    accepted = authorize(token, now=NOW, others_open=others_open, starting=starting) is AuthorizationStatus.accepted

    assert accepted == (
        token is not None
        and not token.is_deleted
        and token.is_active
        and (token.valid_from or BEFORE) <= NOW < (token.expires_at or AFTER)
        and not (starting and others_open)
    )


@given(token=TOKENS.filter(lambda token: token.blocked), others_open=st.integers(0, 3), starting=st.booleans())
def test_a_blocked_token_is_blocked_whatever_else_is_true(token: Token, others_open: int, starting: bool) -> None:
    assert authorize(token, now=NOW, others_open=others_open, starting=starting) is AuthorizationStatus.blocked
