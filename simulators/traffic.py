"""
Endless traffic: cars come, charge for some minutes, and go.

Each connector has its own stream of drivers. A driver plugs in, shows a tag,
charges until satisfied or full, shows the tag again and drives off. Remote
commands fit in: a remote start at an empty connector brings a car at once, a
remote stop sends the driver off.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from simulators.charge_point import ChargePoint
from simulators.connector import Connector
from simulators.vehicle import Vehicle

Span = tuple[float, float]

# (battery in Wh, most power in W): a plug-in hybrid, small and large cars, a van.
_MODELS = ((12_000, 3_700), (40_000, 7_400), (60_000, 11_000), (77_000, 11_000), (100_000, 22_000))


class Traffic:
    """
    The drivers of one charge point.

    Args:
        tag: the idTag of the drivers at a connector.
        pause_s, charge_s: how long a connector stays empty and a car stays, in simulated seconds.
        first_pause_s: the first pause.
    """

    def __init__(
        self,
        charge_point: ChargePoint,
        tag: Callable[[int], str],
        *,
        pause_s: Span,
        charge_s: Span,
        first_pause_s: Span,
    ) -> None:
        self._charge_point = charge_point
        self._tag = tag
        self._pause_s = pause_s
        self._charge_s = charge_s
        self._first_pause_s = first_pause_s

    async def run(self) -> None:
        """Let cars come and go until cancelled."""
        async with asyncio.TaskGroup() as group:
            for connector in self._charge_point.connectors.values():
                group.create_task(self._visits(connector))

    async def _visits(self, connector: Connector) -> None:
        pause_s = self._first_pause_s
        while True:
            await self._within(pause_s, lambda: connector.waiting_tag is not None)
            pause_s = self._pause_s
            if connector.vehicle is not None and connector.transaction is None:
                self._charge_point.unplug(connector.number)
            if connector.free and connector.vehicle is None:
                await self._visit(connector)

    async def _visit(self, connector: Connector) -> None:
        charge_point, dice = self._charge_point, self._charge_point.dice
        battery_wh, max_power_w = dice.choice(_MODELS)
        vehicle = Vehicle(battery_wh=battery_wh, soc_percent=dice.uniform(8, 75), max_power_w=max_power_w)
        charge_point.plug_in(connector.number, vehicle)
        record = connector.transaction
        if record is None:
            await self._within((2.0, 8.0), lambda: connector.transaction is not None)
            record = connector.transaction or await charge_point.present_tag(
                connector.number, self._tag(connector.number)
            )
        if record is not None:
            running = record
            await self._within(self._charge_s, lambda: running.stopped or vehicle.full)
            if connector.transaction is running:
                await charge_point.present_tag(connector.number, running.id_tag)
        await self._within((3.0, 15.0), lambda: False)
        charge_point.unplug(connector.number)

    async def _within(self, span: Span, condition: Callable[[], Any]) -> None:
        """Wait a while, or until the condition holds."""
        seconds = self._charge_point.clock.real_s(self._charge_point.dice.uniform(*span))
        with contextlib.suppress(TimeoutError):
            await self._charge_point.wait_for(condition, timeout_s=seconds)
