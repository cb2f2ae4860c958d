"""Transactions: the books, the central system and the meter agree."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ocpp.v16.enums import AuthorizationStatus

from simulators import ChargePoint, TransactionRecord, Vehicle
from tests.simulators.central_system import CentralSystem
from tests.simulators.conftest import MakeChargePoint


async def charge(charge_point: ChargePoint, readings: int = 3, connector: int = 1) -> TransactionRecord:
    """Start a transaction and let it report some readings."""
    charge_point.plug_in(connector, Vehicle(soc_percent=10))
    record = await charge_point.present_tag(connector, "TAG1")
    assert record is not None
    await charge_point.wait_for(lambda: len(record.meter_values) >= readings)
    return record


def energy_of(meter_values: dict[str, Any]) -> int:
    """The register inside a MeterValues as the central system got it."""
    [meter_value] = meter_values["meter_value"]
    [energy] = [
        sampled["value"]
        for sampled in meter_value["sampled_value"]
        if sampled["measurand"] == "Energy.Active.Import.Register"
    ]
    return int(energy)


async def test_the_books_say_what_the_central_system_was_told(
    charge_point: ChargePoint, central: CentralSystem
) -> None:
    record = await charge(charge_point)
    await charge_point.present_tag(1, "TAG1")
    charge_point.unplug(1)
    await charge_point.wait_for(lambda: charge_point.idle)

    [(_, start)] = central.of("SIM001", "StartTransaction")
    assert start == {
        "connector_id": 1,
        "id_tag": "TAG1",
        "meter_start": record.meter_start_wh,
        "timestamp": record.started_at,
    }
    [(_, stop)] = central.of("SIM001", "StopTransaction")
    assert stop == {
        "transaction_id": record.transaction_id,
        "id_tag": "TAG1",
        "meter_stop": record.meter_stop_wh,
        "timestamp": record.stopped_at,
        "reason": "Local",
    }
    told = [payload for _, payload in central.of("SIM001", "MeterValues")]
    assert [(values["meter_value"][0]["timestamp"], energy_of(values)) for values in told] == [
        (reading.timestamp, reading.energy_wh) for reading in record.meter_values
    ]
    assert {values["transaction_id"] for values in told} == {record.transaction_id} == {701}
    assert record.settled
    assert record.start_status == "Accepted"
    assert charge_point.books.outstanding == 0
    assert not charge_point.log.oddities


async def test_energy_rises_from_start_over_readings_to_stop(charge_point: ChargePoint) -> None:
    record = await charge(charge_point)
    charge_point.end_transaction(1)
    readings = [reading.energy_wh for reading in record.meter_values]
    figures = [record.meter_start_wh, *readings, record.meter_stop_wh]
    assert None not in figures
    assert figures == sorted(figures, key=lambda figure: figure or 0)
    assert record.meter_stop_wh is not None
    # 90 simulated seconds at 11 kW are 275 Wh.
    assert record.meter_stop_wh - record.meter_start_wh >= 250


async def test_the_register_goes_on_where_the_last_transaction_ended(charge_point: ChargePoint) -> None:
    first = await charge(charge_point, readings=1)
    charge_point.deliver_wh(1, 5_000)
    await charge_point.present_tag(1, "TAG1")
    second = await charge_point.present_tag(1, "TAG1")
    assert second is not None
    assert second.meter_start_wh == first.meter_stop_wh
    assert second.meter_start_wh >= 5_000


async def test_every_change_of_status_is_told_in_order(charge_point: ChargePoint, central: CentralSystem) -> None:
    await charge(charge_point, readings=1)
    await charge_point.present_tag(1, "TAG1")
    charge_point.unplug(1)
    await charge_point.wait_for(lambda: charge_point.idle)
    told = [
        payload["status"] for _, payload in central.of("SIM001", "StatusNotification") if payload["connector_id"] == 1
    ]
    assert told == ["Available", "Preparing", "Charging", "Finishing", "Available"]


async def test_a_full_vehicle_suspends_charging_by_itself(charge_point: ChargePoint, central: CentralSystem) -> None:
    charge_point.plug_in(1, Vehicle(battery_wh=1000, soc_percent=90, max_power_w=10_000, curve=((0, 100),)))
    record = await charge_point.present_tag(1, "TAG1")
    assert record is not None
    await charge_point.wait_for(lambda: charge_point.connectors[1].status == "SuspendedEV")
    charge_point.end_transaction(1)
    assert record.meter_stop_wh == 100


async def test_sampled_data_is_what_the_key_lists(make: MakeChargePoint, central: CentralSystem) -> None:
    keys = "Power.Active.Import,Current.Import,Voltage,SoC,Current.Offered,Power.Offered,Temperature"
    charge_point = await make(configuration={"MeterValueSampleInterval": 10, "MeterValuesSampledData": keys})
    record = await charge(charge_point, readings=1)
    await charge_point.wait_for(lambda: record.meter_values[0].delivery.acknowledged)
    assert record.meter_values[0].energy_wh is None
    sampled = central.of("SIM001", "MeterValues")[0][1]["meter_value"][0]["sampled_value"]
    phases = [(value["measurand"], value.get("phase")) for value in sampled]
    assert phases == [
        ("Power.Active.Import", None),
        *(("Current.Import", f"L{phase}") for phase in (1, 2, 3)),
        *(("Voltage", f"L{phase}-N") for phase in (1, 2, 3)),
        ("SoC", None),
        ("Current.Offered", None),
        ("Power.Offered", None),
        ("Temperature", None),
    ]
    power, current, voltage = (float(sampled[index]["value"]) for index in (0, 1, 4))
    assert abs(power - 3 * current * voltage) < 10


async def test_the_stop_carries_the_samples_that_the_key_lists(make: MakeChargePoint, central: CentralSystem) -> None:
    charge_point = await make(
        configuration={"MeterValueSampleInterval": 30, "StopTxnSampledData": "Energy.Active.Import.Register"}
    )
    record = await charge(charge_point, readings=2)
    await charge_point.present_tag(1, "TAG1")
    [(_, stop)] = central.of("SIM001", "StopTransaction")
    told = [
        (value["timestamp"], value["sampled_value"][0]["context"], int(value["sampled_value"][0]["value"]))
        for value in stop["transaction_data"]
    ]
    assert [(timestamp, energy_wh) for timestamp, _, energy_wh in told] == record.transaction_data
    contexts = [context for _, context, _ in told]
    assert (contexts[0], contexts[-1]) == ("Transaction.Begin", "Transaction.End")
    assert set(contexts[1:-1]) == {"Sample.Periodic"}
    assert (told[0][2], told[-1][2]) == (record.meter_start_wh, record.meter_stop_wh)


async def test_clock_aligned_values_come_without_a_transaction(make: MakeChargePoint, central: CentralSystem) -> None:
    charge_point = await make(connectors=2, configuration={"ClockAlignedDataInterval": 10})
    await charge_point.wait_for(lambda: len(charge_point.books.readings) >= 2 and charge_point.idle)
    told = [payload for _, payload in central.of("SIM001", "MeterValues")]
    assert {payload["connector_id"] for payload in told} == {1, 2}
    assert all("transaction_id" not in payload for payload in told)
    assert {reading.context for reading in charge_point.books.readings} == {"Sample.Clock"}


async def test_a_refused_tag_starts_nothing(charge_point: ChargePoint, central: CentralSystem) -> None:
    central.statuses["BLOCKED"] = AuthorizationStatus.blocked
    charge_point.plug_in(1)
    assert await charge_point.present_tag(1, "BLOCKED") is None
    assert charge_point.books.transactions == []
    assert central.of("SIM001", "StartTransaction") == []


async def test_a_tag_may_come_before_the_cable(charge_point: ChargePoint) -> None:
    assert await charge_point.present_tag(1, "TAG1") is None
    assert charge_point.connectors[1].status == "Preparing"
    charge_point.plug_in(1)
    assert charge_point.connectors[1].transaction is not None


async def test_a_tag_waits_for_the_cable_only_until_the_timeout(make: MakeChargePoint) -> None:
    charge_point = await make(configuration={"ConnectionTimeOut": 20})
    await charge_point.present_tag(1, "TAG1")
    await charge_point.wait_for(lambda: charge_point.connectors[1].status == "Available")
    charge_point.plug_in(1)
    assert charge_point.books.transactions == []


@pytest.mark.parametrize(("stops", "reason"), [(True, "DeAuthorized"), (False, None)])
async def test_a_start_that_is_not_accepted_is_stopped_or_suspended(
    make: MakeChargePoint, central: CentralSystem, stops: bool, reason: str | None
) -> None:
    charge_point = await make(configuration={"LocalPreAuthorize": True, "StopTransactionOnInvalidId": stops})
    charge_point.authorizer.learn("TAG1", {"status": "Accepted"})
    central.statuses["TAG1"] = AuthorizationStatus.concurrent_tx
    charge_point.plug_in(1)
    record = await charge_point.present_tag(1, "TAG1")
    assert record is not None
    await charge_point.wait_for(lambda: charge_point.idle)
    assert central.of("SIM001", "Authorize") == []
    assert record.start_status == "ConcurrentTx"
    assert record.reason == reason
    assert charge_point.connectors[1].status == ("Finishing" if stops else "SuspendedEVSE")


async def test_only_the_same_tag_or_its_group_stops_a_transaction(
    charge_point: ChargePoint, central: CentralSystem
) -> None:
    record = await charge(charge_point, readings=1)
    assert await charge_point.present_tag(1, "STRANGER") is None
    assert not record.stopped
    charge_point.authorizer.learn("TAG1", {"status": "Accepted", "parentIdTag": "FAMILY"})
    central.parents["SISTER"] = "FAMILY"
    assert await charge_point.present_tag(1, "SISTER") is record
    assert (record.reason, record.stop_id_tag) == ("Local", "SISTER")


@pytest.mark.parametrize(("key", "reason"), [(True, "EVDisconnected"), (False, None)])
async def test_pulling_the_cable_stops_the_transaction_if_the_key_says_so(
    make: MakeChargePoint, key: bool, reason: str | None
) -> None:
    charge_point = await make(configuration={"StopTransactionOnEVSideDisconnect": key, "MeterValueSampleInterval": 30})
    record = await charge(charge_point, readings=1)
    assert charge_point.unplug(1)
    assert record.reason == reason
    assert charge_point.connectors[1].status == ("Available" if key else "SuspendedEV")


async def test_a_fault_ends_the_transaction_and_shows_its_code(
    charge_point: ChargePoint, central: CentralSystem
) -> None:
    record = await charge(charge_point, readings=1)
    charge_point.fault(1, "GroundFailure")
    await charge_point.wait_for(lambda: charge_point.idle)
    last = central.of("SIM001", "StatusNotification")[-1][1]
    assert (last["status"], last["error_code"]) == ("Faulted", "GroundFailure")
    assert record.reason == "Other"
    charge_point.clear_fault(1)
    assert charge_point.connectors[1].status == "Finishing"


async def test_suspended_energy_does_not_count(charge_point: ChargePoint) -> None:
    record = await charge(charge_point, readings=1)
    charge_point.suspend(1)
    held_wh = charge_point.connectors[1].meter.register_wh
    await charge_point.wait_for(lambda: len(record.meter_values) >= 3)
    assert charge_point.connectors[1].status == "SuspendedEVSE"
    assert record.meter_values[-1].energy_wh == held_wh
    charge_point.suspend(1, False)
    assert charge_point.connectors[1].status == "Charging"


async def test_a_limit_holds_from_now_on(charge_point: ChargePoint) -> None:
    await charge(charge_point, readings=1)
    charge_point.limit(1, 1_400)
    assert charge_point.connectors[1].meter.power_w == 1_400


async def test_the_books_are_plain_json(charge_point: ChargePoint) -> None:
    record = await charge(charge_point, readings=1)
    await charge_point.present_tag(1, "TAG1")
    books = json.loads(json.dumps(charge_point.books.as_dict()))
    assert books["charge_point_id"] == "SIM001"
    [transaction] = books["transactions"]
    assert transaction["transaction_id"] == record.transaction_id
    assert transaction["stop"] == {"attempts": 1, "acknowledged": True, "discarded": False}
