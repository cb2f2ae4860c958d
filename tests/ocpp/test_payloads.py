import inspect
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocpp.charge_point import camel_to_snake_case, snake_to_camel_case
from ocpp.v16 import call, call_result, datatypes, enums

from csms.ocpp.payloads import (
    REQUESTS,
    MeterValues,
    SampledValue,
    StartTransaction,
    format_timestamp,
    parse_timestamp,
    to_request,
    to_wire,
)
from csms.ocpp.validation import ACTIONS_FROM_CHARGE_BOX, REQUEST_SCHEMAS, is_valid_request, is_valid_response
from tests.ocpp.strategies import VALID_REQUESTS

NOON = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


def test_every_action_of_a_charge_box_has_a_request() -> None:
    assert REQUESTS.keys() == ACTIONS_FROM_CHARGE_BOX.keys()


@pytest.mark.parametrize("action", sorted(REQUESTS))
def test_a_request_has_exactly_the_fields_of_its_schema(action: str) -> None:
    names = {field.encode_name for field in msgspec.structs.fields(REQUESTS[action])}
    assert names == REQUEST_SCHEMAS[action].get("properties", {}).keys()


@pytest.mark.parametrize("action", sorted(REQUESTS))
def test_a_valid_payload_becomes_its_request(action: str) -> None:
    request = to_request(action, VALID_REQUESTS[action])

    assert type(request) is REQUESTS[action]
    assert _without_absent(msgspec.to_builtins(request)) == VALID_REQUESTS[action]


def _without_absent(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_absent(item) for name, item in value.items() if item not in (None, ())}
    return [_without_absent(item) for item in value] if isinstance(value, list | tuple) else value


def test_a_request_is_typed() -> None:
    start = to_request("StartTransaction", VALID_REQUESTS["StartTransaction"])
    assert start == StartTransaction(
        connector_id=1, id_tag="04E91C", meter_start=1200, timestamp="2026-11-20T15:25:06Z", reservation_id=5
    )
    values = to_request("MeterValues", VALID_REQUESTS["MeterValues"])
    assert isinstance(values, MeterValues)
    assert values.meter_value[0].timestamp == "2026-11-20T15:25:06.987Z"
    assert values.meter_value[0].sampled_value[1] == SampledValue(
        value="16.1", measurand="Current.Import", unit="A", phase="L1", location="Outlet"
    )


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20T12:00:00Z", NOON),
        ("2026-11-20T12:00:00.000Z", NOON),
        ("2026-11-20T12:00:00.5Z", NOON.replace(microsecond=500_000)),
        ("2026-11-20T12:00:00.123456789Z", NOON.replace(microsecond=123_456)),
        ("2026-11-20T12:00:00,25Z", NOON.replace(microsecond=250_000)),
        ("2026-11-20T14:00:00+02:00", NOON),
        ("2026-11-20T14:00:00+0200", NOON),
        ("2026-11-20T14:00:00+02", NOON),
        ("2026-11-20T14:00:00.1 +02", NOON.replace(microsecond=100_000)),
        ("2026-11-20T06:30:00-05:30", NOON),
        ("2026-11-20T6:30:00 -05:30", NOON),
        ("2026-11-20T12:00:00", NOON),
        ("2026-11-20 12:00:00", NOON),
        ("2026-11-20 12:00:00Z", NOON),
        ("2026-11-20 12:00:00 UTC", NOON),
        ("2026-11-20t12:00:00z", NOON),
        (" 2026-11-20T12:00:00Z\n", NOON),
        ("2026-11-20T12:00", NOON),
        ("20261120T120000Z", NOON),
        ("2026-11-19T24:00:00Z", NOON - timedelta(hours=12)),
        ("2026-12-31T24:00:00Z", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2026-1-2 3:4:5", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("0001-01-01T00:00:00+01:00", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("9999-12-31T24:00:00Z", None),
        ("0000-00-00T00:00:00Z", None),
        ("2026-11-20T24:30:99Z", None),
        ("2026-11-20T12:00:61Z", None),
        ("2026-02-30T12:00:00Z", None),
        ("2026-11-20T12:00:00+99:00", None),
        ("1763640000", None),
        ("yesterday", None),
        ("", None),
        ("\ud800", None),
        ("2026-11-20T12:00:00Z" + " " * 100, None),
        (None, None),
    ],
)
def test_timestamps_are_read_as_moments_in_utc(text: str | None, moment: datetime | None) -> None:
    parsed = parse_timestamp(text)
    assert parsed == moment
    assert parsed is None or parsed.tzinfo is UTC


