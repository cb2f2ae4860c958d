"""
`make bench`: messages per second with durable writes, against the `ocpp` package's own server.

Both run in the same minutes on the same machine, in turns; what counts is the
ratio of the medians. Options: --boxes, --rounds, --seconds, --json.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from csms.store import embedded
from csms.store.migrate import migrate
from tests.bench.load import generate
from tests.bench.servers import SERVERS

_WARM_UP_S = 2.0
_SPAWN = multiprocessing.get_context("spawn")


async def _prepare(url: str, boxes: int) -> None:
    """Register the charge boxes and their idTags."""
    connection = await asyncpg.connect(url)
    names = [(f"BENCH{number}",) for number in range(boxes)]
    await connection.executemany(
        "INSERT INTO charge_boxes (identity, serial_number, password_required) VALUES ($1, $1, false)", names
    )
    await connection.executemany("INSERT INTO tokens (uid) VALUES ($1)", names)
    await connection.close()


def _round(name: str, url: str, boxes: int, seconds: float, cores: tuple[int | None, int | None]) -> dict[str, Any]:
    """Run one server under load once."""
    ours, theirs = _SPAWN.Pipe()
    server = _SPAWN.Process(target=SERVERS[name], args=(theirs, url, boxes, cores[0]), daemon=True)
    server.start()
    try:
        if not ours.poll(60):
            raise RuntimeError(f"{name} did not start within 60 s")
        port = ours.recv()
        process = psutil.Process(server.pid)
        result, remote = _SPAWN.Pipe()
        load = _SPAWN.Process(target=generate, args=(remote, port, boxes, _WARM_UP_S, seconds, cores[1]), daemon=True)
        load.start()
        before = process.cpu_times()
        if not result.poll(60 + seconds):
            raise RuntimeError(f"no result for {name} within {60 + seconds:.0f} s")
        after = process.cpu_times()
        measured: dict[str, Any] = result.recv()
        load.join()
    finally:
        ours.send("stop")
        server.join(15)
        if server.is_alive():
            server.terminate()
    if measured["errors"]:
        raise RuntimeError(f"{name} answered wrongly: {measured['errors'][0]}")
    # The processor time of the whole life under load, per second of it: warm-up and measure run at the same pace.
    cpu_s = (after.user + after.system) - (before.user + before.system)
    measured["server_cpu"] = cpu_s / (measured["took_s"] + _WARM_UP_S)
    measured["per_cpu_second"] = measured["per_second"] / measured["server_cpu"]
    return measured


def _medians(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("per_second", "per_cpu_second", "p50_ms", "p99_ms", "generator_cpu", "server_cpu")
    summary: dict[str, Any] = {name: statistics.median(entry[name] for entry in rounds) for name in names}
    rates = [entry["per_second"] for entry in rounds]
    summary["range"] = (min(rates), max(rates))
    return summary


def _print(results: dict[str, dict[str, Any]], boxes: int) -> None:
    base = results["ocpp README"]
    print(f"\n{boxes} charge boxes in a closed loop, medians; every reply checked\n")
    print(
        f"{'server':<14}{'msg/s':>9}{'×':>7}{'per CPU s':>11}{'×':>7}{'p50 ms':>9}{'p99 ms':>9}{'load CPU':>10}  range"
    )
    for name, result in results.items():
        low, high = result["range"]
        print(
            f"{name:<14}{result['per_second']:>9.0f}{result['per_second'] / base['per_second']:>7.1f}"
            f"{result['per_cpu_second']:>11.0f}{result['per_cpu_second'] / base['per_cpu_second']:>7.1f}"
            f"{result['p50_ms']:>9.1f}{result['p99_ms']:>9.1f}{result['generator_cpu']:>10.0%}  {low:.0f} to {high:.0f}"
        )
    print("\nocpp README keeps nothing; csms validates, journals, and commits before it replies.")


def main() -> None:
    """Parse the options, run the rounds, print the table."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--boxes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", action="store_true", help="print the results for a machine")
    options = parser.parse_args()
    cores: tuple[int | None, int | None] = (0, 1) if (os.cpu_count() or 1) > 1 else (None, None)
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in SERVERS}
    with tempfile.TemporaryDirectory(prefix="csms-bench-", ignore_cleanup_errors=True) as folder:
        print("Starting a database ...", file=sys.stderr)
        postgres = embedded.start(Path(folder))
        asyncio.run(migrate(postgres.url))
        asyncio.run(_prepare(postgres.url, options.boxes))
        for number in range(options.rounds):
            for name in SERVERS:
                print(f"Round {number + 1} of {options.rounds}: {name} ...", file=sys.stderr)
                rounds[name].append(_round(name, postgres.url, options.boxes, options.seconds, cores))
        postgres.stop()
    results = {name: _medians(entries) for name, entries in rounds.items()}
    if options.json:
        print(json.dumps({"boxes": options.boxes, "results": results, "rounds": rounds}, indent=2))
    else:
        _print(results, options.boxes)


if __name__ == "__main__":
    main()
