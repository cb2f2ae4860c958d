"""The processes that hold charge boxes: a node is alive while its lease lasts."""

from datetime import datetime, timedelta

from sqlalchemy import and_, delete, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert

from csms.store.database import Database
from csms.store.tables import ChargeBoxRow, NodeRow

LEASE = timedelta(seconds=15)

_CLEAR = text(
    """
    WITH cleared AS (
        UPDATE charge_boxes SET node_name = NULL, last_connection_event_at = :now
        WHERE node_name = :name
        RETURNING id, connection_epoch
    )
    INSERT INTO events (at, kind, charge_box_id, data)
    SELECT :now, 'charge_box.disconnected', id,
           jsonb_build_object('cause', cast(:cause AS text), 'epoch', connection_epoch)
    FROM cleared
    """
)


async def begin(database: Database, name: str, now: datetime) -> None:
    """Take the node's name and its lease; connections that an earlier life of it left behind are over."""
    async with database.write() as connection:
        await connection.execute(_CLEAR, {"name": name, "now": now, "cause": "the node ended without a shutdown"})
        statement = insert(NodeRow).values(name=name, started_at=now, lease_until=now + LEASE)
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=[NodeRow.name],
                set_={"started_at": statement.excluded.started_at, "lease_until": statement.excluded.lease_until},
            )
        )


async def renew(database: Database, name: str, now: datetime) -> None:
    """Say that the node is alive."""
    async with database.write() as connection:
        await connection.execute(update(NodeRow).where(NodeRow.name == name).values(lease_until=now + LEASE))


async def end(database: Database, name: str, now: datetime) -> None:
    """Give the lease back; whoever still seems connected is not."""
    async with database.write() as connection:
        await connection.execute(_CLEAR, {"name": name, "now": now, "cause": "shutdown"})
        await connection.execute(delete(NodeRow).where(NodeRow.name == name))


async def holder_of(database: Database, charge_box: int) -> str | None:
    """The name of the living node that holds a charge box; None if there is none."""
    query = (
        select(NodeRow.name)
        .join(ChargeBoxRow, and_(ChargeBoxRow.node_name == NodeRow.name, ChargeBoxRow.id == literal(charge_box)))
        .where(NodeRow.lease_until > func.now())
    )
    async with database.read() as connection:
        return await connection.scalar(query)
