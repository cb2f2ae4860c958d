"""The decision on an idTag, as tables of what is known and what follows, and rules over everything."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocpp.v16.enums import AuthorizationStatus

from csms.domain.authorization import Place, Presented, Token, authorize, authorize_token
from csms.domain.vouchers import Voucher

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)  # a Wednesday
SECOND = timedelta(seconds=1)
BEFORE, AFTER = NOW - SECOND, NOW + SECOND

OWNER, OTHER = 1, 2
OPEN: dict[str, Any] = {"regularHours": [{"weekday": 3, "periodBegin": "11:00", "periodEnd": "13:00"}]}
CLOSED: dict[str, Any] = {"regularHours": [{"weekday": 3, "periodBegin": "13:00", "periodEnd": "15:00"}]}

TOKENS = st.builds(
    Token,
    id=st.just(1),
    uid=st.just("CARD"),
    parent_id_tag=st.none() | st.just("FAMILY"),
    is_active=st.booleans(),
    valid_from=st.sampled_from([None, BEFORE, NOW, AFTER]),
    expires_at=st.sampled_from([None, BEFORE, NOW, AFTER]),
    is_deleted=st.booleans(),
    customer_id=st.sampled_from([OWNER, OTHER]),
)
PLACES = st.builds(
    Place,
    customer_id=st.just(OWNER),
    is_published=st.booleans(),
    opening_times=st.sampled_from([None, OPEN, CLOSED]),
    is_exclusive=st.booleans(),
    grants=st.booleans(),
).filter(lambda place: place.is_exclusive or not place.grants)
CASES = st.builds(
    Presented,
    token=st.none() | TOKENS,
    place=st.none() | PLACES,
    others_open=st.integers(0, 3),
    is_open_here=st.booleans(),
)

CARD = Token(1, "CARD", customer_id=OTHER)


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
    assert authorize_token(token, now=NOW) == status
    assert authorize(Presented(token), now=NOW) == status


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
    assert authorize(Presented(CARD, others_open=others_open), now=NOW, starting=starting) == status


def test_a_token_that_could_not_start_is_not_called_concurrent() -> None:
    presented = Presented(replace(CARD, is_active=False), others_open=1)

    assert authorize(presented, now=NOW, starting=True) == AuthorizationStatus.blocked


@pytest.mark.parametrize("starting", [False, True])
@pytest.mark.parametrize(
    ("token_customer", "published", "opening_times", "exclusive", "grants", "status"),
    [
        # No enabled group: published and open is for everyone.
        (OTHER, True, None, False, False, "Accepted"),
        (OTHER, True, OPEN, False, False, "Accepted"),
        (OTHER, True, CLOSED, False, False, "Blocked"),
        (OWNER, True, CLOSED, False, False, "Blocked"),
        # Unpublished: the location's own customer, in opening hours.
        (OTHER, False, None, False, False, "Blocked"),
        (OWNER, False, None, False, False, "Accepted"),
        (OWNER, False, OPEN, False, False, "Accepted"),
        (OWNER, False, CLOSED, False, False, "Blocked"),
        # An enabled group keeps everyone else away, also the owner.
        (OTHER, True, None, True, False, "Blocked"),
        (OWNER, True, None, True, False, "Blocked"),
        (OWNER, False, None, True, False, "Blocked"),
        # What a group grants holds at any time, published or not.
        (OTHER, True, None, True, True, "Accepted"),
        (OTHER, True, CLOSED, True, True, "Accepted"),
        (OTHER, False, None, True, True, "Accepted"),
        (OTHER, False, CLOSED, True, True, "Accepted"),
    ],
)
def test_the_place_decides_on_a_valid_token(
    token_customer: int,
    published: bool,
    opening_times: dict[str, Any] | None,
    exclusive: bool,
    grants: bool,
    status: str,
    starting: bool,
) -> None:
    place = Place(OWNER, published, opening_times, is_exclusive=exclusive, grants=grants)
    presented = Presented(replace(CARD, customer_id=token_customer), place)

    assert authorize(presented, now=NOW, starting=starting) == status


@pytest.mark.parametrize(("time_zone", "status"), [("UTC", "Accepted"), ("Asia/Tokyo", "Blocked")])
def test_opening_hours_are_those_of_the_places_clock(time_zone: str, status: str) -> None:
    presented = Presented(CARD, Place(OWNER, is_published=True, opening_times=OPEN, time_zone=time_zone))

    assert authorize(presented, now=NOW) == status


@pytest.mark.parametrize(
    "place", [Place(OWNER, True, CLOSED), Place(OWNER, False), Place(OWNER, True, None, "UTC", True)]
)
def test_the_place_does_not_count_for_a_token_that_may_be_stopping(place: Place) -> None:
    presented = Presented(CARD, place, is_open_here=True)

    assert authorize(presented, now=NOW) == AuthorizationStatus.accepted
    assert authorize(presented, now=NOW, starting=True) == AuthorizationStatus.blocked


def test_a_grant_makes_no_invalid_token_valid() -> None:
    place = Place(OWNER, is_published=True, is_exclusive=True, grants=True)

    assert authorize(Presented(replace(CARD, expires_at=NOW), place), now=NOW) == AuthorizationStatus.expired
    assert authorize(Presented(None, place), now=NOW) == AuthorizationStatus.invalid


@pytest.mark.parametrize(
    ("place", "expires_at", "status"),
    [
        (Place(OWNER, is_published=False), None, "Accepted"),
        (Place(OWNER, is_published=False), AFTER, "Accepted"),
        (Place(OWNER, is_published=False), BEFORE, "Blocked"),
        (Place(OWNER, is_published=False, opening_times=CLOSED), None, "Blocked"),
        (Place(OWNER, is_published=False, is_exclusive=True), None, "Blocked"),
    ],
)
def test_a_voucher_lets_its_user_in_where_the_place_is_not_published(
    place: Place, expires_at: datetime | None, status: str
) -> None:
    voucher = Voucher(7, tariff_id=None, user_number=1, linked_as=1, expires_at=expires_at)

    assert authorize(Presented(CARD, place), now=NOW) == AuthorizationStatus.blocked
    assert authorize(Presented(CARD, place, vouchers=[voucher]), now=NOW) == status


@given(presented=CASES, starting=st.booleans())
def test_only_a_token_with_every_right_is_accepted(presented: Presented, starting: bool) -> None:
    accepted = authorize(presented, now=NOW, starting=starting) is AuthorizationStatus.accepted

    token, place = presented.token, presented.place
    is_valid = (
        token is not None
        and not token.is_deleted
        and token.is_active
        and (token.valid_from or BEFORE) <= NOW < (token.expires_at or AFTER)
    )
    is_public = place is None or (
        not place.is_exclusive
        and place.opening_times is not CLOSED
        and (place.is_published or (token is not None and token.customer_id == place.customer_id))
    )
    is_granted = place is not None and place.grants
    is_stopping = presented.is_open_here and not starting
    assert accepted == (
        is_valid and (is_public or is_granted or is_stopping) and not (starting and presented.others_open)
    )


@given(presented=CASES.filter(lambda case: case.token is not None and case.token.blocked), starting=st.booleans())
def test_a_blocked_token_is_blocked_whatever_else_is_true(presented: Presented, starting: bool) -> None:
    assert authorize(presented, now=NOW, starting=starting) is AuthorizationStatus.blocked
