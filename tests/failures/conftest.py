"""One data folder and one server process for each test that breaks something."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.failures.server import Server, migrate


@pytest.fixture(scope="session")
def fresh_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as it is before the first charge box, to be copied."""
    data_dir = tmp_path_factory.mktemp("fresh") / "data"
    migrate(data_dir)
    return data_dir


@pytest.fixture
def data_dir(tmp_path: Path, fresh_data_dir: Path) -> Path:
    """This test's own data folder."""
    subprocess.run(["cp", "-a", fresh_data_dir, tmp_path], check=True)  # with its owner, as PostgreSQL wants it
    return tmp_path / fresh_data_dir.name


@pytest.fixture
async def server(data_dir: Path, request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    """A server that leaves the intervals of meter values alone; a test may set more by parametrizing it indirectly."""
    more: dict[str, Any] = getattr(request, "param", {})
    running = Server(data_dir, meter_value_interval_s=0, **more)
    try:
        await running.start()
        yield running
    finally:
        await running.end()
