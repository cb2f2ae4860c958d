"""All charge boxes come back in one second, and the database is slow: they wait, and none is sent away."""

import asyncio
import logging

import asyncpg
import pytest

from csms.node import Node
from csms.settings import Settings
from tests.wire import plugged, register

Sql = asyncpg.Connection

HANDSHAKE = (
    "GET /ocpp/{} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
)
# A read that gets no connection from the pool for so long has failed.
_POOL_TIMEOUT_S = 5.0


@pytest.fixture
def count(settings: Settings) -> int:
    """More charge boxes than there are connections to the database."""
    return 3 * settings.pool_size


async def connect(node: Node, identity: str) -> int:
    async with plugged(node.ocpp_port, identity, open_timeout=20) as wire:
        reply = await wire.call("Heartbeat", {})
        return int(reply[0])


async def test_a_storm_of_handshakes_waits_its_turn_and_leaves_connections_to_others(
    node: Node, sql: Sql, database_url: str, count: int
) -> None:
    for number in range(count):
        await register(sql, f"BOX{number}")
    blocker = await asyncpg.connect(database_url)
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE charge_boxes IN ACCESS EXCLUSIVE MODE")
        connecting = [asyncio.create_task(connect(node, f"BOX{number}")) for number in range(count)]
        await asyncio.sleep(1)
        await node.database.check()
        await asyncio.sleep(_POOL_TIMEOUT_S)
        await node.database.check()
    await blocker.close()

    assert await asyncio.gather(*connecting) == [3] * count


@pytest.mark.parametrize("identity", ["KNOWN", "UNKNOWN"])
async def test_a_charge_box_that_does_not_wait_is_neither_let_in_nor_refused(
    node: Node, sql: Sql, database_url: str, identity: str, caplog: pytest.LogCaptureFixture
) -> None:
    await register(sql, "KNOWN")
    blocker = await asyncpg.connect(database_url)
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE charge_boxes IN ACCESS EXCLUSIVE MODE")
        reader, writer = await asyncio.open_connection("127.0.0.1", node.ocpp_port)
        writer.write(HANDSHAKE.format(identity).encode())
        await asyncio.sleep(0.2)
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.1)
    await blocker.close()

    await asyncio.sleep(0.2)
    assert await reader.read() == b""
    assert len(node.connections) == 0
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
