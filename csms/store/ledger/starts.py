"""
Starts: every one is recorded, a refused one included, and the same one once.

The decision about the idTag is made in the transaction that records the start, so
two starts of one card in one batch see each other. A start on a connector whose
transaction is still open closes that one with its last meter value: the charge
box has moved on, and an open ghost would swallow later readings (steve#97).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ocpp.v16.enums import AuthorizationStatus

from csms.domain.authorization import Presented, authorize
from csms.domain.transactions import CLOCKS_WERE_SET, EndCause, clock_is_trusted
from csms.domain.vouchers import choose
from csms.store.ledger import events, evses, records, tokens
from csms.store.ledger.facts import Event, Started, StartRecorded
from csms.store.ledger.lane import Connection
from csms.store.ledger.rounds import rounds

_INSERT = """
INSERT INTO transactions AS t (
    charge_box_id, connector_id, evse_uid, id_tag, token_id, start_key, start_answer, clock_trusted, reservation_id,
    meter_start_wh, started_at, started_at_raw, start_received_at, last_evidence_at, oddities,
    location_id, voucher_id, tariff_id, tariff_version
)
SELECT i.box, i.connector, e.uid, i.id_tag, i.token, i.key, i.answer, i.trusted, i.reservation,
       i.meter::numeric, i.at, i.at_raw, i.received_at, i.received_at,
       coalesce(nullif(string_to_array(i.oddities, ','), '{""}'), '{}'),
       c.location_id, i.voucher, tariff.id, tariff.version
FROM unnest($1::int[], $2::int[], $3::text[], $4::int[], $5::bytea[], $6::text[], $7::bool[], $8::bigint[],
            $9::text[], $10::timestamptz[], $11::text[], $12::timestamptz[], $13::text[], $14::int[], $15::text[])
     AS i (box, connector, id_tag, token, key, answer, trusted, reservation, meter, at, at_raw, received_at, oddities,
           voucher, voucher_tariff)
JOIN charge_boxes c ON c.id = i.box
LEFT JOIN locations l ON l.id = c.location_id
LEFT JOIN evses e ON e.charge_box_id = i.box AND e.connector_id = i.connector
-- What it will be priced by, whatever becomes of the tariff: its newest version at this moment.
LEFT JOIN LATERAL (
    SELECT t.id, t.version FROM tariffs t
    WHERE t.id = CASE WHEN i.voucher IS NULL THEN l.tariff_id ELSE i.voucher_tariff END AND t.deleted_at IS NULL
    ORDER BY t.version DESC LIMIT 1
) tariff ON true
ON CONFLICT (start_key) DO UPDATE SET start_repeats = t.start_repeats + 1
RETURNING t.id, t.start_key, t.start_answer, t.start_repeats
"""

_SUPERSEDE = """
UPDATE transactions t
SET ended_at = CASE WHEN t.last_reading_at >= $5 THEN t.last_reading_at ELSE t.last_evidence_at END,
    end_cause = $4, power_w = NULL,
    meter_stop_wh = coalesce(t.register_wh, t.meter_start_wh), updated_at = now()
FROM unnest($1::int[], $2::int[], $3::int[]) AS i (box, connector, id)
WHERE t.charge_box_id = i.box AND t.connector_id = i.connector AND t.ended_at IS NULL AND t.id <> i.id
RETURNING t.id, t.charge_box_id, i.id AS by
"""


async def write(connection: Connection, facts: Sequence[Started]) -> list[StartRecorded]:
    """Record starts, or find them again; returns the ids and (first) answers in order."""
    recorded: dict[int, StartRecorded] = {}
    # By charge box, not only by key: what supersedes what must be in order.
    for batch in rounds(facts, lambda fact: fact.charge_box):
        results = await _write_round(connection, [fact for _, fact in batch])
        recorded |= {position: result for (position, _), result in zip(batch, results, strict=True)}
    return [recorded[position] for position in range(len(facts))]


async def _write_round(connection: Connection, facts: Sequence[Started]) -> list[StartRecorded]:
    await evses.ensure(connection, [(fact.charge_box, fact.connector, fact.identity) for fact in facts])
    known = await tokens.find(connection, [(fact.id_tag, fact.key, fact.charge_box, fact.connector) for fact in facts])
    answers = _decide(facts, known)
    vouchers = [
        choose(presented.vouchers, now=fact.received_at) if answer is AuthorizationStatus.accepted else None
        for fact, presented, answer in zip(facts, known, answers, strict=True)
    ]
    rows = await connection.fetch(
        _INSERT,
        [fact.charge_box for fact in facts],
        [fact.connector for fact in facts],
        [fact.id_tag for fact in facts],
        [presented.token.id if presented.token else None for presented in known],
        [fact.key for fact in facts],
        [str(answer) for answer in answers],
        [clock_is_trusted(fact.at) for fact in facts],
        [fact.reservation_id for fact in facts],
        [None if fact.meter_start_wh is None else str(fact.meter_start_wh) for fact in facts],
        [fact.at for fact in facts],
        [fact.at_raw for fact in facts],
        [fact.received_at for fact in facts],
        [",".join(fact.oddities) for fact in facts],
        [None if voucher is None else voucher.id for voucher in vouchers],
        [None if voucher is None else voucher.tariff_id for voucher in vouchers],
    )
    row_of = {row["start_key"]: row for row in rows}
    results = [
        StartRecorded(
            transaction_id=row_of[fact.key]["id"],
            answer=AuthorizationStatus(row_of[fact.key]["start_answer"]),
            token=presented.token,
            is_repeat=row_of[fact.key]["start_repeats"] > 0,
        )
        for fact, presented in zip(facts, known, strict=True)
    ]
    await _follow(connection, facts, results)
    return results


def _decide(facts: Sequence[Started], known: Sequence[Presented]) -> list[AuthorizationStatus]:
    """Authorize in order; an accepted start counts for the next one of the same card in this batch."""
    opened: Counter[str] = Counter()
    answers = []
    for fact, presented in zip(facts, known, strict=True):
        tag = fact.id_tag.upper()
        presented = replace(presented, others_open=presented.others_open + opened[tag])
        answer = authorize(presented, now=fact.received_at, starting=True)
        if answer is AuthorizationStatus.accepted:
            opened[tag] += 1
        answers.append(answer)
    return answers


async def _follow(connection: Connection, facts: Sequence[Started], results: Sequence[StartRecorded]) -> None:
    """Close what the new starts supersede, and tell the event log."""
    new = [(fact, result) for fact, result in zip(facts, results, strict=True) if not result.is_repeat]
    superseded = await connection.fetch(
        _SUPERSEDE,
        [fact.charge_box for fact, _ in new],
        [fact.connector for fact, _ in new],
        [result.transaction_id for _, result in new],
        EndCause.superseded.value,
        CLOCKS_WERE_SET,
    )
    await records.due(connection, [row["id"] for row in superseded])
    received_at = max(fact.received_at for fact in facts)
    ended = [
        Event(
            received_at,
            "transaction.ended",
            row["charge_box_id"],
            row["id"],
            {"cause": EndCause.superseded.value, "by": row["by"]},
        )
        for row in superseded
    ]
    started = [
        Event(
            fact.received_at,
            "transaction.started",
            fact.charge_box,
            result.transaction_id,
            {"connector": fact.connector, "id_tag": fact.id_tag, "answer": str(result.answer)},
        )
        for fact, result in new
    ]
    await events.write(connection, ended + started)
