"""A stop without a usable id, whose answer got lost: its repeat finds what the first one found, and nothing else."""

from typing import Any

import asyncpg
import pytest

from csms.node import Node
from tests.wire import add_token, plugged, register

Sql = asyncpg.Connection


def start(connector: int) -> dict[str, Any]:
    return {
        "connectorId": connector,
        "idTag": "TAG1",
        "meterStart": 1000,
        "timestamp": f"2026-11-20T10:0{connector}:00Z",
    }


STOP = {"transactionId": -1, "idTag": "TAG1", "meterStop": 1500, "timestamp": "2026-11-20T10:30:00Z"}


@pytest.fixture
async def box(sql: Sql) -> int:
    await add_token(sql, "TAG1")
    return await register(sql, "BOX1")


async def test_a_repeated_stop_is_not_another_transaction(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        await wire.ask("StartTransaction", start(1))
        answer = await wire.ask("StopTransaction", STOP)
    async with plugged(node.ocpp_port, "BOX1") as wire:
        assert await wire.ask("StopTransaction", STOP) == answer

    (row,) = await sql.fetch("SELECT * FROM transactions WHERE charge_box_id = $1", box)
    assert (row["stop_match"], row["stop_repeats"], row["meter_stop_wh"]) == ("content", 1, 1500)
    assert await sql.fetchval("SELECT count(*) FROM events WHERE kind = 'transaction.ended'") == 1


async def test_a_repeated_stop_does_not_end_the_next_transaction(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        await wire.ask("StartTransaction", start(1))
        await wire.ask("StopTransaction", STOP)
        # The facts of the stop would fit this one, too.
        running = await wire.ask("StartTransaction", start(2))
        await wire.ask("StopTransaction", STOP)

    open_ids = await sql.fetch("SELECT id FROM transactions WHERE ended_at IS NULL")
    assert [row["id"] for row in open_ids] == [running["transactionId"]]
