"""
Background work: what has to happen now and then, whoever asks.

Each job runs by its own clock in a task that owns it. A job that fails is logged in
one line and runs again at its next turn; a database that is away is no surprise.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from csms.errors import StoreUnavailable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every so many seconds."""

    name: str
    every_s: float
    run: Callable[[], Awaitable[object]]


class Upkeep:
    """The background jobs of a process."""

    def __init__(self, jobs: tuple[Job, ...]) -> None:
        self._jobs = jobs
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin: each job waits for its first turn."""
        self._tasks = [asyncio.create_task(self._repeat(job), name=f"upkeep {job.name}") for job in self._jobs]

    async def stop(self) -> None:
        """End all jobs."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks = []

    @staticmethod
    async def _repeat(job: Job) -> None:
        while True:
            await asyncio.sleep(job.every_s)
            try:
                await job.run()
            except StoreUnavailable as error:
                log.warning("%s waits: %s", job.name, error)
            except Exception:
                log.exception("%s failed", job.name)
