"""
Readings: one row a moment, an interned shape and an array of values.

A repeat of the same reading is the same row. Its transaction is the one it names;
without a usable id, the one that is open on its connector (field-notes.md 18 to
20). What comes after a stop links to the closed transaction and never reopens it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum

import orjson

from csms.domain.metering import Progress, Reading, Shape, progress
from csms.domain.transactions import MAX_TRANSACTION_ID, EndCause
from csms.store.ledger import records
from csms.store.ledger.facts import Metered
from csms.store.ledger.lane import Connection


class Link(IntEnum):
    """How a reading found its transaction."""

    none = 0
    by_id = 1
    by_connector = 2
    by_stop = 3


@dataclass(frozen=True, slots=True)
class LinkedReading:
    """A reading and where it belongs."""

    reading: Reading
    charge_box: int
    connector: int
    transaction: int | None
    link: Link
    received_at: datetime


_NOT_OVER = datetime.min.replace(tzinfo=UTC)
_OPEN_END = datetime.max.replace(tzinfo=UTC)

_BY_ID = """
SELECT i.n, t.id, t.ended_at, t.end_cause FROM unnest($1::int[], $2::int[]) WITH ORDINALITY AS i (box, transaction, n)
JOIN transactions t ON t.id = i.transaction AND t.charge_box_id = i.box
"""

# Without an id: what is open on the connector; connector 0 means the box, if it has one transaction only.
_BY_CONNECTOR = """
SELECT i.n, max(t.id) AS id FROM unnest($1::int[], $2::int[]) WITH ORDINALITY AS i (box, connector, n)
JOIN transactions t ON t.charge_box_id = i.box AND t.ended_at IS NULL
     AND (t.connector_id = i.connector OR i.connector = 0)
GROUP BY i.n HAVING count(*) = 1
"""

_INSERT = """
INSERT INTO meter_values
    (charge_box_id, at, digest, received_at, transaction_id, shape_id, connector_id, link, values, raw)
SELECT i.box, i.at, i.digest, i.received_at, i.transaction, i.shape, i.connector, i.link,
       i.values::float8[], i.raw::jsonb
FROM unnest($1::int[], $2::timestamptz[], $3::bigint[], $4::timestamptz[], $5::int[], $6::int[], $7::smallint[],
            $8::smallint[], $9::text[], $10::text[])
     AS i (box, at, digest, received_at, transaction, shape, connector, link, values, raw)
ON CONFLICT DO NOTHING
"""

# A transaction that we closed by inference still takes in what is measured later; a reported one does not.
_ADVANCE = """
UPDATE transactions t
SET register_wh = coalesce(i.register::numeric, t.register_wh),
    power_w = CASE WHEN t.ended_at IS NULL THEN coalesce(i.power, t.power_w) END,
    highest_power_w = greatest(t.highest_power_w, i.highest_power),
    soc_start = coalesce(t.soc_start, i.soc_first), soc = coalesce(i.soc, t.soc),
    meter_stop_wh = CASE WHEN t.ended_at IS NULL THEN t.meter_stop_wh
                         ELSE coalesce(i.register::numeric, t.meter_stop_wh) END,
    last_reading_at = i.at, last_evidence_at = i.received_at, updated_at = now()