@given(st.text(max_size=40) | st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}.{0,6}\Z"))
def test_no_timestamp_raises(text: str) -> None:
    moment = parse_timestamp(text)
    assert moment is None or moment.tzinfo is UTC


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_is_read_again_to_the_millisecond(moment: datetime) -> None:
    assert parse_timestamp(format_timestamp(moment)) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def test_moments_are_written_in_utc_with_milliseconds() -> None:
    assert format_timestamp(NOON) == "2026-11-20T12:00:00.000Z"
    assert format_timestamp(NOON.astimezone(timezone(timedelta(hours=2)))) == "2026-11-20T12:00:00.000Z"
    with pytest.raises(ValueError, match="time zone"):
        format_timestamp(datetime(2026, 11, 20))


def _dataclasses_of_16() -> list[type[Any]]:
    return [
        member
        for module in (call, call_result, datatypes)
        for _, member in inspect.getmembers(module, inspect.isclass)
        if is_dataclass(member)
    ]


@pytest.mark.parametrize("kind", _dataclasses_of_16(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_wire_names_are_those_of_the_package(kind: type[Any]) -> None:
    names = [field.name for field in fields(kind)]
    blank = object.__new__(kind)
    for name in names:
        object.__setattr__(blank, name, 1)

    assert to_wire(blank) == snake_to_camel_case(dict.fromkeys(names, 1))  # type: ignore[no-untyped-call]


_SCHEDULE = datatypes.ChargingSchedule(
    charging_rate_unit=enums.ChargingRateUnitType.amps,
    charging_schedule_period=[datatypes.ChargingSchedulePeriod(start_period=0, limit=16.1, number_phases=3)],
    start_schedule="2026-11-20T12:00:00Z",
)
_PROFILE = datatypes.ChargingProfile(
    charging_profile_id=1,
    stack_level=0,
    charging_profile_purpose=enums.ChargingProfilePurposeType.tx_profile,
    charging_profile_kind=enums.ChargingProfileKindType.absolute,
    charging_schedule=_SCHEDULE,
    transaction_id=17,
)
_CERTIFICATE = {
    "hash_algorithm": "SHA256",
    "issuer_name_hash": "a",
    "issuer_key_hash": "b",
    "serial_number": "c",
}
_FIRMWARE = {
    "location": "https://example.org/f",
    "retrieve_date_time": "2026-11-20T12:00:00Z",
    "signing_certificate": "c",
    "signature": "s",
}

CALLS = [
    call.CancelReservation(reservation_id=1),
    call.CertificateSigned(certificate_chain="c"),
    call.ChangeAvailability(connector_id=0, type=enums.AvailabilityType.inoperative),
    call.ChangeConfiguration(key="HeartbeatInterval", value="60"),
    call.ClearCache(),
    call.ClearChargingProfile(id=1, charging_profile_purpose=enums.ChargingProfilePurposeType.tx_profile),
    call.DataTransfer(vendor_id="com.example", data="x"),
    call.DeleteCertificate(certificate_hash_data=_CERTIFICATE),
    call.ExtendedTriggerMessage(requested_message=enums.MessageTrigger.heartbeat),
    call.GetCompositeSchedule(connector_id=1, duration=60, charging_rate_unit=enums.ChargingRateUnitType.watts),
    call.GetConfiguration(key=["HeartbeatInterval"]),
    call.GetDiagnostics(location="ftp://example.org/", start_time="2026-11-20T12:00:00Z"),
    call.GetInstalledCertificateIds(certificate_type=enums.CertificateUse.central_system_root_certificate),
    call.GetLocalListVersion(),
    call.GetLog(
        log={"remote_location": "https://example.org/", "oldest_timestamp": None},
        log_type=enums.Log.security_log,
        request_id=1,
    ),
    call.InstallCertificate(certificate_type=enums.CertificateUse.central_system_root_certificate, certificate="c"),
    call.RemoteStartTransaction(id_tag="04E91C", connector_id=1, charging_profile=_PROFILE),
    call.RemoteStopTransaction(transaction_id=17),
    call.ReserveNow(connector_id=1, expiry_date="2026-11-20T12:00:00Z", id_tag="04E91C", reservation_id=5),
    call.Reset(type=enums.ResetType.soft),
    call.SendLocalList(
        list_version=1,
        update_type=enums.UpdateType.full,
        local_authorization_list=[
            datatypes.AuthorizationData("04E91C", datatypes.IdTagInfo(enums.AuthorizationStatus.accepted, "GROUP")),
            {"id_tag": "04E91D", "id_tag_info": {"status": enums.AuthorizationStatus.blocked, "parent_id_tag": None}},
        ],
    ),
    call.SetChargingProfile(connector_id=1, cs_charging_profiles=_PROFILE),
    call.SignedUpdateFirmware(request_id=1, firmware=_FIRMWARE),
    call.TriggerMessage(requested_message=enums.MessageTrigger.meter_values, connector_id=1),
    call.UnlockConnector(connector_id=1),
    call.UpdateFirmware(location="ftp://example.org/f", retrieve_date="2026-11-20T12:00:00Z", retries=3),
]


@pytest.mark.parametrize("request_of_ours", CALLS, ids=lambda request: type(request).__name__)
def test_calls_of_ours_satisfy_their_schemas_and_keep_every_field(request_of_ours: Any) -> None:
    action = type(request_of_ours).__name__
    payload = to_wire(request_of_ours)

    assert is_valid_request(action, payload)
    assert camel_to_snake_case(payload).keys() == {k for k, v in vars(request_of_ours).items() if v is not None}  # type: ignore[no-untyped-call]


def test_every_call_of_ours_has_an_example() -> None:
    ours = {name for name, _ in inspect.getmembers(call, is_dataclass)} - REQUESTS.keys() | {"DataTransfer"}
    assert {type(example).__name__ for example in CALLS} == ours


_ACCEPTED = datatypes.IdTagInfo(status=enums.AuthorizationStatus.accepted, parent_id_tag="GROUP")


@pytest.mark.parametrize(
    ("answer", "payload"),
    [
        (call_result.Heartbeat(current_time="2026-11-20T12:00:00Z"), {"currentTime": "2026-11-20T12:00:00Z"}),
        (
            call_result.BootNotification("2026-11-20T12:00:00Z", 60, enums.RegistrationStatus.accepted),
            {"currentTime": "2026-11-20T12:00:00Z", "interval": 60, "status": "Accepted"},
        ),
        (
            call_result.StartTransaction(transaction_id=17, id_tag_info=_ACCEPTED),
            {"transactionId": 17, "idTagInfo": {"status": "Accepted", "parentIdTag": "GROUP"}},
        ),
        (call_result.StopTransaction(), {}),
        (call_result.MeterValues(), {}),
        (call_result.DataTransfer(status=enums.DataTransferStatus.unknown_vendor_id), {"status": "UnknownVendorId"}),
    ],
)
def test_answers_of_ours_satisfy_their_schemas(answer: object, payload: dict[str, Any]) -> None:
    assert to_wire(answer) == payload
    assert is_valid_response(type(answer).__name__, payload)


def test_decimals_become_json_numbers() -> None:
    @dataclass
    class Limit:
        charging_limit: Decimal

    assert to_wire(Limit(Decimal("16.1"))) == {"chargingLimit": 16.1}


def test_only_dataclasses_go_to_the_wire() -> None:
    with pytest.raises(TypeError):
        to_wire({"idTag": object()})
