"""
One writer, and the facts that wait for it.

Facts that arrive while a commit is under way form the next batch: one commit
serves everyone who waits, and nobody waits for a timer. A batch that fails is
tried again item by item, so that one poisonous fact fails alone. A database that
goes away makes the lane wait, not forget.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg

from csms.domain.metering import Shape
from csms.errors import StoreUnavailable
from csms.store.database import Database, is_away

log = logging.getLogger(__name__)


if TYPE_CHECKING:
    _Base = asyncpg.Connection[asyncpg.Record]
else:
    _Base = asyncpg.Connection


class Connection(_Base):
    """A writer's connection, with what it remembers of its own commits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The numbers of reading shapes; forgotten when a transaction fails, as they may have been its own.
        self.shapes: dict[Shape, int] = {}


Write = Callable[[Connection, Sequence[Any]], Awaitable[Sequence[Any] | None]]

_MAX_BACKOFF_S = 1.0
_CONFLICTS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)
_CONFLICT_TRIES = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fact: one statement, or a few, that write any number of them."""

    name: str
    write: Write


@dataclass(slots=True, eq=False)
class _Item:
    kind: Kind
    fact: Any
    done: asyncio.Future[Any] | None

    @property
    def wanted(self) -> bool:
        """Nobody waits for it any more: the charge box was told InternalError and will repeat it."""
        return self.done is None or not self.done.done()


class Lane:
    """A queue of facts with one writer. The order of `kinds` is the order of writing within a batch."""

    def __init__(
        self, name: str, database: Database, kinds: Sequence[Kind], *, batch: int, queue: int, reply_budget_s: float
    ) -> None:
        self._name = name
        self._database = database
        self._order = {kind.name: position for position, kind in enumerate(kinds)}
        self._batch = batch
        self._limit = queue
        self._reply_budget_s = reply_budget_s
        self._items: deque[_Item] = deque()
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._connection: Connection | None = None
        self._closing = False
        self._writer: asyncio.Task[None] | None = None
        self.lost = 0
        self.committed = 0

    def start(self) -> None:
        """Begin to write."""
        self._writer = asyncio.create_task(self._write_forever(), name=f"ledger {self._name}")

    async def close(self, timeout_s: float) -> None:
        """Write what waits, for so long, then end."""
        self._closing = True
        self._work.set()
        if self._writer is not None:
            _, pending = await asyncio.wait([self._writer], timeout=timeout_s)
            for task in pending:
                task.cancel()
                await asyncio.wait([task])
            self._writer = None
        if self._items:
            log.warning(
                "ledger %s: %d facts were left unwritten; nobody was told otherwise", self._name, len(self._items)
            )
        for item in self._items:
            if item.done is not None and not item.done.done():
                item.done.set_exception(StoreUnavailable("the central system is shutting down"))
        await self._disconnect()

    async def put(self, kind: Kind, fact: Any) -> Any:
        """
        Add a fact to the batch being collected, and return once that batch is committed.

        Raises:
            StoreUnavailable: not committed within the reply budget (it may still be later; facts can be repeated).
        """
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._reply_budget_s):
                while len(self._items) >= self._limit:
                    self._room.clear()
                    await self._room.wait()
                self._items.append(_Item(kind, fact, done))
                self._work.set()
                return await done
        except TimeoutError:
            raise StoreUnavailable(f"not committed within {self._reply_budget_s:g} s") from None

    def note(self, kind: Kind, fact: Any) -> None:
        """Add a fact that nobody waits for. When the queue is full it is counted as lost."""
        if len(self._items) >= self._limit or (self._closing and self._writer is None):
            self.lost += 1
            return
        self._items.append(_Item(kind, fact, None))
        self._work.set()

    async def _write_forever(self) -> None:
        while self._items or not self._closing:
            if not self._items:
                self._work.clear()
                await self._work.wait()
                continue
            items = [self._items.popleft() for _ in range(min(self._batch, len(self._items)))]
            self._room.set()
            try:
                await self._write([item for item in items if item.wanted])
            except asyncio.CancelledError:
                self._items.extendleft(reversed(items))
                raise
            except Exception as error:
                # Nothing is known to lead here; but a writer that ends would silence every charge box.
                for item in items:
                    self._refuse(item, error)

    async def _write(self, items: list[_Item]) -> None:
        """Write a batch, however long the database stays away."""
        backoff_s = 0.05
        while items:
            try:
                await self._attempt_each(items)
                return
            except Exception as error:
                if not is_away(error):
                    raise
                log.warning(
                    "ledger %s: the database is away (%s); %d facts wait", self._name, error or "no answer", len(items)
                )
            await self._disconnect()
            await asyncio.sleep(backoff_s)
            backoff_s = min(backoff_s * 2, _MAX_BACKOFF_S)
            items = [item for item in items if item.wanted]

    async def _attempt_each(self, items: list[_Item]) -> None:
        """Write a batch; where it cannot be written whole, item by item."""
        try:
            await self._attempt(items)
            return
        except Exception as error:
            if is_away(error):
                raise
            if len(items) == 1:
                self._refuse(items[0], error)
                return
            log.warning("ledger %s: a batch of %d failed (%s); trying item by item", self._name, len(items), error)
        for item in items:
            try:
                await self._attempt([item])
            except Exception as error:
                if is_away(error):
                    raise
                self._refuse(item, error)

    def _refuse(self, item: _Item, error: Exception) -> None:
        log.error("ledger %s: %s cannot be written: %r", self._name, item.kind.name, item.fact, exc_info=error)
        if item.done is None:
            self.lost += 1
        elif not item.done.done():
            item.done.set_exception(error)

    async def _attempt(self, items: list[_Item]) -> None:
        """Write a batch in one transaction; tell everyone after its commit."""
        groups: dict[str, list[_Item]] = {}
        for item in items:
            groups.setdefault(item.kind.name, []).append(item)
        results: list[tuple[_Item, Any]] = []
        for attempt in range(_CONFLICT_TRIES):
            results.clear()
            connection = await self._connected()
            try:
                async with connection.transaction():
                    for name in sorted(groups, key=self._order.__getitem__):
                        group = groups[name]
                        answers = await group[0].kind.write(connection, [item.fact for item in group])
                        results += zip(group, answers or [None] * len(group), strict=True)
                break
            except Exception as error:
                connection.shapes.clear()
                if not isinstance(error, _CONFLICTS) or attempt == _CONFLICT_TRIES - 1:
                    raise
                await asyncio.sleep(0.01 * 2**attempt)
        self.committed += len(items)
        for item, answer in results:
            if item.done is not None and not item.done.done():
                item.done.set_result(answer)

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            try:
                self._connection = await self._database.connect(Connection)
            except Exception as error:
                # Whatever kept us from connecting, the facts are not to blame.
                raise StoreUnavailable(str(error) or type(error).__name__) from error
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.terminate()
