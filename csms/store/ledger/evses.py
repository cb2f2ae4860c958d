"""EVSEs come into being when their connector is first heard of (field-notes.md, 55: never crash on a new one)."""

from collections.abc import Iterable

from csms.store.ledger.lane import Connection

_ENSURE = """
WITH new AS (
    INSERT INTO evses (charge_box_id, connector_id, evse_id)
    SELECT DISTINCT i.box, i.connector, i.identity || '*' || i.connector
    FROM unnest($1::int[], $2::int[], $3::text[]) AS i (box, connector, identity)
    WHERE i.connector > 0 AND NOT EXISTS (
        SELECT FROM evses e WHERE e.charge_box_id = i.box AND e.connector_id = i.connector)
    ON CONFLICT DO NOTHING
    RETURNING uid
)
INSERT INTO connectors (evse_uid) SELECT uid FROM new ON CONFLICT DO NOTHING
"""


async def ensure(connection: Connection, connectors: Iterable[tuple[int, int, str]]) -> None:
    """Make the EVSEs of (charge box, connector, identity) that do not exist yet; connector 0 has none."""
    wanted = list(connectors)
    await connection.execute(
        _ENSURE,
        [box for box, _, _ in wanted],
        [connector for _, connector, _ in wanted],
        [identity for _, _, identity in wanted],
    )
