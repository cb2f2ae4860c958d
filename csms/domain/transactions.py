"""
Which report belongs to which transaction, and what is odd about it.

A charge box repeats what it got no answer to, under a new unique id and over a
new connection; so the content is the identity (law 4). And it may stop what it
never got an id for; so a stop without a usable id is matched by its facts, where
they leave one choice only.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

# No charge box that knows the time reports one before this: it is a clock that was never set.
CLOCKS_WERE_SET = datetime(2020, 1, 1, tzinfo=UTC)
_FUTURE_SLACK = timedelta(minutes=5)
# How far a stop may seem to lie before its start, by the rounding of timestamps.
_ORDER_SLACK = timedelta(minutes=1)

MAX_TRANSACTION_ID = 2**31 - 1


class EndCause(StrEnum):
    """How we know that a transaction is over. Only `reported` is the charge box's own word."""

    reported = "reported"
    superseded = "superseded"
    boot = "boot"
    available = "available"


class StopMatch(StrEnum):
    """How a StopTransaction found its transaction; an orphan made one of its own."""

    by_id = "id"
    by_content = "content"
    orphan = "orphan"


def clock_is_trusted(at: datetime | None) -> bool:
    """Tell whether a timestamp can tell two transactions apart: a clock that was never set cannot."""
    return at is not None and at >= CLOCKS_WERE_SET


def time_oddities(what: str, raw: str | None, at: datetime | None, received_at: datetime) -> list[str]:
    """Name what is odd about a timestamp, e.g. `start_time_missing`. It is never a reason to refuse (law 8)."""
    if raw is None:
        return [f"{what}_time_missing"]
    if at is None:
        return [f"{what}_time_unreadable"]
    if not clock_is_trusted(at):
        return [f"{what}_clock_never_set"]
    if at > received_at + _FUTURE_SLACK:
        return [f"{what}_in_the_future"]
    return []


def start_key(
    charge_box: int, connector: int, id_tag: str, at_raw: str | None, meter_start_wh: Decimal | None, unique_id: str
) -> bytes:
    """
    The identity of a start by its content (16 bytes).

    Without a timestamp the content repeats from day to day; then the unique id takes its place.
    """
    when = at_raw if at_raw else f"id {unique_id}"
    return _digest("start", charge_box, connector, id_tag.upper(), when, meter_start_wh)


def orphan_stop_key(charge_box: int, transaction: str, at_raw: str | None, meter_stop_wh: Decimal | None) -> bytes:
    """The identity of a stop that no transaction of ours belongs to (16 bytes)."""
    return _digest("stop", charge_box, transaction, at_raw, meter_stop_wh)


def _digest(*parts: object) -> bytes:
    # repr quotes and escapes each text, so no text can look like two.
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """What a stop without a usable id is compared with."""

    id: int
    id_tag: str | None
    started_at: datetime | None
    meter_start_wh: Decimal | None
    register_wh: Decimal | None = None


def match_stop(
    open_transactions: Sequence[OpenTransaction],
    *,
    id_tag: str | None,
    stopped_at: datetime | None,
    meter_stop_wh: Decimal | None,
) -> OpenTransaction | None:
    """
    Find the one open transaction that a stop without a usable id can mean.

    The caller offers the open transactions of one charge box. Those that the facts
    rule out fall away: another idTag, a start after the stop, a meter beyond the
    stop's. What is left must be a single one, else it stays an orphan (MicroOcpp#454,
    steve#292): a wrong match would bill one driver for another.
    """
    possible = [
        transaction
        for transaction in open_transactions
        if _same_tag(transaction.id_tag, id_tag)
        and _in_order(transaction.started_at, stopped_at)
        and _meter_fits(transaction, meter_stop_wh)
    ]
    return possible[0] if len(possible) == 1 else None


def _same_tag(started_with: str | None, stopped_with: str | None) -> bool:
    """A stop may come without an idTag (OCPP.Core#47); if it has one, it is the start's."""
    return not stopped_with or started_with is None or started_with.upper() == stopped_with.upper()


def _in_order(started_at: datetime | None, stopped_at: datetime | None) -> bool:
    if started_at is None or stopped_at is None:
        return True
    if not (clock_is_trusted(started_at) and clock_is_trusted(stopped_at)):
        return True
    return started_at <= stopped_at + _ORDER_SLACK


def _meter_fits(transaction: OpenTransaction, meter_stop_wh: Decimal | None) -> bool:
    if meter_stop_wh is None:
        return True
    known = [value for value in (transaction.meter_start_wh, transaction.register_wh) if value is not None]
    return all(value <= meter_stop_wh for value in known)


def stop_oddities(
    *,
    started_at: datetime | None,
    stopped_at: datetime | None,
    meter_start_wh: Decimal | None,
    meter_stop_wh: Decimal | None,
) -> list[str]:
    """Name what does not fit between a start and its stop; both are kept as reported."""
    found = []
    if not _in_order(started_at, stopped_at):
        found.append("stop_before_start")
    if meter_start_wh is not None and meter_stop_wh is not None and meter_stop_wh < meter_start_wh:
        found.append("meter_ran_backwards")
    return found
