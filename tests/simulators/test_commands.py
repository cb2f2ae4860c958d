"""Each command of the central system: the answer, and what follows from it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ocpp.v16 import call

from simulators import ChargePoint, TransactionRecord
from tests.simulators.central_system import CentralSystem
from tests.simulators.conftest import MakeChargePoint


async def started(charge_point: ChargePoint, connector: int = 1) -> TransactionRecord:
    """A transaction that runs."""
    charge_point.plug_in(connector)
    record = await charge_point.present_tag(connector, "TAG1")
    assert record is not None
    return record


def statuses(central: CentralSystem, connector: int) -> list[str]:
    """What was told about a connector, in order."""
    return [
        payload["status"]
        for _, payload in central.of("SIM001", "StatusNotification")
        if payload["connector_id"] == connector
    ]


async def test_a_remote_start_begins_a_transaction(charge_point: ChargePoint, central: CentralSystem) -> None:
    charge_point.plug_in(2)
    reply = await central.peers["SIM001"].call(call.RemoteStartTransaction(id_tag="APP", connector_id=2))
    assert reply.status == "Accepted"
    await charge_point.wait_for(lambda: charge_point.books.transactions and charge_point.idle)
    [record] = charge_point.books.transactions
    assert (record.connector, record.id_tag, record.transaction_id) == (2, "APP", 701)
    assert central.of("SIM001", "Authorize") == []


async def test_a_remote_start_asks_first_if_the_key_says_so(make: MakeChargePoint, central: CentralSystem) -> None:
    charge_point = await make(configuration={"AuthorizeRemoteTxRequests": True})
    charge_point.plug_in(1)
    await central.peers["SIM001"].call(call.RemoteStartTransaction(id_tag="APP"))
    await charge_point.wait_for(lambda: charge_point.books.transactions)
    assert [payload for _, payload in central.of("SIM001", "Authorize")] == [{"id_tag": "APP"}]


async def test_a_remote_start_without_a_car_waits_for_the_cable(
    charge_point: ChargePoint, central: CentralSystem
) -> None:
    reply = await central.peers["SIM001"].call(call.RemoteStartTransaction(id_tag="APP"))
    assert reply.status == "Accepted"
    await charge_point.wait_for(lambda: charge_point.connectors[1].waiting_tag == "APP")
    again = await central.peers["SIM001"].call(call.RemoteStartTransaction(id_tag="APP", connector_id=1))
    assert again.status == "Rejected"
    charge_point.plug_in(1)
    assert [record.id_tag for record in charge_point.books.transactions] == ["APP"]


@pytest.mark.parametrize("connector", [1, 3])
async def test_a_remote_start_where_it_cannot_be_is_rejected(
    charge_point: ChargePoint, central: CentralSystem, connector: int
) -> None:
    await started(charge_point, 1)
    reply = await central.peers["SIM001"].call(call.RemoteStartTransaction(id_tag="APP", connector_id=connector))
    assert reply.status == "Rejected"
    assert len(charge_point.books.transactions) == 1


async def test_a_faulted_charge_point_starts_nothing(charge_point: ChargePoint, central: CentralSystem) -> None:
    charge_point.fault(0, "PowerMeterFailure")
    charge_point.plug_in(1)
    reply = await central.peers["SIM001"].call(call.RemoteStartTransaction(id_tag="APP", connector_id=1))
    assert reply.status == "Rejected"
    assert await charge_point.present_tag(1, "TAG1") is None
    await charge_point.wait_for(lambda: charge_point.idle)
    assert statuses(central, 0)[-1] == "Faulted"


async def test_a_remote_stop_ends_the_transaction(charge_point: ChargePoint, central: CentralSystem) -> None:
    record = await started(charge_point)
    assert record.transaction_id is not None
    reply = await central.peers["SIM001"].call(call.RemoteStopTransaction(transaction_id=record.transaction_id))
    assert reply.status == "Accepted"
    await charge_point.wait_for(lambda: record.settled)
    assert record.reason == "Remote"
    assert charge_point.connectors[1].status == "Finishing"


async def test_a_remote_stop_of_an_unknown_transaction_is_rejected(
    charge_point: ChargePoint, central: CentralSystem
) -> None:
    record = await started(charge_point)
    reply = await central.peers["SIM001"].call(call.RemoteStopTransaction(transaction_id=4711))
    assert reply.status == "Rejected"
    assert not record.stopped


async def test_a_soft_reset_delivers_the_stop_before_it_boots(
    charge_point: ChargePoint, central: CentralSystem
) -> None:
    record = await started(charge_point)
    reply = await central.peers["SIM001"].call(call.Reset(type="Soft"))
    assert reply.status == "Accepted"
    await charge_point.wait_for(lambda: charge_point.registration.boots == 2 and charge_point.idle)
    order = [action for action, _ in central.of("SIM001", "StopTransaction", "BootNotification")]
    assert order == ["BootNotification", "StopTransaction", "BootNotification"]
    assert (record.reason, record.settled) == ("SoftReset", True)
    assert statuses(central, 1)[-1] == "Finishing"


async def test_a_hard_reset_tells_the_stop_after_the_boot(charge_point: ChargePoint, central: CentralSystem) -> None:
    record = await started(charge_point)
    reply = await central.peers["SIM001"].call(call.Reset(type="Hard"))
    assert reply.status == "Accepted"
    await charge_point.wait_for(lambda: charge_point.registration.boots == 2 and record.settled)
    order = [action for action, _ in central.of("SIM001", "StopTransaction", "BootNotification")]
    assert order == ["BootNotification", "BootNotification", "StopTransaction"]
    assert record.reason == "HardReset"


async def test_after_a_boot_every_status_is_told_again(charge_point: ChargePoint, central: CentralSystem) -> None:
    before = len(central.of("SIM001", "StatusNotification"))
    await charge_point.reboot()
    await charge_point.wait_for(lambda: charge_point.registration.boots == 2 and charge_point.idle)
    told = central.of("SIM001", "StatusNotification")[before:]
    assert [payload["connector_id"] for _, payload in told] == [0, 1, 2]


@pytest.mark.parametrize(("connector", "stuck", "status"), [(1, False, "Unlocked"), (1, True, "UnlockFailed")])
async def test_unlock_ends_the_transaction_and_tries_the_lock(
    charge_point: ChargePoint, central: CentralSystem, connector: int, stuck: bool, status: str
) -> None:
    record = await started(charge_point)
    charge_point.cable_stuck(1, stuck)
    reply = await central.peers["SIM001"].call(call.UnlockConnector(connector_id=connector))
    assert reply.status == status
    assert record.reason == "UnlockCommand"
    assert charge_point.unplug(1) is not stuck
    await charge_point.wait_for(lambda: charge_point.idle)
    error_codes = [payload["error_code"] for _, payload in central.of("SIM001", "StatusNotification")]
    assert ("ConnectorLockFailure" in error_codes) is stuck


async def test_unlock_of_an_unknown_connector_is_not_supported(
    charge_point: ChargePoint, central: CentralSystem
) -> None:
    reply = await central.peers["SIM001"].call(call.UnlockConnector(connector_id=7))
    assert reply.status == "NotSupported"


async def test_a_change_of_availability_takes_effect_at_once(charge_point: ChargePoint, central: CentralSystem) -> None:
    reply = await central.peers["SIM001"].call(call.ChangeAvailability(connector_id=1, type="Inoperative"))
    assert reply.status == "Accepted"
    await charge_point.wait_for(lambda: charge_point.idle)
    assert (statuses(central, 1)[-1], statuses(central, 2)[-1]) == ("Unavailable", "Available")
    charge_point.plug_in(1)
    assert await charge_point.present_tag(1, "TAG1") is None


async def test_a_change_of_availability_waits_for_the_transaction(
    charge_point: ChargePoint, central: CentralSystem
) -> None:
    await started(charge_point)
    reply = await central.peers["SIM001"].call(call.ChangeAvailability(connector_id=0, type="Inoperative"))
    assert reply.status == "Scheduled"
    await charge_point.wait_for(lambda: charge_point.idle)
    assert [statuses(central, number)[-1] for number in (0, 1, 2)] == ["Unavailable", "Charging", "Unavailable"]
    await charge_point.present_tag(1, "TAG1")
    charge_point.unplug(1)
    await charge_point.wait_for(lambda: charge_point.idle)
    assert statuses(central, 1)[-2:] == ["Finishing", "Unavailable"]


async def test_a_scheduled_change_can_be_called_off(charge_point: ChargePoint, central: CentralSystem) -> None:
    await started(charge_point)
    peer = central.peers["SIM001"]
    await peer.call(call.ChangeAvailability(connector_id=1, type="Inoperative"))
    reply = await peer.call(call.ChangeAvailability(connector_id=1, type="Operative"))
    assert reply.status == "Accepted"
    charge_point.unplug(1)
    assert charge_point.connectors[1].status == "Available"


async def test_availability_outlives_a_reboot(charge_point: ChargePoint, central: CentralSystem) -> None:
    await central.peers["SIM001"].call(call.ChangeAvailability(connector_id=2, type="Inoperative"))
    await charge_point.reboot()
    await charge_point.wait_for(lambda: charge_point.registration.boots == 2 and charge_point.idle)
    assert statuses(central, 2)[-1] == "Unavailable"


async def test_availability_of_an_unknown_connector_is_rejected(
    charge_point: ChargePoint, central: CentralSystem
) -> None:
    reply = await central.peers["SIM001"].call(call.ChangeAvailability(connector_id=9, type="Operative"))
    assert reply.status == "Rejected"


async def test_clear_cache_forgets_tags(charge_point: ChargePoint, central: CentralSystem) -> None:
    charge_point.authorizer.learn("TAG1", {"status": "Accepted"})
    reply = await central.peers["SIM001"].call(call.ClearCache())
    assert reply.status == "Accepted"
    assert charge_point.authorizer.cache == {}


async def test_clear_cache_without_a_cache_is_rejected(make: MakeChargePoint, central: CentralSystem) -> None:
    await make(configuration={"AuthorizationCacheEnabled": False})
    reply = await central.peers["SIM001"].call(call.ClearCache())
    assert reply.status == "Rejected"


async def test_data_transfer_knows_its_own_vendor(charge_point: ChargePoint, central: CentralSystem) -> None:
    peer = central.peers["SIM001"]
    own = await peer.call(call.DataTransfer(vendor_id=charge_point.options.vendor, message_id="m", data="d"))
    assert (own.status, own.data) == ("Accepted", "d")
    other = await peer.call(call.DataTransfer(vendor_id="Somebody else"))
    assert other.status == "UnknownVendorId"


@pytest.mark.parametrize(
    ("message", "connector", "told"),
    [
        ("BootNotification", None, ["BootNotification"]),
        ("Heartbeat", None, ["Heartbeat"]),
        ("StatusNotification", None, ["StatusNotification"] * 3),
        ("StatusNotification", 0, ["StatusNotification"]),
        ("StatusNotification", 2, ["StatusNotification"]),
        ("MeterValues", 1, ["MeterValues"]),
        ("MeterValues", None, ["MeterValues"] * 2),
        ("DiagnosticsStatusNotification", None, ["DiagnosticsStatusNotification"]),
        ("FirmwareStatusNotification", None, ["FirmwareStatusNotification"]),
    ],
)
async def test_a_triggered_message_is_sent_after_the_answer(
    charge_point: ChargePoint, central: CentralSystem, message: Any, connector: int | None, told: list[str]
) -> None:
    before = len(central.asked["SIM001"])
    reply = await central.peers["SIM001"].call(call.TriggerMessage(requested_message=message, connector_id=connector))
    assert reply.status == "Accepted"
    await charge_point.wait_for(lambda: len(central.asked["SIM001"]) >= before + len(told) and charge_point.idle)
    assert [action for action, _ in central.asked["SIM001"][before:]] == told


async def test_a_triggered_reading_belongs_to_the_running_transaction(
    make: MakeChargePoint, central: CentralSystem
) -> None:
    charge_point = await make(configuration={"MeterValueSampleInterval": 0})
    record = await started(charge_point)
    await central.peers["SIM001"].call(call.TriggerMessage(requested_message="MeterValues", connector_id=1))
    await charge_point.wait_for(lambda: record.meter_values and record.meter_values[0].delivery.acknowledged)
    [(_, told)] = central.of("SIM001", "MeterValues")
    assert told["transaction_id"] == record.transaction_id
    assert record.meter_values[0].context == "Trigger"


async def test_a_trigger_for_an_unknown_connector_is_rejected(
    charge_point: ChargePoint, central: CentralSystem
) -> None:
    reply = await central.peers["SIM001"].call(
        call.TriggerMessage(requested_message="StatusNotification", connector_id=9)
    )
    assert reply.status == "Rejected"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('[2,"x1","MakeCoffee",{}]', "NotImplemented"),
        ('[2,"x1","ReserveNow",{}]', "NotSupported"),
        ('[2,"x1","Reset",{"type":"Gentle"}]', "FormationViolation"),
        ('[2,"x1","UnlockConnector",{}]', "FormationViolation"),
        ('[2,"x1","GetConfiguration",{"key":"HeartbeatInterval"}]', "FormationViolation"),
        ('[2,"x1","ChangeConfiguration",{"key":"HeartbeatInterval","value":5}]', "FormationViolation"),
    ],
)
async def test_what_cannot_be_carried_out_is_a_call_error(
    charge_point: ChargePoint, central: CentralSystem, frame: str, code: str
) -> None:
    await central.peers["SIM001"]._send(frame)
    await charge_point.wait_for(lambda: charge_point.log.last[-1].direction == "sent")
    assert charge_point.log.last[-1].parts[:3] == [4, "x1", code]


async def test_frames_that_are_none_are_counted_and_outlived(charge_point: ChargePoint, central: CentralSystem) -> None:
    for frame in ("nonsense", "[]", '[3,"nobody-asked",{}]'):
        await central.peers["SIM001"]._send(frame)
    await charge_point.wait_for(lambda: sum(charge_point.log.oddities.values()) == 3)
    assert charge_point.log.oddities == {"malformed": 2, "unexpected": 1}
    await charge_point.call("Heartbeat")


# ---- overrides ----


async def test_an_answer_can_be_overridden_and_restored(charge_point: ChargePoint, central: CentralSystem) -> None:
    charge_point.override("Reset", payload={"status": "Rejected"})
    assert (await central.peers["SIM001"].call(call.Reset(type="Hard"))).status == "Rejected"
    assert charge_point.registration.boots == 1
    charge_point.restore("Reset")
    assert (await central.peers["SIM001"].call(call.Reset(type="Hard"))).status == "Accepted"


async def test_an_override_may_hold_for_a_number_of_commands(charge_point: ChargePoint, central: CentralSystem) -> None:
    charge_point.override("ClearCache", payload={"status": "Rejected"}, times=2)
    replies = [await central.peers["SIM001"].call(call.ClearCache()) for _ in range(3)]
    assert [reply.status for reply in replies] == ["Rejected", "Rejected", "Accepted"]


async def test_a_command_can_be_answered_with_a_call_error(charge_point: ChargePoint, central: CentralSystem) -> None:
    charge_point.override("ClearCache", error="GenericError", description="no")
    assert await central.peers["SIM001"].call(call.ClearCache()) is None
    assert charge_point.log.last[-1].parts[2:4] == ["GenericError", "no"]


async def test_a_command_can_be_left_without_an_answer(charge_point: ChargePoint, central: CentralSystem) -> None:
    charge_point.override("ClearCache", silent=True)
    central.peers["SIM001"]._response_timeout = 0.1
    with pytest.raises(asyncio.TimeoutError):
        await central.peers["SIM001"].call(call.ClearCache())


async def test_an_answer_can_be_late(charge_point: ChargePoint, central: CentralSystem) -> None:
    charge_point.override("ClearCache", delay_s=0.1)
    loop = asyncio.get_running_loop()
    asked_at = loop.time()
    await central.peers["SIM001"].call(call.ClearCache())
    assert loop.time() - asked_at >= 0.1


async def test_an_answer_can_be_computed(charge_point: ChargePoint, central: CentralSystem) -> None:
    async def answer(payload: dict[str, Any]) -> dict[str, Any]:
        return {"status": "Accepted", "data": payload["vendorId"].upper()}

    charge_point.override("DataTransfer", answer=answer)
    reply = await central.peers["SIM001"].call(call.DataTransfer(vendor_id="abc"))
    assert reply.data == "ABC"


async def test_a_remote_start_can_be_answered_after_its_start_transaction(
    charge_point: ChargePoint, central: CentralSystem
) -> None:
    charge_point.plug_in(1)
    charge_point.override("RemoteStartTransaction", after_own_calls=True)
    reply = await central.peers["SIM001"].call(call.RemoteStartTransaction(id_tag="APP", connector_id=1))
    assert reply.status == "Accepted"
    assert central.of("SIM001", "StartTransaction") != []
    assert charge_point.books.transactions[0].start.acknowledged
