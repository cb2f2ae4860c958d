"""
What was used, component by component, and how much of it is billed.

A session is cut wherever a price can change; each piece is charged to the components
that hold there. Then step_size rounds up, once per session (OCPI 2.3.0, mod_cdrs,
step_size): the total of a dimension, by the step of the component that came last.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from csms.domain.pricing.restrictions import active_component, boundaries, situation
from csms.domain.pricing.tariff import Dimension, PriceComponent, Tariff
from csms.domain.pricing.timeline import Cuts, Phase, Stretch, Timeline


class CostKind(StrEnum):
    """What a cost line is for: OCPI's dimensions, those of a reservation, and the limits of a tariff."""

    FLAT = "FLAT"
    ENERGY = "ENERGY"
    TIME = "TIME"
    PARKING_TIME = "PARKING_TIME"
    RESERVATION_FLAT = "RESERVATION_FLAT"
    RESERVATION_TIME = "RESERVATION_TIME"
    MIN_PRICE = "MIN_PRICE"
    MAX_PRICE = "MAX_PRICE"


# What is metered in each phase, and what its cost is called.
_METERED: dict[Phase, tuple[tuple[Dimension, CostKind], ...]] = {
    Phase.CHARGING: ((Dimension.ENERGY, CostKind.ENERGY), (Dimension.TIME, CostKind.TIME)),
    Phase.PARKING: ((Dimension.PARKING_TIME, CostKind.PARKING_TIME),),
    Phase.RESERVED: ((Dimension.TIME, CostKind.RESERVATION_TIME),),
    Phase.EXPIRED: ((Dimension.TIME, CostKind.RESERVATION_TIME),),
}
# What is paid once, by the phase that a timeline begins with.
_FIXED = {
    Phase.CHARGING: CostKind.FLAT,
    Phase.PARKING: CostKind.FLAT,
    Phase.RESERVED: CostKind.RESERVATION_FLAT,
    Phase.EXPIRED: CostKind.RESERVATION_FLAT,
}
# Kinds that step_size counts for together; of a session's time only the last kind is rounded.
_STEPPED = (
    {CostKind.ENERGY},
    {CostKind.TIME, CostKind.PARKING_TIME},
    {CostKind.RESERVATION_TIME},
)


class Part(NamedTuple):
    """From this second of a session on, the tariff is in force."""

    s: Fraction
    tariff: Tariff


@dataclass(slots=True)
class Charge:
    """What one component is owed for one period: quantities in Wh, in seconds, or 1."""

    kind: CostKind
    tariff: Tariff
    component: PriceComponent
    started_at: datetime
    ended_at: datetime
    quantity: Fraction
    billed: Fraction


def charges(line: Timeline, parts: Sequence[Part]) -> list[Charge]:
    """Charge a timeline under the tariffs in force, the first of them from its start."""
    charged = [*_fixed(line, parts[0].tariff)]
    last: dict[CostKind, Charge] = {}
    for charge in _metered(line, parts):
        before = last.get(charge.kind)
        if before is not None and _goes_on(before, charge):
            before.quantity += charge.quantity
            before.ended_at = charge.ended_at
        else:
            charged.append(charge)
            last[charge.kind] = charge
    _step_up(charged)
    return charged


def _goes_on(before: Charge, charge: Charge) -> bool:
    return (
        before.ended_at == charge.started_at and before.component == charge.component and before.tariff == charge.tariff
    )


def _fixed(line: Timeline, tariff: Tariff) -> Iterator[Charge]:
    """The FLAT component that holds at the start, once."""
    first = line.stretches[0]
    component = active_component(tariff, Dimension.FLAT, situation(line, first))
    if component is not None:
        once = Fraction(1)
        yield Charge(_FIXED[first.phase], tariff, component, line.origin, line.origin, once, once)


def _metered(line: Timeline, parts: Sequence[Part]) -> Iterator[Charge]:
    """One charge for each piece and each component that holds there, where anything was used."""
    for piece in _pieces(line, parts):
        now = situation(line, piece)
        tariff = next(part.tariff for part in reversed(parts) if part.s <= piece.start.s)
        for dimension, kind in _METERED[piece.phase]:
            used = piece.energy_wh if dimension is Dimension.ENERGY else piece.seconds
            component = active_component(tariff, dimension, now) if used else None
            if component is not None:
                ended_at = line.moment(piece.end.s)
                yield Charge(kind, tariff, component, line.moment(piece.start.s), ended_at, used, Fraction(0))


def _pieces(line: Timeline, parts: Sequence[Part]) -> Iterator[Stretch]:
    """The stretches, cut wherever a restriction or the tariff can change."""
    cuts = boundaries((part.tariff for part in parts), line)
    cuts = Cuts(s=sorted({*cuts.s, *(part.s for part in parts)}), wh=cuts.wh)
    for stretch in line.stretches:
        yield from stretch.cut(cuts)


def _step_up(charged: Sequence[Charge]) -> None:
    """
    Round the total of each stepped dimension up, and bill what that adds to its last charge.

    Neither a switch between components, nor one between TIME and PARKING_TIME, nor one
    between tariffs rounds anything before the end.
    """
    for charge in charged:
        charge.billed = charge.quantity
    for kinds in _STEPPED:
        stepped = [charge for charge in charged if charge.kind in kinds]
        if stepped and (step := stepped[-1].component.step_size):
            used = sum((charge.quantity for charge in stepped if charge.kind is stepped[-1].kind), start=Fraction(0))
            stepped[-1].billed += ceil(used / step) * step - used
