"""The command line and the fleet, as processes of their own."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from simulators.cli import main
from simulators.fleet import tags_of
from tests.simulators.central_system import CentralSystem

ROOT = Path(__file__).parents[2]


async def simulators(*arguments: str) -> asyncio.subprocess.Process:
    """Start `python -m simulators`."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulators",
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def books_in(path: Path) -> list[dict[str, Any]]:
    """The books that were written."""
    books: list[dict[str, Any]] = orjson.loads(path.read_bytes())
    return books


async def test_a_scenario_from_the_command_line_writes_its_books(central: CentralSystem, tmp_path: Path) -> None:
    books = tmp_path / "books.json"
    process = await simulators(
        "--url", central.url, "--id", "SIM7", "--scenario", "plug_and_charge", "--time-scale", "600",
        "--tag", "ANNA", "--password", "p-{id}", "--books", str(books), "--config", "MeterValueSampleInterval=30",
    )  # fmt: skip
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    [box] = books_in(books)
    assert box["charge_point_id"] == "SIM7"
    [transaction] = box["transactions"]
    assert transaction["id_tag"] == "ANNA"
    assert transaction["stop"]["acknowledged"]
    [(_, stop)] = central.of("SIM7", "StopTransaction")
    assert stop["meter_stop"] == transaction["meter_stop_wh"]
    assert central.headers[0][0] == "Basic U0lNNzpwLVNJTTc="


async def test_a_fleet_ends_cleanly_on_sigterm_and_writes_its_books(central: CentralSystem, tmp_path: Path) -> None:
    books = tmp_path / "books.json"
    process = await simulators(
        "--url", central.url, "--fleet", "20", "--time-scale", "300", "--tag", "T{id}", "--ramp", "0.2",
        "--connectors", "2", "--seed", "1", "--books", str(books),
    )  # fmt: skip
    ids = [f"SIM{number:04d}" for number in range(1, 21)]
    await central.until(lambda: sum(len(central.of(each, "StartTransaction")) for each in ids) >= 20)
    process.send_signal(signal.SIGTERM)
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert "Traceback" not in errors.decode()
    written = books_in(books)
    assert [box["charge_point_id"] for box in written] == ids
    for box in written:
        acknowledged = [record for record in box["transactions"] if record["start"]["acknowledged"]]
        told = central.of(box["charge_point_id"], "StartTransaction")
        assert len(told) >= len(acknowledged)
        assert all(record["id_tag"] == f"T{box['charge_point_id']}" for record in box["transactions"])


async def test_a_failed_scenario_is_exit_code_one(central: CentralSystem, tmp_path: Path) -> None:
    script = tmp_path / "fails.toml"
    script.write_text("[[step]]\nexpect = { transactions = 5 }\n")
    process = await simulators("--url", central.url, "--scenario", str(script), "--log-level", "error")
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert "SIM: fails.toml:1 (step 1): expect: transactions is 0, not 5" in errors.decode()


async def test_the_duration_ends_an_endless_scenario(central: CentralSystem) -> None:
    process = await simulators("--url", central.url, "--duration", "0.5")
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()


async def test_a_replay_from_the_command_line_tells_what_was_refused(central: CentralSystem, tmp_path: Path) -> None:
    transcript = tmp_path / "one.jsonl"
    rows = [
        {"ts": "", "cp": "X", "dir": "handshake", "frame": {"headers": {"Sec-WebSocket-Protocol": "ocpp1.6"}}},
        {"ts": "", "cp": "X", "dir": "cp->csms", "frame": [2, "1", "Heartbeat", {}]},
        {"ts": "", "cp": "X", "dir": "cp->csms", "frame": [2, "2", "MakeCoffee", {}]},
    ]
    transcript.write_bytes(b"\n".join(orjson.dumps(row) for row in rows))
    process = await simulators("--url", central.url, "--replay", str(transcript))
    output, errors = await process.communicate()
    assert process.returncode == 1
    assert output.decode() == "2 calls replayed, 1 without a call result\n"
    assert "one.jsonl:3: MakeCoffee" in errors.decode()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scenario", "nothing"], "nothing: no such scenario"),
        (["--fleet", "0"], "--fleet needs at least 1"),
        (["--config", "HeartbeatInterval"], "--config needs KEY=VALUE, not 'HeartbeatInterval'"),
        (["--password", "no hex", "--password-form", "decoded"], "non-hexadecimal"),
        (["--time-scale", "-1"], "time_scale must be positive"),
        (["--books", "/nowhere/books.json"], "there is no such folder"),
        (["--replay", "/nowhere.jsonl"], "No such file"),
    ],
)
async def test_a_wrong_command_line_is_one_sentence_and_exit_code_two(arguments: list[str], message: str) -> None:
    process = await simulators("--url", "ws://127.0.0.1:1", *arguments)
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert message in errors.decode()
    assert "Traceback" not in errors.decode()


def test_the_manual_names_every_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    manual = capsys.readouterr().out
    assert all(name in manual for name in ("plug_and_charge", "rude_manners", "--books", "exit codes"))


def test_tags_are_dealt_out_in_turn() -> None:
    tags = [f"T{number}" for number in range(6)]
    dealt = [tags_of(tags, index, "X", count=3, connectors=2) for index in range(3)]
    assert dealt == [["T0", "T3"], ["T1", "T4"], ["T2", "T5"]]
    assert tags_of(["{id}-{connector}"], 0, "SIM1", count=9, connectors=2) == ["SIM1-1", "SIM1-2"]
