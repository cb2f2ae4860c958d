"""
The command line: `python -m simulators`.

Exit codes: 0 all went well, 1 a scenario failed or a replayed call was refused,
2 the command line or a scenario file cannot be understood.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from simulators import fleet, scenario
from simulators.errors import ScenarioError, SimulatorError
from simulators.link import authorization
from simulators.options import Options
from simulators.replay import Replay, read_transcript

T = TypeVar("T")

logger = logging.getLogger(__name__)

_MANUAL = """\
Simulated OCPP 1.6J charge points: they connect to a central system, boot, charge
cars, answer commands, lose their connection and keep what they could not deliver.

examples:
  one charge point in endless traffic, which also obeys remote starts and stops:
    python -m simulators --url ws://localhost:9000 --id SIM001 --tag TAG1

  200 charge points, each with a tag of its own, a minute of charging per second:
    python -m simulators --url ws://localhost:9000 --fleet 200 --tag '{id}-{connector}' --time-scale 60

  one scenario, and afterwards the books to compare with the server's:
    python -m simulators --url ws://localhost:9000 --id SIM001 --scenario offline_and_back --books books.json

  recorded frames of another charge point, under the identity SIM001:
    python -m simulators --url ws://localhost:9000 --id SIM001 --replay transcript.jsonl
"""

_EPILOG = """\
scenarios:
{scenarios}

A scenario is a small TOML file; --scenario also takes the path of your own.
The books hold, per transaction: connector, idTag, meter start and stop in Wh,
times, the transaction id that was answered, and for the start, the stop and each
meter value whether it was acknowledged.

