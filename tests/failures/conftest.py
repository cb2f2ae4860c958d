"""One data folder and one server process for each test that breaks something."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.failures.server import Server


@pytest.fixture
async def server(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    """A server that registers charge boxes as they come; a test may set more by parametrizing it indirectly."""
    more: dict[str, Any] = getattr(request, "param", {})
    running = Server(tmp_path / "data", unknown_charge_boxes="register", meter_value_interval_s=0, **more)
    try:
        await running.start()
        yield running
    finally:
        await running.end()
