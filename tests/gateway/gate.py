"""A gate on the way to PostgreSQL: shut, it cuts every connection and lets none through, as a failing network does."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

_FILE = ".s.PGSQL.5432"


class Gate:
    """Forwards a Unix socket to that of a PostgreSQL server. `url` leads through it."""

    def __init__(self, url: str, folder: Path) -> None:
        folder_of_server = parse_qs(urlsplit(url).query)["host"][0]
        self.url = url.replace(quote(folder_of_server), quote(str(folder)))
        self._server_path = str(Path(folder_of_server) / _FILE)
        self._path = folder / _FILE
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Let connections through."""
        self._server = await asyncio.start_unix_server(self._forward, self._path)

    async def shut(self) -> None:
        """Cut every connection and let none through."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._path.unlink(missing_ok=True)
        for writer in list(self._writers):
            writer.transport.abort()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._server_path)
        self._writers |= {writer, back}
        tasks = {asyncio.create_task(_pass(reader, back)), asyncio.create_task(_pass(there, writer))}
        self._tasks |= tasks
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, back):
            end.transport.abort()
        await asyncio.wait(tasks)
        self._tasks -= tasks
        self._writers -= {writer, back}


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def gate(url: str) -> AsyncIterator[Gate]:
    """An open gate to the database of a URL."""
    with tempfile.TemporaryDirectory(prefix="csms-gate-") as folder:
        made = Gate(url, Path(folder))
        await made.open()
        yield made
        await made.shut()
