"""SIGTERM with 1,000 charge boxes connected, 200 of them reporting: out in 5 s, and nothing acknowledged is lost."""

import asyncio

import pytest

from tests.failures.books import acknowledged, assert_agreement
from tests.failures.fleet import fleet
from tests.failures.server import Server

_LIMIT_S = 5.0


@pytest.mark.timeout(150)
async def test_a_thousand_charge_boxes_are_left_in_good_order_within_5_s(server: Server) -> None:
    async with fleet(server, "STOP", 1000, reconnects_after_s=3) as boxes:
        await boxes[:200].begin_sessions()
        await asyncio.sleep(2)
        boxes[:100].stop_charging()

        exit_code, took_s = await server.terminate(timeout_s=30)

        assert exit_code == 0, server.last_words
        assert took_s < _LIMIT_S
        await boxes.wait_offline()
        assert min(acknowledged(boxes.books)) > 0
        async with server.postgres.sql() as sql:
            await assert_agreement(boxes.books, sql)
            ends = await sql.fetch("SELECT data->>'cause' AS cause FROM events WHERE kind = 'charge_box.disconnected'")
        assert [end["cause"] for end in ends] == ["shutdown"] * len(boxes)
        assert server.tracebacks == 0, server.last_words


@pytest.mark.timeout(60)
async def test_the_end_does_not_wait_for_a_database_that_is_away(server: Server) -> None:
    async with fleet(server, "LATE", 50, reconnects_after_s=3) as boxes:
        await boxes.begin_sessions()
        server.postgres.stop()
        boxes.stop_charging()
        await asyncio.sleep(1)

        exit_code, took_s = await server.terminate(timeout_s=30)

        assert exit_code == 0, server.last_words
        assert took_s < _LIMIT_S
        assert boxes.outstanding > 0
        async with server.postgres.sql() as sql:
            await assert_agreement(boxes.books, sql)
        assert server.tracebacks == 0, server.last_words