exit codes:
  0  all went well (also after SIGTERM or SIGINT, or when --duration is over)
  1  a scenario failed, or a replayed call got no call result
  2  the command line or a scenario file cannot be understood
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=options.log_level.upper(), format="%(asctime)s %(levelname)-7s %(message)s", stream=sys.stderr
    )
    logging.getLogger("websockets").setLevel(logging.WARNING)
    try:
        return _replay(options) if options.replay else _run(options)
    except (ScenarioError, ValueError, OSError) as error:
        print(f"simulators: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0


def _run(arguments: argparse.Namespace) -> int:
    if arguments.books and not arguments.books.absolute().parent.is_dir():
        raise ValueError(f"--books {arguments.books}: there is no such folder")
    script = scenario.load(arguments.scenario)
    plan = fleet.Plan(
        url=arguments.url,
        ids=_ids(arguments),
        scenario=script,
        options=_options(arguments, script),
        tags=arguments.tag or ["TAG1"],
        ramp_s=arguments.fleet / 100 if arguments.ramp is None else arguments.ramp,
        duration_s=arguments.duration,
    )
    outcome = _on_loop(_until_signalled(plan))
    if arguments.books:
        outcome.write_books(arguments.books)
    for failure in outcome.failures:
        print(failure, file=sys.stderr)
    return 1 if outcome.failures else 0


def _replay(arguments: argparse.Namespace) -> int:
    lines = read_transcript(arguments.replay)
    replay = Replay(arguments.url, arguments.id, password=arguments.password, password_form=arguments.password_form)
    try:
        exchanges = _on_loop(replay.run(lines))
    except SimulatorError as error:
        print(f"simulators: {error}", file=sys.stderr)
        return 1
    refused = [exchange for exchange in exchanges if not exchange.accepted]
    for exchange in refused:
        print(f"{arguments.replay}:{exchange.line}: {exchange.call.action}: {exchange.answer}", file=sys.stderr)
    print(f"{len(exchanges)} calls replayed, {len(refused)} without a call result")
    return 1 if refused else 0


async def _until_signalled(plan: fleet.Plan) -> fleet.Outcome:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return await fleet.run(plan, stop)


def _on_loop(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _ids(arguments: argparse.Namespace) -> list[str]:
    if arguments.fleet < 1:
        raise ValueError("--fleet needs at least 1")
    if arguments.fleet == 1:
        return [arguments.id]
    return [f"{arguments.id}{number:04d}" for number in range(1, arguments.fleet + 1)]


def _options(arguments: argparse.Namespace, script: scenario.Scenario) -> Options:
    """The options of the scenario, then those of the command line, which win."""
    options = Options(**script.options)
    configuration = {**script.configuration, **dict(_pair(text) for text in arguments.config)}
    given: dict[str, Any] = {
        "connectors": arguments.connectors,
        "time_scale": arguments.time_scale,
        "seed": arguments.seed,
        "password": arguments.password,
        "reconnect_max_s": arguments.reconnect_max,
    }
    if arguments.password is not None:
        authorization("", arguments.password, arguments.password_form)
    return replace(
        options,
        configuration=configuration,
        password_form=arguments.password_form,
        subprotocol=None if arguments.subprotocol == "none" else arguments.subprotocol,
        frame_log=options.frame_log if arguments.fleet == 1 else 10,
        **{name: value for name, value in given.items() if value is not None},
    )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ValueError(f"--config needs KEY=VALUE, not {text!r}")
    return name, value


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:<18} {scenario.load(name).description}" for name in scenario.names())
    parser = argparse.ArgumentParser(
        prog="python -m simulators",
        description=_MANUAL,
        epilog=_EPILOG.format(scenarios=listed),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = parser.add_argument_group("whom to talk to")
    where.add_argument(
        "--url", default="ws://localhost:9000", help="the central system, without the identity (%(default)s)"
    )
    where.add_argument(
        "--id", default="SIM", help="the identity; with --fleet the beginning of all of them (%(default)s)"
    )
    where.add_argument("--password", help="for Basic authentication; {id} stands for the identity")
    where.add_argument(
        "--password-form",
        choices=("text", "hex", "decoded"),
        default="text",
        help="send it as it stands, as the hex text of its bytes, or as the bytes it spells in hex (%(default)s)",
    )
    where.add_argument(
        "--subprotocol", default="ocpp1.6", help="what the handshake offers; none for none (%(default)s)"
    )
    what = parser.add_argument_group("what to do")
    what.add_argument("--scenario", default="demo", metavar="NAME|FILE", help="what happens (%(default)s)")
    what.add_argument("--replay", type=Path, metavar="FILE", help="send the recorded frames of a transcript instead")
    what.add_argument(
        "--fleet", type=int, default=1, metavar="N", help="so many charge points, named SIM0001, SIM0002, ..."
    )
    what.add_argument("--ramp", type=float, metavar="S", help="spread their first connections over S seconds (N / 100)")
    what.add_argument("--connectors", type=int, metavar="N", help="of each charge point (1, or what the scenario says)")
    what.add_argument(
        "--tag",
        action="append",
        metavar="TAG",
        help="idTag of a driver, may be repeated; {id} and {connector} are filled in (TAG1)",
    )
    what.add_argument(
        "--config", action="append", default=[], metavar="KEY=VALUE", help="a configuration key, may be repeated"
    )
    what.add_argument(
        "--time-scale",
        type=float,
        metavar="X",
        help="cars, meters and sampling intervals run X times faster than the clock (1)",
    )
    what.add_argument("--reconnect-max", type=float, metavar="S", help="longest pause between attempts to connect (60)")
    what.add_argument("--seed", type=int, help="makes cars, pauses and jitter repeatable")
    end = parser.add_argument_group("how it ends")
    end.add_argument(
        "--duration", type=float, metavar="S", help="stop after S seconds; else when the scenario has ended"
    )
    end.add_argument("--books", type=Path, metavar="FILE", help="write the books of all charge points there, as JSON")
    end.add_argument(
        "--log-level",
        default="info",
        choices=("debug", "info", "warning", "error"),
        help="how much to tell (%(default)s)",
    )
    return parser
