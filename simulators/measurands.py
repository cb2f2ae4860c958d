"""
What a simulated charge point can measure, as SampledValues (OCPP 1.6, 7.43).

`MEASURANDS` is the table: measurand → function from a snapshot of the connector
to its sampled values. A measurand that has phases gives one value per phase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ocpp.v16.enums import Measurand

SampledValue = dict[str, Any]

NOMINAL_V = 230.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    What the meter of a connector shows at one moment.

    Attributes:
        energy_wh: the lifetime register.
        power_w: what flows.
        offered_w: what the connector would allow.
        voltage_v: of each phase against neutral.
        phases: how many phases are in use.
        soc_percent: of the vehicle, None without one.
    """

    energy_wh: int
    power_w: float
    offered_w: float
    voltage_v: float = NOMINAL_V
    phases: int = 3
    soc_percent: float | None = None


def _energy(now: Snapshot) -> list[SampledValue]:
    return [{"value": str(now.energy_wh), "unit": "Wh", "location": "Outlet"}]


def _power(now: Snapshot) -> list[SampledValue]:
    return [{"value": f"{now.power_w:.1f}", "unit": "W", "location": "Outlet"}]


def _current(now: Snapshot) -> list[SampledValue]:
    amperes = now.power_w / now.phases / now.voltage_v
    return [
        {"value": f"{amperes:.2f}", "unit": "A", "phase": f"L{phase}", "location": "Outlet"}
        for phase in range(1, now.phases + 1)
    ]


def _voltage(now: Snapshot) -> list[SampledValue]:
    return [
        {"value": f"{now.voltage_v:.1f}", "unit": "V", "phase": f"L{phase}-N", "location": "Outlet"}
        for phase in range(1, now.phases + 1)
    ]


def _soc(now: Snapshot) -> list[SampledValue]:
    if now.soc_percent is None:
        return []
    return [{"value": f"{now.soc_percent:.0f}", "unit": "Percent", "location": "EV"}]


def _power_offered(now: Snapshot) -> list[SampledValue]:
    return [{"value": f"{now.offered_w:.1f}", "unit": "W"}]


def _current_offered(now: Snapshot) -> list[SampledValue]:
    return [{"value": f"{now.offered_w / now.phases / NOMINAL_V:.2f}", "unit": "A"}]


def _temperature(now: Snapshot) -> list[SampledValue]:
    return [{"value": f"{22 + now.power_w / 1000:.1f}", "unit": "Celsius", "location": "Body"}]


MEASURANDS: dict[str, Callable[[Snapshot], list[SampledValue]]] = {
    Measurand.energy_active_import_register.value: _energy,
    Measurand.power_active_import.value: _power,
    Measurand.current_import.value: _current,
    Measurand.voltage.value: _voltage,
    Measurand.soc.value: _soc,
    Measurand.power_offered.value: _power_offered,
    Measurand.current_offered.value: _current_offered,
    Measurand.temperature.value: _temperature,
}


def sample(measurands: Iterable[str], now: Snapshot, context: str) -> list[SampledValue]:
    """The sampled values of some measurands at one moment, in the order asked for."""
    return [
        {**value, "measurand": measurand, "context": context}
        for measurand in measurands
        for value in MEASURANDS[measurand](now)
    ]
