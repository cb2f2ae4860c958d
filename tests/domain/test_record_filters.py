"""The filter of charge records: what is read, and where exactly what cannot be is refused."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.record_filters import (
    FIELDS,
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_PATTERN,
    MAX_VALUES,
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Exists,
    Matches,
    OneOf,
    Operator,
    parse,
)
from csms.errors import Invalid

_DOCUMENTED = """
    operatorId companyId company.id auth.idTag.id auth.idTag.operatorId auth.idTag.companyId auth.idTag.customerId
    auth.idTag.crmCustomerId auth.type transactionId location.country location.isPublic location.crmCustomerId
    auth.idTag.uid startedAt endedAt updatedAt createdAt isRoaming location.appUserId location.id location.type consumed
    role evseId sessionId paymentMetadata.externalSessionId roamingDetails.type voucher.id chargeBoxId
"""
_FIELDS = tuple(_DOCUMENTED.split())


def read(node: Any) -> Condition:
    """Read a filter that is not yet text."""
    return parse(json.dumps(node))


def refused(text: str) -> tuple[str, str]:
    """Where and why a filter is refused."""
    with pytest.raises(Invalid) as caught:
        parse(text)
    return caught.value.field, caught.value.reason


def test_the_documented_fields_are_known_and_no_others() -> None:
    assert tuple(FIELDS) == _FIELDS


def test_the_documented_example_is_read() -> None:
    assert read({"location.id": {"$in": [1, 2]}, "startedAt": {"$gte": "2025-01-01T00:00:00Z"}}) == AllOf(
        (
            OneOf("location.id", (1, 2), negated=False),
            Compare("startedAt", Operator.gte, datetime(2025, 1, 1, tzinfo=UTC), "filter.startedAt.$gte"),
        )
    )


def test_an_empty_filter_always_holds() -> None:
    assert read({}) == AllOf(())


@pytest.mark.parametrize(
    ("node", "condition"),
    [
        ({"voucher.id": 7}, Compare("voucher.id", Operator.eq, 7, "filter.voucher.id")),
        ({"voucher.id": None}, Compare("voucher.id", Operator.eq, None, "filter.voucher.id")),
        ({"role": {"$ne": None}}, Compare("role", Operator.ne, None, "filter.role.$ne")),
        ({"consumed": {"$lt": 1}}, Compare("consumed", Operator.lt, 1.0, "filter.consumed.$lt")),
        ({"isRoaming": 1}, Compare("isRoaming", Operator.eq, True, "filter.isRoaming")),
        ({"evseId": {"$nin": ["A", None]}}, OneOf("evseId", ("A", None), negated=True)),
        ({"voucher.id": {"$exists": False}}, Exists("voucher.id", wanted=False)),
        ({"voucher.id": {"$exists": 1}}, Exists("voucher.id", wanted=True)),
        ({"evseId": {"$regex": "^DK"}}, Matches("evseId", "^DK", "filter.evseId.$regex")),
        (
            {"sessionId": "0f8e9a3c-5d7b-4e21-a6c8-d0b2f4e6a810"},
            Compare("sessionId", Operator.eq, UUID("0f8e9a3c-5d7b-4e21-a6c8-d0b2f4e6a810"), "filter.sessionId"),
        ),
        (
            {"$or": [{"role": "CPO"}, {"$and": [{"role": "EMP"}]}]},
            AnyOf(
                (
                    Compare("role", Operator.eq, "CPO", "filter.$or.0.role"),
                    AllOf((Compare("role", Operator.eq, "EMP", "filter.$or.1.$and.0.role"),)),
                )
            ),
        ),
        (
            {"startedAt": {"$gt": "2025-01-01T01:00:00+01:00", "$lte": "2025-02-01"}},
            AllOf(
                (
                    Compare("startedAt", Operator.gt, datetime(2025, 1, 1, tzinfo=UTC), "filter.startedAt.$gt"),
                    Compare("startedAt", Operator.lte, datetime(2025, 2, 1, tzinfo=UTC), "filter.startedAt.$lte"),
                )
            ),
        ),
    ],
)
def test_a_condition_is_read_as_its_fields_type(node: Any, condition: Condition) -> None:
    assert read(node) == condition


@pytest.mark.parametrize(
    ("node", "path"),
    [
        ([], "filter"),
        (7, "filter"),
        ({"price": 7}, "filter.price"),
        ({"location": {"id": 7}}, "filter.location"),
        ({"$nor": []}, "filter.$nor"),
        ({"$or": []}, "filter.$or"),
        ({"$or": {}}, "filter.$or"),
        ({"$and": [{"role": "CPO"}, 7]}, "filter.$and.1"),
        ({"role": {}}, "filter.role"),
        ({"role": {"$where": "1"}}, "filter.role.$where"),
        ({"role": {"$eq": 7}}, "filter.role.$eq"),
        ({"role": "\x00"}, "filter.role"),
        ({"role": "\ud800"}, "filter.role"),
        ({"transactionId": "7"}, "filter.transactionId"),
        ({"transactionId": 7.5}, "filter.transactionId"),
        ({"transactionId": True}, "filter.transactionId"),
        ({"transactionId": 2**63}, "filter.transactionId"),
        ({"transactionId": {"$gt": None}}, "filter.transactionId.$gt"),
        ({"location.id": {"$in": [1, "2"]}}, "filter.location.id.$in.1"),
        ({"location.id": {"$in": 1}}, "filter.location.id.$in"),
        ({"location.id": {"$in": [1] * (MAX_VALUES + 1)}}, "filter.location.id.$in"),
        ({"consumed": "7"}, "filter.consumed"),
        ({"consumed": True}, "filter.consumed"),
        ({"consumed": 10**400}, "filter.consumed"),
        ({"isRoaming": 2}, "filter.isRoaming"),
        ({"isRoaming": {"$lt": True}}, "filter.isRoaming.$lt"),
        ({"startedAt": "soon"}, "filter.startedAt"),
        ({"startedAt": 7}, "filter.startedAt"),
        ({"startedAt": "0001-01-01T00:00:00+14:00"}, "filter.startedAt"),
        ({"sessionId": "7"}, "filter.sessionId"),
        ({"voucher.id": {"$exists": "yes"}}, "filter.voucher.id.$exists"),
        ({"voucher.id": {"$regex": "7"}}, "filter.voucher.id.$regex"),
        ({"evseId": {"$regex": 7}}, "filter.evseId.$regex"),
        ({"evseId": {"$regex": "x" * (MAX_PATTERN + 1)}}, "filter.evseId.$regex"),
    ],
)
def test_what_cannot_be_is_refused_with_its_path(node: Any, path: str) -> None:
    assert refused(json.dumps(node))[0] == path


@pytest.mark.parametrize("text", ["", "{", "{'role': 1}", '{"consumed": NaN}', '{"role": "A", "role": "B"}'])
def test_what_is_not_json_is_refused(text: str) -> None:
    assert refused(text)[0] == "filter"


def test_a_filter_is_bounded_in_length_depth_and_number() -> None:
    assert refused(" " * (MAX_LENGTH + 1))[0] == "filter"
    assert refused("[" * 5000)[0] == "filter"
    node: dict[str, Any] = {"role": "CPO"}
    for _ in range(MAX_DEPTH):
        node = {"$and": [node]}
    assert "deep" in refused(json.dumps(node))[1]
    many = {"$or": [{"role": "CPO"}] * (MAX_CONDITIONS + 1)}
    assert refused(json.dumps(many)) == (
        f"filter.$or.{MAX_CONDITIONS}.role",
        f"is one condition too many; a filter may have {MAX_CONDITIONS}",
    )


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.dictionaries(
            st.sampled_from([*_FIELDS, "$and", "$or", "$in", "$eq", "$gt", "$regex", "$exists", "other"]), parts
        )
    ),
    max_leaves=8,
)


@given(_JSON)
def test_whatever_is_sent_is_read_or_refused_by_its_path(node: Any) -> None:
    paths = []
    try:
        parse(json.dumps(node))
    except Invalid as error:
        paths.append(error.field)
    assert all(path.startswith("filter") for path in paths)
