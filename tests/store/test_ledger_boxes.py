"""When charge boxes were last heard: written beside everything else about them, and never in its way."""

from datetime import UTC, datetime
from functools import partial

import asyncpg

from csms.node import Node
from csms.store.ledger import Seen
from tests.gateway.waiting import becomes
from tests.wire import plugged, register

Sql = asyncpg.Connection

LATER = datetime(2036, 1, 1, tzinfo=UTC)


async def last_seen(sql: Sql, box: int) -> datetime | None:
    seen_at: datetime | None = await sql.fetchval("SELECT last_seen_at FROM charge_boxes WHERE id = $1", box)
    return seen_at


async def test_a_charge_box_that_is_being_written_holds_nobody_up(node: Node, sql: Sql, database_url: str) -> None:
    written, other = await register(sql, "WRITTEN"), await register(sql, "OTHER")
    writer = await asyncpg.connect(database_url)
    async with writer.transaction():
        await writer.execute("UPDATE charge_boxes SET status = 'Available' WHERE id = $1", written)
        node.ledger.note_seen(Seen(written, LATER, None))
        node.ledger.note_seen(Seen(other, LATER, None))

        await becomes(partial(last_seen, sql, other), LATER)
        assert await last_seen(sql, written) is None
    await writer.close()


async def test_a_charge_box_was_last_heard_at_its_last_frame_and_not_at_its_disconnection(node: Node, sql: Sql) -> None:
    box = await register(sql, "BOX1")
    async with plugged(node.ocpp_port, "BOX1") as wire:
        connected_at = await last_seen(sql, box)
        await wire.call("Heartbeat", {})
        heard_by = datetime.now(UTC)

    async def ended() -> bool:
        return bool(await sql.fetchval("SELECT node_name IS NULL FROM charge_boxes WHERE id = $1", box))

    await becomes(ended, True)
    heard_at = await last_seen(sql, box)
    assert connected_at is not None
    assert heard_at is not None
    assert connected_at < heard_at <= heard_by
