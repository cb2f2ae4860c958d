"""The embedded PostgreSQL: shared by those who use it, stopped by the last, and none the worse for a kill."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil  # type: ignore[import-untyped]
import pytest

from csms.errors import ConfigurationError
from csms.store import embedded

_HOLD = """
import sys, pathlib, signal
from csms.store import embedded
signal.signal(signal.SIGINT, lambda *_: None)
server = embedded.start(pathlib.Path(sys.argv[1]))
print(server.url, flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with a database in it that nobody runs."""
    folder = tmp_path_factory.mktemp("data")
    embedded.start(folder).stop()
    yield folder
    shutil.rmtree(folder)


@contextlib.contextmanager
def _another_process(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """A process, with a process group of its own, that uses the database until its stdin closes."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _HOLD, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline().startswith("postgresql://")
        yield process
        process.stdin.close()


def _value(server: embedded.EmbeddedPostgres, query: str) -> object:
    async def fetch() -> object:
        connection = await asyncpg.connect(server.url)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def _postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def _runs(data_dir: Path) -> bool:
    return (data_dir / "postgres" / "postmaster.pid").exists()


def test_it_keeps_what_it_was_given(data_dir: Path) -> None:
    first = embedded.start(data_dir)
    _value(first, "CREATE TABLE kept AS SELECT 42 AS answer")
    first.stop()
    second = embedded.start(data_dir)
    assert _value(second, "SELECT answer FROM kept") == 42
    second.stop()


def test_its_commits_reach_the_disk(data_dir: Path) -> None:
    server = embedded.start(data_dir)
    settings = {name: _value(server, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")}
    connections = _value(server, "SELECT current_setting('max_connections')::int")
    server.stop()
    assert set(settings.values()) == {"on"}
    assert isinstance(connections, int)
    assert connections >= 100


def test_it_stops_when_the_last_of_its_users_leaves(data_dir: Path) -> None:
    first, second = embedded.start(data_dir), embedded.start(data_dir)
    assert first.url == second.url
    first.stop()
    first.stop()
    assert _value(second, "SELECT 1") == 1
    second.stop()
    assert not _runs(data_dir)


def test_a_second_process_attaches_and_leaves_it_running(data_dir: Path) -> None:
    server = embedded.start(data_dir)
    with _another_process(data_dir) as other:
        pass
    assert other.returncode == 0
    assert _value(server, "SELECT 1") == 1
    server.stop()
    assert not _runs(data_dir)


def test_the_process_that_started_it_may_leave_first(data_dir: Path) -> None:
    with _another_process(data_dir):
        server = embedded.start(data_dir)
    assert _value(server, "SELECT 1") == 1
    server.stop()
    assert not _runs(data_dir)


def test_a_killed_process_does_not_keep_it_from_stopping(data_dir: Path) -> None:
    with _another_process(data_dir) as other:
        postmaster = _postmaster(data_dir)
        other.kill()
        other.wait()
    server = embedded.start(data_dir)
    assert _postmaster(data_dir) == postmaster
    server.stop()
    assert not _runs(data_dir)


def test_a_killed_postgresql_is_started_again_with_its_data(data_dir: Path) -> None:
    server = embedded.start(data_dir)
    _value(server, "CREATE TABLE survives AS SELECT 43 AS answer")
    killed = psutil.Process(_postmaster(data_dir))
    killed.kill()
    killed.wait(10)
    again = embedded.start(data_dir)
    assert _value(again, "SELECT answer FROM survives") == 43
    server.stop()
    again.stop()
    assert not _runs(data_dir)


def test_the_number_of_a_killed_postgresql_may_be_somebody_elses_by_now(data_dir: Path) -> None:
    folder = data_dir / "postgres"
    lines = [str(os.getpid()), str(folder), "1700000000", "5432", str(folder), "", "  1 1", "ready   "]
    (folder / "postmaster.pid").write_text("\n".join(lines) + "\n")
    server = embedded.start(data_dir)
    assert _value(server, "SELECT 1") == 1
    server.stop()


def test_an_interrupt_at_the_terminal_does_not_reach_it(data_dir: Path) -> None:
    with _another_process(data_dir) as other:
        os.killpg(other.pid, signal.SIGINT)
        time.sleep(0.2)
        server = embedded.start(data_dir)
        assert _value(server, "SELECT 1") == 1
        server.stop()


@pytest.mark.parametrize("name", ["deep/" * 40 + "er", "with a space, a 'quote' and ü"])
def test_any_path_will_do(tmp_path: Path, data_dir: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir(parents=True)
    # Copying keeps the owner only as root, where it is another one.
    subprocess.run(["cp", "-a", str(data_dir / "postgres"), str(folder)], check=True)
    server = embedded.start(folder)
    try:
        assert _value(server, "SELECT current_database()") == "csms"
    finally:
        server.stop()


def test_a_first_start_that_was_cut_short_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "postgres.unfinished" / "base").mkdir(parents=True)
    server = embedded.start(tmp_path)
    assert _value(server, "SELECT 1") == 1
    server.stop()
    assert not (tmp_path / "postgres.unfinished").exists()


def _refusal(data_dir: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        embedded.start(data_dir)
    assert caught.value.setting == "CSMS_DATA_DIR"
    assert "\n" not in caught.value.reason
    return caught.value.reason


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert str(tmp_path / "file") in _refusal(tmp_path / "file")
    assert "Not a directory" in _refusal(tmp_path / "file" / "below")


def test_a_folder_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")
    assert "was made by PostgreSQL 16" in _refusal(tmp_path)


def test_a_folder_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    assert "is no PostgreSQL database" in _refusal(tmp_path)


def test_a_postgresql_that_does_not_start_says_why(tmp_path: Path, data_dir: Path) -> None:
    subprocess.run(["cp", "-a", str(data_dir / "postgres"), str(tmp_path)], check=True)
    with (tmp_path / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("shared_buffers = 'much'\n")
    assert 'postgresql.conf" contains errors' in _refusal(tmp_path)


async def test_a_postgres_that_was_killed_is_started_again(tmp_path: Path) -> None:
    server = embedded.start(tmp_path)
    with server.kept_running(look_every_s=0.1, patience_s=0.3):
        pid = int((tmp_path / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(30):
            while True:
                try:
                    connection = await asyncpg.connect(server.url)
                    break
                except (OSError, asyncpg.PostgresError):
                    await asyncio.sleep(0.2)
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()
        assert int((tmp_path / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0]) != pid
    server.stop()
