"""
Settlement: what transactions that ended come to, worked out right after the commit that ended them.

Nothing is kept in memory: what is due stands in the database, so a node that dies
leaves its work to the next look of any other.
"""

import asyncio
import functools
import logging
from datetime import datetime
from zoneinfo import ZoneInfoNotFoundError

from csms.domain.settlement import Facts, PaymentMethod, Settled, settle
from csms.errors import Invalid
from csms.store.database import Database
from csms.store.settlement import settle_due

log = logging.getLogger(__name__)

# Records are locked while they are worked out, and a late stop of one of them waits for that.
_AT_ONCE = 20


async def settle_all(database: Database, *, now: datetime, co2_g_per_kwh: float) -> int:
    """Settle every charge record that is due and not in other hands; returns how many."""
    work_out = functools.partial(_work_out, co2_g_per_kwh=co2_g_per_kwh)
    total = 0
    while settled := await settle_due(database, work_out, now=now, limit=_AT_ONCE):
        total += settled
    return total


async def _work_out(transaction: int, facts: Facts, *, co2_g_per_kwh: float) -> Settled:
    """In a thread: a day of readings under a many-sided tariff would keep charge boxes waiting."""
    try:
        return await asyncio.to_thread(settle, facts, co2_g_per_kwh=co2_g_per_kwh)
    except (Invalid, ZoneInfoNotFoundError) as error:
        log.warning("transaction %d has no price: %s", transaction, error)
    except Exception:
        log.exception("transaction %d has no price", transaction)
    return Settled(None, None, None, None, None, PaymentMethod.UNKNOWN)
