"""What happened, in order: each write of a person appends one event in its own transaction."""

from typing import Any

from sqlalchemy import func, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.store.tables import EventRow


async def append(
    connection: AsyncConnection,
    kind: str,
    *,
    actor: str | None,
    charge_box_id: int | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """
    Append an event to the transaction of a write.

    Args:
        connection: the transaction; the event is there if and only if the write is.
        kind: what it is about and what happened to it, e.g. `charge_box.created`.
        actor: the name of the API key that did it.
        charge_box_id: the charge box that it is about, if any.
        data: facts, without secrets.
    """
    await connection.execute(
        insert(EventRow).values(
            at=func.now(), kind=kind, charge_box_id=charge_box_id, actor=actor, data=data if data is not None else {}
        )
    )
