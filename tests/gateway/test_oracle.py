"""An independent implementation on the other end: the `ocpp` package's own ChargePoint asks and answers everything."""

# The package has no types for its ChargePoint.
# mypy: disable-error-code="no-untyped-call,untyped-decorator,misc"

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.datatypes import KeyValue
from ocpp.v16.enums import (
    AvailabilityStatus,
    ChargePointErrorCode,
    ChargePointStatus,
    ClearCacheStatus,
    ConfigurationStatus,
    DataTransferStatus,
    DiagnosticsStatus,
    FirmwareStatus,
    Reason,
    RegistrationStatus,
    RemoteStartStopStatus,
    ResetStatus,
    TriggerMessageStatus,
    UnlockStatus,
)
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from csms.commands import send
from csms.domain.charge_boxes import ChargeBoxKey
from csms.node import Node
from tests.gateway.waiting import becomes
from tests.wire import add_token, register

_AT = "2026-11-20T10:00:00Z"


class Oracle(ChargePoint):
    """A charge point of the `ocpp` package that takes every command of Core and RemoteTrigger."""

    @on("ChangeAvailability")
    def on_change_availability(self, connector_id: int, type: str) -> Any:
        return call_result.ChangeAvailability(status=AvailabilityStatus.scheduled)

    @on("ChangeConfiguration")
    def on_change_configuration(self, key: str, value: str) -> Any:
        return call_result.ChangeConfiguration(status=ConfigurationStatus.accepted)

    @on("ClearCache")
    def on_clear_cache(self) -> Any:
        return call_result.ClearCache(status=ClearCacheStatus.accepted)

    @on("DataTransfer")
    def on_data_transfer(self, vendor_id: str, **more: Any) -> Any:
        return call_result.DataTransfer(status=DataTransferStatus.accepted, data=more.get("data"))

    @on("GetConfiguration")
    def on_get_configuration(self, key: list[str] | None = None) -> Any:
        known = KeyValue(key="HeartbeatInterval", readonly=True, value="300")
        return call_result.GetConfiguration(configuration_key=[known], unknown_key=list(key or [])[1:])

    @on("RemoteStartTransaction")
    def on_remote_start_transaction(self, id_tag: str, **more: Any) -> Any:
        return call_result.RemoteStartTransaction(status=RemoteStartStopStatus.accepted)

    @on("RemoteStopTransaction")
    def on_remote_stop_transaction(self, transaction_id: int) -> Any:
        return call_result.RemoteStopTransaction(status=RemoteStartStopStatus.rejected)

    @on("Reset")
    def on_reset(self, type: str) -> Any:
        return call_result.Reset(status=ResetStatus.accepted)

    @on("UnlockConnector")
    def on_unlock_connector(self, connector_id: int) -> Any:
        return call_result.UnlockConnector(status=UnlockStatus.unlock_failed)

    @on("TriggerMessage")
    def on_trigger_message(self, requested_message: str, **more: Any) -> Any:
        return call_result.TriggerMessage(status=TriggerMessageStatus.not_implemented)


@asynccontextmanager
async def _oracle(port: int) -> AsyncIterator[Oracle]:
    url = f"ws://127.0.0.1:{port}/ocpp/ORACLE"
    async with connect(url, subprotocols=[Subprotocol("ocpp1.6")]) as socket:
        oracle = Oracle("ORACLE", socket)
        reading = asyncio.create_task(oracle.start())
        yield oracle
        await socket.close()
        with contextlib.suppress(ConnectionClosed):
            await reading


@pytest.fixture
async def box(sql: asyncpg.Connection) -> ChargeBoxKey:
    await add_token(sql, "TAG1")
    return ChargeBoxKey(await register(sql, "ORACLE"), "ORACLE")


