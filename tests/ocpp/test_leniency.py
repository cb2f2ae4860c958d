import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.ocpp.errors import ErrorCode, OcppError
from csms.ocpp.frames import Call, decode
from csms.ocpp.leniency import TOLERATED, accept, accept_response
from csms.ocpp.payloads import REQUESTS, MeterValues, StartTransaction, StopTransaction, to_request
from csms.ocpp.validation import ACTIONS_FROM_CHARGE_BOX, ACTIONS_TO_CHARGE_BOX, is_valid_request, is_valid_response
from tests.ocpp.strategies import VALID_REQUESTS, careless_requests, json_values

ABSENT = object()


def _changed(action: str, changes: dict[str, object]) -> dict[str, Any]:
    """The valid request with other values at places like `meterValue.0.timestamp`, or without them."""
    payload = copy.deepcopy(VALID_REQUESTS[action])
    for place, value in changes.items():
        node: Any = payload
        *parents, last = (int(part) if part.isdigit() else part for part in place.split("."))
        for parent in parents:
            node = node[parent]
        if value is ABSENT:
            node.pop(last, None)
        else:
            node[last] = value
    return payload


@pytest.mark.parametrize("action", sorted(VALID_REQUESTS))
def test_a_valid_request_passes_as_it_is(action: str) -> None:
    payload, deviations = accept(action, VALID_REQUESTS[action])

    assert payload is VALID_REQUESTS[action]
    assert deviations == ()


