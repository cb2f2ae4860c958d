"""How a charge box has been: what it departs from, how it comes and goes, what it last said of itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.errors import NotFound
from csms.store.charge_boxes import live_node
from csms.store.database import Database
from csms.store.tables import ChargeBoxRow, DeviationRow, EventRow

_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Deviation:
    """One way in which the charge box departs from the schema, with the last example."""

    kind: str
    action: str
    path: str
    example: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of the charge box: when, of which kind, and its facts."""

    at: datetime
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Vitals:
    """What the charge box's own row says of its connection, its boot and its configuration."""

    charge_box_id: int
    identity: str
    registration_status: str
    node_name: str | None
    connected_at: datetime | None
    last_connection_event_at: datetime | None
    last_seen_at: datetime | None
    ping_policy: str
    clock_skew_ms: int | None
    vendor: str | None
    model: str | None
    firmware_version: str | None
    boot: Mapping[str, Any] | None
    booted_at: datetime | None
    firmware_status: str | None
    diagnostics_status: str | None
    configuration: Mapping[str, Any] | None
    configuration_at: datetime | None


@dataclass(frozen=True, slots=True)
class Health:
    """
    The health of one charge box.

    `connections` are its connects and disconnects of the time asked for and
    `errors` the connector statuses with an error code, both the latest first and 50 at
    most; `disconnect_causes` counts all of that time.
    """

    vitals: Vitals
    deviations: Sequence[Deviation]
    connections: Sequence[Happening]
    disconnect_causes: Mapping[str, int]
    errors: Sequence[Happening]


_VITALS = (
    ChargeBoxRow.id,
    ChargeBoxRow.identity,
    ChargeBoxRow.registration_status,
    live_node(),
    ChargeBoxRow.connected_at,
    ChargeBoxRow.last_connection_event_at,
    ChargeBoxRow.last_seen_at,
    ChargeBoxRow.ping_policy,
    ChargeBoxRow.clock_skew_ms,
    ChargeBoxRow.vendor,
    ChargeBoxRow.model,
    ChargeBoxRow.firmware_version,
    ChargeBoxRow.boot,
    ChargeBoxRow.booted_at,
    ChargeBoxRow.firmware_status,
    ChargeBoxRow.diagnostics_status,
    ChargeBoxRow.configuration,
    ChargeBoxRow.configuration_at,
)


async def get(database: Database, charge_box_id: int, *, days: int) -> Health:
    """Return the health of a charge box, with the events of the last days; raises NotFound."""
    query = select(*_VITALS).where(ChargeBoxRow.id == literal(charge_box_id, BigInteger()))
    async with database.read() as connection:
        row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("charge box", charge_box_id)
        box: int = row.id
        return Health(
            Vitals(*row),
            deviations=await _deviations(connection, box),
            connections=await _happenings(connection, box, days, "charge_box.connected", "charge_box.disconnected"),
            disconnect_causes=await _causes(connection, box, days),
            errors=await _errors(connection, box, days),
        )


async def _deviations(connection: AsyncConnection, box: int) -> Sequence[Deviation]:
    rows = await connection.execute(
        select(
            DeviationRow.kind,
            DeviationRow.action,
            DeviationRow.path,
            DeviationRow.example,
            DeviationRow.count,
            DeviationRow.first_at,
            DeviationRow.last_at,
        )
        .where(DeviationRow.charge_box_id == box)
        .order_by(DeviationRow.count.desc(), DeviationRow.kind)
    )
    return [Deviation(*row) for row in rows]


async def _happenings(connection: AsyncConnection, box: int, days: int, *kinds: str) -> Sequence[Happening]:
    rows = await connection.execute(
        select(EventRow.at, EventRow.kind, EventRow.data)
        .where(EventRow.charge_box_id == box, EventRow.kind.in_(kinds), EventRow.at > func.now() - timedelta(days=days))
        .order_by(EventRow.at.desc(), EventRow.id.desc())
        .limit(_SHOWN)
    )
    return [Happening(*row) for row in rows]


async def _causes(connection: AsyncConnection, box: int, days: int) -> Mapping[str, int]:
    cause = EventRow.data["cause"].astext
    rows = await connection.execute(
        select(cause, func.count())
        .where(
            EventRow.charge_box_id == box,
            EventRow.kind == "charge_box.disconnected",
            EventRow.at > func.now() - timedelta(days=days),
        )
        .group_by(cause)
        .order_by(func.count().desc(), cause)
    )
    return {row[0] or "unknown": row[1] for row in rows}


async def _errors(connection: AsyncConnection, box: int, days: int) -> Sequence[Happening]:
    code = EventRow.data["error_code"].astext
    rows = await connection.execute(
        select(EventRow.at, EventRow.kind, EventRow.data)
        .where(
            EventRow.charge_box_id == box,
            EventRow.kind == "connector.status",
            EventRow.at > func.now() - timedelta(days=days),
            code != "NoError",
        )
        .order_by(EventRow.at.desc(), EventRow.id.desc())
        .limit(_SHOWN)
    )
    return [Happening(*row) for row in rows]
