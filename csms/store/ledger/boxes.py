"""What happens to a charge box as a whole: connections, boots, changed facts, knocks, deviations, signs of life."""

from collections.abc import Sequence
from typing import Any

import orjson

from csms.store.ledger import events
from csms.store.ledger.facts import (
    Booted,
    Changed,
    Connected,
    Deviated,
    Disconnected,
    Event,
    Knocked,
    Seen,
)
from csms.store.ledger.lane import Connection
from csms.store.ledger.rounds import rounds

_CONNECT = """
UPDATE charge_boxes c
SET connection_epoch = nextval('connection_epochs'), node_name = i.node_name, connected_at = i.at,
    last_connection_event_at = i.at, last_seen_at = i.at, password_form = coalesce(i.form, c.password_form)
FROM unnest($1::int[], $2::text[], $3::timestamptz[], $4::text[]) AS i (id, node_name, at, form)
WHERE c.id = i.id
RETURNING c.id, c.connection_epoch
"""


async def write_connected(connection: Connection, facts: Sequence[Connected]) -> list[int]:
    """Give each connection its epoch: larger than all before it, of any charge box on any node."""
    epochs: list[int] = [0] * len(facts)
    for batch in rounds(facts, lambda fact: fact.charge_box):
        rows = await connection.fetch(
            _CONNECT,
            [fact.charge_box for _, fact in batch],
            [fact.node_name for _, fact in batch],
            [fact.at for _, fact in batch],
            [fact.password_form for _, fact in batch],
        )
        epoch_of = {row["id"]: row["connection_epoch"] for row in rows}
        for position, fact in batch:
            epochs[position] = epoch_of[fact.charge_box]
    await events.write(
        connection,
        [
            Event(
                fact.at,
                "charge_box.connected",
                fact.charge_box,
                data={"node": fact.node_name, "remote_address": fact.remote_address, "epoch": epoch},
            )
            for fact, epoch in zip(facts, epochs, strict=True)
        ],
    )
    return epochs


_DISCONNECT = """
UPDATE charge_boxes c
SET node_name = NULL, last_connection_event_at = i.at, last_seen_at = greatest(c.last_seen_at, i.heard_at)
FROM unnest($1::int[], $2::bigint[], $3::timestamptz[], $4::timestamptz[]) AS i (id, epoch, at, heard_at)
WHERE c.id = i.id AND c.connection_epoch = i.epoch
"""


async def write_disconnected(connection: Connection, facts: Sequence[Disconnected]) -> None:
    """Compare and delete: the end of an old connection changes nothing for a newer one (law 5)."""
    await connection.execute(
        _DISCONNECT,
        [fact.charge_box for fact in facts],
        [fact.epoch for fact in facts],
        [fact.at for fact in facts],
        [fact.heard_at for fact in facts],
    )
    await events.write(
        connection,
        [
            Event(
                fact.at,
                "charge_box.disconnected",
                fact.charge_box,
                data={"cause": fact.cause, "duration_s": round(fact.duration_s, 3), "epoch": fact.epoch},
            )
            for fact in facts
        ],
    )


_WITHDRAW = """
UPDATE charge_boxes c
SET node_name = NULL
FROM unnest($1::int[], $2::text[], $3::timestamptz[]) AS i (id, node_name, at)
WHERE c.id = i.id AND c.node_name = i.node_name AND c.connected_at = i.at
RETURNING c.id, c.connection_epoch
"""


async def write_withdrawn(connection: Connection, facts: Sequence[Connected]) -> None:
    """Undo connections that were recorded too late to be opened, unless newer ones have begun."""
    rows = await connection.fetch(
        _WITHDRAW,
        [fact.charge_box for fact in facts],
        [fact.node_name for fact in facts],
        [fact.at for fact in facts],
    )
    moment_of = {fact.charge_box: fact.at for fact in facts}
    await events.write(
        connection,
        [
            Event(
                moment_of[row["id"]],
                "charge_box.disconnected",
                row["id"],
                data={"cause": "recorded too late", "duration_s": 0.0, "epoch": row["connection_epoch"]},
            )
            for row in rows
        ],
    )


_BOOT = """
UPDATE charge_boxes c
SET vendor = i.vendor, model = i.model, firmware_version = i.firmware, boot = i.boot, booted_at = i.at
FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::timestamptz[])
     AS i (id, vendor, model, firmware, boot, at)
WHERE c.id = i.id
RETURNING c.id, c.registration_status
"""


