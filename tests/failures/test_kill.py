"""Kill -9 in the middle of 200 sessions, alone or together with PostgreSQL: nothing acknowledged is lost."""

import asyncio

import pytest

from tests.failures.books import acknowledged, assert_agreement
from tests.failures.fleet import fleet
from tests.failures.server import Server


@pytest.mark.timeout(120)
@pytest.mark.parametrize("with_postgres", [False, True], ids=["the server alone", "the server and PostgreSQL"])
async def test_nothing_acknowledged_is_lost_when_the_process_is_killed(server: Server, with_postgres: bool) -> None:
    async with fleet(server, "KILL", 200) as boxes:
        await boxes.begin_sessions()
        await asyncio.sleep(2.5)  # some readings of each
        boxes[100:].stop_charging()
        await boxes[100:].first(lambda box: box.books.transactions[-1].stop.acknowledged)
        # The other stops are on their way, or written and not yet answered.

        server.kill()
        if with_postgres:
            server.postgres.kill()
        await boxes.wait_offline()

        assert min(acknowledged(boxes.books)) > 0
        assert boxes.outstanding > 0
        # What was acknowledged until now is on disk, before any charge point has repeated a word of it.
        async with server.postgres.sql() as sql:
            await assert_agreement(boxes.books, sql)

        await server.start()
        await boxes.end_sessions()

        assert boxes.repeated > 0
        assert boxes.outstanding == boxes.charging == 0
        async with server.postgres.sql() as sql:
            await assert_agreement(boxes.books, sql)
            assert await sql.fetchval("SELECT count(*) FROM transactions WHERE ended_at IS NULL") == 0
        assert server.tracebacks == 0, server.last_words