# (action, place, value sent, value taken, kind of deviation)
SET_RIGHT: list[tuple[str, str, object, object, str | None]] = [
    # texts
    ("BootNotification", "chargePointSerialNumber", "x" * 26, "x" * 26, "long_text"),
    ("BootNotification", "chargePointVendor", ABSENT, "", "missing_field"),
    ("BootNotification", "chargePointModel", None, "", "null_field"),
    ("BootNotification", "chargePointModel", {"a": 1}, "", "unusable_value"),
    ("BootNotification", "imsi", None, ABSENT, "null_field"),
    ("BootNotification", "imsi", 262011234567890, "262011234567890", "number_for_text"),
    ("BootNotification", "imsi", [], ABSENT, "unusable_value"),
    ("Authorize", "idTag", "x" * 21, "x" * 21, "long_text"),
    ("Authorize", "idTag", 4711, "4711", "number_for_text"),
    ("StartTransaction", "idTag", True, "true", "number_for_text"),
    ("StartTransaction", "idTag", ABSENT, "", "missing_field"),
    ("StartTransaction", "idTag", None, "", "null_field"),
    ("StartTransaction", "idTag", [1], "", "unusable_value"),
    ("StopTransaction", "idTag", None, ABSENT, "null_field"),
    ("StopTransaction", "idTag", "x" * 300, "x" * 300, "long_text"),
    ("DataTransfer", "vendorId", ABSENT, "", "missing_field"),
    ("DataTransfer", "messageId", 5, "5", "number_for_text"),
    ("DataTransfer", "data", {"a": [1, 2]}, '{"a":[1,2]}', "object_for_text"),
    ("DataTransfer", "data", [1, 2], "[1,2]", "object_for_text"),
    ("DataTransfer", "data", {"a": 10**40}, ABSENT, "unusable_value"),
    # integers
    ("StartTransaction", "connectorId", "1", 1, "text_for_number"),
    ("StartTransaction", "connectorId", ABSENT, 0, "missing_field"),
    ("StartTransaction", "connectorId", "left", 0, "unusable_value"),
    ("StartTransaction", "connectorId", True, 0, "unusable_value"),
    ("StartTransaction", "meterStart", " 1200 ", 1200, "text_for_number"),
    ("StartTransaction", "meterStart", "1200.5", 1200, "fraction"),
    ("StartTransaction", "meterStart", 1200.0, 1200, "decimal_point"),
    ("StartTransaction", "meterStart", 1200.5, 1200, "fraction"),
    ("StartTransaction", "meterStart", 1201.5, 1202, "fraction"),
    ("StartTransaction", "meterStart", "1.2e3", 1200, "text_for_number"),
    ("StartTransaction", "meterStart", -5, -5, None),
    ("StartTransaction", "meterStart", 2**31, 2**31, "integer_out_of_range"),
    ("StartTransaction", "meterStart", -(2**31) - 1, -(2**31) - 1, "integer_out_of_range"),
    ("StartTransaction", "meterStart", 2**31 - 1, 2**31 - 1, None),
    ("StartTransaction", "meterStart", "", ABSENT, "empty_text"),
    ("StartTransaction", "meterStart", ABSENT, ABSENT, "missing_field"),
    ("StartTransaction", "meterStart", "NaN", ABSENT, "unusable_value"),
    ("StartTransaction", "meterStart", "1" + "0" * 5000, ABSENT, "unusable_value"),
    ("StartTransaction", "reservationId", None, ABSENT, "null_field"),
    ("StartTransaction", "reservationId", "none", ABSENT, "unusable_value"),
    ("StopTransaction", "transactionId", 2**63 - 1, 2**63 - 1, "integer_out_of_range"),
    ("StopTransaction", "transactionId", 1e23, 10**23, "integer_out_of_range"),
    ("StopTransaction", "transactionId", "9223372036854775808", 2**63, "integer_out_of_range"),
    ("StopTransaction", "transactionId", -1, -1, None),
    ("StopTransaction", "transactionId", ABSENT, 0, "missing_field"),
    ("StopTransaction", "transactionId", "abc", 0, "unusable_value"),
    ("StopTransaction", "meterStop", {}, ABSENT, "unusable_value"),
    ("MeterValues", "transactionId", None, ABSENT, "null_field"),
    ("MeterValues", "transactionId", "17", 17, "text_for_number"),
    ("MeterValues", "connectorId", None, 0, "null_field"),
    # moments
    ("StartTransaction", "timestamp", "2026-11-20T15:25:06", "2026-11-20T15:25:06", "naive_timestamp"),
    ("StartTransaction", "timestamp", "2026-11-20 15:25:06Z", "2026-11-20 15:25:06Z", "odd_timestamp"),
    ("StartTransaction", "timestamp", "2026-11-20T15:25:06+02", "2026-11-20T15:25:06+02", "odd_timestamp"),
    ("StartTransaction", "timestamp", "yesterday", "yesterday", "unparsable_timestamp"),
    ("StartTransaction", "timestamp", "\ud800", "\ud800", "unparsable_timestamp"),
    ("StartTransaction", "timestamp", 1763640000, "1763640000", "unparsable_timestamp"),
    ("StartTransaction", "timestamp", "", ABSENT, "empty_text"),
    ("StartTransaction", "timestamp", ABSENT, ABSENT, "missing_field"),
    ("StartTransaction", "timestamp", [], ABSENT, "unusable_value"),
    ("StopTransaction", "timestamp", None, ABSENT, "null_field"),
    ("StatusNotification", "timestamp", "", ABSENT, "empty_text"),
    ("MeterValues", "meterValue.0.timestamp", ABSENT, ABSENT, "missing_field"),
    ("SecurityEventNotification", "timestamp", None, ABSENT, "null_field"),
    # enumerations
    ("StatusNotification", "status", "charging", "Charging", "enum_spelling"),
    ("StatusNotification", "status", " SUSPENDEDEV ", "SuspendedEV", "enum_spelling"),
    ("StatusNotification", "status", "Occupied", "Occupied", "unknown_value"),
    ("StatusNotification", "errorCode", "noerror", "NoError", "enum_spelling"),
    ("StatusNotification", "errorCode", "E42", "E42", "unknown_value"),
    ("StatusNotification", "errorCode", ABSENT, "NoError", "missing_field"),
    ("StatusNotification", "errorCode", 42, "42", "unknown_value"),
    ("StopTransaction", "reason", "Bored", "Bored", "unknown_value"),
    ("StopTransaction", "reason", "Evdisconnected", "EVDisconnected", "enum_spelling"),
    ("StopTransaction", "reason", "", ABSENT, "empty_text"),
    ("FirmwareStatusNotification", "status", "Rebooting", "Rebooting", "unknown_value"),
    # sampled values
    ("MeterValues", "meterValue.0.sampledValue.0.unit", "Hz", "Hz", "unknown_value"),
    ("MeterValues", "meterValue.0.sampledValue.0.unit", "wh", "Wh", "enum_spelling"),
    ("MeterValues", "meterValue.0.sampledValue.0.unit", "", ABSENT, "empty_text"),
    ("MeterValues", "meterValue.0.sampledValue.0.measurand", "Voltage.L1", "Voltage.L1", "unknown_value"),
    ("MeterValues", "meterValue.0.sampledValue.0.context", "Sample", "Sample", "unknown_value"),
    ("MeterValues", "meterValue.0.sampledValue.0.phase", "L4", "L4", "unknown_value"),
    ("MeterValues", "meterValue.0.sampledValue.0.location", "Grid", "Grid", "unknown_value"),
    ("MeterValues", "meterValue.0.sampledValue.0.format", "Binary", "Binary", "unknown_value"),
    ("MeterValues", "meterValue.0.sampledValue.0.value", 1200, "1200", "number_for_text"),
    ("MeterValues", "meterValue.0.sampledValue.0.value", 16.1, "16.1", "number_for_text"),
    ("MeterValues", "meterValue.0.sampledValue", [], [], "empty_list"),
    ("MeterValues", "meterValue.0.sampledValue", ABSENT, ABSENT, "missing_field"),
    ("MeterValues", "meterValue.0.sampledValue", "x", ABSENT, "unusable_value"),
    ("MeterValues", "meterValue.0.sampledValue", {"value": "1"}, [{"value": "1"}], "single_for_list"),
    ("MeterValues", "meterValue", ABSENT, ABSENT, "missing_field"),
    ("MeterValues", "meterValue", None, ABSENT, "null_field"),
    ("MeterValues", "meterValue", 5, ABSENT, "unusable_value"),
    ("MeterValues", "meterValue", {"sampledValue": []}, [{"sampledValue": []}], "single_for_list"),
    ("MeterValues", "meterValue", [], [], "empty_list"),
    ("MeterValues", "meterValue", ["x", None], [], "unusable_item"),
    ("StopTransaction", "transactionData", None, ABSENT, "null_field"),
    ("StopTransaction", "transactionData", 5, ABSENT, "unusable_value"),
    ("StopTransaction", "transactionData.0.sampledValue.0.unit", "Hertz", "Hertz", "unknown_value"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "place", "sent", "taken", "kind"), SET_RIGHT)
