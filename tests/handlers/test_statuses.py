"""StatusNotification: connectors appear as they are first seen, 0 stands apart, and only changes are events."""

from typing import Any

import asyncpg
import orjson
import pytest

from csms.node import Node
from tests.wire import plugged, register

Sql = asyncpg.Connection


def _status(connector: int, status: str, **more: Any) -> dict[str, Any]:
    return {"connectorId": connector, "errorCode": "NoError", "status": status, **more}


@pytest.fixture
async def box(sql: Sql) -> int:
    return await register(sql, "BOX1")


async def test_connectors_are_made_as_they_are_first_seen(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        for connector in (2, 1, 2):
            await wire.ask("StatusNotification", _status(connector, "Available"))
    rows = await sql.fetch("SELECT evse_id, connector_id, status FROM evses ORDER BY connector_id")
    assert [tuple(row) for row in rows] == [("BOX1*1", 1, "Available"), ("BOX1*2", 2, "Available")]
    assert await sql.fetchval("SELECT count(*) FROM connectors") == 2


async def test_what_a_status_says_is_kept_and_connector_zero_is_the_box_itself(node: Node, sql: Sql, box: int) -> None:
    fault = {
        "errorCode": "OtherError",
        "info": "door open",
        "vendorId": "com.vendor",
        "vendorErrorCode": "E42",
        "timestamp": "2026-11-20T10:00:00+01:00",
    }
    async with plugged(node.ocpp_port, "BOX1") as wire:
        await wire.ask("StatusNotification", _status(1, "Charging"))
        await wire.ask("StatusNotification", {**_status(0, "Faulted"), **fault})
        await wire.ask("StatusNotification", {**_status(2, "Faulted"), **fault})
    columns = "status, error_code, error_info, vendor_id, vendor_error_code, status_at"
    expected = ["Faulted", "OtherError", "door open", "com.vendor", "E42", "2026-11-20T09:00:00+00:00"]
    for query in (f"SELECT {columns} FROM charge_boxes", f"SELECT {columns} FROM evses WHERE connector_id = 2"):
        row = await sql.fetchrow(query)
        assert row is not None
        assert [*row.values()][:-1] == expected[:-1]
        assert row["status_at"].isoformat() == expected[-1]
    assert await sql.fetchval("SELECT status FROM evses WHERE connector_id = 1") == "Charging"


async def test_only_a_change_is_an_event(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        for status in ("Available", "Available", "Preparing", "Preparing", "Charging"):
            await wire.ask("StatusNotification", _status(1, status))
    rows = await sql.fetch("SELECT data FROM events WHERE kind = 'connector.status' ORDER BY id")
    changes = [(data["before"], data["status"]) for data in (orjson.loads(row["data"]) for row in rows)]
    assert changes == [(None, "Available"), ("Available", "Preparing"), ("Preparing", "Charging")]


async def test_the_order_of_receipt_counts_and_not_the_clock_of_the_box(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        await wire.ask("StatusNotification", _status(1, "Charging", timestamp="2026-11-20T10:00:00Z"))
        await wire.ask("StatusNotification", _status(1, "Finishing", timestamp="1970-01-01T00:00:00Z"))
    assert await sql.fetchval("SELECT status FROM evses") == "Finishing"


async def test_an_impossible_connector_is_kept_as_an_event_and_makes_no_evse(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        for connector in (-1, 256, 2**31):
            await wire.ask("StatusNotification", _status(connector, "Available"))
    assert await sql.fetchval("SELECT count(*) FROM evses") == 0
    assert await sql.fetchval("SELECT count(*) FROM events WHERE kind = 'connector.impossible'") == 3


async def test_reports_on_firmware_and_diagnostics_are_kept_with_their_history(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        for status in ("Downloading", "Downloaded", "Installed"):
            await wire.ask("FirmwareStatusNotification", {"status": status})
        await wire.ask("DiagnosticsStatusNotification", {"status": "UploadFailed"})
    row = await sql.fetchrow("SELECT firmware_status, diagnostics_status FROM charge_boxes")
    assert row is not None
    assert tuple(row) == ("Installed", "UploadFailed")
    assert await sql.fetchval("SELECT count(*) FROM events WHERE kind = 'firmware.status'") == 3
    assert await sql.fetchval("SELECT count(*) FROM events WHERE kind = 'diagnostics.status'") == 1
