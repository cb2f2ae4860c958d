"""
The charge records that are due for a price, and what is known of their transactions.

Several nodes may look at once: a record is locked while it is worked out, and who
finds it locked passes on. What is corrected meanwhile waits for the lock, and makes
the record due again.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.domain.metering import Kind, Reading
from csms.domain.settlement import AppliedTariff, Facts, Settled
from csms.store.database import Database

_DUE = text(
    """
    SELECT transaction_id FROM charge_records WHERE priced_at IS NULL
    ORDER BY transaction_id LIMIT :limit FOR UPDATE SKIP LOCKED
    """
)

# A statement of its own: it must see what was committed before the locks were had.
# With a voucher, the original price is that of the version that the location's tariff had when the transaction began.
_FACTS = text(
    """
    SELECT t.id, CASE WHEN t.clock_trusted THEN t.started_at ELSE t.start_received_at END AS started_at, t.ended_at,
           t.meter_start_wh, coalesce(t.meter_stop_wh, t.register_wh) AS meter_wh, t.start_answer,
           coalesce(l.time_zone, 'UTC') AS time_zone,
           applied.id AS tariff_id, applied.version AS tariff_version, applied.document AS tariff_document,
           original.id AS original_id, original.version AS original_version, original.document AS original_document,
           t.voucher_id IS NOT NULL AND t.tariff_id IS NULL AS is_free,
           c.details #>> '{billingDetails,paymentMethod}' AS billed_by
    FROM transactions t
    LEFT JOIN locations l ON l.id = t.location_id
    LEFT JOIN tariffs applied ON applied.id = t.tariff_id AND applied.version = t.tariff_version
    LEFT JOIN LATERAL (
        SELECT * FROM tariffs o
        WHERE t.voucher_id IS NOT NULL AND o.id = l.tariff_id AND o.created_at <= t.created_at
        ORDER BY o.version DESC LIMIT 1
    ) original ON true
    LEFT JOIN tokens k ON k.id = t.token_id
    LEFT JOIN customers c ON c.id = k.customer_id
    WHERE t.id = ANY(:ids)
    ORDER BY t.id
    """
)

_READINGS = text(
    """
    SELECT m.transaction_id, m.at, m.values, m.digest, s.definition
    FROM meter_values m JOIN reading_shapes s ON s.id = m.shape_id
    WHERE m.transaction_id = ANY(:ids)
    """
)

_SETTLE = text(
    """
    WITH settled AS (
        UPDATE charge_records r
        SET price = CAST(:price AS jsonb), original_price = CAST(:original_price AS jsonb), charging_s = :charging_s,
            idle_s = :idle_s, co2_emitted_g = :co2_emitted_g, payment_method = :payment_method,
            priced_at = :now, updated_at = clock_timestamp()
        WHERE r.transaction_id = :id
    )
    INSERT INTO events (at, kind, charge_box_id, transaction_id, data)
    SELECT :now, 'charge_record.settled', charge_box_id, id, CAST(:data AS jsonb) FROM transactions WHERE id = :id
    """
)


async def settle_due(
    database: Database, work_out: Callable[[int, Facts], Awaitable[Settled]], *, now: datetime, limit: int
) -> int:
    """
    Settle some charge records that are due.

    Args:
        database: where.
        work_out: from a transaction's id and facts to what it comes to; it must not fail.
        now: the moment of it.
        limit: how many, at most.

    Returns:
        how many.
    """
    async with database.write() as connection:
        ids = (await connection.execute(_DUE, {"limit": limit})).scalars().all()
        if not ids:
            return 0
        readings = await _readings(connection, ids)
        found = (await connection.execute(_FACTS, {"ids": ids})).all()
        settled = [(row.id, await work_out(row.id, _facts(row, readings.get(row.id, ())))) for row in found]
        await connection.execute(_SETTLE, [_parameters(number, each, now) for number, each in settled])
    return len(ids)


async def _readings(connection: AsyncConnection, ids: Sequence[int]) -> Mapping[int, Sequence[Reading]]:
    readings: dict[int, list[Reading]] = {}
    for row in await connection.execute(_READINGS, {"ids": ids}):
        shape: tuple[Kind, ...] = tuple(tuple(kind) for kind in row.definition)
        readings.setdefault(row.transaction_id, []).append(Reading(shape, tuple(row.values), row.at, {}, row.digest))
    return readings


def _facts(row: Row[*tuple[Any, ...]], readings: Sequence[Reading]) -> Facts:
    return Facts(
        started_at=row.started_at,
        ended_at=row.ended_at,
        meter_start_wh=row.meter_start_wh,
        meter_wh=row.meter_wh,
        readings=readings,
        time_zone=row.time_zone,
        tariff=_tariff(row.tariff_id, row.tariff_version, row.tariff_document),
        original=_tariff(row.original_id, row.original_version, row.original_document),
        is_refused=row.start_answer not in (None, "Accepted"),
        is_free=row.is_free,
        billed_by=row.billed_by,
    )


def _tariff(tariff_id: str | None, version: int, document: Mapping[str, Any]) -> AppliedTariff | None:
    return None if tariff_id is None else AppliedTariff(tariff_id, version, document)


def _parameters(number: int, settled: Settled, now: datetime) -> dict[str, Any]:
    price = settled.price
    shown = {} if price is None else {"amount": price["amount"], "currency": price["currency"]}
    return {
        "id": number,
        "price": _json(price),
        "original_price": _json(settled.original_price),
        "charging_s": settled.charging_s,
        "idle_s": settled.idle_s,
        "co2_emitted_g": settled.co2_emitted_g,
        "payment_method": settled.payment_method.value,
        "now": now,
        "data": _json(shown | {"payment_method": settled.payment_method.value}),
    }


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
