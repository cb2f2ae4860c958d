"""
What the central system may ask, and what the charge point answers.

`COMMANDS` is the table of contents: action → function of (charge point, payload)
that returns the answer's payload and, where something follows from it, what to
do after the answer has been sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from ocpp.v16.enums import (
    Action,
    AvailabilityStatus,
    AvailabilityType,
    ClearCacheStatus,
    DataTransferStatus,
    MessageTrigger,
    ReadingContext,
    Reason,
    RemoteStartStopStatus,
    ResetStatus,
    ResetType,
    TriggerMessageStatus,
    UnlockStatus,
)

from simulators.configuration import MAX_KEYS
from simulators.frames import CallError, Payload
from simulators.outbox import Urgency

if TYPE_CHECKING:
    from simulators.charge_point import ChargePoint

Effect = Callable[[], Awaitable[object]]
Answer = tuple[Payload, Effect | None]
Command = Callable[["ChargePoint", Payload], Answer]


class Refused(Exception):
    """A command is answered with a CALLERROR."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


def carry_out(charge_point: ChargePoint, action: str, payload: Payload) -> Answer:
    """
    Answer a command.

    Raises:
        Refused: the action is unknown, or the payload is not what it must be.
    """
    command = COMMANDS.get(action)
    if command is None:
        known = action in {known.value for known in Action}
        code = "NotSupported" if known else "NotImplemented"
        raise Refused(code, f"{action} is {'not supported here' if known else 'unknown'}")
    try:
        return command(charge_point, payload)
    except (KeyError, TypeError, ValueError) as error:
        raise Refused("FormationViolation", f"{action}: {type(error).__name__} {error}") from error


def refusal(unique_id: str, refused: Refused) -> CallError:
    """The CALLERROR that answers a refused command."""
    return CallError(unique_id, refused.code, refused.description)


def _remote_start(charge_point: ChargePoint, payload: Payload) -> Answer:
    id_tag = _text(payload, "idTag")
    connector = charge_point.free_connector(payload.get("connectorId"))
    if connector is None or not charge_point.accepted:
        return {"status": RemoteStartStopStatus.rejected.value}, None
    answer = {"status": RemoteStartStopStatus.accepted.value}
    return answer, partial(charge_point.start_remotely, connector.number, id_tag)


def _remote_stop(charge_point: ChargePoint, payload: Payload) -> Answer:
    connector = charge_point.connector_of(int(payload["transactionId"]))
    if connector is None or not charge_point.accepted:
        return {"status": RemoteStartStopStatus.rejected.value}, None

    async def stop() -> None:
        charge_point.end_transaction(connector.number, Reason.remote)

    return {"status": RemoteStartStopStatus.accepted.value}, stop


def _reset(charge_point: ChargePoint, payload: Payload) -> Answer:
    soft = ResetType(payload["type"]) is ResetType.soft
    reason = Reason.soft_reset if soft else Reason.hard_reset
    return {"status": ResetStatus.accepted.value}, partial(charge_point.reboot, reason, graceful=soft)


def _unlock(charge_point: ChargePoint, payload: Payload) -> Answer:
    connector = charge_point.connectors.get(int(payload["connectorId"]))
    if connector is None:
        return {"status": UnlockStatus.not_supported.value}, None
    # OCPP 1.6, 5.18: a running transaction is finished first.
    charge_point.end_transaction(connector.number, Reason.unlock_command)
    status = UnlockStatus.unlocked if charge_point.unlock(connector.number) else UnlockStatus.unlock_failed
    return {"status": status.value}, None


def _change_availability(charge_point: ChargePoint, payload: Payload) -> Answer:
    operative = AvailabilityType(payload["type"]) is AvailabilityType.operative
    number = int(payload["connectorId"])
    if number != 0 and number not in charge_point.connectors:
        return {"status": AvailabilityStatus.rejected.value}, None
    scheduled = charge_point.set_operative(number, operative)
    status = AvailabilityStatus.scheduled if scheduled else AvailabilityStatus.accepted
    return {"status": status.value}, None


def _change_configuration(charge_point: ChargePoint, payload: Payload) -> Answer:
    status = charge_point.configuration.change(_text(payload, "key"), _text(payload, "value"))
    return {"status": status.value}, None


