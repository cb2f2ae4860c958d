"""
The verbs of scenario files: one function each, and `VERBS`, their table of contents.

The first parameter after `run` is the verb's value, the others are its arguments
in the file. Seconds are simulated seconds (see `time_scale`) unless the name
says real; waits that end in failure are in real seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ocpp.v16.enums import Reason

from simulators.charge_point import ChargePoint
from simulators.errors import CallFailed, ScenarioFailed
from simulators.facts import CONDITIONS, FACTS
from simulators.frames import CallResult
from simulators.traffic import Traffic
from simulators.vehicle import Vehicle

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Run:
    """
    A scenario that is being played.

    Attributes:
        tags: idTags of the charge point's drivers; connector n takes the n-th.
    """

    charge_point: ChargePoint
    tags: list[str]

    def tag(self, connector: int) -> str:
        """The idTag of the driver at a connector."""
        return self.tags[(connector - 1) % len(self.tags)]


async def plug_in(
    run: Run, connector: int, battery_wh: int = 60_000, soc_percent: float = 30.0, max_power_w: float = 11_000.0
) -> None:
    """A vehicle is plugged in."""
    vehicle = Vehicle(battery_wh=battery_wh, soc_percent=soc_percent, max_power_w=max_power_w)
    run.charge_point.plug_in(connector, vehicle)


async def unplug(run: Run, connector: int, possible: bool = True) -> None:
    """The cable is pulled; fails if that is not `possible` as expected."""
    if run.charge_point.unplug(connector) is not possible:
        raise ScenarioFailed("the cable came out" if not possible else "the cable is stuck")


async def present_tag(run: Run, connector: int, tag: str = "", accepted: bool = True) -> None:
    """A tag is presented; fails if it is not `accepted` as expected."""
    tag = tag or run.tag(connector)
    record = await run.charge_point.present_tag(connector, tag)
    waiting = run.charge_point.connectors[connector].waiting_tag == tag
    refused = record is None and not waiting
    if record is not None and not record.stopped and record.start_status not in (None, "Accepted"):
        refused = True
    if refused is accepted:
        raise ScenarioFailed(f"tag {tag} was {'refused' if refused else 'accepted'}")


async def end_transaction(run: Run, connector: int, reason: str = "Local") -> None:
    """The transaction of a connector ends, if it has not ended yet."""
    run.charge_point.end_transaction(connector, Reason(reason))


async def wait_s(run: Run, seconds: float) -> None:
    """Nothing happens for a while."""
    await asyncio.sleep(run.charge_point.clock.real_s(seconds))


async def wait_real_s(run: Run, seconds: float) -> None:
    """Nothing happens for a while, in real seconds."""
    await asyncio.sleep(seconds)


async def wait_for(
    run: Run,
    condition: str,
    connector: int = 1,
    count: int = 1,
    within_real_s: float = 60.0,
    within_s: float | None = None,
    give_up: bool = True,
) -> None:
    """
    Wait for one of CONDITIONS, which is about a connector or needs a count.

    The limit is `within_real_s`, or `within_s` where it is part of the story; with
    `give_up = false` the scenario goes on when it is over.
    """
    if condition not in CONDITIONS:
        raise ScenarioFailed(f"there is no condition {condition!r}; there are {', '.join(CONDITIONS)}")
    holds = CONDITIONS[condition]
    timeout_s = within_real_s if within_s is None else run.charge_point.clock.real_s(within_s)
    try:
        await run.charge_point.wait_for(lambda: holds(run.charge_point, connector, count), timeout_s=timeout_s)
    except TimeoutError:
        if give_up:
            raise ScenarioFailed(f"waited {timeout_s:g} s for {condition!r}") from None


async def go_offline(run: Run, now: bool) -> None:
    """The network is lost."""
    run.charge_point.go_offline()


async def go_online(run: Run, now: bool) -> None:
    """The network is back."""
    run.charge_point.go_online()


async def cut(run: Run, now: bool, pause_real_s: float = 1.0) -> None:
    """The TCP connection is dropped; a new one follows."""
    run.charge_point.cut(pause_s=pause_real_s)


async def linger(run: Run, now: bool) -> None:
    """The connection is left half-open and a new one is made."""
    run.charge_point.linger()


async def close_lingering(run: Run, now: bool) -> None:
    """The half-open connections are dropped."""
    run.charge_point.close_lingering()


async def fault(run: Run, connector: int, code: str = "OtherError") -> None:
    """A connector becomes Faulted."""
    run.charge_point.fault(connector, code)


async def clear_fault(run: Run, connector: int) -> None:
    """The fault is over."""
    run.charge_point.clear_fault(connector)


async def cable_stuck(run: Run, connector: int, stuck: bool = True) -> None:
    """The lock of a connector does not open any more, or does again."""
    run.charge_point.cable_stuck(connector, stuck)


async def reboot(run: Run, reason: str, graceful: bool = True) -> None:
    """The charge point restarts by itself, for a reason of StopTransaction."""
    await run.charge_point.reboot(Reason(reason), graceful=graceful)


async def set_clock(run: Run, moment: str) -> None:
    """The charge point believes that it is this moment."""
    value = datetime.fromisoformat(moment)
    run.charge_point.set_clock(value.replace(tzinfo=value.tzinfo or UTC))


async def clock_offset_s(run: Run, seconds: float) -> None:
    """The charge point's clock is ahead of the truth by so much (0: right again)."""
    run.charge_point.clock.offset = timedelta(seconds=seconds)


