"""The things that the tests of the simulators are about: a central system and charge points."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from simulators import ChargePoint, Options
from tests.simulators.central_system import CentralSystem, central_system

# Quick reconnects and a minute of simulated time in a third of a second.
QUICK: dict[str, Any] = {
    "time_scale": 200,
    "reconnect_min_s": 0.05,
    "reconnect_max_s": 0.2,
    "reboot_s": 0.05,
    "seed": 1,
}

MakeChargePoint = Callable[..., Awaitable[ChargePoint]]


@pytest.fixture
async def central() -> AsyncIterator[CentralSystem]:
    async with central_system() as central:
        yield central


@pytest.fixture
async def make(central: CentralSystem) -> AsyncIterator[MakeChargePoint]:
    """Makes charge points that are accepted and idle; keyword arguments are options."""
    async with AsyncExitStack() as stack:

        async def make(charge_point_id: str = "SIM001", *, ready: bool = True, **options: Any) -> ChargePoint:
            charge_point = ChargePoint(central.url, charge_point_id, Options(**{**QUICK, **options}))
            stack.push_async_callback(charge_point.stop)
            await charge_point.start(wait_s=5 if ready else None)
            if ready:
                await charge_point.wait_for(lambda: charge_point.idle)
            return charge_point

        yield make


@pytest.fixture
async def charge_point(make: MakeChargePoint) -> ChargePoint:
    """A charge point with two connectors that samples twice a (simulated) minute."""
    return await make(connectors=2, configuration={"MeterValueSampleInterval": 30})
