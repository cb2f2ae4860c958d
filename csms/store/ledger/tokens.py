"""What the ledger reads of tokens: all idTags of a batch in one trip, in the same transaction as the write."""

from collections.abc import Iterable

import asyncpg

from csms.domain.authorization import Token
from csms.store.ledger.lane import Connection

# $2 are the start keys: a repeated start must not count itself as open elsewhere.
# Nor does the transaction that the start will supersede, on its own connector.
_FIND = """
SELECT i.n, t.id, t.uid, t.parent_id_tag, t.is_active, t.valid_from, t.expires_at, t.deleted_at,
       (SELECT count(*) FROM transactions o
        WHERE o.ended_at IS NULL AND upper(o.id_tag) = upper(i.id_tag) AND o.start_answer = 'Accepted'
          AND o.start_key IS DISTINCT FROM i.key
          AND NOT (o.charge_box_id = i.box AND o.connector_id IS NOT DISTINCT FROM i.connector)) AS others_open
FROM unnest($1::text[], $2::bytea[], $3::int[], $4::int[]) WITH ORDINALITY AS i (id_tag, key, box, connector, n)
LEFT JOIN tokens t ON upper(t.uid) = upper(i.id_tag)
ORDER BY i.n
"""


async def find(
    connection: Connection, wanted: Iterable[tuple[str | None, bytes, int, int]]
) -> list[tuple[Token | None, int]]:
    """
    Look idTags up.

    Args:
        wanted: (idTag, start key, charge box, connector) each.

    Returns:
        (token or None, accepted transactions of the idTag that are open elsewhere) each, in order.
    """
    asked = list(wanted)
    rows = await connection.fetch(
        _FIND,
        [id_tag for id_tag, _, _, _ in asked],
        [key for _, key, _, _ in asked],
        [box for _, _, box, _ in asked],
        [connector for _, _, _, connector in asked],
    )
    return [(_token(row), row["others_open"]) for row in rows]


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
    )
