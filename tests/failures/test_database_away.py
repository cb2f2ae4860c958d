"""PostgreSQL is away for 10 s under 200 sessions: charge boxes stay and are told nothing false, readers are told so."""

import asyncio
import time

import httpx
import pytest

from simulators import CallFailed
from tests.failures.books import assert_agreement
from tests.failures.fleet import Fleet, fleet, tag_of
from tests.failures.server import Server

_AWAY_S = 10.0
# Less than it is away, so that both happen: what waits is written in time, and what does not is answered InternalError.
_REPLY_BUDGET_S = 4.0


@pytest.mark.timeout(120)
@pytest.mark.parametrize("server", [{"reply_budget_s": _REPLY_BUDGET_S}], ids=["little patience"], indirect=True)
async def test_charge_boxes_stay_and_lose_nothing_while_the_database_is_away(server: Server) -> None:
    key = await asyncio.to_thread(server.create_key, "reader", "viewer")
    async with fleet(server, "AWAY", 200) as boxes, reader(server, key) as api:
        assert await statuses(api) == (200, 200, 200)
        await boxes[:180].begin_sessions()
        await asyncio.sleep(1)

        server.postgres.stop()
        back_at = time.monotonic() + _AWAY_S
        boxes[180:].start_charging()
        boxes[:20].stop_charging()
        await asyncio.gather(*(assert_no_false_answer(boxes[number : number + 1]) for number in range(20, 25)))
        while time.monotonic() < back_at:
            assert await statuses(api) == (200, 503, 503)
            await asyncio.sleep(0.5)
        unwritten = boxes.outstanding
        assert unwritten >= 200
        await asyncio.to_thread(server.postgres.start)

        await boxes.settle()
        assert await statuses(api) == (200, 200, 200)
        await boxes.end_sessions()

        assert boxes.outstanding == boxes.charging == 0
        # Whoever gets a transaction refused, or id 0, stops at once; these were all accepted, and none came back.
        transactions = [transaction for books in boxes.books for transaction in books.transactions]
        assert {transaction.start_status for transaction in transactions} == {"Accepted"}
        assert len(transactions) == len(boxes)
        assert boxes.repeated > 0, "no report was answered InternalError"
        assert {box.link.connects for box in boxes.boxes} == {1}
        async with server.postgres.sql() as sql:
            await assert_agreement(boxes.books, sql)
            assert await sql.fetchval("SELECT count(*) FROM events WHERE kind = 'charge_box.disconnected'") == 0
        await asyncio.to_thread(server.postgres.let_go)
        assert server.tracebacks == 0, server.last_words


def reader(server: Server, key: str) -> httpx.AsyncClient:
    """A REST client that may read."""
    return httpx.AsyncClient(
        base_url=server.api_url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=20
    )


async def statuses(api: httpx.AsyncClient) -> tuple[int, ...]:
    """How it answers: alive, ready, and a read."""
    answers = await asyncio.gather(*(api.get(path) for path in ("/healthz", "/readyz", "/v2/transactions")))
    return tuple(answer.status_code for answer in answers)


async def assert_no_false_answer(one: Fleet) -> None:
    """An idTag that nobody can look up now is neither accepted nor refused."""
    (box,) = one.boxes
    with pytest.raises(CallFailed) as refusal:
        await box.call("Authorize", {"idTag": tag_of(box)})
    assert refusal.value.code == "InternalError"
