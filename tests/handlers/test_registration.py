"""BootNotification: what is kept of it, and what a box may do while it is Pending or Rejected."""

import asyncio
from typing import Any

import asyncpg
import orjson
import pytest

from csms.domain.charge_boxes import ChargeBoxKey
from csms.errors import ChargeBoxOffline
from csms.node import Node
from tests.gateway.peers import next_command
from tests.wire import add_token, plugged, register

Sql = asyncpg.Connection

_START = {"connectorId": 1, "idTag": "TAG1", "meterStart": 1000, "timestamp": "2026-11-20T10:00:00Z"}
_BOOT = {
    "chargePointVendor": "Vendor",
    "chargePointModel": "Model",
    "chargePointSerialNumber": "S" * 60,
    "chargeBoxSerialNumber": "B1",
    "firmwareVersion": "1.2.3",
    "iccid": "8945",
    "imsi": "2380",
    "meterType": "DC",
    "meterSerialNumber": "M1",
}


async def test_what_a_boot_says_is_kept(node: Node, sql: Sql) -> None:
    await register(sql, "BOX1")
    async with plugged(node.ocpp_port, "BOX1") as wire:
        answer = await wire.ask("BootNotification", _BOOT)
    assert answer["status"] == "Accepted"
    assert 270 <= answer["interval"] <= 330
    row = await sql.fetchrow("SELECT * FROM charge_boxes")
    assert row is not None
    assert (row["vendor"], row["model"], row["firmware_version"]) == ("Vendor", "Model", "1.2.3")
    kept = orjson.loads(row["boot"])
    assert (kept["chargePointSerialNumber"], kept["meterType"], kept["iccid"]) == ("S" * 60, "DC", "8945")
    assert row["booted_at"] is not None


async def test_heartbeat_intervals_differ_between_boxes_and_stay_the_same_for_one(node: Node, sql: Sql) -> None:
    intervals: dict[str, set[int]] = {}
    for identity in (f"BOX{number}" for number in range(8)):
        await register(sql, identity)
        for _ in range(2):
            async with plugged(node.ocpp_port, identity) as wire:
                intervals.setdefault(identity, set()).add((await wire.boot())["interval"])
    assert all(len(told) == 1 for told in intervals.values())
    assert len(set.union(*intervals.values())) > 1


async def test_a_pending_box_is_heard_and_can_be_called_but_is_told_to_boot_again(node: Node, sql: Sql) -> None:
    box = ChargeBoxKey(await register(sql, "BOX1", registration_status="Pending"), "BOX1")
    async with plugged(node.ocpp_port, "BOX1") as wire:
        answer = await wire.boot()
        assert (answer["status"], answer["interval"]) == ("Pending", 60)
        assert "currentTime" in await wire.ask("Heartbeat")
        calling = asyncio.create_task(node.caller.call(box, "GetConfiguration", {"key": ["AuthorizationKey"]}))
        # No configuration exchange: it is for boxes that are accepted.
        asked = await wire.next_call()
        assert asked[3] == {"key": ["AuthorizationKey"]}
        await wire.answer(asked, {"unknownKey": ["AuthorizationKey"]})
        assert await calling == {"unknownKey": ["AuthorizationKey"]}
        assert wire.calls.empty()


async def test_a_rejected_box_is_refused_all_but_what_would_lose_a_session(node: Node, sql: Sql) -> None:
    await add_token(sql, "TAG1")
    box = ChargeBoxKey(await register(sql, "BOX1", registration_status="Rejected"), "BOX1")
    refused: list[tuple[str, dict[str, Any]]] = [
        ("Heartbeat", {}),
        ("Authorize", {"idTag": "TAG1"}),
        ("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"}),
        ("DataTransfer", {"vendorId": "x"}),
    ]
    async with plugged(node.ocpp_port, "BOX1") as wire:
        for booted in (False, True):
            if booted:
                answer = await wire.boot()
                assert (answer["status"], answer["interval"]) == ("Rejected", 60)
            for action, payload in refused:
                reply = await wire.call(action, payload)
                assert (reply[0], reply[2]) == (4, "SecurityError")
        started = await wire.ask("StartTransaction", _START)
        reading = {"timestamp": "2026-11-20T10:05:00Z", "sampledValue": [{"value": "1100"}]}
        await wire.ask("MeterValues", {"connectorId": 1, "meterValue": [reading]})
        stop = {"transactionId": started["transactionId"], "meterStop": 1200, "timestamp": "2026-11-20T10:10:00Z"}
        await wire.ask("StopTransaction", stop)
        with pytest.raises(ChargeBoxOffline, match="Rejected"):
            await node.caller.call(box, "ClearCache", {})
        assert wire.calls.empty()
    row = await sql.fetchrow("SELECT * FROM transactions")
    assert row is not None
    assert (row["meter_start_wh"], row["meter_stop_wh"], row["end_cause"]) == (1000, 1200, "reported")
    assert await sql.fetchval("SELECT count(*) FROM meter_values WHERE transaction_id = $1", row["id"]) == 1


async def test_an_operator_who_accepts_a_box_is_obeyed_at_its_next_boot(node: Node, sql: Sql) -> None:
    box = ChargeBoxKey(await register(sql, "BOX1", registration_status="Rejected"), "BOX1")
    async with plugged(node.ocpp_port, "BOX1") as wire:
        assert (await wire.boot())["status"] == "Rejected"
        await sql.execute("UPDATE charge_boxes SET registration_status = 'Accepted'")
        assert (await wire.boot())["status"] == "Accepted"
        assert "currentTime" in await wire.ask("Heartbeat")
        calling = asyncio.create_task(node.caller.call(box, "ClearCache", {}))
        await wire.answer(await next_command(wire), {"status": "Accepted"})
        assert await calling == {"status": "Accepted"}


async def test_a_box_without_vendor_and_model_boots_all_the_same(node: Node, sql: Sql) -> None:
    """An empty vendor made others refuse the boot (field-notes.md, 30)."""
    await register(sql, "BOX1")
    async with plugged(node.ocpp_port, "BOX1") as wire:
        assert (await wire.ask("BootNotification", {"chargePointVendor": "", "imsi": None}))["status"] == "Accepted"
