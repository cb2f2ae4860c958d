"""The event log, frames' sibling: what happened, written with the facts that made it happen."""

from collections.abc import Sequence

import orjson

from csms.store.ledger.facts import Event
from csms.store.ledger.lane import Connection

_INSERT = """
INSERT INTO events (at, kind, charge_box_id, transaction_id, actor, data)
SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::int[], $4::int[], $5::text[], $6::jsonb[])
"""


async def write(connection: Connection, facts: Sequence[Event]) -> None:
    """Append events in the order given."""
    if facts:
        await connection.execute(
            _INSERT,
            [fact.at for fact in facts],
            [fact.kind for fact in facts],
            [fact.charge_box for fact in facts],
            [fact.transaction for fact in facts],
            [fact.actor for fact in facts],
            [orjson.dumps(fact.data, default=str).decode() for fact in facts],
        )