async def write_booted(connection: Connection, facts: Sequence[Booted]) -> list[str]:
    """Keep what each boot said, and return the registration statuses."""
    statuses = [""] * len(facts)
    for batch in rounds(facts, lambda fact: fact.charge_box):
        rows = await connection.fetch(
            _BOOT,
            [fact.charge_box for _, fact in batch],
            [fact.vendor for _, fact in batch],
            [fact.model for _, fact in batch],
            [fact.firmware_version for _, fact in batch],
            [orjson.dumps(fact.boot).decode() for _, fact in batch],
            [fact.at for _, fact in batch],
        )
        status_of = {row["id"]: row["registration_status"] for row in rows}
        for position, fact in batch:
            statuses[position] = status_of[fact.charge_box]
    await events.write(
        connection,
        [
            Event(fact.at, "charge_box.booted", fact.charge_box, data={**fact.boot, "registration": status})
            for fact, status in zip(facts, statuses, strict=True)
        ],
    )
    return statuses


# What a fact may change, and how each column is cast from text; a name from outside never reaches SQL.
_CHANGES = {
    "firmware_status": "UPDATE charge_boxes SET firmware_status = $2 WHERE id = $1",
    "diagnostics_status": "UPDATE charge_boxes SET diagnostics_status = $2 WHERE id = $1",
    "ping_policy": "UPDATE charge_boxes SET ping_policy = $2 WHERE id = $1",
    "configuration": "UPDATE charge_boxes SET configuration = $2::jsonb, configuration_at = now() WHERE id = $1",
}


async def write_changed(connection: Connection, facts: Sequence[Changed]) -> None:
    """Set columns one by one: these facts are rare."""
    for fact in facts:
        for column, value in fact.columns.items():
            await connection.execute(_CHANGES[column], fact.charge_box, _text(value))
    await events.write(connection, [fact.event for fact in facts if fact.event is not None])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()


_KNOCK = """
INSERT INTO knocks AS k (identity, reason, remote_address, count, first_at, last_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[], $5::timestamptz[])
ON CONFLICT (identity) DO UPDATE
SET reason = excluded.reason, remote_address = excluded.remote_address,
    count = k.count + excluded.count, last_at = excluded.last_at
"""


async def write_knocked(connection: Connection, facts: Sequence[Knocked]) -> None:
    """Remember refused connections, one row for each identity."""
    last = {fact.identity: fact for fact in facts}
    counts = {identity: sum(fact.identity == identity for fact in facts) for identity in last}
    # In the order of the key, so that two nodes cannot lock each other out.
    ordered = [last[identity] for identity in sorted(last)]
    await connection.execute(
        _KNOCK,
        [fact.identity for fact in ordered],
        [fact.reason for fact in ordered],
        [fact.remote_address for fact in ordered],
        [counts[fact.identity] for fact in ordered],
        [fact.at for fact in ordered],
    )


_DEVIATION = """
INSERT INTO deviations AS d (charge_box_id, kind, action, path, example, count, first_at, last_at)
SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
                     $7::timestamptz[], $7::timestamptz[])
ON CONFLICT (charge_box_id, kind) DO UPDATE
SET action = excluded.action, path = excluded.path, example = excluded.example,
    count = d.count + excluded.count, last_at = excluded.last_at
"""


async def write_deviated(connection: Connection, facts: Sequence[Deviated]) -> None:
    """Count deviations by charge box and kind, and keep the last example of each."""
    last = {(fact.charge_box, fact.kind): fact for fact in facts}
    counts = dict.fromkeys(last, 0)
    for fact in facts:
        counts[fact.charge_box, fact.kind] += 1
    ordered = [last[key] for key in sorted(last)]
    await connection.execute(
        _DEVIATION,
        [fact.charge_box for fact in ordered],
        [fact.kind for fact in ordered],
        [fact.action for fact in ordered],
        [fact.path for fact in ordered],
        [fact.example for fact in ordered],
        [counts[fact.charge_box, fact.kind] for fact in ordered],
        [fact.at for fact in ordered],
    )


# Written in another lane than all else about charge boxes: waiting for each other's rows, the two would deadlock. So
# a row that is being written is left out; it tells as much by itself, or is told again with the next.
_SEEN = """
WITH free AS (
    SELECT id FROM charge_boxes WHERE id = ANY($1::int[]) FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE charge_boxes c
SET last_seen_at = greatest(c.last_seen_at, i.at), clock_skew_ms = coalesce(i.skew, c.clock_skew_ms)
FROM unnest($1::int[], $2::timestamptz[], $3::bigint[]) AS i (id, at, skew) JOIN free USING (id)
WHERE c.id = i.id
"""


async def write_seen(connection: Connection, facts: Sequence[Seen]) -> None:
    """Remember for everyone together when they were last heard."""
    last = {fact.charge_box: fact for fact in facts}
    await connection.execute(
        _SEEN,
        list(last),
        [fact.at for fact in last.values()],
        [fact.clock_skew_ms for fact in last.values()],
    )
