"""
What time alone brings about, found in the database and never kept as a timer.

A timer in memory vanishes with its process (field-notes.md, 4); a sweep finds what
is due whoever was alive when it became due.
"""

from datetime import datetime, timedelta

from sqlalchemy import text

from csms.domain.transactions import CLOCKS_WERE_SET, EndCause
from csms.store.database import Database

# A transaction is over without its stop if, after the last sign of it, its charge box booted or its connector became
# Available, and the grace in which the stop could come from the charge box's queue has passed (field-notes.md, 22).
_CLOSE = text(
    """
    WITH due AS (
        SELECT t.id,
               CASE WHEN c.booted_at > t.last_evidence_at AND c.booted_at < :before THEN :boot
                    ELSE :available END AS cause
        FROM transactions t
        JOIN charge_boxes c ON c.id = t.charge_box_id
        LEFT JOIN evses e ON e.charge_box_id = t.charge_box_id AND e.connector_id = t.connector_id
        WHERE t.ended_at IS NULL
          AND ((c.booted_at > t.last_evidence_at AND c.booted_at < :before)
               OR (e.status = 'Available' AND e.status_received_at > t.last_evidence_at
                   AND e.status_received_at < :before))
        FOR UPDATE OF t SKIP LOCKED
    ), closed AS (
        UPDATE transactions t
        SET ended_at = CASE WHEN t.last_reading_at >= :clocks_were_set THEN t.last_reading_at
                            ELSE t.last_evidence_at END,
            end_cause = due.cause, power_w = NULL,
            meter_stop_wh = coalesce(t.register_wh, t.meter_start_wh), updated_at = :now
        FROM due WHERE t.id = due.id
        RETURNING t.id, t.charge_box_id, t.end_cause
    ), recorded AS (
        INSERT INTO charge_records (transaction_id) SELECT id FROM closed
    )
    INSERT INTO events (at, kind, charge_box_id, transaction_id, data)
    SELECT :now, 'transaction.ended', charge_box_id, id, jsonb_build_object('cause', end_cause) FROM closed
    """
)

_FORGET_KNOCKS = text(
    """
    DELETE FROM knocks WHERE identity IN (SELECT identity FROM knocks ORDER BY last_at DESC OFFSET :kept)
    """
)
# A flood of invented identities must not fill the disk.
_KEPT_KNOCKS = 1000


async def close_stale_transactions(database: Database, *, now: datetime, grace_s: float) -> int:
    """Close open transactions that their charge box has evidently left; returns how many."""
    async with database.write() as connection:
        result = await connection.execute(
            _CLOSE,
            {
                "now": now,
                "before": now - timedelta(seconds=grace_s),
                "boot": EndCause.boot.value,
                "available": EndCause.available.value,
                "clocks_were_set": CLOCKS_WERE_SET,
            },
        )
    return result.rowcount


async def forget_old_knocks(database: Database) -> None:
    """Keep the newest refused connections only."""
    async with database.write() as connection:
        await connection.execute(_FORGET_KNOCKS, {"kept": _KEPT_KNOCKS})
