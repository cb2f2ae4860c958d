"""Scenario files: those that come along work, and a wrong one says what is wrong with it, and where."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from ocpp.v16 import call
from websockets.asyncio.server import ServerConnection, serve

from simulators import ChargePoint, Options, ScenarioError, ScenarioFailed, scenario
from tests.simulators.central_system import CentralSystem
from tests.simulators.conftest import QUICK, MakeChargePoint


async def play(make: MakeChargePoint, name: str, **options: Any) -> ChargePoint:
    """Play a scenario to its end."""
    script = scenario.load(name)
    charge_point = await make(configuration=script.configuration, **{**script.options, **options})
    await script.play(charge_point, ["TAG1"])
    return charge_point


@pytest.mark.parametrize(
    "name", ["plug_and_charge", "cable_stuck", "reset_in_session", "offline_and_back", "faulty_clock"]
)
async def test_a_bundled_scenario_goes_as_it_says(make: MakeChargePoint, central: CentralSystem, name: str) -> None:
    charge_point = await play(make, name, time_scale=600)
    assert charge_point.books.outstanding == 0
    stops = [payload for _, payload in central.of("SIM001", "StopTransaction")]
    told = [(stop["transaction_id"], stop["meter_stop"], stop["timestamp"]) for stop in stops]
    booked = [
        (record.transaction_id, record.meter_stop_wh, record.stopped_at) for record in charge_point.books.transactions
    ]
    assert told == booked != []


async def test_a_remote_start_scenario_waits_for_the_remote_start(
    make: MakeChargePoint, central: CentralSystem
) -> None:
    playing = asyncio.create_task(play(make, "remote_start", time_scale=600))
    await central.until(lambda: len(central.of("SIM001", "StatusNotification")) >= 3)
    assert central.of("SIM001", "StartTransaction") == []
    await central.peers["SIM001"].call(call.RemoteStartTransaction(id_tag="APP", connector_id=1))
    await central.until(lambda: central.of("SIM001", "MeterValues"))
    await central.peers["SIM001"].call(call.RemoteStopTransaction(transaction_id=701))
    charge_point = await playing
    [record] = charge_point.books.transactions
    assert (record.id_tag, record.reason) == ("APP", "Remote")


async def test_the_faulty_clock_is_really_wrong(make: MakeChargePoint) -> None:
    charge_point = await play(make, "faulty_clock", time_scale=600)
    first, second = charge_point.books.transactions
    assert first.started_at.startswith("1970-")
    assert (first.stopped_at or "").startswith("2099-")
    assert (second.stopped_at or "") < second.started_at


async def test_the_demo_has_cars_that_come_and_go(make: MakeChargePoint, central: CentralSystem) -> None:
    script = scenario.load("demo")
    charge_point = await make(connectors=2, configuration=script.configuration, time_scale=2000)
    playing = asyncio.create_task(script.play(charge_point, ["TAG1", "TAG2"]))
    await charge_point.wait_for(lambda: sum(record.settled for record in charge_point.books.transactions) >= 4)
    tags = {(record.connector, record.id_tag) for record in charge_point.books.transactions}
    assert tags == {(1, "TAG1"), (2, "TAG2")}
    playing.cancel()


async def test_the_demo_obeys_remote_commands(make: MakeChargePoint, central: CentralSystem) -> None:
    script = scenario.parse("[[step]]\ntraffic = true\nfirst_pause_s = [1e6, 1e6]\ncharge_s = [1e6, 1e6]\n", "t.toml")
    charge_point = await make()
    playing = asyncio.create_task(script.play(charge_point, ["TAG1"]))
    await asyncio.sleep(0)
    peer = central.peers["SIM001"]
    assert (await peer.call(call.RemoteStartTransaction(id_tag="APP"))).status == "Accepted"
    await charge_point.wait_for(lambda: charge_point.connector_of(701))
    assert (await peer.call(call.RemoteStopTransaction(transaction_id=701))).status == "Accepted"
    await charge_point.wait_for(lambda: charge_point.connectors[1].status == "Available")
    [record] = charge_point.books.transactions
    assert (record.id_tag, record.reason) == ("APP", "Remote")
    playing.cancel()


@pytest.fixture
async def patient_url() -> AsyncIterator[str]:
    """A central system that says yes to everything that can be read, and no to one unknown action."""

    async def admit(connection: ServerConnection) -> None:
        async for data in connection:
            try:
                frame = orjson.loads(data)
                kind, unique_id, action = frame[:3]
            except (ValueError, KeyError, TypeError):
                continue
            if kind != 2:
                continue
            if action == "PleaseReboot":
                await connection.send(orjson.dumps([4, unique_id, "NotImplemented", "", {}]).decode())
                continue
            reply = {"status": "Accepted", "interval": 300, "transactionId": 1, "idTagInfo": {"status": "Accepted"}}
            await connection.send(orjson.dumps([3, unique_id, reply]).decode())

    async with serve(admit, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_rude_manners_are_sent_as_they_are_and_the_connection_lives(patient_url: str) -> None:
    script = scenario.load("rude_manners")
    options = replace(Options(**QUICK), subprotocol=None, configuration=script.configuration)
    async with ChargePoint(patient_url, "SIM001", options) as charge_point:
        await charge_point.wait_for(lambda: charge_point.accepted and charge_point.idle)
        await script.play(charge_point, ["TAG1"])
        sent = [frame.data for frame in charge_point.log.last if frame.direction == "sent"]
        assert b"" in sent
        assert b"\x00\xff\x10\xc3" in sent
        assert any(b"null" in data for data in sent)
        assert any(data.startswith(b'[2,"truncated"') and not data.endswith(b"]") for data in sent)
        assert sum(data.startswith(b'[2,"1",') for data in sent) == 2
        assert charge_point.link.connects == 1


async def test_a_refusal_fails_the_scenario_and_names_the_step(make: MakeChargePoint, central: CentralSystem) -> None:
    central.trouble["Authorize"].append("InternalError")
    charge_point = await make()
    script = scenario.parse(
        '# a comment\n[[step]]\nplug_in = 1\n\n[[step]]\ncall = "Authorize"\npayload = { idTag = "X" }', "mine.toml"
    )
    with pytest.raises(
        ScenarioFailed, match=r"^mine\.toml:5 \(step 2\): call: the answer to Authorize was a call error"
    ):
        await script.play(charge_point, ["TAG1"])


@pytest.mark.parametrize(
    ("steps", "failure"),
    [
        ("unplug = 1\npossible = false", "the cable came out"),
        ('wait_for = "transaction"\nwithin_real_s = 0.05', r"waited 0\.05 s for 'transaction'"),
        ('wait_for = "sunshine"', "there is no condition 'sunshine'"),
        ("expect = { transactions = 2 }", "transactions is 0, not 2"),
        ("expect = { colour = 2 }", "there is no fact 'colour'"),
        ("plug_in = 7", "7"),
        ('present_tag = 1\ntag = "BLOCKED"', "tag BLOCKED was refused"),
        ("present_tag = 1\naccepted = false", "tag TAG1 was accepted"),
        ('send = \'[2,"a","Heartbeat",{}]\'\nunique_id = "a"\nanswer = "error"', "'a' was a call result"),
        ("send = '[]'\nunique_id = \"a\"\nwithin_real_s = 0.05", r"no answer to 'a' within 0\.05 s"),
        ('call = "Heartbeat"\nanswer = "error"', "the answer to Heartbeat was a call result"),
        ("traffic = true\npause_s = [5.0]", "a span is"),
    ],
)
async def test_what_does_not_go_as_it_says_fails(
    make: MakeChargePoint, central: CentralSystem, steps: str, failure: str
) -> None:
    central.statuses["BLOCKED"] = "Blocked"  # type: ignore[assignment]
    charge_point = await make()
    with pytest.raises(ScenarioFailed, match=failure):
        await scenario.parse(f"[[step]]\n{steps}\n", "x.toml").play(charge_point, ["TAG1"])


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[[step]]\nplugin = 1", r"^x\.toml:1 \(step 1\): 'plugin' is unknown; did you mean 'plug_in'\?"),
        (
            "[[step]]\nplug_in = 1\n\n[[step]]\nplug_in = 1\nsoc = 5",
            r"^x\.toml:4 \(step 2\): plug_in: 'soc' is unknown",
        ),
        ('[[step]]\nplug_in = "one"', r"^x\.toml:1 \(step 1\): plug_in: its value must be int, not 'one'"),
        ("[[step]]\nplug_in = true", "its value must be int, not True"),
        ('[[step]]\nplug_in = 1\nsoc_percent = "full"', "plug_in: soc_percent must be float, not 'full'"),
        ("[[step]]\ntraffic = true\npause_s = 5", "pause_s must be .*list.*, not 5"),
        ("[[step]]\nplug_in = 1\nunplug = 1", "has several verbs: plug_in, unplug"),
        ("[[step]]", "has no verb"),
        ("[[steps]]\nplug_in = 1", "'steps' is unknown; did you mean 'step'"),
        ("[options]\nconectors = 2\n[[step]]\nplug_in = 1", "'conectors' is unknown; did you mean 'connectors'"),
        ("[options]\nconnectors = 'two'\n[[step]]\nplug_in = 1", "connectors must be int, not 'two'"),
        ("options = 5\n[[step]]\nplug_in = 1", r"options must be a table; write \[options\]"),
        ("description = 'nothing'", "there are no steps"),
        ("[[step]]\nplug_in = \n[[step]]", r"^x\.toml: .*line 2"),
    ],
)
def test_a_scenario_that_cannot_be_understood_says_where(text: str, error: str) -> None:
    with pytest.raises(ScenarioError, match=error):
        scenario.parse(text, "x.toml")


def test_a_scenario_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ScenarioError, match=r"no such scenario.*plug_and_charge"):
        scenario.load("plug_and_pray")


def test_every_bundled_scenario_can_be_read_and_says_what_it_is() -> None:
    names = scenario.names()
    assert {"demo", "rude_manners", "remote_start"} < set(names)
    assert all(scenario.load(name).description.endswith(".") for name in names)


def test_a_scenario_may_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('description = "Mine."\n[configuration]\nHeartbeatInterval = 5\n[[step]]\nwait_real_s = 0\n')
    script = scenario.load(str(path))
    assert (script.name, script.configuration) == ("own", {"HeartbeatInterval": 5})
    assert script.steps[0].where == "own.toml:4 (step 1)"
