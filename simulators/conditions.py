"""
Waiting for something to become true, without polling.

Whoever changes the state of a charge point says `changed()`; the conditions that
somebody waits for are looked at then and only then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Conditions:
    """The conditions that somebody waits for."""

    def __init__(self) -> None:
        self._waiters: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []

    def changed(self) -> None:
        """Look at every condition again."""
        for condition, future in self._waiters:
            if future.done():
                continue
            try:
                value = condition()
            except Exception as error:  # a condition that breaks is the waiter's error, not the charge point's
                future.set_exception(error)
                continue
            if value:
                future.set_result(value)

    async def wait_for(self, condition: Callable[[], T], timeout_s: float) -> T:
        """
        Wait until the condition is truthy and return its value.

        Raises:
            TimeoutError: it was not within `timeout_s` real seconds.
        """
        if value := condition():
            return value
        waiter = (condition, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(timeout_s):
                result: T = await waiter[1]
            return result
        finally:
            self._waiters.remove(waiter)
