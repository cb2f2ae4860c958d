"""
A vehicle that charges: a battery, a limit, and a curve that falls as it fills.

All is integer arithmetic, in milliwatts, nanoseconds and their product, the
picojoule (1 Wh = 3.6e15 pJ), so that energy adds up to the last Wh whatever the
moments at which the meter is read.
"""

from __future__ import annotations

PJ_PER_WH = 3_600_000_000_000_000

# (from this state of charge in percent, at most this percentage of the vehicle's power)
DEFAULT_CURVE: tuple[tuple[int, int], ...] = ((0, 100), (80, 70), (90, 35), (97, 12))


class Vehicle:
    """
    One vehicle on a cable.

    Args:
        battery_wh: usable size of its battery.
        soc_percent: state of charge at arrival, 0 to 100.
        max_power_w: the most it takes.
        curve: steps of (state of charge in percent, percentage of `max_power_w`), rising, beginning at 0.
    """

    def __init__(
        self,
        *,
        battery_wh: int = 60_000,
        soc_percent: float = 20.0,
        max_power_w: float = 11_000,
        curve: tuple[tuple[int, int], ...] = DEFAULT_CURVE,
    ) -> None:
        if not curve or curve[0][0] != 0 or list(curve) != sorted(curve):
            raise ValueError(f"a curve begins at 0 percent and rises, not {curve}")
        self._capacity_pj = battery_wh * PJ_PER_WH
        self._stored_pj = int(self._capacity_pj * min(max(soc_percent, 0.0), 100.0) / 100)
        self._max_mw = round(max_power_w * 1000)
        self._steps = [(self._capacity_pj * soc // 100, self._max_mw * percent // 100) for soc, percent in curve]

    @property
    def soc_percent(self) -> float:
        """State of charge, 0 to 100."""
        return min(100.0, 100 * self._stored_pj / self._capacity_pj)

    @property
    def full(self) -> bool:
        """Whether it takes nothing more."""
        return self._stored_pj >= self._capacity_pj

    def power_mw(self, limit_mw: int) -> int:
        """What it takes now, in milliwatts, from a connector that offers `limit_mw`."""
        return self._segment(limit_mw)[0]

    def draw(self, elapsed_ns: int, limit_mw: int) -> int:
        """Charge for a while; returns the energy taken, in picojoules."""
        before = self._stored_pj
        while elapsed_ns > 0:
            power_mw, end_pj = self._segment(limit_mw)
            if power_mw == 0:
                break
            step_ns = min(elapsed_ns, -(-(end_pj - self._stored_pj) // power_mw))
            self._stored_pj += power_mw * step_ns
            elapsed_ns -= step_ns
        return self._stored_pj - before

    def ns_to_full(self, limit_mw: int) -> int | None:
        """Simulated nanoseconds until it is full, or None if it never will be."""
        total_ns, stored_pj = 0, self._stored_pj
        while stored_pj < self._capacity_pj:
            power_mw, end_pj = self._segment(limit_mw, stored_pj)
            if power_mw == 0:
                return None
            total_ns += -(-(end_pj - stored_pj) // power_mw)
            stored_pj = end_pj
        return total_ns

    def _segment(self, limit_mw: int, stored_pj: int | None = None) -> tuple[int, int]:
        """The power now, and the stored energy at which it changes."""
        stored = self._stored_pj if stored_pj is None else stored_pj
        if stored >= self._capacity_pj:
            return 0, self._capacity_pj
        power_mw, end_pj = 0, self._capacity_pj
        for from_pj, step_mw in self._steps:
            if from_pj > stored:
                end_pj = from_pj
                break
            power_mw = step_mw
        return min(power_mw, limit_mw), end_pj