async def configure(run: Run, keys: dict[str, Any]) -> None:
    """Configuration keys are set at the charge point."""
    for name, value in keys.items():
        run.charge_point.configuration.set(name, value)


async def override(
    run: Run,
    action: str,
    payload: dict[str, Any] | None = None,
    error: str | None = None,
    silent: bool = False,
    delay_s: float = 0.0,
    after_own_calls: bool = False,
    times: int | None = None,
) -> None:
    """The commands of an action are answered otherwise, see `Override`."""
    run.charge_point.override(
        action,
        payload=payload,
        error=error,
        silent=silent,
        delay_s=delay_s,
        after_own_calls=after_own_calls,
        times=times,
    )


async def call(
    run: Run, action: str, payload: dict[str, Any] | None = None, unique_id: str = "", answer: str = "result"
) -> None:
    """A call is sent; its `answer` must be a `result`, an `error`, or `any`."""
    try:
        await run.charge_point.call(action, payload, unique_id=unique_id or None)
        got = "result"
    except CallFailed as error:
        logger.info("%s: %s", run.charge_point.charge_point_id, error)
        got = "error"
    if answer not in ("any", got):
        raise ScenarioFailed(f"the answer to {action} was a call {got}")


async def send(run: Run, text: str, unique_id: str = "", answer: str = "any", within_real_s: float = 10.0) -> None:
    """
    A text frame is sent as it stands, good or bad.

    With `unique_id` an answer to that id is awaited; it must be a `result`, an `error`, or `any`.
    """
    waiting = asyncio.create_task(run.charge_point.outbox.answer_to(unique_id, within_real_s)) if unique_id else None
    await asyncio.sleep(0)
    await run.charge_point.send_raw(text)
    if waiting is None:
        return
    try:
        frame = await waiting
    except TimeoutError:
        raise ScenarioFailed(f"no answer to {unique_id!r} within {within_real_s:g} s") from None
    got = "result" if isinstance(frame, CallResult) else "error"
    if answer not in ("any", got):
        raise ScenarioFailed(f"the answer to {unique_id!r} was a call {got}")


async def send_binary(run: Run, hexadecimal: str) -> None:
    """A binary frame is sent."""
    await run.charge_point.send_raw(bytes.fromhex(hexadecimal), text=False)


async def expect(run: Run, facts: dict[str, Any]) -> None:
    """Facts about the charge point must be so, see FACTS."""
    for name, wanted in facts.items():
        if name not in FACTS:
            raise ScenarioFailed(f"there is no fact {name!r}; there are {', '.join(FACTS)}")
        found = FACTS[name](run.charge_point)
        if found != wanted:
            raise ScenarioFailed(f"{name} is {found!r}, not {wanted!r}")


async def traffic(
    run: Run,
    on: bool,
    pause_s: list[float] | None = None,
    charge_s: list[float] | None = None,
    first_pause_s: list[float] | None = None,
) -> None:
    """Cars come and go at every connector, for ever (see traffic.py)."""
    await Traffic(
        run.charge_point,
        run.tag,
        pause_s=_span(pause_s, (20.0, 90.0)),
        charge_s=_span(charge_s, (120.0, 480.0)),
        first_pause_s=_span(first_pause_s, (1.0, 15.0)),
    ).run()


async def stay(run: Run, on: bool) -> None:
    """Nothing happens any more, but commands are answered."""
    await asyncio.Event().wait()


async def say(run: Run, text: str) -> None:
    """A line for whoever watches."""
    logger.info("%s: %s", run.charge_point.charge_point_id, text)


def _span(pair: list[float] | None, default: tuple[float, float]) -> tuple[float, float]:
    if pair is None:
        return default
    if len(pair) != 2 or pair[0] > pair[1]:
        raise ScenarioFailed(f"a span is [least, most], not {pair}")
    return pair[0], pair[1]


VERBS: dict[str, Callable[..., Awaitable[None]]] = {
    verb.__name__: verb
    for verb in (
        plug_in,
        unplug,
        present_tag,
        end_transaction,
        wait_s,
        wait_real_s,
        wait_for,
        go_offline,
        go_online,
        cut,
        linger,
        close_lingering,
        fault,
        clear_fault,
        cable_stuck,
        reboot,
        set_clock,
        clock_offset_s,
        configure,
        override,
        call,
        send,
        send_binary,
        expect,
        traffic,
        stay,
        say,
    )
}
