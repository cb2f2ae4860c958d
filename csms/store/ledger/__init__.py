"""
The ledger: the one write path of handlers.

`await ledger.…` joins the batch that is being collected and returns when it is
committed, so a reply that is sent afterwards never says more than the disk knows
(law 1). Two lanes write at the same time: transactions, statuses and connections
in one, readings and the journal in the other. A charge box awaits each of its
facts, so its order is kept across both.
"""

import asyncio

from csms.errors import StoreUnavailable
from csms.settings import Settings
from csms.store.database import Database
from csms.store.ledger import boxes, events, frames, readings, starts, statuses, stops
from csms.store.ledger.facts import (
    Booted,
    Changed,
    Connected,
    Deviated,
    Disconnected,
    Event,
    FramePassed,
    Knocked,
    Metered,
    Seen,
    Started,
    StartRecorded,
    StatusReported,
    Stopped,
    StopRecorded,
)
from csms.store.ledger.lane import Kind, Lane

_CONNECTED = Kind("connected", boxes.write_connected)
_DISCONNECTED = Kind("disconnected", boxes.write_disconnected)
_WITHDRAWN = Kind("withdrawn", boxes.write_withdrawn)
_BOOTED = Kind("booted", boxes.write_booted)
_CHANGED = Kind("changed", boxes.write_changed)
_STATUS = Kind("status", statuses.write)
_STARTED = Kind("started", starts.write)
_STOPPED = Kind("stopped", stops.write)
_KNOCKED = Kind("knocked", boxes.write_knocked)
_EVENT = Kind("event", events.write)
_METERED = Kind("metered", readings.write)
_DEVIATED = Kind("deviated", boxes.write_deviated)
_SEEN = Kind("seen", boxes.write_seen)
_FRAME = Kind("frame", frames.write)


class Ledger:
    """The batching write path. Every awaited method returns after its commit, or raises StoreUnavailable."""

    def __init__(self, database: Database, settings: Settings) -> None:
        limits = {
            "batch": settings.ledger_batch,
            "queue": settings.ledger_queue,
            "reply_budget_s": settings.reply_budget_s,
        }
        self._facts = Lane(
            "facts",
            database,
            (_CONNECTED, _DISCONNECTED, _WITHDRAWN, _BOOTED, _CHANGED, _STATUS, _STARTED, _STOPPED, _KNOCKED, _EVENT),
            **limits,  # type: ignore[arg-type]
        )
        self._readings = Lane(
            "readings",
            database,
            (_METERED, _DEVIATED, _SEEN, _FRAME),
            **limits,  # type: ignore[arg-type]
        )
        self._journal = settings.journal

    def start(self) -> None:
        """Begin to write."""
        self._facts.start()
        self._readings.start()

    async def close(self, timeout_s: float = 3.0) -> None:
        """Write what waits, for so long, then end."""
        await asyncio.gather(self._facts.close(timeout_s), self._readings.close(timeout_s))

    @property
    def lost(self) -> int:
        """Frames and notes that found no room while the database was away (never a fact that was acknowledged)."""
        return self._facts.lost + self._readings.lost

    async def connect(self, fact: Connected) -> int:
        """Record a connection; returns its epoch, larger than that of every earlier connection."""
        try:
            return int(await self._facts.put(_CONNECTED, fact))
        except StoreUnavailable:
            # It may be written all the same, after its charge box was refused; nobody else would ever end it.
            self._facts.note(_WITHDRAWN, fact)
            raise

    def disconnect(self, fact: Disconnected) -> None:
        """Record the end of a connection, soon."""
        self._facts.note(_DISCONNECTED, fact)

    async def boot(self, fact: Booted) -> str:
        """Record a boot; returns the charge box's registration status."""
        return str(await self._facts.put(_BOOTED, fact))

    async def change(self, fact: Changed) -> None:
        """Record new values of a charge box's columns."""
        await self._facts.put(_CHANGED, fact)

    def note_changed(self, fact: Changed) -> None:
        """Record new values of a charge box's columns, soon."""
        self._facts.note(_CHANGED, fact)

    async def set_status(self, fact: StatusReported) -> None:
        """Record a connector's status; connectors and EVSEs are created as they are first seen."""
        await self._facts.put(_STATUS, fact)

    async def start_transaction(self, fact: Started) -> StartRecorded:
        """Record a start, or find the same one again."""
        recorded: StartRecorded = await self._facts.put(_STARTED, fact)
        return recorded

    async def stop_transaction(self, fact: Stopped) -> StopRecorded:
        """Record a stop with its readings, on the transaction that it belongs to or as an orphan."""
        recorded: StopRecorded = await self._facts.put(_STOPPED, fact)
        return recorded

    async def add_meter_values(self, fact: Metered) -> None:
        """Record readings and move their transaction's running summary."""
        await self._readings.put(_METERED, fact)

    async def record(self, fact: Event) -> None:
        """Record an event that a reply acknowledges."""
        await self._facts.put(_EVENT, fact)

    def note_event(self, fact: Event) -> None:
        """Record an event, soon."""
        self._facts.note(_EVENT, fact)

    def note_frame(self, fact: FramePassed) -> None:
        """Keep a frame in the journal, soon."""
        if self._journal:
            self._readings.note(_FRAME, fact)

    def note_deviation(self, fact: Deviated) -> None:
        """Count a deviation, soon."""
        self._readings.note(_DEVIATED, fact)

    def note_knock(self, fact: Knocked) -> None:
        """Remember a refused connection, soon."""
        self._facts.note(_KNOCKED, fact)

    def note_seen(self, fact: Seen) -> None:
        """Remember when a charge box was last heard, soon."""
        self._readings.note(_SEEN, fact)


__all__ = [
    "Booted",
    "Changed",
    "Connected",
    "Deviated",
    "Disconnected",
    "Event",
    "FramePassed",
    "Knocked",
    "Ledger",
    "Metered",
    "Seen",
    "StartRecorded",
    "Started",
    "StatusReported",
    "StopRecorded",
    "Stopped",
]