async def test_it_can_charge_from_boot_to_stop(node: Node, sql: asyncpg.Connection, box: ChargeBoxKey) -> None:
    async with _oracle(node.ocpp_port) as oracle:
        boot = await oracle.call(call.BootNotification(charge_point_model="Model", charge_point_vendor="Vendor"))
        assert boot.status == RegistrationStatus.accepted
        for connector in (0, 1, 2):
            status = call.StatusNotification(connector, ChargePointErrorCode.no_error, ChargePointStatus.available)
            await oracle.call(status)
        assert (await oracle.call(call.Authorize(id_tag="TAG1"))).id_tag_info["status"] == "Accepted"
        start = call.StartTransaction(connector_id=1, id_tag="TAG1", meter_start=1000, timestamp=_AT)
        started = await oracle.call(start)
        assert started.id_tag_info["status"] == "Accepted"
        transaction = started.transaction_id
        value = {"timestamp": "2026-11-20T10:05:00Z", "sampledValue": [{"value": "1.5", "unit": "kWh"}]}
        await oracle.call(call.MeterValues(connector_id=1, transaction_id=transaction, meter_value=[value]))
        assert (await oracle.call(call.Heartbeat())).current_time
        stop = call.StopTransaction(
            meter_stop=2000,
            timestamp="2026-11-20T10:30:00Z",
            transaction_id=transaction,
            reason=Reason.ev_disconnected,
            id_tag="TAG1",
            transaction_data=[value],
        )
        assert (await oracle.call(stop)).id_tag_info["status"] == "Accepted"
        assert (await oracle.call(call.DataTransfer(vendor_id="v"))).status == DataTransferStatus.unknown_vendor_id
        await oracle.call(call.FirmwareStatusNotification(status=FirmwareStatus.downloading))
        await oracle.call(call.DiagnosticsStatusNotification(status=DiagnosticsStatus.uploaded))
    row = await sql.fetchrow("SELECT * FROM transactions")
    assert row is not None
    assert (row["id"], row["meter_start_wh"], row["meter_stop_wh"]) == (transaction, 1000, 2000)
    assert (row["stop_reason"], row["end_cause"]) == ("EVDisconnected", "reported")
    charge_box = await sql.fetchrow("SELECT * FROM charge_boxes")
    assert charge_box is not None
    assert (charge_box["vendor"], charge_box["model"], charge_box["status"]) == ("Vendor", "Model", "Available")
    assert (charge_box["firmware_status"], charge_box["diagnostics_status"]) == ("Downloading", "Uploaded")
    assert await sql.fetchval("SELECT count(*) FROM evses WHERE status = 'Available'") == 2
    assert await sql.fetchval("SELECT count(*) FROM deviations") == 0


_ANSWERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "ChangeAvailability": ({"connectorId": 1, "type": "Operative"}, {"status": "Scheduled"}),
    "ChangeConfiguration": ({"key": "k", "value": "v"}, {"status": "Accepted"}),
    "ClearCache": ({}, {"status": "Accepted"}),
    "DataTransfer": ({"vendorId": "v", "data": "echo"}, {"status": "Accepted", "data": "echo"}),
    "GetConfiguration": (
        {"key": ["HeartbeatInterval", "Foo"]},
        {
            "configurationKey": [{"key": "HeartbeatInterval", "readonly": True, "value": "300"}],
            "unknownKey": ["Foo"],
        },
    ),
    "RemoteStartTransaction": ({"idTag": "TAG1", "connectorId": 1}, {"status": "Accepted"}),
    "RemoteStopTransaction": ({"transactionId": 5}, {"status": "Rejected"}),
    "Reset": ({"type": "Hard"}, {"status": "Accepted"}),
    "UnlockConnector": ({"connectorId": 1}, {"status": "UnlockFailed"}),
    "TriggerMessage": ({"requestedMessage": "Heartbeat"}, {"status": "NotImplemented"}),
}


async def test_it_understands_every_command(node: Node, sql: asyncpg.Connection, box: ChargeBoxKey) -> None:
    async with _oracle(node.ocpp_port) as oracle:
        await oracle.call(call.BootNotification(charge_point_model="Model", charge_point_vendor="Vendor"))
        for action, (payload, expected) in _ANSWERS.items():
            outcome = await send(node.caller, box, action, payload)
            assert (outcome.outcome, outcome.response) == ("Answered", expected)
        exchanged = "SELECT configuration ->> 'outcome' FROM charge_boxes"
        await becomes(lambda: sql.fetchval(exchanged), "done")


async def test_it_refuses_a_command_that_it_has_no_handler_for(node: Node, box: ChargeBoxKey) -> None:
    async with _oracle(node.ocpp_port) as oracle:
        del oracle.route_map["Reset"]
        outcome = await send(node.caller, box, "Reset", {"type": "Soft"})
    assert outcome.outcome == "CallError"
    assert outcome.error is not None
    assert outcome.error["code"] == "NotImplemented"
