"""
Stops: each one ends a transaction, or becomes a visible record of its own.

By its id and its charge box first; one box can never stop another's transaction.
Without a usable id, by the facts, where they leave one choice (`match_stop`).
Else as an orphan: a transaction of which only the end is known. A transaction that
we closed by inference takes the charge box's own word when it comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import asyncpg

from csms.domain.authorization import Token
from csms.domain.metering import at_begin
from csms.domain.transactions import (
    MAX_TRANSACTION_ID,
    EndCause,
    OpenTransaction,
    StopMatch,
    clock_is_trusted,
    match_stop,
    stop_oddities,
)
from csms.store.ledger import events, readings, records, tokens
from csms.store.ledger.facts import Event, Stopped, StopRecorded
from csms.store.ledger.lane import Connection
from csms.store.ledger.readings import LinkedReading
from csms.store.ledger.rounds import rounds

_CANDIDATES = """
SELECT i.n, t.id, t.id_tag, t.started_at, t.meter_start_wh, t.register_wh, t.connector_id, t.end_cause,
       t.stop_match,
       CASE WHEN t.id = i.transaction THEN 'id' WHEN t.stop_key = i.key THEN 'repeat' ELSE 'open' END AS how
FROM unnest($1::int[], $2::int[], $3::bytea[]) WITH ORDINALITY AS i (box, transaction, key, n)
JOIN LATERAL (
    SELECT * FROM transactions a WHERE a.id = i.transaction AND a.charge_box_id = i.box
    UNION
    SELECT * FROM transactions b WHERE b.stop_key = i.key
    UNION
    SELECT * FROM transactions c WHERE c.charge_box_id = i.box AND c.ended_at IS NULL
) t ON true
"""

_END = """
UPDATE transactions t
SET stop_match = i.match, stop_transaction_id = i.transaction, stop_id_tag = i.id_tag, stop_reason = i.reason,
    meter_stop_wh = i.meter::numeric, stopped_at = i.at, stopped_at_raw = i.at_raw, stop_received_at = i.received_at,
    ended_at = i.ended_at, end_cause = 'reported', power_w = NULL, updated_at = now(),
    last_evidence_at = i.received_at,
    oddities = t.oddities || coalesce(nullif(string_to_array(i.oddities, ','), '{""}'), '{}'),
    -- Without a usable id, this is how its repeat is known.
    stop_key = CASE WHEN i.match = 'content' THEN i.key END,
    -- A clock that was never set repeats itself: the next equal start is a new one.
    start_key = CASE WHEN t.clock_trusted THEN t.start_key END
FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[],
            $9::timestamptz[], $10::text[], $11::timestamptz[], $12::bytea[])
     AS i (id, match, transaction, id_tag, reason, meter, at, at_raw, received_at, oddities, ended_at, key)
WHERE t.id = i.id
"""

_REPEAT = "UPDATE transactions SET stop_repeats = stop_repeats + 1 WHERE id = ANY($1::int[])"

_ORPHAN = """
INSERT INTO transactions AS t (
    charge_box_id, id_tag, token_id, stop_key, stop_match, stop_transaction_id, stop_id_tag, stop_reason,
    meter_start_wh, started_at, meter_stop_wh, stopped_at, stopped_at_raw, stop_received_at, ended_at, end_cause,
    last_evidence_at, clock_trusted, oddities, location_id
)
SELECT i.box, i.id_tag, i.token, i.key, 'orphan', i.transaction, i.id_tag, i.reason,
       i.meter_start::numeric, i.started_at, i.meter::numeric, i.at, i.at_raw, i.received_at,
       i.ended_at, 'reported', i.received_at, i.trusted,
       coalesce(nullif(string_to_array(i.oddities, ','), '{""}'), '{}'), c.location_id