FROM unnest($1::int[], $2::text[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::timestamptz[],
            $8::timestamptz[])
     AS i (id, register, power, highest_power, soc_first, soc, at, received_at)
WHERE t.id = i.id AND t.end_cause IS DISTINCT FROM 'reported'
"""


async def write(connection: Connection, facts: Sequence[Metered]) -> None:
    """Store readings, and move the running summaries of their transactions."""
    owners, over = await _owners(connection, facts)
    linked = [
        LinkedReading(reading, fact.charge_box, _int2(fact.connector), transaction, link, fact.received_at)
        for fact, (transaction, link) in zip(facts, owners, strict=True)
        for reading in fact.readings
    ]
    await insert(connection, linked)
    await _advance(connection, linked)
    await records.due(connection, _late(linked, over))


def _late(linked: Sequence[LinkedReading], over: Mapping[int, datetime]) -> list[int]:
    """The transactions whose price may change: a late reading tells when the energy flowed, one after the end not."""
    return [
        entry.transaction
        for entry in linked
        if entry.transaction is not None
        and (entry.reading.at or entry.received_at) <= over.get(entry.transaction, _NOT_OVER)
    ]


async def _owners(
    connection: Connection, facts: Sequence[Metered]
) -> tuple[list[tuple[int | None, Link]], dict[int, datetime]]:
    """Find the transaction of each; and those that are over, with the moment up to which a reading belongs to them."""
    owners: list[tuple[int | None, Link]] = [(None, Link.none)] * len(facts)
    over: dict[int, datetime] = {}
    named = [n for n, fact in enumerate(facts) if fact.transaction and 0 < fact.transaction <= MAX_TRANSACTION_ID]
    if named:
        rows = await connection.fetch(
            _BY_ID, [facts[n].charge_box for n in named], [facts[n].transaction for n in named]
        )
        for row in rows:
            owners[named[row["n"] - 1]] = (row["id"], Link.by_id)
            if row["ended_at"] is not None:
                # An end that we inferred is a guess: what is measured after it shows that it was too early.
                over[row["id"]] = row["ended_at"] if row["end_cause"] == EndCause.reported else _OPEN_END
    unowned = [n for n, (owner, _) in enumerate(owners) if owner is None]
    if unowned:
        rows = await connection.fetch(
            _BY_CONNECTOR, [facts[n].charge_box for n in unowned], [_int2(facts[n].connector) for n in unowned]
        )
        for row in rows:
            owners[unowned[row["n"] - 1]] = (row["id"], Link.by_connector)
    return owners, over


def _int2(number: int) -> int:
    """A connector that cannot be is kept as -1; the journal has what was sent."""
    return number if 0 <= number < 2**15 else -1


async def insert(connection: Connection, linked: Sequence[LinkedReading]) -> None:
    """Store readings that know their transaction. A reading without a readable time counts from its receipt."""
    if not linked:
        return
    shapes = await _shape_ids(connection, {entry.reading.shape for entry in linked})
    await connection.execute(
        _INSERT,
        [entry.charge_box for entry in linked],
        [entry.reading.at or entry.received_at for entry in linked],
        [entry.reading.digest for entry in linked],
        [entry.received_at for entry in linked],
        [entry.transaction for entry in linked],
        [shapes[entry.reading.shape] for entry in linked],
        [entry.connector for entry in linked],
        [int(entry.link) for entry in linked],
        [_array(entry.reading.values) for entry in linked],
        [orjson.dumps(entry.reading.raw).decode() if entry.reading.raw else None for entry in linked],
    )


def _array(values: Sequence[float | None]) -> str:
    """The text of a PostgreSQL array: arrays of different lengths cannot travel as one parameter."""
    return "{" + ",".join("NULL" if value is None else repr(value) for value in values) + "}"


@dataclass(slots=True)
class _Advance:
    """What the readings of one batch say of one transaction, in the order they came."""

    at: datetime
    received_at: datetime
    register_wh: Decimal | None = None
    power_w: float | None = None
    highest_power_w: float | None = None
    soc_first: float | None = None
    soc: float | None = None

    def take(self, said: Progress) -> None:
        """Later readings win; the highest power and the first state of charge stay."""
        self.register_wh = self.register_wh if said.register_wh is None else said.register_wh
        if said.power_w is not None:
            self.power_w = said.power_w
            self.highest_power_w = max(said.power_w, self.highest_power_w or 0.0)
        if said.soc is not None:
            self.soc_first = said.soc if self.soc_first is None else self.soc_first
            self.soc = said.soc


async def _advance(connection: Connection, linked: Sequence[LinkedReading]) -> None:
    moves: dict[int, _Advance] = {}
    for entry in linked:
        if entry.transaction is not None:
            at = entry.reading.at or entry.received_at
            move = moves.setdefault(entry.transaction, _Advance(at, entry.received_at))
            move.at, move.received_at = at, entry.received_at
            move.take(progress(entry.reading))
    if not moves:
        return
    # In the order of the key, so that two writers cannot lock each other out.
    ordered = sorted(moves.items())
    await connection.execute(
        _ADVANCE,
        [transaction for transaction, _ in ordered],
        [None if move.register_wh is None else str(move.register_wh) for _, move in ordered],
        [move.power_w for _, move in ordered],
        [move.highest_power_w for _, move in ordered],
        [move.soc_first for _, move in ordered],
        [move.soc for _, move in ordered],
        [move.at for _, move in ordered],
        [move.received_at for _, move in ordered],
    )


_INTERN = """
INSERT INTO reading_shapes AS s (digest, definition) SELECT * FROM unnest($1::bytea[], $2::jsonb[])
ON CONFLICT (digest) DO NOTHING
"""
_FIND = "SELECT digest, id FROM reading_shapes WHERE digest = ANY($1::bytea[])"
_MAX_REMEMBERED = 20_000


async def _shape_ids(connection: Connection, shapes: set[Shape]) -> dict[Shape, int]:
    """The numbers of shapes; a new one is committed with the first row that names it."""
    remembered = connection.shapes
    missing = [shape for shape in shapes if shape not in remembered]
    if missing:
        if len(remembered) > _MAX_REMEMBERED:
            remembered.clear()
            missing = list(shapes)
        texts = [orjson.dumps(shape) for shape in missing]
        digests = [hashlib.blake2b(text, digest_size=16).digest() for text in texts]
        found = {row["digest"]: row["id"] for row in await connection.fetch(_FIND, digests)}
        new = sorted(
            (digest, text.decode()) for digest, text in zip(digests, texts, strict=True) if digest not in found
        )
        if new:
            await connection.execute(_INTERN, [digest for digest, _ in new], [text for _, text in new])
            found = {row["digest"]: row["id"] for row in await connection.fetch(_FIND, digests)}
        remembered |= {shape: found[digest] for shape, digest in zip(missing, digests, strict=True)}
    return {shape: remembered[shape] for shape in shapes}
