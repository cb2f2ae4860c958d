"""
An energy meter: it integrates power over simulated time, exactly.

Nothing ticks. The register is brought up to date when somebody looks at it or
when the power changes, from the time that has passed since (see vehicle.py for
the integers that make this exact). What is reported is whole Wh, rounded down,
everywhere: start, readings and stop are then comparable to the last Wh.
"""

from __future__ import annotations

from collections.abc import Callable

from simulators.vehicle import PJ_PER_WH, Vehicle


class Meter:
    """
    The meter of one connector.

    Args:
        now_ns: simulated time in nanoseconds (`Clock.simulated_ns`).
        register_wh: what the lifetime register shows at first.
    """

    def __init__(self, now_ns: Callable[[], int], register_wh: int = 0) -> None:
        self._now_ns = now_ns
        self._read_ns = now_ns()
        self._register_pj = register_wh * PJ_PER_WH
        self._vehicle: Vehicle | None = None
        self._limit_mw = 0

    def connect(self, vehicle: Vehicle, limit_w: float) -> None:
        """Let energy flow to the vehicle, at most `limit_w`."""
        self.settle()
        self._vehicle = vehicle
        self._limit_mw = round(limit_w * 1000)

    def disconnect(self) -> None:
        """Stop the flow."""
        self.settle()
        self._vehicle = None

    def add_wh(self, energy_wh: int) -> None:
        """Count energy that has been delivered at once (for tests that need a certain figure)."""
        self._register_pj += energy_wh * PJ_PER_WH

    @property
    def register_wh(self) -> int:
        """The lifetime register, in whole Wh, rounded down."""
        self.settle()
        return self._register_pj // PJ_PER_WH

    @property
    def power_w(self) -> float:
        """What flows now, in watts."""
        self.settle()
        return 0.0 if self._vehicle is None else self._vehicle.power_mw(self._limit_mw) / 1000

    def settle(self) -> None:
        """Bring meter and vehicle up to the present moment."""
        now_ns = self._now_ns()
        if self._vehicle is not None:
            self._register_pj += self._vehicle.draw(now_ns - self._read_ns, self._limit_mw)
        self._read_ns = now_ns
