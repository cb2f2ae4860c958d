"""
What is accepted beyond the schemas, and what becomes of it.

A payload that satisfies its schema passes as it is. Any other is read along the schema, value by value (`repair`):
what has a clear meaning is kept or set right and noted as a deviation, what has none is left out where the message
still says something without it, and only a message that then says nothing is refused. A transaction is never refused
for its content: a charge box repeats a refused message for ever, and the session behind it is lost (field-notes B12).
"""

from collections.abc import Mapping
from typing import Any, Final

from csms.ocpp.deviations import Deviation
from csms.ocpp.errors import ErrorCode, OcppError
from csms.ocpp.repair import INT32_MAX, INT32_MIN, NOTHING, Reader
from csms.ocpp.validation import (
    ACTIONS_FROM_CHARGE_BOX,
    REQUEST_SCHEMAS,
    RESPONSE_SCHEMAS,
    Schema,
    is_valid_request,
    is_valid_response,
    known_action,
)

__all__ = ["TOLERATED", "Deviation", "accept", "accept_response"]

TOLERATED: Final[Mapping[str, str]] = {
    # In the frame (frames.py)
    "invalid_json": "characters or numbers that JSON forbids in a sound frame; read all the same (D31)",
    "unstorable_character": "NUL or half a surrogate pair in a text; replaced by U+FFFD",
    "numeric_unique_id": "the unique id is a number; the reply repeats it as one",
    "long_unique_id": "the unique id has more than 36 characters",
    "null_payload": "no payload, or null; taken as {} (D32, OCPP-J 4.2.1)",
    "extra_element": "more elements than the message type has; left out",
    "incomplete_call_error": "a CALLERROR without code, description or details",
    # In the payload (repair.py)
    "extra_field": "a field that OCPP does not define; passed over, kept in the journal",
    "null_field": "null for a value; taken as absent (D32)",
    "empty_text": "'' for a number, a moment or an enumeration; taken as absent (section 3, many: empty string)",
    "missing_field": "a required field is absent; the message is taken without it (D30, empty vendor)",
    "unusable_value": "a value of a type that means nothing here; taken as absent (B12: content never blocks)",
    "unusable_item": "an element of a list that means nothing; left out, its neighbours stay (D29)",
    "empty_list": "a list that must not be empty is",
    "single_for_list": "one element where a list of them belongs; taken as a list of one",
    "long_text": "a text longer than its field; kept whole (D30, serial numbers above 25 characters)",
    "number_for_text": "a number or a boolean for a text; its text is taken",
    "object_for_text": "a JSON value for the data of DataTransfer; its JSON text is taken",
    "text_for_number": "a number written as text; its value is taken",
    "text_for_boolean": "a boolean written as text or as 0 or 1; its value is taken (D34)",
    "fraction": "a fraction for a whole number; rounded half to even",
    "decimal_point": "a whole number written as 12.0; its value is taken",
    "decimals": "more decimals than the schema allows; kept",
    "integer_out_of_range": "an integer beyond 32 bits; kept (B26, 2^63-1 as transaction id)",
    "enum_spelling": "a known value in other case or with spaces; set right (section 3, keys and units in other case)",
    "unknown_value": "a value that the enumeration lacks; kept as sent (D29 unit Hz, D33 context of Alfen)",
    "naive_timestamp": "a moment without an offset; taken as UTC (C28)",
    "odd_timestamp": "a moment in another notation than RFC 3339; read (C28)",
    "unparsable_timestamp": "no moment can be read; the text is kept, the moment is unknown (C28)",
}
"""Every kind of deviation that is accepted, what is done about it, and the evidence (rows of field-notes)."""

