"""
What a scenario can wait for, and what it can hold a charge point to.

`CONDITIONS` are true or not, of a connector or with a count; `FACTS` have a value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulators.charge_point import ChargePoint

CONDITIONS: dict[str, Callable[[ChargePoint, int, int], bool]] = {
    "online": lambda box, connector, count: box.online and box.accepted,
    "offline": lambda box, connector, count: not box.online,
    "idle": lambda box, connector, count: box.idle,
    "settled": lambda box, connector, count: box.books.outstanding == 0 and box.idle,
    "transaction": lambda box, connector, count: box.connectors[connector].transaction is not None,
    "no_transaction": lambda box, connector, count: box.connectors[connector].transaction is None,
    "remote_start": lambda box, connector, count: (
        box.connectors[connector].waiting_tag is not None or box.connectors[connector].transaction is not None
    ),
    "full": lambda box, connector, count: box.connectors[connector].status == "SuspendedEV",
    "meter_values": lambda box, connector, count: (
        sum(len(transaction.meter_values) for transaction in box.books.transactions) >= count
    ),
    "boots": lambda box, connector, count: box.registration.boots >= count,
    "connects": lambda box, connector, count: box.link.connects >= count,
}

FACTS: dict[str, Callable[[ChargePoint], Any]] = {
    "transactions": lambda box: len(box.books.transactions),
    "open": lambda box: len(box.books.open_transactions),
    "outstanding": lambda box: box.books.outstanding,
    "discarded": lambda box: box.books.discarded,
    "reason": lambda box: box.books.transactions[-1].reason if box.books.transactions else None,
    "start_status": lambda box: box.books.transactions[-1].start_status if box.books.transactions else None,
    "boots": lambda box: box.registration.boots,
    "connects": lambda box: box.link.connects,
    "oddities": lambda box: sum(box.log.oddities.values()),
}
