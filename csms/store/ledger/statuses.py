"""Connector statuses. Receive order wins: many boxes send no timestamp, or an old one (field-notes.md, 3)."""

from collections.abc import Sequence
from typing import Any

from csms.store.ledger import events
from csms.store.ledger.facts import Event, StatusReported
from csms.store.ledger.lane import Connection
from csms.store.ledger.rounds import rounds

# The old row is read from the statement's snapshot, so before and after come in one trip.
_CONNECTORS = """
WITH i AS (
    SELECT * FROM unnest($1::int[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                         $8::timestamptz[], $9::timestamptz[], $10::text[])
    AS i (box, connector, status, error_code, info, vendor_id, vendor_error, at, received_at, evse_id)
), old AS (
    SELECT e.uid, e.charge_box_id, e.connector_id, e.status, e.error_code
    FROM evses e JOIN i ON e.charge_box_id = i.box AND e.connector_id = i.connector
), written AS (
    INSERT INTO evses AS e (charge_box_id, connector_id, evse_id, status, error_code, error_info, vendor_id,
                            vendor_error_code, status_at, status_received_at)
    SELECT box, connector, evse_id, status, error_code, info, vendor_id, vendor_error, at, received_at FROM i
    ON CONFLICT (charge_box_id, connector_id) DO UPDATE
    SET status = excluded.status, error_code = excluded.error_code, error_info = excluded.error_info,
        vendor_id = excluded.vendor_id, vendor_error_code = excluded.vendor_error_code,
        status_at = excluded.status_at, status_received_at = excluded.status_received_at
    RETURNING e.uid, e.charge_box_id, e.connector_id
), plugs AS (
    INSERT INTO connectors (evse_uid)
    SELECT uid FROM written WHERE uid NOT IN (SELECT uid FROM old)
    ON CONFLICT DO NOTHING
)
SELECT w.charge_box_id, w.connector_id, old.status, old.error_code
FROM written w LEFT JOIN old ON old.uid = w.uid
"""

_BOXES = """
WITH i AS (
    SELECT * FROM unnest($1::int[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                         $8::timestamptz[])
    AS i (box, connector, status, error_code, info, vendor_id, vendor_error, at)
), old AS (
    SELECT c.id, c.status, c.error_code FROM charge_boxes c JOIN i ON c.id = i.box
), written AS (
    UPDATE charge_boxes c
    SET status = i.status, error_code = i.error_code, error_info = i.info, vendor_id = i.vendor_id,
        vendor_error_code = i.vendor_error, status_at = i.at
    FROM i WHERE c.id = i.box
    RETURNING c.id
)
SELECT old.id AS charge_box_id, 0 AS connector_id, old.status, old.error_code FROM old
"""


async def write(connection: Connection, facts: Sequence[StatusReported]) -> None:
    """Set the statuses; each change (and only a change) becomes an event."""
    for batch in rounds(facts, lambda fact: (fact.charge_box, fact.connector)):
        # In the order of the key, so that two writers cannot lock each other out (steve#2107).
        ordered = sorted((fact for _, fact in batch), key=lambda fact: (fact.charge_box, fact.connector))
        plugs = [fact for fact in ordered if fact.connector > 0]
        boxes = [fact for fact in ordered if fact.connector == 0]
        old: list[Any] = []
        if plugs:
            moments = [fact.received_at for fact in plugs]
            names = [f"{fact.identity}*{fact.connector}" for fact in plugs]
            old += await connection.fetch(_CONNECTORS, *_columns(plugs), moments, names)
        if boxes:
            old += await connection.fetch(_BOXES, *_columns(boxes))
        before = {(row["charge_box_id"], row["connector_id"]): (row["status"], row["error_code"]) for row in old}
        await events.write(
            connection,
            [
                _event(fact, before.get((fact.charge_box, fact.connector), (None, None))[0])
                for fact in ordered
                if before.get((fact.charge_box, fact.connector)) != (fact.status, fact.error_code)
            ],
        )


def _columns(facts: Sequence[StatusReported]) -> tuple[list[Any], ...]:
    return (
        [fact.charge_box for fact in facts],
        [fact.connector for fact in facts],
        [fact.status for fact in facts],
        [fact.error_code for fact in facts],
        [fact.info for fact in facts],
        [fact.vendor_id for fact in facts],
        [fact.vendor_error_code for fact in facts],
        [fact.at for fact in facts],
    )


def _event(fact: StatusReported, before: str | None) -> Event:
    data = {
        "connector": fact.connector,
        "status": fact.status,
        "before": before,
        "error_code": fact.error_code,
        "info": fact.info,
        "vendor_error_code": fact.vendor_error_code,
    }
    return Event(fact.received_at, "connector.status", fact.charge_box, data=data)
