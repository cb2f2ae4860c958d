"""
The real server in a process of its own, with PostgreSQL in its own folder, to be killed.

`Server` starts, kills and restarts `csms serve` on the same ports; `Postgres` does
the same to the database of its data folder. Both end what they started by its
process id, whatever happened in between.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil  # type: ignore[import-untyped] # it has no types of its own

from csms.store import embedded

_START_S = 60.0


class Postgres:
    """The database of a data folder, as its processes and as an eye on what it holds."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def start(self) -> None:
        """Start it where it does not run, with the options that the server uses."""
        self._handle = embedded.start(self._data_dir)

    def let_go(self) -> None:
        """Leave the database to the server; without one it ends."""
        self._handle.stop()

    def stop(self) -> None:
        """Stop it at once, as `pg_ctl stop -m immediate` does: backends are dropped, nothing is written."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """Kill every process of it with -9."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        """An immediate stop is a signal to the first process; a kill must reach each of them."""
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError):
            first = psutil.Process(self.pid)
            others = first.children(recursive=True)
            for process in [first, *others] if number is signal.SIGKILL else [first]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(number)
            _, alive = psutil.wait_procs([first, *others], timeout=20)
            assert not alive, f"PostgreSQL did not end: {alive}"

    @property
    def pid(self) -> int:
        """The id of its first process."""
        return int((self._data_dir / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])

    @contextlib.asynccontextmanager
    async def sql(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """A connection to it; it is started for so long where it does not run."""
        handle = await asyncio.to_thread(embedded.start, self._data_dir)
        try:
            connection = await asyncpg.connect(handle.url)
            try:
                yield connection
            finally:
                await connection.close()
        finally:
            await asyncio.to_thread(handle.stop)


class Server:
    """`csms serve` in a process of its own, on the same two ports each time."""

    def __init__(self, data_dir: Path, **settings: Any) -> None:
        self.data_dir = data_dir
        self.postgres = Postgres(data_dir)
        self.ocpp_port, self.api_port = _free_ports(2)
        self.log = data_dir.parent / "server.log"
        self._settings = {f"CSMS_{name.upper()}": str(value) for name, value in settings.items()}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def ocpp_url(self) -> str:
        """Where charge boxes connect to."""
        return f"ws://127.0.0.1:{self.ocpp_port}"

    @property
    def api_url(self) -> str:
        """Where the REST API is."""
        return f"http://127.0.0.1:{self.api_port}"

    async def start(self) -> None:
        """Start it, and wait until it is ready."""
        self._process = process = self._launch()
        deadline = time.monotonic() + _START_S
        async with httpx.AsyncClient(trust_env=False) as http:
            while time.monotonic() < deadline:
                assert process.poll() is None, f"the server ended: {self.last_words}"
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get(f"{self.api_url}/readyz")).status_code == 200:
                        return
                await asyncio.sleep(0.05)
        raise TimeoutError(f"the server was not ready within {_START_S:g} s: {self.last_words}")

    def _launch(self) -> "subprocess.Popen[bytes]":
        ports = ("--ocpp-port", str(self.ocpp_port), "--api-port", str(self.api_port))
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*_CSMS, "serve", "--data-dir", str(self.data_dir), "--host", "127.0.0.1", *ports],
                env=_environment(self._settings),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def create_key(self, name: str, role: str) -> str:
        """Make an API key as an operator does."""
        return _run("keys", "create", name, "--role", role, "--data-dir", str(self.data_dir)).strip()

    def kill(self) -> None:
        """Kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    async def terminate(self, timeout_s: float) -> tuple[int, float]:
        """Ask it to end (SIGTERM); returns its exit code and how long it took. Raises TimeoutExpired."""
        assert self._process is not None
        return await asyncio.to_thread(_terminate, self._process, timeout_s)

    async def end(self) -> None:
        """Let nothing of it run on."""
        if self._process is not None and self._process.poll() is None:
            try:
                await self.terminate(15)
            except subprocess.TimeoutExpired:
                self.kill()
        await asyncio.to_thread(self.postgres.stop)

    @property
    def tracebacks(self) -> int:
        """How many unexpected errors it logged."""
        return self.log.read_text().count("Traceback")

    @property
    def last_words(self) -> str:
        """The end of its log, for the reader of a failed test."""
        return "\n" + self.log.read_text()[-4000:]


_CSMS = (sys.executable, "-m", "csms")


def migrate(data_dir: Path) -> None:
    """Make a database in a data folder, ready for a server, and leave it at rest."""
    _run("migrate", "--data-dir", str(data_dir))


def _run(*words: str) -> str:
    done = subprocess.run(
        [*_CSMS, *words], env=_environment({}), check=True, capture_output=True, text=True, timeout=_START_S
    )
    return done.stdout


def _environment(settings: dict[str, str]) -> dict[str, str]:
    """Ours, without settings that whoever runs the tests has for a server of their own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CSMS_")} | settings


def _terminate(process: "subprocess.Popen[bytes]", timeout_s: float) -> tuple[int, float]:
    asked_at = time.monotonic()
    process.terminate()
    return process.wait(timeout_s), time.monotonic() - asked_at


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
