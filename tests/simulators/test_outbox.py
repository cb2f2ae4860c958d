"""What happens to reports when nobody answers: order, repeats, and giving up."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from ocpp.v16.enums import AuthorizationStatus

from simulators import ChargePoint, Delivery, TransactionRecord
from simulators.conditions import Conditions
from simulators.frames import Call, CallError
from simulators.outbox import Outbox, Report, RetryRule, Urgency
from tests.simulators.central_system import CentralSystem
from tests.simulators.conftest import MakeChargePoint

REPORTS = ("StartTransaction", "MeterValues", "StopTransaction")
SAMPLED = {"MeterValueSampleInterval": 30, "TransactionMessageRetryInterval": 0}


async def charge_offline(charge_point: ChargePoint, readings: int = 2) -> TransactionRecord:
    """A whole transaction while there is no connection."""
    charge_point.plug_in(1)
    record = await charge_point.present_tag(1, "TAG1")
    assert record is not None
    await charge_point.wait_for(lambda: len(record.meter_values) >= readings)
    await charge_point.present_tag(1, "TAG1")
    charge_point.unplug(1)
    return record


def unique_ids(charge_point: ChargePoint, action: str) -> list[str]:
    """The unique ids under which an action was sent, in order."""
    sent = [frame.parts for frame in charge_point.log.last if frame.direction == "sent"]
    return [parts[1] for parts in sent if parts[0] == 2 and parts[2] == action]


async def test_an_offline_queue_arrives_complete_and_in_order(make: MakeChargePoint, central: CentralSystem) -> None:
    charge_point = await make(configuration=SAMPLED)
    charge_point.go_offline()
    records = [await charge_offline(charge_point) for _ in range(2)]
    assert central.of("SIM001", *REPORTS) == []
    assert charge_point.books.outstanding == sum(2 + len(record.meter_values) for record in records)

    charge_point.go_online()
    await charge_point.wait_for(lambda: charge_point.books.outstanding == 0)
    told = central.of("SIM001", *REPORTS)
    expected = [
        action
        for record in records
        for action in ("StartTransaction", *["MeterValues"] * len(record.meter_values), "StopTransaction")
    ]
    assert [action for action, _ in told] == expected
    moments = [
        payload["timestamp"] if "timestamp" in payload else payload["meter_value"][0]["timestamp"]
        for _, payload in told
    ]
    assert moments == sorted(moments)
    assert all(record.settled and record.stop.acknowledged for record in records)


async def test_the_id_answered_to_a_queued_start_goes_into_what_follows(
    make: MakeChargePoint, central: CentralSystem
) -> None:
    charge_point = await make(configuration=SAMPLED)
    charge_point.go_offline()
    first, second = [await charge_offline(charge_point) for _ in range(2)]
    charge_point.go_online()
    await charge_point.wait_for(lambda: charge_point.books.outstanding == 0)
    assert (first.transaction_id, second.transaction_id) == (701, 702)
    ids = [payload["transaction_id"] for _, payload in central.of("SIM001", "MeterValues", "StopTransaction")]
    assert ids == [701] * (len(first.meter_values) + 1) + [702] * (len(second.meter_values) + 1)


async def test_while_offline_no_status_is_kept_but_the_last_one_is_told(
    make: MakeChargePoint, central: CentralSystem
) -> None:
    charge_point = await make(connectors=2)
    charge_point.go_offline()
    charge_point.plug_in(1)
    charge_point.unplug(1)
    charge_point.plug_in(1)
    before = len(central.of("SIM001", "StatusNotification"))
    charge_point.go_online()
    await charge_point.wait_for(lambda: charge_point.online and charge_point.idle)
    [(_, told)] = central.of("SIM001", "StatusNotification")[before:]
    assert (told["connector_id"], told["status"]) == (1, "Preparing")
    assert len(central.of("SIM001", "BootNotification")) == 1


async def test_an_internal_error_is_repeated_under_a_new_id(make: MakeChargePoint, central: CentralSystem) -> None:
    charge_point = await make(configuration=SAMPLED)
    central.trouble["StartTransaction"].extend(["InternalError"] * 2)
    charge_point.plug_in(1)
    record = await charge_point.present_tag(1, "TAG1")
    assert record is not None
    assert record.start.attempts == 3
    assert record.start.acknowledged
    told = [payload for _, payload in central.of("SIM001", "StartTransaction")]
    assert len(told) == 3
    assert told[0] == told[1] == told[2]
    assert len(set(unique_ids(charge_point, "StartTransaction"))) == 3


async def test_a_repeat_may_keep_its_id(make: MakeChargePoint, central: CentralSystem) -> None:
    charge_point = await make(configuration=SAMPLED, retry_same_id=True)
    central.trouble["StartTransaction"].append("InternalError")
    charge_point.plug_in(1)
    await charge_point.present_tag(1, "TAG1")
    first, second = unique_ids(charge_point, "StartTransaction")
    assert first == second


async def test_nothing_overtakes_a_report_that_is_repeated(make: MakeChargePoint, central: CentralSystem) -> None:
    charge_point = await make(configuration={"MeterValueSampleInterval": 30, "TransactionMessageRetryInterval": 1})
    central.trouble["StartTransaction"].append("InternalError")
    charge_point.plug_in(1)
    record = await charge_point.present_tag(1, "TAG1", wait_s=0)
    assert record is not None
    await charge_point.wait_for(lambda: len(record.meter_values) >= 2)
    assert [action for action, _ in central.of("SIM001", *REPORTS)] == ["StartTransaction"]
    # A notice may go in between (OCPP 1.6, 3.7).
    await charge_point.call("Heartbeat")
    assert not record.start.acknowledged
    await charge_point.wait_for(lambda: record.start.acknowledged)
    assert record.start.attempts == 2


async def test_a_lost_reply_is_repeated_on_the_next_connection(make: MakeChargePoint, central: CentralSystem) -> None:
    charge_point = await make(configuration={**SAMPLED, "TransactionMessageAttempts": 1})
    central.trouble["StartTransaction"].append("lost")
    charge_point.plug_in(1)
    record = await charge_point.present_tag(1, "TAG1")
    assert record is not None
    await charge_point.wait_for(lambda: record.start.settled)
    # A lost connection is no failure of the central system, so one allowed attempt is enough.
    assert (record.start.acknowledged, record.start.attempts) == (True, 2)
    first, second = [payload for _, payload in central.of("SIM001", "StartTransaction")]
    assert first == second


async def test_a_late_answer_belongs_to_nobody(make: MakeChargePoint, central: CentralSystem) -> None:
    charge_point = await make(call_timeout_s=0.1, configuration=SAMPLED)
    central.trouble["StartTransaction"].append(0.3)
    charge_point.plug_in(1)
    record = await charge_point.present_tag(1, "TAG1")
    assert record is not None
    assert record.start.attempts > 1
    assert record.start.acknowledged
    assert charge_point.log.oddities["unexpected"] >= 1


async def test_a_report_that_fails_too_often_is_given_up(make: MakeChargePoint, central: CentralSystem) -> None:
    charge_point = await make(configuration={**SAMPLED, "TransactionMessageAttempts": 2, "MeterValueSampleInterval": 0})
    central.trouble["StartTransaction"].extend(["InternalError"] * 2)
    charge_point.plug_in(1)
    record = await charge_point.present_tag(1, "TAG1")
    assert record is not None
    assert (record.start.discarded, record.start.attempts) == (True, 2)
    await charge_point.present_tag(1, "TAG1")
    [(_, stop)] = central.of("SIM001", "StopTransaction")
    assert stop["transaction_id"] == -1
    assert record.stop.acknowledged
    assert charge_point.books.discarded == 1


async def test_the_wait_before_a_repeat_grows_with_the_failures() -> None:
    loop = asyncio.get_running_loop()
    sent_at: list[float] = []

    async def refuse(call: Call) -> bool:
        sent_at.append(loop.time())
        outbox.answer_received(CallError(call.unique_id, "InternalError"))
        return True

    conditions = Conditions()
    outbox = Outbox(refuse, retry_rule=lambda: RetryRule(4, 0.05), call_timeout_s=1, changed=conditions.changed)
    delivery = Delivery()
    outbox.report(Report("StopTransaction", dict, delivery))
    outbox.link_up(Urgency.NORMAL)
    running = asyncio.create_task(outbox.run())
    await conditions.wait_for(lambda: delivery.discarded, timeout_s=5)
    running.cancel()
    waits = [later - earlier for earlier, later in pairwise(sent_at)]
    assert [round(wait / 0.05) for wait in waits] == [1, 2, 3]


async def test_only_one_call_is_outstanding(make: MakeChargePoint, central: CentralSystem) -> None:
    charge_point = await make(connectors=2, configuration={"MeterValueSampleInterval": 10})
    for connector in (1, 2):
        charge_point.plug_in(connector)
        await charge_point.present_tag(connector, f"TAG{connector}", wait_s=0)
    await charge_point.wait_for(lambda: charge_point.log.sent_calls["MeterValues"] >= 6)
    outstanding = 0
    for frame in list(charge_point.log.last):
        outstanding += 1 if frame.direction == "sent" else -1
        assert outstanding in (0, 1)


async def test_offline_the_cache_decides_about_tags(make: MakeChargePoint, central: CentralSystem) -> None:
    charge_point = await make(connectors=2, configuration={"AllowOfflineTxForUnknownId": False})
    central.statuses["BAD"] = AuthorizationStatus.invalid
    charge_point.plug_in(1)
    await charge_point.present_tag(1, "BAD")
    await charge_point.present_tag(1, "GOOD")
    await charge_point.present_tag(1, "GOOD")
    charge_point.go_offline()
    assert await charge_point.present_tag(1, "BAD") is None
    assert await charge_point.present_tag(1, "UNKNOWN") is None
    assert await charge_point.present_tag(1, "good") is not None


async def test_an_expired_entry_of_the_cache_does_not_charge(make: MakeChargePoint) -> None:
    charge_point = await make(connectors=1)
    charge_point.authorizer.learn("OLD", {"status": "Accepted", "expiryDate": "2020-01-01T00:00:00Z"})
    charge_point.go_offline()
    charge_point.plug_in(1)
    assert await charge_point.present_tag(1, "OLD") is None
