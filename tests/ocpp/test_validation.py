from typing import Any

import pytest
from ocpp.v16.enums import Action

from csms.ocpp.validation import (
    ACTIONS_FROM_CHARGE_BOX,
    ACTIONS_TO_CHARGE_BOX,
    REQUEST_SCHEMAS,
    RESPONSE_SCHEMAS,
    Profile,
    Violation,
    is_valid_request,
    is_valid_response,
    known_action,
    request_violations,
    response_violations,
)
from tests.ocpp.strategies import VALID_REQUESTS


def test_every_action_of_the_package_has_a_direction_and_both_schemas() -> None:
    actions = {action.value for action in Action}

    assert ACTIONS_FROM_CHARGE_BOX.keys() | ACTIONS_TO_CHARGE_BOX.keys() == actions
    assert ACTIONS_FROM_CHARGE_BOX.keys() & ACTIONS_TO_CHARGE_BOX.keys() == {"DataTransfer"}
    assert REQUEST_SCHEMAS.keys() == RESPONSE_SCHEMAS.keys() == actions


def test_every_profile_has_actions() -> None:
    assert {*ACTIONS_FROM_CHARGE_BOX.values(), *ACTIONS_TO_CHARGE_BOX.values()} == set(Profile)
    assert ACTIONS_TO_CHARGE_BOX["TriggerMessage"] is Profile.REMOTE_TRIGGER


def test_known_actions_are_spelled_exactly() -> None:
    assert known_action("Heartbeat")
    assert not known_action("heartbeat")
    assert not known_action("HeartbeatResponse")
    assert not known_action("NotifyReport")


@pytest.mark.parametrize("action", sorted(VALID_REQUESTS))
def test_the_examples_are_valid(action: str) -> None:
    assert is_valid_request(action, VALID_REQUESTS[action])
    assert request_violations(action, VALID_REQUESTS[action]) == []


STOP = {"transactionId": 1, "meterStop": 2, "timestamp": "2026-11-20T12:00:00Z"}


def _metered(**sample: str) -> dict[str, Any]:
    reading = {"timestamp": "2026-11-20T12:00:00Z", "sampledValue": [{"value": "20", **sample}]}
    return {"connectorId": 1, "meterValue": [reading]}


@pytest.mark.parametrize(
    ("action", "payload", "valid"),
    [
        ("StopTransaction", STOP, True),  # the reason is optional (errata 2.6)
        ("StopTransaction", {**STOP, "reason": "Bored"}, False),
        ("StopTransaction", {**STOP, "transactionData": _metered(unit="Celsius")["meterValue"]}, True),  # errata 2.1
        ("StopTransaction", {**STOP, "transactionData": _metered(unit="Celcius")["meterValue"]}, True),
        ("MeterValues", _metered(unit="Celsius"), True),
        ("MeterValues", _metered(unit="Celcius"), True),
        ("MeterValues", _metered(unit="Hz"), False),
        ("MeterValues", {"connectorId": 1, "meterValue": []}, False),
        ("StopTransaction", {**STOP, "timestamp": "2026-11-20T12:00:00"}, False),
        ("StopTransaction", {**STOP, "timestamp": "2026-11-20T12:00:00+02:00"}, True),
        ("StopTransaction", {**STOP, "meterStop": 2.5}, False),
        ("SignedFirmwareStatusNotification", {"status": "Installed", "requestId": 1.0}, False),
        ("UpdateFirmware", {"location": "ftp://a/b", "retrieveDate": STOP["timestamp"], "retries": 1.5}, False),  # 2.5
        ("UpdateFirmware", {"location": "ftp://a/b", "retrieveDate": STOP["timestamp"], "retries": 1}, True),
        ("ChangeConfiguration", {"key": "x" * 50, "value": "x" * 500}, True),
        ("ChangeConfiguration", {"key": "x" * 51, "value": ""}, False),
        ("Authorize", {"idTag": "x" * 20}, True),
        ("Authorize", {"idTag": "x" * 21}, False),
        ("Authorize", {"idTag": None}, False),
        ("Authorize", {"idTag": "a", "\ud800": 1}, False),
        ("Heartbeat", {"extra": 1}, False),
        ("Unheard", {}, False),
    ],
)
def test_requests_are_judged_by_their_schemas(action: str, payload: dict[str, Any], valid: bool) -> None:
    assert is_valid_request(action, payload) is valid
    if known_action(action):
        assert (request_violations(action, payload) == []) is valid


@pytest.mark.parametrize(
    ("action", "payload", "valid"),
    [
        ("BootNotification", {"status": "Accepted", "currentTime": "2026-11-20T12:00:00Z", "interval": 60}, True),
        ("BootNotification", {"status": "Accepted", "currentTime": "2026-11-20T12:00:00Z", "interval": 0.5}, False),
        ("GetConfiguration", {}, True),
        ("GetConfiguration", {"configurationKey": [{"key": "a", "readonly": "true"}]}, False),
        ("Reset", {"status": "Accepted"}, True),
        ("Reset", {}, False),
        ("GetInstalledCertificateIds", {"status": "Accepted", "certificateHashData": []}, False),
        ("Unheard", {}, False),
    ],
)
def test_responses_are_judged_by_their_schemas(action: str, payload: dict[str, Any], valid: bool) -> None:
    assert is_valid_response(action, payload) is valid
    if known_action(action):
        assert (response_violations(action, payload) == []) is valid


def test_limits_of_one_decimal_are_exact() -> None:
    for tenths in range(1, 1000):
        period = {"startPeriod": 0, "limit": tenths / 10}
        schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
        assert is_valid_response("GetCompositeSchedule", {"status": "Accepted", "chargingSchedule": schedule})


def test_violations_name_the_place_and_the_keyword_and_quote_no_value() -> None:
    payload = {**_metered(unit="secret-unit"), "connectorId": "secret-id"}
    del payload["meterValue"][0]["timestamp"]

    violations = request_violations("MeterValues", payload)

    assert {(violation.path, violation.keyword) for violation in violations} == {
        (("connectorId",), "type"),
        (("meterValue", 0), "required"),
        (("meterValue", 0, "sampledValue", 0, "unit"), "enum"),
    }
    assert "secret" not in " ".join(violation.message for violation in violations)


def test_what_is_no_json_is_one_violation() -> None:
    assert request_violations("Authorize", {"\ud800": 1}) == [Violation((), "type", "the payload is not JSON")]


def test_violations_of_an_unknown_action_are_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        request_violations("Unheard", {})
