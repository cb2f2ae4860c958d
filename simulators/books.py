"""
What a charge point reported, and what the central system acknowledged.

The books are the truth that tests hold against the central system's records, to
the last Wh. An entry is made at the moment the charge point decides to report
something, with exactly the values that go on the wire; it is marked
acknowledged when the CALLRESULT arrives. Nothing is ever removed.

`Books.as_dict()` is plain JSON with the field names of these classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Any


@dataclass(slots=True)
class Delivery:
    """
    How far one report has come.

    Attributes:
        attempts: how often it was sent.
        acknowledged: a CALLRESULT has come.
        discarded: given up after TransactionMessageAttempts failures (OCPP 1.6, 3.7.1).
    """

    attempts: int = 0
    acknowledged: bool = False
    discarded: bool = False

    @property
    def settled(self) -> bool:
        """Whether nothing more will be sent for it."""
        return self.acknowledged or self.discarded


@dataclass(slots=True)
class Reading:
    """
    One MeterValues with one moment.

    Attributes:
        connector: number of the connector.
        timestamp: as on the wire.
        energy_wh: Energy.Active.Import.Register, or None where it is not among the measurands.
        context: ReadingContext, such as `Sample.Periodic`.
    """

    connector: int
    timestamp: str
    energy_wh: int | None
    context: str
    delivery: Delivery = field(default_factory=Delivery)


@dataclass(slots=True)
class TransactionRecord:
    """
    One transaction, from the charge point's side.

    Attributes:
        transaction_id: what the central system answered; None until then.
        start_status: the idTagInfo status of that answer.
        started_at, stopped_at: timestamps as on the wire; `stopped_at` is None while it runs.
        meter_start_wh, meter_stop_wh: the register in Wh as on the wire.
        reason: why it stopped, as on the wire.
        stop_id_tag: the idTag that stopped it, where one did.
        meter_values: the readings that were reported for it, in order.
        transaction_data: (timestamp, energy in Wh or None) of the readings inside the stop.
    """

    connector: int
    id_tag: str
    meter_start_wh: int
    started_at: str
    transaction_id: int | None = None
    start_status: str | None = None
    meter_stop_wh: int | None = None
    stopped_at: str | None = None
    reason: str | None = None
    stop_id_tag: str | None = None
    start: Delivery = field(default_factory=Delivery)
    stop: Delivery = field(default_factory=Delivery)
    meter_values: list[Reading] = field(default_factory=list)
    transaction_data: list[tuple[str, int | None]] = field(default_factory=list)

    @property
    def stopped(self) -> bool:
        """Whether it has ended at the charge point."""
        return self.stopped_at is not None

    @property
    def settled(self) -> bool:
        """Whether it has ended and nothing more will be sent for it."""
        return self.stopped and all(delivery.settled for delivery in self.deliveries())

    def deliveries(self) -> Iterator[Delivery]:
        """What was reported of it so far: the start, each reading, and the stop if there is one."""
        yield self.start
        for reading in self.meter_values:
            yield reading.delivery
        if self.stopped:
            yield self.stop


@dataclass(slots=True)
class Books:
    """
    The books of one charge point.

    Attributes:
        transactions: in the order in which they began.
        readings: meter values outside of any transaction.
    """

    charge_point_id: str
    transactions: list[TransactionRecord] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)

    @property
    def open_transactions(self) -> list[TransactionRecord]:
        """Those that have not ended at the charge point."""
        return [transaction for transaction in self.transactions if not transaction.stopped]

    @property
    def outstanding(self) -> int:
        """How many reports are neither acknowledged nor discarded."""
        return sum(not delivery.settled for delivery in self._deliveries())

    @property
    def discarded(self) -> int:
        """How many reports were given up."""
        return sum(delivery.discarded for delivery in self._deliveries())

    def as_dict(self) -> dict[str, Any]:
        """The books as plain JSON values."""
        return asdict(self)

    def _deliveries(self) -> Iterator[Delivery]:
        of_transactions = (transaction.deliveries() for transaction in self.transactions)
        return chain(chain.from_iterable(of_transactions), (reading.delivery for reading in self.readings))