def _get_configuration(charge_point: ChargePoint, payload: Payload) -> Answer:
    names = payload.get("key", [])
    if not isinstance(names, list):
        raise TypeError("key is no list")
    if len(names) > MAX_KEYS:
        # The misprint is the specification's (OCPP-J 1.6, 4.2.3).
        raise Refused("OccurenceConstraintViolation", f"more than {MAX_KEYS} keys")
    return charge_point.configuration.report(str(name) for name in names), None


def _clear_cache(charge_point: ChargePoint, payload: Payload) -> Answer:
    if not charge_point.configuration.flag("AuthorizationCacheEnabled"):
        return {"status": ClearCacheStatus.rejected.value}, None
    charge_point.authorizer.cache.clear()
    return {"status": ClearCacheStatus.accepted.value}, None


def _data_transfer(charge_point: ChargePoint, payload: Payload) -> Answer:
    if _text(payload, "vendorId") != charge_point.options.vendor:
        return {"status": DataTransferStatus.unknown_vendor_id.value}, None
    echo = {"data": payload["data"]} if "data" in payload else {}
    return {"status": DataTransferStatus.accepted.value, **echo}, None


def _trigger_message(charge_point: ChargePoint, payload: Payload) -> Answer:
    message = payload["requestedMessage"]
    trigger = _TRIGGERS.get(message)
    if trigger is None:
        return {"status": TriggerMessageStatus.not_implemented.value}, None
    number = payload.get("connectorId")
    if number not in (None, 0) and number not in charge_point.connectors:
        return {"status": TriggerMessageStatus.rejected.value}, None

    async def send() -> None:
        trigger(charge_point, number)

    return {"status": TriggerMessageStatus.accepted.value}, send


def _trigger_boot(charge_point: ChargePoint, number: int | None) -> None:
    charge_point.boot_now()


def _trigger_heartbeat(charge_point: ChargePoint, number: int | None) -> None:
    charge_point.notify(Action.heartbeat, {}, urgency=Urgency.TRIGGERED)


def _trigger_status(charge_point: ChargePoint, number: int | None) -> None:
    numbers = [0, *charge_point.connectors] if number is None else [number]
    for each in numbers:
        charge_point.status.announce(charge_point.connector(each), urgency=Urgency.TRIGGERED)


def _trigger_meter_values(charge_point: ChargePoint, number: int | None) -> None:
    for connector in charge_point.connectors.values():
        if number in (None, 0, connector.number):
            charge_point.charging.read(connector, ReadingContext.trigger, "MeterValuesSampledData")


def _trigger_diagnostics(charge_point: ChargePoint, number: int | None) -> None:
    charge_point.notify(Action.diagnostics_status_notification, {"status": "Idle"}, urgency=Urgency.TRIGGERED)


def _trigger_firmware(charge_point: ChargePoint, number: int | None) -> None:
    charge_point.notify(Action.firmware_status_notification, {"status": "Idle"}, urgency=Urgency.TRIGGERED)


def _text(payload: Payload, name: str) -> str:
    value: Any = payload[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value


_TRIGGERS: dict[str, Callable[[ChargePoint, int | None], None]] = {
    MessageTrigger.boot_notification.value: _trigger_boot,
    MessageTrigger.heartbeat.value: _trigger_heartbeat,
    MessageTrigger.status_notification.value: _trigger_status,
    MessageTrigger.meter_values.value: _trigger_meter_values,
    MessageTrigger.diagnostics_status_notification.value: _trigger_diagnostics,
    MessageTrigger.firmware_status_notification.value: _trigger_firmware,
}

COMMANDS: dict[str, Command] = {
    Action.remote_start_transaction.value: _remote_start,
    Action.remote_stop_transaction.value: _remote_stop,
    Action.reset.value: _reset,
    Action.unlock_connector.value: _unlock,
    Action.change_availability.value: _change_availability,
    Action.change_configuration.value: _change_configuration,
    Action.get_configuration.value: _get_configuration,
    Action.clear_cache.value: _clear_cache,
    Action.data_transfer.value: _data_transfer,
    Action.trigger_message.value: _trigger_message,
}
