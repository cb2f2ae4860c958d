"""All charge boxes come back in one second, and the database is slow: they wait, and none is sent away."""

import asyncio

import asyncpg
import pytest

from csms.node import Node
from csms.settings import Settings
from tests.wire import plugged, register

Sql = asyncpg.Connection

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
