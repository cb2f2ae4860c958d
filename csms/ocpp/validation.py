"""
The JSON schemas of OCPP 1.6, compiled, and the table of its actions.

The schemas are those that the `ocpp` package ships; they already hold the errata (a stop without a reason, both
spellings of Celsius, whole-number intervals), which a test asserts. Compiling all of them takes a few milliseconds, so
it happens at import. Formats are checked too: a timestamp without an offset is not a valid one.
"""

from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from typing import Any, NamedTuple

import jsonschema_rs
import orjson

Schema = dict[str, Any]


class Profile(StrEnum):
    """The feature profiles of OCPP 1.6 (3.3) as SupportedFeatureProfiles spells them, and the security whitepaper's."""

    CORE = "Core"
    FIRMWARE_MANAGEMENT = "FirmwareManagement"
    LOCAL_AUTH_LIST_MANAGEMENT = "LocalAuthListManagement"
    RESERVATION = "Reservation"
    SMART_CHARGING = "SmartCharging"
    REMOTE_TRIGGER = "RemoteTrigger"
    SECURITY = "Security"


def _by_action(groups: Mapping[Profile, tuple[str, ...]]) -> Mapping[str, Profile]:
    return {action: profile for profile, actions in groups.items() for action in actions}


ACTIONS_FROM_CHARGE_BOX: Mapping[str, Profile] = _by_action(
    {
        Profile.CORE: (
            "Authorize",
            "BootNotification",
            "DataTransfer",
            "Heartbeat",
            "MeterValues",
            "StartTransaction",
            "StatusNotification",
            "StopTransaction",
        ),
        Profile.FIRMWARE_MANAGEMENT: ("DiagnosticsStatusNotification", "FirmwareStatusNotification"),
        Profile.SECURITY: (
            "LogStatusNotification",
            "SecurityEventNotification",
            "SignCertificate",
            "SignedFirmwareStatusNotification",
        ),
    }
)
"""What a charge box may call, with the profile that the action belongs to. DataTransfer goes both ways."""

ACTIONS_TO_CHARGE_BOX: Mapping[str, Profile] = _by_action(
    {
        Profile.CORE: (
            "ChangeAvailability",
            "ChangeConfiguration",
            "ClearCache",
            "DataTransfer",
            "GetConfiguration",
            "RemoteStartTransaction",
            "RemoteStopTransaction",
            "Reset",
            "UnlockConnector",
        ),
        Profile.FIRMWARE_MANAGEMENT: ("GetDiagnostics", "UpdateFirmware"),
        Profile.LOCAL_AUTH_LIST_MANAGEMENT: ("GetLocalListVersion", "SendLocalList"),
        Profile.RESERVATION: ("CancelReservation", "ReserveNow"),
        Profile.SMART_CHARGING: ("ClearChargingProfile", "GetCompositeSchedule", "SetChargingProfile"),
        Profile.REMOTE_TRIGGER: ("TriggerMessage",),
        Profile.SECURITY: (
            "CertificateSigned",
            "DeleteCertificate",
            "ExtendedTriggerMessage",
            "GetInstalledCertificateIds",
            "GetLog",
            "InstallCertificate",
            "SignedUpdateFirmware",
        ),
    }
)
"""What we may call, with the profile that the action belongs to."""


class Violation(NamedTuple):
    """
    One way in which a payload departs from its schema.

    Attributes:
        path: names and indexes that lead to the value.
        keyword: the schema's word that it violates (`required`, `type`, `enum`, `maxLength`, `format`, …).
        message: a sentence; it never quotes the value, which may be secret.
    """

    path: tuple[str | int, ...]
    keyword: str
    message: str


def known_action(action: str) -> bool:
    """Whether OCPP 1.6 or its security whitepaper defines the action, in either direction."""
    return action in REQUEST_SCHEMAS


def is_valid_request(action: str, payload: Mapping[str, Any]) -> bool:
    """Whether the payload satisfies the action's request schema; False for an unknown action. Never raises."""
    return _is_valid(_REQUEST_VALIDATORS.get(action), payload)


def is_valid_response(action: str, payload: Mapping[str, Any]) -> bool:
    """Whether the payload satisfies the action's response schema; False for an unknown action. Never raises."""
    return _is_valid(_RESPONSE_VALIDATORS.get(action), payload)


def request_violations(action: str, payload: Mapping[str, Any]) -> list[Violation]:
    """
    Every way in which a request departs from its schema: the slow path, for error messages.

    Raises:
        KeyError: the action is unknown.
    """
    return _violations(_REQUEST_VALIDATORS[action], payload)


def response_violations(action: str, payload: Mapping[str, Any]) -> list[Violation]:
    """
    Every way in which a response departs from its schema.

    Raises:
        KeyError: the action is unknown.
    """
    return _violations(_RESPONSE_VALIDATORS[action], payload)


def _is_valid(validator: jsonschema_rs.Draft4Validator | None, payload: Mapping[str, Any]) -> bool:
    try:
        return validator is not None and validator.is_valid(payload)
    except ValueError:  # what the validator cannot read, as a lone surrogate, is no JSON
        return False


def _violations(validator: jsonschema_rs.Draft4Validator, payload: Mapping[str, Any]) -> list[Violation]:
    try:
        return [
            Violation(tuple(error.instance_path), error.kind.name, error.message)
            for error in validator.iter_errors(payload)
        ]
    except ValueError:
        return [Violation((), "type", "the payload is not JSON")]


def _load() -> tuple[dict[str, Schema], dict[str, Schema]]:
    requests: dict[str, Schema] = {}
    responses: dict[str, Schema] = {}
    for file in (files("ocpp") / "v16" / "schemas").iterdir():
        name = file.name.removesuffix(".json")
        if name.endswith("Response"):
            responses[name.removesuffix("Response")] = orjson.loads(file.read_bytes())
        else:
            requests[name] = orjson.loads(file.read_bytes())
    return requests, responses


def _compile(schema: Schema) -> jsonschema_rs.Draft4Validator:
    # Draft 4 for all: the security schemas say draft 6 but use nothing of it, and there the float 1.0 is an integer.
    return jsonschema_rs.Draft4Validator(schema, validate_formats=True, mask="the value")


REQUEST_SCHEMAS, RESPONSE_SCHEMAS = _load()
_REQUEST_VALIDATORS = {action: _compile(schema) for action, schema in REQUEST_SCHEMAS.items()}
_RESPONSE_VALIDATORS = {action: _compile(schema) for action, schema in RESPONSE_SCHEMAS.items()}