FROM unnest($1::int[], $2::text[], $3::int[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
            $9::text[], $10::timestamptz[], $11::text[], $12::timestamptz[], $13::bool[], $14::text[],
            $15::timestamptz[])
     AS i (box, id_tag, token, key, transaction, reason, meter_start, started_at, meter, at, at_raw, received_at,
           trusted, oddities, ended_at)
JOIN charge_boxes c ON c.id = i.box
ON CONFLICT (stop_key) DO UPDATE SET stop_repeats = t.stop_repeats + 1
RETURNING t.id, t.stop_key
"""


@dataclass(frozen=True, slots=True)
class _Decision:
    """Where a stop belongs: `found` None makes an orphan."""

    match: StopMatch
    found: asyncpg.Record | None
    is_repeat: bool


async def write(connection: Connection, facts: Sequence[Stopped]) -> list[StopRecorded]:
    """Record stops, or find them again; returns where each belongs, in order."""
    recorded: dict[int, StopRecorded] = {}
    for batch in rounds(facts, lambda fact: fact.charge_box):
        results = await _write_round(connection, [fact for _, fact in batch])
        recorded |= {position: result for (position, _), result in zip(batch, results, strict=True)}
    return [recorded[position] for position in range(len(facts))]


async def _write_round(connection: Connection, facts: Sequence[Stopped]) -> list[StopRecorded]:
    rows = await connection.fetch(
        _CANDIDATES,
        [fact.charge_box for fact in facts],
        [_int4(fact.transaction) for fact in facts],
        [fact.orphan_key for fact in facts],
    )
    found: list[list[asyncpg.Record]] = [[] for _ in facts]
    for row in rows:
        found[row["n"] - 1].append(row)
    decisions = [_decide(fact, candidates) for fact, candidates in zip(facts, found, strict=True)]
    known = [found.token for found in await tokens.find(connection, [(f.id_tag, b"", f.charge_box, -1) for f in facts])]
    ids = await _orphan(connection, facts, decisions, known)
    await _end(connection, [(f, d) for f, d in zip(facts, decisions, strict=True) if d.found is not None])
    results = [
        StopRecorded(
            decision.found["id"] if decision.found else ids[fact.orphan_key], decision.match, token, decision.is_repeat
        )
        for fact, decision, token in zip(facts, decisions, known, strict=True)
    ]
    await records.due(connection, [result.transaction_id for result in results if not result.is_repeat])
    await _keep_readings(connection, facts, decisions, results)
    await events.write(
        connection,
        [_event(fact, result) for fact, result in zip(facts, results, strict=True) if not result.is_repeat],
    )
    return results


def _int4(number: int) -> int:
    """An id that was never ours becomes one that never will be."""
    return number if 0 < number <= MAX_TRANSACTION_ID else -1


def _decide(fact: Stopped, candidates: Sequence[asyncpg.Record]) -> _Decision:
    by_how = {how: [row for row in candidates if row["how"] == how] for how in ("id", "repeat", "open")}
    if by_how["id"]:
        row = by_how["id"][0]
        return _Decision(StopMatch.by_id, row, row["end_cause"] == EndCause.reported)
    if by_how["repeat"]:
        row = by_how["repeat"][0]
        return _Decision(StopMatch(row["stop_match"]), row, is_repeat=True)
    match = match_stop(
        [
            OpenTransaction(row["id"], row["id_tag"], row["started_at"], row["meter_start_wh"], row["register_wh"])
            for row in by_how["open"]
        ],
        id_tag=fact.id_tag,
        stopped_at=fact.at,
        meter_stop_wh=fact.meter_stop_wh,
    )
    if match is None:
        return _Decision(StopMatch.orphan, None, is_repeat=False)
    return _Decision(
        StopMatch.by_content, next(row for row in by_how["open"] if row["id"] == match.id), is_repeat=False
    )


async def _end(connection: Connection, stops: Sequence[tuple[Stopped, _Decision]]) -> None:
    new = [
        (fact, decision.match, decision.found) for fact, decision in stops if decision.found and not decision.is_repeat
    ]
    await connection.execute(
        _END,
        [row["id"] for _, _, row in new],
        [match.value for _, match, _ in new],
        [str(fact.transaction) for fact, _, _ in new],
        [fact.id_tag for fact, _, _ in new],
        [fact.reason for fact, _, _ in new],
        [_text(fact.meter_stop_wh) for fact, _, _ in new],
        [fact.at for fact, _, _ in new],
        [fact.at_raw for fact, _, _ in new],
        [fact.received_at for fact, _, _ in new],
        [
            ",".join([*fact.oddities, *_oddities(fact, row["started_at"], row["meter_start_wh"])])
            for fact, _, row in new
        ],
        [_ended_at(fact) for fact, _, _ in new],
        [fact.orphan_key for fact, _, _ in new],
    )
    repeated = [decision.found["id"] for _, decision in stops if decision.found and decision.is_repeat]
    if repeated:
        await connection.execute(_REPEAT, repeated)


def _ended_at(fact: Stopped) -> datetime:
    """A time that makes sense: that of receipt where the charge box's clock was never set (field-notes.md, 28)."""
    return fact.at if fact.at is not None and clock_is_trusted(fact.at) else fact.received_at


def _oddities(fact: Stopped, started_at: datetime | None, meter_start_wh: Decimal | None) -> list[str]:
    return stop_oddities(
        started_at=started_at,
        stopped_at=fact.at,
        meter_start_wh=meter_start_wh,
        meter_stop_wh=fact.meter_stop_wh,
    )


async def _orphan(
    connection: Connection, facts: Sequence[Stopped], decisions: Sequence[_Decision], known: Sequence[Token | None]
) -> dict[bytes, int]:
    """Make the transactions of which only the end is known; the begin comes from a reading, if one is marked."""
    new = [
        (fact, token, *at_begin(fact.readings))
        for fact, decision, token in zip(facts, decisions, known, strict=True)
        if decision.found is None
    ]
    if not new:
        return {}
    rows = await connection.fetch(
        _ORPHAN,
        [fact.charge_box for fact, _, _, _ in new],
        [fact.id_tag for fact, _, _, _ in new],
        [token.id if token else None for _, token, _, _ in new],
        [fact.orphan_key for fact, _, _, _ in new],
        [str(fact.transaction) for fact, _, _, _ in new],
        [fact.reason for fact, _, _, _ in new],
        [_text(meter_start_wh) for _, _, _, meter_start_wh in new],
        [started_at for _, _, started_at, _ in new],
        [_text(fact.meter_stop_wh) for fact, _, _, _ in new],
        [fact.at for fact, _, _, _ in new],
        [fact.at_raw for fact, _, _, _ in new],
        [fact.received_at for fact, _, _, _ in new],
        [clock_is_trusted(fact.at) for fact, _, _, _ in new],
        [",".join(["start_unknown", *fact.oddities]) for fact, _, _, _ in new],
        [_ended_at(fact) for fact, _, _, _ in new],
    )
    return {row["stop_key"]: row["id"] for row in rows}


async def _keep_readings(
    connection: Connection, facts: Sequence[Stopped], decisions: Sequence[_Decision], results: Sequence[StopRecorded]
) -> None:
    """The readings of transactionData belong to the stop's transaction, whatever id they came under."""
    linked = [
        LinkedReading(
            reading,
            fact.charge_box,
            (decision.found["connector_id"] if decision.found else None) or 0,
            result.transaction_id,
            readings.Link.by_stop,
            fact.received_at,
        )
        for fact, decision, result in zip(facts, decisions, results, strict=True)
        for reading in fact.readings
    ]
    if linked:
        await readings.insert(connection, linked)


def _event(fact: Stopped, result: StopRecorded) -> Event:
    data = {
        "cause": EndCause.reported.value,
        "match": result.match.value,
        "reason": fact.reason,
        "meter_stop_wh": _text(fact.meter_stop_wh),
    }
    return Event(fact.received_at, "transaction.ended", fact.charge_box, result.transaction_id, data)


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)
