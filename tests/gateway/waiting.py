"""Waiting for what happens soon: notes reach the database some milliseconds after what they tell of."""

import asyncio
from collections.abc import Awaitable, Callable

_STEP_S = 0.01


async def becomes(ask: Callable[[], Awaitable[object]], expected: object, *, within_s: float = 5.0) -> None:
    """Ask until the answer is the expected one; when time is up, fail with the last answer."""
    answer = await ask()
    for _ in range(round(within_s / _STEP_S)):
        if answer == expected:
            break
        await asyncio.sleep(_STEP_S)
        answer = await ask()
    assert answer == expected, f"it is {answer!r} and not {expected!r}"


async def holds(tell: Callable[[], bool], *, within_s: float = 5.0) -> None:
    """Look until something is true; fail when time is up."""

    async def ask() -> bool:
        return bool(tell())

    await becomes(ask, True, within_s=within_s)
