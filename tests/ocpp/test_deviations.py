import pytest
from hypothesis import given

from csms.ocpp.deviations import MAX_EXAMPLE_LENGTH, Deviation, deviation
from tests.ocpp.strategies import json_values, texts


@pytest.mark.parametrize(
    ("value", "example"),
    [
        ("Hz", "Hz"),
        ("x" * 100, "x" * 100),
        ("x" * 101, "x" * 99 + "…"),
        (12, "12"),
        (10**400, "(int)"),
        (12.5, "12.5"),
        (True, "True"),
        (None, "None"),
        ([1, 2], "(list of 2)"),
        ({"AuthorizationKey": "secret"}, "(object of 1)"),
    ],
)
def test_an_example_is_short_and_printable(value: object, example: str) -> None:
    assert deviation("odd", "idTag", value) == Deviation("odd", "idTag", example)


@pytest.mark.parametrize("path", ["data", "csr", "configurationKey[].value"])
def test_what_may_be_secret_is_described_and_not_shown(path: str) -> None:
    assert deviation("odd", path, "secret").example == "(text of 6 characters)"
    assert deviation("odd", path, 123).example == "(int)"


def test_a_value_can_be_kept_out() -> None:
    assert deviation("odd", "anything", "secret", shown=False).example == "(text of 6 characters)"


@given(texts, json_values)
def test_no_example_grows_beyond_its_limit(path: str, value: object) -> None:
    noted = deviation("odd", path * 50, value)
    assert len(noted.path) <= MAX_EXAMPLE_LENGTH
    assert len(noted.example) <= MAX_EXAMPLE_LENGTH
