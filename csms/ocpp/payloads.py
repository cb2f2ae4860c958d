"""
What charge boxes send, as typed requests, and what we send, as JSON objects.

The structs are wider than the schemas on purpose: they hold whatever `leniency.accept` lets through. Enumerations are
the text that was sent, because a reading in an unknown unit is still a reading; timestamps are the text that was sent,
because the charge box's own words are kept beside what `parse_timestamp` makes of them. A measured quantity is None if
it was not sent in a usable form, never a number that we made up. An integer may be of any size: who stores it checks.
"""

import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

import msgspec


class Request(msgspec.Struct, frozen=True, rename="camel", kw_only=True, gc=False):
    """A request of a charge box: snake_case here, camelCase on the wire."""


class Authorize(Request, frozen=True, kw_only=True):
    """OCPP 1.6, 6.1."""

    id_tag: str


class BootNotification(Request, frozen=True, kw_only=True):
    """OCPP 1.6, 6.3. A vendor or model that was not sent is ''."""

    charge_point_vendor: str
    charge_point_model: str
    charge_point_serial_number: str | None = None
    charge_box_serial_number: str | None = None
    firmware_version: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    meter_type: str | None = None
    meter_serial_number: str | None = None


class DataTransfer(Request, frozen=True, kw_only=True):
    """OCPP 1.6, 6.15. Data that was sent as a JSON value is its JSON text; a vendor that was not sent is ''."""

    vendor_id: str
    message_id: str | None = None
    data: str | None = None


class DiagnosticsStatusNotification(Request, frozen=True, kw_only=True):
    """OCPP 1.6, 6.17."""

    status: str


class FirmwareStatusNotification(Request, frozen=True, kw_only=True):
    """OCPP 1.6, 6.19."""

    status: str


class Heartbeat(Request, frozen=True, kw_only=True):
    """OCPP 1.6, 6.29."""


class LogStatusNotification(Request, frozen=True, kw_only=True):
    """Security whitepaper, 5.13."""

    status: str
    request_id: int | None = None


class SampledValue(Request, frozen=True, kw_only=True):
    """
    One number of a reading (OCPP 1.6, 7.43).

    An absent context means Sample.Periodic, measurand Energy.Active.Import.Register, format Raw, location Outlet, and
    unit Wh for an energy. The value is text; of signed data not even a number.
    """

    value: str
    context: str | None = None
    format: str | None = None
    measurand: str | None = None
    phase: str | None = None
    location: str | None = None
    unit: str | None = None


class MeterValue(Request, frozen=True, kw_only=True):
    """What was sampled at one moment (OCPP 1.6, 7.33)."""

    timestamp: str | None = None
    sampled_value: tuple[SampledValue, ...] = ()


class MeterValues(Request, frozen=True, kw_only=True):
    """OCPP 1.6, 6.31. A connector that was not sent is 0, the charge box as a whole."""

    connector_id: int
    transaction_id: int | None = None
    meter_value: tuple[MeterValue, ...] = ()


class SecurityEventNotification(Request, frozen=True, kw_only=True):
    """Security whitepaper, 5.15."""

    type: str
    timestamp: str | None = None
    tech_info: str | None = None


class SignCertificate(Request, frozen=True, kw_only=True):
    """Security whitepaper, 5.17."""

    csr: str


class SignedFirmwareStatusNotification(Request, frozen=True, kw_only=True):
    """Security whitepaper, 5.19."""

    status: str
    request_id: int | None = None


class StartTransaction(Request, frozen=True, kw_only=True):
    """OCPP 1.6, 6.45; meter in Wh. A connector that was not sent is 0, an idTag that was not sent is ''."""

    connector_id: int
    id_tag: str
    meter_start: int | None = None
    timestamp: str | None = None
    reservation_id: int | None = None


class StatusNotification(Request, frozen=True, kw_only=True):
    """OCPP 1.6, 6.47. An error code that was not sent is NoError."""

    connector_id: int
    error_code: str
    status: str
    info: str | None = None
    timestamp: str | None = None
    vendor_id: str | None = None
    vendor_error_code: str | None = None


class StopTransaction(Request, frozen=True, kw_only=True):
    """OCPP 1.6, 6.49; meter in Wh. A transaction that was not sent is 0, as boxes themselves say (field-notes B13)."""

    transaction_id: int
    meter_stop: int | None = None
    timestamp: str | None = None
    id_tag: str | None = None
    reason: str | None = None
    transaction_data: tuple[MeterValue, ...] = ()


