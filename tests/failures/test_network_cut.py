"""The network goes away for 10 s under 200 sessions; charge points come back while their old connections linger."""

import asyncio

import pytest

from tests.failures.books import assert_agreement
from tests.failures.fleet import fleet
from tests.failures.proxy import network
from tests.failures.server import Server


@pytest.mark.timeout(120)
async def test_nothing_is_lost_when_every_connection_is_cut_for_10_s(server: Server) -> None:
    async with network(server.ocpp_port) as line, fleet(server, "CUT", 200, url=line.url) as boxes:
        await boxes[:180].begin_sessions()
        await asyncio.sleep(1)
        # Of these, some are on their way at the cut: the server knows of them, and the boxes do not know that it does.
        for stopping, starting in zip(range(20), range(180, 200), strict=True):
            boxes[stopping : stopping + 1].stop_charging()
            boxes[starting : starting + 1].start_charging()
            await asyncio.sleep(line.answers_take_s / 5)

        cut = asyncio.create_task(line.cut(for_s=10))
        await asyncio.sleep(3)
        boxes[20:40].stop_charging()
        await cut
        assert line.lingering == 200

        await boxes.wait_accepted()
        await boxes.settle()
        assert boxes.charging == 160
        assert boxes.repeated > 100
        async with server.postgres.sql() as sql:
            await assert_agreement(boxes.books, sql, moving=True)

        await boxes.end_sessions()

        assert boxes.outstanding == boxes.charging == 0
        async with server.postgres.sql() as sql:
            await assert_agreement(boxes.books, sql)
            assert await sql.fetchval("SELECT count(*) FROM transactions WHERE ended_at IS NULL") == 0
            assert await sql.fetchval("SELECT sum(start_repeats) FROM transactions") > 0
            assert await sql.fetchval("SELECT sum(stop_repeats) FROM transactions") > 0
        assert server.tracebacks == 0, server.last_words
