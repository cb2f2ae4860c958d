"""
Many charge points in one process.

Each is started at its own moment within a ramp, plays the scenario, and is
stopped with the others. The first scenario that fails does not stop the rest;
the failures are told at the end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from simulators.charge_point import ChargePoint
from simulators.errors import ScenarioFailed
from simulators.options import Options
from simulators.scenario import Scenario

logger = logging.getLogger(__name__)

_PROGRESS_S = 10.0
_START_TIMEOUT_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    What to run.

    Attributes:
        ids: one per charge point.
        tags: idTags; `{id}` in one stands for the charge point's identity, `{connector}` for the number of the
            connector. They are dealt out in turn, so that with enough of them no two drivers share one.
        password: `{id}` stands for the charge point's identity.
        ramp_s: the first connections are spread over so many real seconds.
        duration_s: stop after so many real seconds; None: when the scenarios have ended.
    """

    url: str
    ids: Sequence[str]
    scenario: Scenario
    options: Options
    tags: Sequence[str] = ("TAG1",)
    ramp_s: float = 0.0
    duration_s: float | None = None


@dataclass(slots=True)
class Outcome:
    """What came of it: the charge points with their books, and what failed."""

    charge_points: list[ChargePoint]
    failures: list[str] = field(default_factory=list)

    def write_books(self, path: Path) -> None:
        """Write the books of all charge points as a JSON list."""
        books = [charge_point.books.as_dict() for charge_point in self.charge_points]
        path.write_bytes(orjson.dumps(books, option=orjson.OPT_INDENT_2))

    def summary(self) -> str:
        """One line for whoever watches."""
        boxes = self.charge_points
        transactions = [transaction for box in boxes for transaction in box.books.transactions]
        return (
            f"{sum(box.online for box in boxes)} of {len(boxes)} online, "
            f"{sum(not transaction.stopped for transaction in transactions)} charging, "
            f"{len(transactions)} transactions, {sum(box.books.outstanding for box in boxes)} reports outstanding, "
            f"{sum(box.books.discarded for box in boxes)} given up, "
            f"{sum(box.log.sent for box in boxes)} frames sent, {sum(box.log.received for box in boxes)} received"
        )


async def run(plan: Plan, stop: asyncio.Event) -> Outcome:
    """Run a fleet until its scenarios have ended, its time is over, or `stop` is set."""
    outcome = Outcome([_charge_point(plan, index) for index in range(len(plan.ids))])
    boxes = outcome.charge_points
    for box in boxes:
        await box.start()
    plays = asyncio.create_task(_play_all(plan, outcome))
    stopped = asyncio.create_task(stop.wait())
    progress = asyncio.create_task(_tell_progress(outcome))
    try:
        await asyncio.wait({plays, stopped}, timeout=plan.duration_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (plays, stopped, progress):
            task.cancel()
        await asyncio.gather(plays, stopped, progress, return_exceptions=True)
        logger.info("%s", outcome.summary())
        await asyncio.gather(*(box.stop() for box in boxes))
    return outcome


def tags_of(tags: Sequence[str], index: int, charge_point_id: str, count: int, connectors: int) -> list[str]:
    """The tags of the drivers of charge point `index` of `count`, one per connector, dealt out in turn."""
    dealt = [tags[(index + count * number) % len(tags)] for number in range(connectors)]
    return [
        tag.replace("{id}", charge_point_id).replace("{connector}", str(number))
        for number, tag in enumerate(dealt, start=1)
    ]


def _charge_point(plan: Plan, index: int) -> ChargePoint:
    charge_point_id = plan.ids[index]
    password = plan.options.password
    options = replace(
        plan.options,
        password=None if password is None else password.replace("{id}", charge_point_id),
        connect_delay_s=plan.ramp_s * index / len(plan.ids),
    )
    return ChargePoint(plan.url, charge_point_id, options)


async def _play_all(plan: Plan, outcome: Outcome) -> None:
    await asyncio.gather(*(_play(plan, index, box, outcome) for index, box in enumerate(outcome.charge_points)))


async def _play(plan: Plan, index: int, box: ChargePoint, outcome: Outcome) -> None:
    tags = tags_of(plan.tags, index, box.charge_point_id, len(plan.ids), len(box.connectors))
    try:
        await box.wait_for(lambda: box.accepted, timeout_s=_START_TIMEOUT_S)
        await plan.scenario.play(box, tags)
    except (ScenarioFailed, TimeoutError) as error:
        failure = f"{box.charge_point_id}: {error or 'never accepted by the central system'}"
        logger.error("%s", failure)
        outcome.failures.append(failure)


async def _tell_progress(outcome: Outcome) -> None:
    while True:
        await asyncio.sleep(_PROGRESS_S)
        logger.info("%s", outcome.summary())