_STAND_INS: Final[Mapping[str, Mapping[str, object]]] = {
    "BootNotification": {"chargePointVendor": "", "chargePointModel": ""},  # D30: no boot, no charge box
    "DataTransfer": {"vendorId": ""},  # answered UnknownVendorId, which is true
    "MeterValues": {
        "connectorId": 0,
        "meterValue": NOTHING,  # nothing to store; but refused, it would be repeated for ever (B12, B18)
        "meterValue[].timestamp": NOTHING,
        "meterValue[].sampledValue": NOTHING,
    },
    "SecurityEventNotification": {"timestamp": NOTHING},
    "StartTransaction": {"connectorId": 0, "idTag": "", "meterStart": NOTHING, "timestamp": NOTHING},
    "StatusNotification": {"errorCode": "NoError"},
    "StopTransaction": {
        "transactionId": 0,  # what charge boxes send themselves when they do not know it (B13)
        "meterStop": NOTHING,
        "timestamp": NOTHING,
        "transactionData[].timestamp": NOTHING,
        "transactionData[].sampledValue": NOTHING,
    },
}
"""Required fields that may be absent or unusable, and what is put in their place. All others are refused."""

_STAND_INS_OF_RESPONSES: Final[Mapping[str, Mapping[str, object]]] = {
    "GetConfiguration": {"configurationKey[].readonly": NOTHING},  # the value is what was asked for
}

_JSON_TEXT: Final = frozenset({"data"})  # of DataTransfer, where vendors put objects


def accept(action: str, payload: dict[str, Any]) -> tuple[dict[str, Any], tuple[Deviation, ...]]:
    """
    Take a charge box's request as `frames.decode` read it: unchanged if valid, set right and annotated if it can be.

    What is returned always becomes the action's struct by `payloads.to_request`. Fields that OCPP does not define stay.

    Returns:
        The payload (the same object if it is valid) and its deviations, one per kind and place.

    Raises:
        OcppError: NotImplemented for an unknown action, NotSupported for one that only we may call, FormationViolation
            for a payload that is no object, ProtocolError for a missing field (table 7: "Payload for Action is
            incomplete"), TypeConstraintViolation for a value of the wrong type.
    """
    if action not in ACTIONS_FROM_CHARGE_BOX:
        raise _not_for_us(action)
    if is_valid_request(action, payload) and _integers_fit(payload, _INTEGERS_OF_REQUESTS[action]):
        return payload, ()
    reader = Reader(
        REQUEST_SCHEMAS[action],
        stand_ins=_STAND_INS.get(action, {}),
        drops_unusable=True,
        keeps_unknown=True,
        json_text=_JSON_TEXT,
    )
    return reader.read(payload)


def accept_response(action: str, payload: dict[str, Any]) -> tuple[dict[str, Any], tuple[Deviation, ...]]:
    """
    Take a charge box's answer to a call of ours.

    Less is tolerated than in requests: whoever asked must hear what the charge box said, so an answer whose status is
    none of the enumeration, or whose content is of the wrong type, is malformed.

    Returns:
        The payload (the same object if it is valid) and its deviations.

    Raises:
        OcppError: as `accept` does, and PropertyConstraintViolation for a value that its enumeration lacks.
    """
    if not known_action(action):
        raise _not_for_us(action)
    if is_valid_response(action, payload) and _integers_fit(payload, _INTEGERS_OF_RESPONSES[action]):
        return payload, ()
    reader = Reader(
        RESPONSE_SCHEMAS[action],
        stand_ins=_STAND_INS_OF_RESPONSES.get(action, {}),
        drops_unusable=False,
        keeps_unknown=False,
        json_text=_JSON_TEXT,
    )
    return reader.read(payload)


def _not_for_us(action: str) -> OcppError:
    if known_action(action):
        return OcppError(ErrorCode.NOT_SUPPORTED, f"{action} is not for a charge box to call")
    return OcppError(ErrorCode.NOT_IMPLEMENTED, f"{action[:50]} is not an action of OCPP 1.6")


def _integer_fields(schemas: Mapping[str, Schema]) -> dict[str, tuple[str, ...]]:
    return {
        action: tuple(name for name, field in schema.get("properties", {}).items() if field.get("type") == "integer")
        for action, schema in schemas.items()
    }


_INTEGERS_OF_REQUESTS: Final = _integer_fields(REQUEST_SCHEMAS)
_INTEGERS_OF_RESPONSES: Final = _integer_fields(RESPONSE_SCHEMAS)


def _integers_fit(payload: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    # The schemas bound no integer, and columns do.
    for name in names:  # noqa: SIM110 - every message comes here, and a generator costs three times as much
        if not INT32_MIN <= payload.get(name, 0) <= INT32_MAX:
            return False
    return True