REQUESTS: dict[str, type[Request]] = {
    request.__name__: request
    for request in (
        Authorize,
        BootNotification,
        DataTransfer,
        DiagnosticsStatusNotification,
        FirmwareStatusNotification,
        Heartbeat,
        LogStatusNotification,
        MeterValues,
        SecurityEventNotification,
        SignCertificate,
        SignedFirmwareStatusNotification,
        StartTransaction,
        StatusNotification,
        StopTransaction,
    )
}
"""Every action that a charge box may call, with its request."""


def to_request(action: str, payload: dict[str, Any]) -> Request:
    """
    Make the typed request of a payload that `leniency.accept` returned.

    Raises:
        KeyError: a charge box has no such action.
        msgspec.ValidationError: the payload did not go through `accept`.
    """
    return msgspec.convert(payload, REQUESTS[action])


# Timestamps -----------------------------------------------------------------------------------------------------------

_MAX_TIMESTAMP_LENGTH = 64
_ODD_TIMESTAMP = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[T\s]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d*))?)?"
    r"\s*(?:Z|UTC|([+-])(\d\d):?(\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)


def parse_timestamp(text: str | None) -> datetime | None:
    """
    Read a charge box's timestamp as a moment in UTC; None if no moment can be read from it. Never raises.

    Without an offset it is taken as UTC, the zone that the specification recommends (OCPP 1.6, 3.14). Read beyond
    ISO 8601: lower case, one-digit fields, space around, 24:00:00 and second 60 (field-notes C28). A moment outside the
    years 1 to 9999 is none.
    """
    if text is None or len(text) > _MAX_TIMESTAMP_LENGTH:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is UTC:
            return moment
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except ValueError:
        return _parse_odd_timestamp(text.strip())
    except OverflowError:  # 0001-01-01T00:00:00+01:00
        return None


def _parse_odd_timestamp(text: str) -> datetime | None:
    match = _ODD_TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    offset = timedelta(hours=int(offset_hours or 0), minutes=int(offset_minutes or 0))
    overflow = timedelta(days=hour == 24, seconds=second == 60)
    microsecond = int(f"{fraction or '':0<6.6}")
    try:
        zone = timezone(-offset if sign == "-" else offset)
        moment = datetime(year, month, day, hour % 24, minute, 59 if second == 60 else second, microsecond, zone)
        return (moment + overflow).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def format_timestamp(moment: datetime) -> str:
    """
    Write a moment as it goes on the wire, in UTC to the millisecond: `2026-11-20T15:25:06.987Z`.

    Raises:
        ValueError: the moment is naive, which is a mistake of ours.
    """
    if moment.tzinfo is None:
        raise ValueError("a timestamp for the wire needs a time zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# To the wire ----------------------------------------------------------------------------------------------------------


def to_wire(result: object) -> dict[str, Any]:
    """
    Make the JSON object of an `ocpp.v16.call` or `call_result` dataclass.

    Fields and the keys of plain dicts become camelCase, None is left out, enumerations become their text, Decimal
    becomes a JSON number.

    Raises:
        TypeError: the object is not a dataclass.
    """
    names = _WIRE_NAMES.get(type(result)) or _learn_wire_names(type(result))
    return {wire_name: _wire_value(value) for name, wire_name in names if (value := getattr(result, name)) is not None}


_WIRE_NAMES: dict[type, tuple[tuple[str, str], ...]] = {}


def _learn_wire_names(dataclass_type: type[Any]) -> tuple[tuple[str, str], ...]:
    names = tuple((field.name, _camel_case(field.name)) for field in fields(dataclass_type))
    _WIRE_NAMES[dataclass_type] = names
    return names


@lru_cache(maxsize=1024)  # bounded: the keys of plain dicts come from outside
def _camel_case(name: str) -> str:
    # None of the package's special spellings (SoC, V2X, CSMS, URL) occurs in 1.6; a test compares every name of it.
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def _wire_value(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case str() | bool() | int() | float():
            return value
        case list() | tuple():
            return [_wire_value(item) for item in value]
        case dict():
            return {_camel_case(key): _wire_value(item) for key, item in value.items() if item is not None}
        case Decimal():
            return float(value)
        case _:
            return to_wire(value)
