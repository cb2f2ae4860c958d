"""
From the wire's MeterValue to a reading, and from readings to a running summary.

A charge box sends the same list of measurands in every reading. That list is the
reading's shape; only the numbers change. So a reading is a shape and an array of
values, and what the shape means (which value is the energy register, in which
unit) is worked out once per shape.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol

# (measurand, unit, phase, context, location, format), with the defaults of OCPP 1.6, 7.43 filled in.
Kind = tuple[str, str, str | None, str, str, str]
Shape = tuple[Kind, ...]

_ENERGY = "Energy.Active.Import.Register"
_POWER = "Power.Active.Import"
_SOC = "SoC"
# Units of energy and power, as factors to Wh and W (chargers write them in every case).
_FACTORS = {"wh": Decimal(1), "kwh": Decimal(1000), "mwh": Decimal(1_000_000), "w": Decimal(1), "kw": Decimal(1000)}
_DEFAULT_UNITS = {_ENERGY: "Wh", _POWER: "W", _SOC: "Percent"}
_PHASES = (("L1", "L2", "L3"), ("L1-N", "L2-N", "L3-N"))
_NUMBER = re.compile(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,3})?\s*", re.ASCII)
# A double carries 15 significant digits exactly; longer texts are kept beside it.
_EXACT_DIGITS = 15
_MAX_KIND = 64


class Sampled(Protocol):
    """One SampledValue of the wire; None stands for the specification's default (OCPP 1.6, 7.43)."""

    @property
    def value(self) -> str: ...
    @property
    def measurand(self) -> str | None: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def phase(self) -> str | None: ...
    @property
    def context(self) -> str | None: ...
    @property
    def location(self) -> str | None: ...
    @property
    def format(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """
    All values of one moment.

    `values` follow the shape's order; None stands for what a number cannot carry.
    `raw` has the texts of those values by position, and `at` as sent when it could
    not be read. `digest` is the same for the same reading sent again (64 bits, signed).
    """

    shape: Shape
    values: tuple[float | None, ...]
    at: datetime | None
    raw: dict[str, str]
    digest: int


@dataclass(frozen=True, slots=True)
class Progress:
    """What one reading says of its transaction: Wh, W, percent; None where it says nothing."""

    register_wh: Decimal | None = None
    power_w: float | None = None
    soc: float | None = None


def read(
    samples: Sequence[Sampled], *, timestamp: str | None, at: datetime | None, connector: int, transaction: int | None
) -> Reading:
    """
    Turn what was sampled at one moment into a reading. Whatever it holds, nothing is refused and nothing dropped.

    Args:
        samples: the sampled values in the order sent.
        timestamp: the moment as sent.
        at: the same as parsed, None when it cannot be read.
        connector: the OCPP connector; with the transaction it tells equal numbers of different meters apart.
        transaction: the transactionId as sent.
    """
    shape = tuple(_kind(sample) for sample in samples)
    values: list[float | None] = []
    raw: dict[str, str] = {}
    for position, sample in enumerate(samples):
        value, exact = _number(sample.value)
        values.append(value)
        if not exact:
            raw[str(position)] = sample.value
    if at is None and timestamp is not None:
        raw["at"] = timestamp
    return Reading(shape, tuple(values), at, raw, _digest(samples, timestamp, connector, transaction))


def _kind(sample: Sampled) -> Kind:
    """The default of each field is the specification's (OCPP 1.6, 7.43)."""
    measurand = (sample.measurand or _ENERGY)[:_MAX_KIND]
    return (
        measurand,
        (sample.unit or _DEFAULT_UNITS.get(measurand, "Wh" if measurand.startswith("Energy") else ""))[:_MAX_KIND],
        sample.phase[:_MAX_KIND] if sample.phase else None,
        (sample.context or "Sample.Periodic")[:_MAX_KIND],
        (sample.location or "Outlet")[:_MAX_KIND],
        (sample.format or "Raw")[:_MAX_KIND],
    )


def _number(text: str) -> tuple[float | None, bool]:
    """The number that a text stands for, and whether it says all that the text said."""
    if not _NUMBER.fullmatch(text):
        return None, False
    number = float(text.replace(",", "."))
    if not math.isfinite(number):
        return None, False
    return number, len(text) <= _EXACT_DIGITS and "," not in text


def _digest(samples: Sequence[Sampled], timestamp: str | None, connector: int, transaction: int | None) -> int:
    sent = [
        (each.value, each.measurand, each.unit, each.phase, each.context, each.location, each.format)
        for each in samples
    ]
    # repr quotes and escapes each text, so no text can look like two.
    data = repr((connector, transaction, timestamp, sent)).encode()
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big", signed=True)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where in a shape the energy, the power and the state of charge stand, with their factors."""

    energy: tuple[tuple[int, Decimal], ...]
    power: tuple[tuple[int, Decimal], ...]
    soc: int | None


@lru_cache(maxsize=4096)
def _plan(shape: Shape) -> _Plan:
    # Several contexts in one reading (Begin, Periodic, End): the last is the newest, here and in `_positions`.
    soc = max((position for position, kind in enumerate(shape) if kind[0] == _SOC and kind[5] == "Raw"), default=None)
    return _Plan(_positions(shape, _ENERGY), _positions(shape, _POWER), soc)


def _positions(shape: Shape, measurand: str) -> tuple[tuple[int, Decimal], ...]:
    """The total where there is one, else the phases to be summed; the neutral is no phase (field-notes.md, 3)."""
    found = [
        (position, kind, _FACTORS[kind[1].lower()])
        for position, kind in enumerate(shape)
        if kind[0] == measurand and kind[1].lower() in _FACTORS and kind[5] == "Raw"
    ]
    # What went into the car, where the box also measures what it drew (location Inlet).
    found = [entry for entry in found if entry[1][4] == "Outlet"] or found
    newest = {kind[2]: (position, factor) for position, kind, factor in found}
    if None in newest:
        return (newest[None],)
    for phases in _PHASES:
        summed = tuple(newest[phase] for phase in phases if phase in newest)
        if summed:
            return summed
    return ()


def progress(reading: Reading) -> Progress:
    """Read the energy register (Wh), the power (W) and the state of charge (%) off a reading."""
    plan = _plan(reading.shape)
    power = _sum(plan.power, reading.values)
    power_w = None if power is None else float(power)
    return Progress(
        register_wh=_sum(plan.energy, reading.values),
        power_w=power_w if power_w is not None and math.isfinite(power_w) else None,
        soc=None if plan.soc is None else reading.values[plan.soc],
    )


def _sum(positions: Sequence[tuple[int, Decimal]], values: Sequence[float | None]) -> Decimal | None:
    """The sum in Wh or W; None where a part of it is missing, as a sum without it would be too small."""
    total = Decimal(0)
    for position, factor in positions:
        value = values[position]
        if value is None:
            return None
        # By its text: the register reads 0.1 and not 0.1000000000000000055.
        total += Decimal(repr(value)) * factor
    return total if positions else None


def at_begin(readings: Iterable[Reading]) -> tuple[datetime | None, Decimal | None]:
    """The moment and the register (Wh) of the reading that a transaction began with, where one is marked so."""
    for reading in readings:
        marked = [position for position, kind in enumerate(reading.shape) if kind[3] == "Transaction.Begin"]
        if marked:
            begin = tuple(reading.shape[position] for position in marked)
            return reading.at, _sum(_positions(begin, _ENERGY), [reading.values[position] for position in marked])
    return None, None