def test_what_has_a_clear_meaning_is_taken_and_noted(
    action: str, place: str, sent: object, taken: object, kind: str | None
) -> None:
    before = _changed(action, {place: sent})
    original = copy.deepcopy(before)

    payload, deviations = accept(action, before)

    assert payload == _changed(action, {place: taken})
    assert before == original
    if kind is None:
        assert deviations == ()
    else:
        assert kind in [deviation.kind for deviation in deviations]
    assert isinstance(to_request(action, payload), REQUESTS[action])


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("Unheard", {}, ErrorCode.NOT_IMPLEMENTED),
        ("heartbeat", {}, ErrorCode.NOT_IMPLEMENTED),
        ("Reset", {"type": "Hard"}, ErrorCode.NOT_SUPPORTED),
        ("Heartbeat", [], ErrorCode.FORMATION_VIOLATION),
        ("Heartbeat", None, ErrorCode.FORMATION_VIOLATION),
        ("Authorize", {}, ErrorCode.PROTOCOL_ERROR),
        ("Authorize", {"idTag": None}, ErrorCode.PROTOCOL_ERROR),
        ("Authorize", {"idTag": {}}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ("StatusNotification", {"connectorId": 1, "errorCode": "NoError"}, ErrorCode.PROTOCOL_ERROR),
        ("StatusNotification", {"errorCode": "NoError", "status": "Available"}, ErrorCode.PROTOCOL_ERROR),
        ("StatusNotification", {"connectorId": "x", "status": "Available"}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ("StatusNotification", {"connectorId": 1, "status": []}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ("FirmwareStatusNotification", {}, ErrorCode.PROTOCOL_ERROR),
        ("FirmwareStatusNotification", {"status": ""}, ErrorCode.PROTOCOL_ERROR),
        ("DiagnosticsStatusNotification", {}, ErrorCode.PROTOCOL_ERROR),
        ("SecurityEventNotification", {}, ErrorCode.PROTOCOL_ERROR),
        ("SignCertificate", {}, ErrorCode.PROTOCOL_ERROR),
    ],
)
def test_what_says_nothing_is_refused_with_the_right_code(action: str, payload: Any, code: ErrorCode) -> None:
    with pytest.raises(OcppError) as refusal:
        accept(action, payload)

    assert refusal.value.code is code
    assert refusal.value.description


def test_a_transaction_is_accepted_whatever_is_odd_in_it() -> None:
    garbages: tuple[object, ...] = (None, "", "x", [], {}, True, -1, 2**70, 1e300, float("nan"))
    for garbage in garbages:
        start = dict.fromkeys(("connectorId", "idTag", "meterStart", "timestamp", "reservationId"), garbage)
        stop = dict.fromkeys(("transactionId", "idTag", "meterStop", "timestamp", "reason", "transactionData"), garbage)
        assert isinstance(to_request("StartTransaction", accept("StartTransaction", start)[0]), StartTransaction)
        assert isinstance(to_request("StopTransaction", accept("StopTransaction", stop)[0]), StopTransaction)
    assert to_request("StartTransaction", accept("StartTransaction", {})[0]) == StartTransaction(
        connector_id=0, id_tag=""
    )
    assert to_request("StopTransaction", accept("StopTransaction", {})[0]) == StopTransaction(transaction_id=0)


def test_one_bad_sample_does_not_take_its_neighbours_along() -> None:
    payload = _changed("MeterValues", {"meterValue.0.sampledValue.1.unit": "Hz"})
    payload["meterValue"][0]["sampledValue"] += [{"unit": "Wh"}, {"value": None}, "x", {"value": "7", "phase": []}]

    taken, deviations = accept("MeterValues", payload)

    values = to_request("MeterValues", taken)
    assert isinstance(values, MeterValues)
    samples = values.meter_value[0].sampled_value
    assert [(sample.value, sample.unit) for sample in samples] == [("1200", "Wh"), ("16.1", "Hz"), ("7", None)]
    assert {(deviation.kind, deviation.path, deviation.example) for deviation in deviations} == {
        ("unknown_value", "meterValue[].sampledValue[].unit", "Hz"),
        ("unusable_item", "meterValue[].sampledValue[]", "(object of 1)"),
        ("null_field", "meterValue[].sampledValue[].value", ""),
        ("unusable_value", "meterValue[].sampledValue[].phase", "(list of 0)"),
    }


def test_a_deviation_is_noted_once_however_often_it_occurs() -> None:
    payload = _changed(
        "MeterValues", {"meterValue.0.sampledValue": [{"value": "1", "unit": f"u{n}"} for n in range(99)]}
    )

    _, deviations = accept("MeterValues", payload)

    assert [(deviation.kind, deviation.example) for deviation in deviations] == [("unknown_value", "u0")]


def test_extra_fields_stay_in_and_are_noted_by_name_only() -> None:
    payload = {**VALID_REQUESTS["Heartbeat"], "AuthorizationKey": "secret", "vendor": {"a": 1}}

    taken, deviations = accept("Heartbeat", payload)

    assert taken == payload
    assert [(deviation.kind, deviation.path, deviation.example) for deviation in deviations] == [
        ("extra_field", "", "AuthorizationKey")
    ]


def test_a_long_vendor_message_is_noted_without_being_shown() -> None:
    _, deviations = accept("DataTransfer", {"vendorId": "x", "data": {"password": "secret"}})

    assert [deviation.example for deviation in deviations] == ["(object of 1)"]


def _received(action: str, payload: object) -> Any:
    """The payload as the codec hands it on."""
    frame = decode(json.dumps([2, "1", action, payload]).encode())
    return frame.payload if isinstance(frame, Call) else payload


@pytest.mark.parametrize("action", sorted(REQUESTS))
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_what_is_accepted_becomes_a_request_and_what_is_not_is_refused(action: str, data: st.DataObject) -> None:
    payload = _received(action, data.draw(careless_requests(action) | json_values, label="payload"))
    never_refused = isinstance(payload, dict) and action in ("BootNotification", "StartTransaction", "StopTransaction")

    try:
        taken, deviations = accept(action, payload)
    except OcppError:
        assert not is_valid_request(action, payload)
        assert not never_refused
    else:
        assert isinstance(to_request(action, taken), REQUESTS[action])
        assert TOLERATED.keys() >= {deviation.kind for deviation in deviations}
        assert deviations or taken is payload
        assert len({(deviation.kind, deviation.path) for deviation in deviations}) == len(deviations)


@pytest.mark.parametrize("action", sorted(REQUESTS))
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_what_was_set_right_stays_so(action: str, data: st.DataObject) -> None:
    payload = _received(action, data.draw(careless_requests(action), label="payload"))
    try:
        once, _ = accept(action, payload)
    except OcppError:
        return
    twice, _ = accept(action, once)
    assert to_request(action, twice) == to_request(action, once)


# Answers to our calls -------------------------------------------------------------------------------------------------


def test_a_valid_answer_passes_as_it_is() -> None:
    payload = {"status": "Accepted"}

    taken, deviations = accept_response("Reset", payload)

    assert taken is payload
    assert deviations == ()


@pytest.mark.parametrize(
    ("action", "sent", "taken", "kind"),
    [
        ("Reset", {"status": "accepted"}, {"status": "Accepted"}, "enum_spelling"),
        ("Reset", {"status": "Accepted", "x": 1}, {"status": "Accepted", "x": 1}, "extra_field"),
        ("ClearCache", {"status": " Rejected"}, {"status": "Rejected"}, "enum_spelling"),
        ("UnlockConnector", {"status": "unlockfailed"}, {"status": "UnlockFailed"}, "enum_spelling"),
        ("GetLocalListVersion", {"listVersion": "3"}, {"listVersion": 3}, "text_for_number"),
        ("GetLocalListVersion", {"listVersion": 2**40}, {"listVersion": 2**40}, "integer_out_of_range"),
        ("GetDiagnostics", {"fileName": None}, {}, "null_field"),
        ("GetDiagnostics", {"fileName": "x" * 256}, {"fileName": "x" * 256}, "long_text"),
        ("GetConfiguration", {"unknownKey": "A"}, {"unknownKey": ["A"]}, "single_for_list"),
        (
            "GetConfiguration",
            {"configurationKey": [{"key": "A", "readonly": "False", "value": 60}]},
            {"configurationKey": [{"key": "A", "readonly": False, "value": "60"}]},
            "text_for_boolean",
        ),
        (
            "GetConfiguration",
            {"configurationKey": [{"key": "A", "readonly": "perhaps", "value": "60"}]},
            {"configurationKey": [{"key": "A", "value": "60"}]},
            "unusable_value",
        ),
        (
            "GetConfiguration",
            {"configurationKey": [{"key": "A", "readonly": 1}, {"readonly": True}, {"key": "B", "value": "x" * 501}]},
            {"configurationKey": [{"key": "A", "readonly": True}, {"key": "B", "value": "x" * 501}]},
            "unusable_item",
        ),
        (
            "GetCompositeSchedule",
            {
                "status": "Accepted",
                "scheduleStart": "2026-11-20T12:00:00",
                "chargingSchedule": {
                    "chargingRateUnit": "a",
                    "minChargingRate": 6.25,
                    "chargingSchedulePeriod": {"startPeriod": 0, "limit": "16.1"},
                },
            },
            {
                "status": "Accepted",
                "scheduleStart": "2026-11-20T12:00:00",
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "minChargingRate": 6.25,
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.1}],
                },
            },
            "decimals",
        ),
        (
            "GetInstalledCertificateIds",
            {"status": "Accepted", "certificateHashData": []},
            {"status": "Accepted", "certificateHashData": []},
            "empty_list",
        ),
    ],
)
def test_a_careless_answer_is_taken_and_noted(
    action: str, sent: dict[str, Any], taken: dict[str, Any], kind: str
) -> None:
    payload, deviations = accept_response(action, sent)

    assert payload == taken
    assert kind in [deviation.kind for deviation in deviations]


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("Reset", {}, ErrorCode.PROTOCOL_ERROR),
        ("Reset", {"status": ""}, ErrorCode.PROTOCOL_ERROR),
        ("Reset", {"status": "Maybe"}, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION),
        ("Reset", {"status": True}, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION),
        ("Reset", {"status": ["Accepted"]}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ("Reset", [], ErrorCode.FORMATION_VIOLATION),
        ("GetConfiguration", {"configurationKey": 5}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ("GetCompositeSchedule", {"status": "Accepted", "chargingSchedule": []}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        (
            "GetCompositeSchedule",
            {
                "status": "Accepted",
                "chargingSchedule": {"chargingRateUnit": "A", "minChargingRate": "few", "chargingSchedulePeriod": []},
            },
            ErrorCode.TYPE_CONSTRAINT_VIOLATION,
        ),
        ("GetLocalListVersion", {"listVersion": "three"}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ("Unheard", {}, ErrorCode.NOT_IMPLEMENTED),
    ],
)
def test_an_answer_without_a_meaning_is_malformed(action: str, payload: Any, code: ErrorCode) -> None:
    with pytest.raises(OcppError) as refusal:
        accept_response(action, payload)

    assert refusal.value.code is code


def test_values_of_configuration_keys_are_never_shown() -> None:
    keys = [{"key": "AuthorizationKey", "readonly": False, "value": "secret" * 100}]

    _, deviations = accept_response("GetConfiguration", {"configurationKey": keys})

    assert [(deviation.kind, deviation.example) for deviation in deviations] == [
        ("long_text", "(text of 600 characters)")
    ]


@pytest.mark.parametrize("action", sorted({**ACTIONS_FROM_CHARGE_BOX, **ACTIONS_TO_CHARGE_BOX}))
@settings(max_examples=40, deadline=None)
@given(
    payload=json_values
    | st.dictionaries(st.sampled_from(["status", "listVersion", "configurationKey", "data", "idTagInfo"]), json_values)
)
def test_no_answer_raises_anything_else(action: str, payload: Any) -> None:
    try:
        taken, deviations = accept_response(action, payload)
    except OcppError:
        assert not is_valid_response(action, payload)
    else:
        assert TOLERATED.keys() >= {deviation.kind for deviation in deviations}
        assert deviations or taken is payload
