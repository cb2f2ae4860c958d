"""The journal: every frame, masked, by COPY."""

from collections.abc import Sequence

from csms.store.ledger.facts import FramePassed
from csms.store.ledger.lane import Connection

_COLUMNS = ("charge_box_id", "at", "direction", "action", "unique_id", "body")


async def write(connection: Connection, facts: Sequence[FramePassed]) -> None:
    """Append frames in the order given."""
    await connection.copy_records_to_table(
        "frames",
        columns=_COLUMNS,
        records=[(f.charge_box, f.at, f.direction, f.action, f.unique_id, f.body) for f in facts],
    )
