"""What the ledger reads of tokens: all idTags of a batch in one trip, in the same transaction as the write."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from csms.domain.authorization import Place, Presented, Token
from csms.domain.vouchers import Voucher

# $2 are the start keys: a repeated start must not count itself as open elsewhere.
# Nor does the transaction that the start will supersede, on its own connector.
_FIND = """
SELECT t.id, t.uid, t.parent_id_tag, t.is_active, t.valid_from, t.expires_at, t.deleted_at, t.customer_id,
       l.customer_id AS place, l.publish, l.opening_times::text AS opening_times, l.time_zone,
       groups.exclusive, groups.grants, vouchers.linked::text AS vouchers,
       opened.elsewhere, opened.here
FROM unnest($1::text[], $2::bytea[], $3::int[], $4::int[]) WITH ORDINALITY AS i (id_tag, key, box, connector, n)
LEFT JOIN tokens t ON upper(t.uid) = upper(i.id_tag)
LEFT JOIN charge_boxes c ON c.id = i.box
LEFT JOIN locations l ON l.id = c.location_id
LEFT JOIN LATERAL (
    SELECT count(*) > 0 AS exclusive, count(m.token_id) > 0 AS grants
    FROM token_group_locations gl
    JOIN token_groups g ON g.id = gl.token_group_id AND NOT g.disabled AND g.deleted_at IS NULL
    LEFT JOIN token_group_tokens m ON m.token_group_id = g.id AND m.token_id = t.id
    WHERE gl.location_id = l.id
) groups ON true
LEFT JOIN LATERAL (
    -- The user's number leaves out the tokens that were deleted since.
    SELECT json_agg(json_build_object(
               'id', v.id, 'tariff_id', g.tariff_id, 'linked_as', u.id, 'max_users', v.max_users,
               'expires_at', v.expires_at, 'user_number', (
                   SELECT count(*) FROM voucher_users earlier LEFT JOIN tokens e ON e.id = earlier.token_id
                   WHERE earlier.voucher_id = v.id AND earlier.id <= u.id AND e.deleted_at IS NULL
               )
           )) AS linked
    FROM voucher_users u
    JOIN vouchers v ON v.id = u.voucher_id AND v.deleted_at IS NULL
    JOIN voucher_groups g ON g.id = v.voucher_group_id AND g.deleted_at IS NULL
    JOIN voucher_group_locations p ON p.voucher_group_id = g.id AND p.location_id = l.id
    WHERE u.token_id = t.id OR u.app_user_id = t.app_user_id
) vouchers ON true
LEFT JOIN LATERAL (
    SELECT coalesce(bool_or(o.charge_box_id = i.box), false) AS here,
           count(*) FILTER (
               WHERE o.start_answer = 'Accepted' AND o.start_key IS DISTINCT FROM i.key
                 AND NOT (o.charge_box_id = i.box AND o.connector_id IS NOT DISTINCT FROM i.connector)
           ) AS elsewhere
    FROM transactions o
    WHERE o.ended_at IS NULL AND upper(o.id_tag) = upper(i.id_tag)
) opened ON true
ORDER BY i.n
"""


async def find(
    connection: "asyncpg.Connection[asyncpg.Record]", wanted: Iterable[tuple[str | None, bytes, int, int]]
) -> list[Presented]:
    """
    Look idTags up, each at the charge box where it was presented.

    Args:
        connection: of the batch, or any other.
        wanted: (idTag, start key, charge box, connector) each.

    Returns:
        What is known of each, in order.
    """
    asked = list(wanted)
    rows = await connection.fetch(
        _FIND,
        [id_tag for id_tag, _, _, _ in asked],
        [key for _, key, _, _ in asked],
        [box for _, _, box, _ in asked],
        [connector for _, _, _, connector in asked],
    )
    return [Presented(_token(row), _place(row), row["elsewhere"], row["here"], _vouchers(row)) for row in rows]


def _token(row: asyncpg.Record) -> Token | None:
    if row["id"] is None:
        return None
    return Token(
        id=row["id"],
        uid=row["uid"],
        parent_id_tag=row["parent_id_tag"],
        is_active=row["is_active"],
        valid_from=row["valid_from"],
        expires_at=row["expires_at"],
        is_deleted=row["deleted_at"] is not None,
        customer_id=row["customer_id"],
    )


def _place(row: asyncpg.Record) -> Place | None:
    if row["place"] is None:
        return None
    opening_times: dict[str, Any] | None = orjson.loads(row["opening_times"] or "null")
    return Place(
        customer_id=row["place"],
        is_published=row["publish"],
        opening_times=opening_times,
        time_zone=row["time_zone"],
        is_exclusive=row["exclusive"],
        grants=row["grants"],
    )


def _vouchers(row: asyncpg.Record) -> Sequence[Voucher]:
    """Those that the token or its app user is linked to, of groups that are good at the place."""
    if row["vouchers"] is None:
        return ()
    return [_voucher(linked) for linked in orjson.loads(row["vouchers"])]


def _voucher(linked: dict[str, Any]) -> Voucher:
    expires_at: str | None = linked.pop("expires_at")
    return Voucher(**linked, expires_at=None if expires_at is None else datetime.fromisoformat(expires_at))
