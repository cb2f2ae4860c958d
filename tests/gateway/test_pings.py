"""Pings: who pongs is held to it, who only talks is left alone, and silence ends a connection in the end."""

import asyncio

import asyncpg
import orjson
import pytest
from websockets.frames import Opcode

from csms.gateway import server
from csms.gateway.pings import PingPolicy, Pings
from csms.settings import Settings
from csms.store.database import Database
from tests.gateway.peers import frame, peer, running, text
from tests.gateway.waiting import becomes, holds
from tests.wire import plugged, register

_INTERVAL_S, _TIMEOUT_S, _IDLE_S = 45.0, 60.0, 900.0


class Clock:
    """A box's manners over time: asks once a second what to do, as the gateway does."""

    def __init__(self, policy: PingPolicy, *, interval_s: float = _INTERVAL_S) -> None:
        self.pings = Pings(policy, sent_at=0.0)
        self.now = 0.0
        self.heard_at = 0.0
        self.ponged_at: float | None = None
        self.sent: list[float] = []
        self._interval_s = interval_s

    def run(self, until: float, *, pongs: bool = False, talks_every: float | None = None) -> str | None:
        """Let time pass; returns what ends the connection, None if nothing does."""
        while self.now < until:
            self.now += 1
            if talks_every is not None and self.now % talks_every == 0:
                self.heard_at = self.now
            said = self.pings.next(
                self.now,
                heard_at=self.heard_at,
                ponged_at=self.ponged_at,
                interval_s=self._interval_s,
                timeout_s=_TIMEOUT_S,
                idle_limit_s=_IDLE_S,
            )
            if said == "ping":
                self.sent.append(self.now)
                if pongs:
                    self.ponged_at = self.heard_at = self.now + 0.1
            elif said is not None:
                return said
        return None


def test_a_quiet_box_that_pongs_is_pinged_again_and_again() -> None:
    clock = Clock(PingPolicy.observe)
    assert clock.run(600, pongs=True) is None
    assert clock.pings.policy is PingPolicy.on
    assert clock.sent[:3] == [45, 91, 137]


def test_a_box_that_is_known_to_pong_and_falls_silent_is_dead() -> None:
    clock = Clock(PingPolicy.observe)
    clock.run(100, pongs=True)
    assert clock.run(600) == "dead"
    # The last ping it answered went out at 91 s; the next went unanswered for the timeout.
    assert clock.now == 137 + _TIMEOUT_S


def test_a_box_that_was_never_heard_to_pong_is_not_ended_by_a_ping() -> None:
    clock = Clock(PingPolicy.observe)
    assert clock.run(_IDLE_S - 1) is None
    assert clock.pings.policy is PingPolicy.observe
    assert clock.run(2 * _IDLE_S) == "idle"
    assert clock.now == _IDLE_S


def test_a_box_that_talks_but_never_pongs_is_not_pinged_any_more() -> None:
    clock = Clock(PingPolicy.observe)
    assert clock.run(3000, talks_every=50) is None
    assert clock.pings.policy is PingPolicy.off
    assert len(clock.sent) == 3
    assert clock.run(4000) == "idle"


def test_a_box_that_pongs_no_more_but_talks_is_let_off_too() -> None:
    clock = Clock(PingPolicy.on)
    assert clock.run(3000, talks_every=50) is None
    assert clock.pings.policy is PingPolicy.off


def test_one_pong_clears_the_count_of_unanswered_pings() -> None:
    clock = Clock(PingPolicy.observe)
    while clock.pings.unanswered < 2:
        assert clock.run(clock.now + 10, talks_every=50) is None
    assert clock.run(clock.now + 300, talks_every=50, pongs=True) is None
    assert (clock.pings.policy, clock.pings.unanswered) == (PingPolicy.on, 0)


@pytest.mark.parametrize(("policy", "interval_s"), [(PingPolicy.off, _INTERVAL_S), (PingPolicy.on, 0.0)])
def test_nothing_is_sent_where_pings_are_off(policy: PingPolicy, interval_s: float) -> None:
    clock = Clock(policy, interval_s=interval_s)
    assert clock.run(_IDLE_S - 1) is None
    assert clock.sent == []
    assert clock.run(_IDLE_S + 1) == "idle"


def test_a_box_that_talks_all_the_time_needs_no_ping() -> None:
    clock = Clock(PingPolicy.on)
    assert clock.run(3000, talks_every=30) is None
    assert clock.sent == []


async def test_pings_on_the_wire_find_the_dead_and_learn_who_is_deaf(
    settings: Settings, database: Database, sql: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_SWEEP_S", 0.02)
    boxes = [await register(sql, name) for name in ("GOOD", "DEAF", "DEAD", "QUIET")]
    policies = "SELECT identity, ping_policy FROM charge_boxes"

    async def learnt() -> dict[str, str]:
        return {row["identity"]: row["ping_policy"] for row in await sql.fetch(policies)}

    async with (
        running(settings, database, ping_interval_s=0.05, ping_timeout_s=0.1) as node,
        plugged(node.ocpp_port, "GOOD"),
        peer(node.ocpp_port) as deaf,
        peer(node.ocpp_port) as dead,
        peer(node.ocpp_port) as quiet,
    ):
        await deaf.shake_hands("/DEAF")
        await dead.shake_hands("/DEAD")
        await quiet.shake_hands("/QUIET")
        while frame(Opcode.PING, b"")[:1] not in await dead.read():
            pass
        await dead.send(frame(Opcode.PONG, b""))
        while (await learnt())["DEAF"] != "off":
            await asyncio.sleep(0.07)
            await deaf.send(text('[2,"h","Heartbeat",{}]'))
            await deaf.read()
        expected = {"GOOD": "on", "DEAF": "off", "DEAD": "on", "QUIET": "observe"}
        await becomes(learnt, expected)
        await holds(lambda: not node.connections.is_online(boxes[2]))
        assert [node.connections.is_online(box) for box in boxes] == [True, True, False, True]
    query = "SELECT data FROM events WHERE kind = 'charge_box.disconnected' AND charge_box_id = $1"
    assert orjson.loads(await sql.fetchval(query, boxes[2]))["cause"] == "ping timeout"
