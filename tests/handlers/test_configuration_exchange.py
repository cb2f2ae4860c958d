"""After an accepted boot: a few questions in small sets, what is needed is set, and who refuses is left in peace."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import asyncpg
import orjson
import pytest

from csms.node import Node
from csms.settings import Settings
from csms.store.database import Database
from tests.gateway.peers import running
from tests.gateway.waiting import becomes
from tests.wire import Wire, plugged, register

Sql = asyncpg.Connection

_FOUND = {
    "HeartbeatInterval": ("86400", False),
    "MeterValueSampleInterval": ("900", False),
    "MeterValuesSampledData": ("Voltage, 'Current.Import'", False),
    "NumberOfConnectors": ("2", True),
    "SupportedFeatureProfiles": ("true", True),
    "WebSocketPingInterval": ("0", False),
}


class Keys:
    """A box that answers GetConfiguration and ChangeConfiguration from a dictionary."""

    def __init__(self, wire: Wire, keys: Mapping[str, tuple[str, bool]], change: str = "Accepted") -> None:
        self.asked: list[list[str]] = []
        self.changed: dict[str, str] = {}
        self._wire = wire
        self._keys = keys
        self._change = change

    async def answer_all(self) -> None:
        """Answer until nothing more is asked."""
        try:
            while True:
                await self._answer(await self._wire.next_call(timeout_s=0.3))
        except TimeoutError:
            pass

    async def _answer(self, call: list[Any]) -> None:
        if call[2] == "ChangeConfiguration":
            self.changed[call[3]["key"]] = call[3]["value"]
            await self._wire.answer(call, {"status": self._change})
            return
        assert call[2] == "GetConfiguration"
        self.asked.append(call[3]["key"])
        entries = [
            {"key": key, "value": self._keys[key][0], "readonly": self._keys[key][1]}
            for key in call[3]["key"]
            if key in self._keys
        ]
        unknown = [key for key in call[3]["key"] if key not in self._keys]
        await self._wire.answer(call, {"configurationKey": entries, "unknownKey": unknown})


async def _record(sql: Sql) -> Any:
    return orjson.loads(await sql.fetchval("SELECT configuration FROM charge_boxes") or "null")


async def _outcome(sql: Sql) -> Any:
    return (await _record(sql) or {}).get("outcome")


@pytest.fixture
async def box(sql: Sql) -> int:
    return await register(sql, "BOX1")


async def test_what_is_needed_is_set_and_the_outcome_recorded(
    settings: Settings, database: Database, sql: Sql, box: int
) -> None:
    async with running(settings, database, meter_value_interval_s=60) as node, plugged(node.ocpp_port, "BOX1") as wire:
        interval = (await wire.boot())["interval"]
        keys = Keys(wire, _FOUND)
        await keys.answer_all()
        await becomes(lambda: _outcome(sql), "done")
    assert all(len(asked) <= 3 for asked in keys.asked)
    assert sum(len(asked) for asked in keys.asked) > 6
    assert keys.changed == {
        "HeartbeatInterval": str(interval),
        "MeterValueSampleInterval": "60",
        "MeterValuesSampledData": "Energy.Active.Import.Register,Voltage,Current.Import",
    }
    record = await _record(sql)
    assert record["keys"]["NumberOfConnectors"] == {"value": "2", "readonly": True}
    assert "ConnectionTimeOut" in record["unknown_keys"]
    assert record["changes"][0] == {"key": "HeartbeatInterval", "value": str(interval), "status": "Accepted"}


async def test_what_is_good_or_read_only_is_left_alone(node: Node, sql: Sql, box: int) -> None:
    good = {
        "HeartbeatInterval": ("300", False),
        "MeterValueSampleInterval": ("900", True),
        "MeterValuesSampledData": ("energy.active.import.register", True),
    }
    async with plugged(node.ocpp_port, "BOX1") as wire:
        await wire.boot()
        keys = Keys(wire, good)
        await keys.answer_all()
        await becomes(lambda: _outcome(sql), "done")
    assert keys.changed == {}


async def test_a_refused_change_is_recorded_with_the_word_of_the_box(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        await wire.boot()
        keys = Keys(wire, _FOUND, change="RebootRequired")
        await keys.answer_all()
        await becomes(lambda: _outcome(sql), "done")
    assert {change["status"] for change in (await _record(sql))["changes"]} == {"RebootRequired"}


async def test_a_box_that_refuses_is_left_in_peace(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        await wire.boot()
        asked = await wire.next_call()
        await wire.send(json.dumps([4, asked[1], "NotImplemented", "what?", {}]))
        await becomes(lambda: _outcome(sql), "left in peace")
        with pytest.raises(TimeoutError):
            await wire.next_call(timeout_s=0.2)
    assert "NotImplemented" in (await _record(sql))["reason"]


async def test_a_silent_box_is_left_in_peace(settings: Settings, database: Database, sql: Sql, box: int) -> None:
    async with running(settings, database, call_timeout_s=0.2) as node, plugged(node.ocpp_port, "BOX1") as wire:
        await wire.boot()
        await wire.next_call()
        await becomes(lambda: _outcome(sql), "left in peace")
        with pytest.raises(TimeoutError):
            await wire.next_call(timeout_s=0.3)
        assert "currentTime" in await wire.ask("Heartbeat")
    assert "did not answer GetConfiguration" in (await _record(sql))["reason"]


async def test_a_box_that_leaves_in_the_middle_leaves_no_record(node: Node, sql: Sql, box: int) -> None:
    async with plugged(node.ocpp_port, "BOX1") as wire:
        await wire.boot()
        await wire.next_call()
    await asyncio.sleep(0.1)
    assert await _record(sql) is None


async def test_a_secret_that_a_box_volunteers_is_masked_everywhere(node: Node, sql: Sql, box: int) -> None:
    secret = "deadbeefdeadbeefdeadbeefdeadbeef"
    async with plugged(node.ocpp_port, "BOX1") as wire:
        await wire.boot()
        entry = {"key": "AuthorizationKey", "value": secret, "readonly": False}
        # Some boxes answer with everything they have, whatever was asked.
        for _ in range(4):
            await wire.answer(await wire.next_call(), {"configurationKey": [entry]})
        await becomes(lambda: _outcome(sql), "done")
    await node.ledger.close()
    assert (await _record(sql))["keys"]["AuthorizationKey"] == {"value": "***", "readonly": False}
    for table in ("charge_boxes", "frames", "events", "deviations"):
        assert await sql.fetchval(f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE '%{secret}%'") == 0, table
    assert await sql.fetchval("SELECT count(*) FROM frames WHERE body LIKE '%***%'") == 4


async def test_a_box_is_asked_again_at_its_next_boot_only(node: Node, sql: Sql, box: int) -> None:
    for boots in (True, False, True):
        async with plugged(node.ocpp_port, "BOX1") as wire:
            await (wire.boot() if boots else wire.ask("Heartbeat"))
            keys = Keys(wire, _FOUND)
            await keys.answer_all()
            assert bool(keys.asked) is boots
