"""
EVSEs and their connectors.

OCPP connector n of a charge box is one EVSE, `<identity>*n`, with one connector
whose id is 1. An EVSE is made with its charge box, from the model, or when the
charge box first mentions it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Row, Select, and_, any_, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.domain.charge_box_models import ModelConnector
from csms.domain.charge_boxes import ChargeBoxKey
from csms.domain.status import Override
from csms.errors import NotFound
from csms.store import events
from csms.store.database import Database
from csms.store.pages import Page, Window, cut, narrow
from csms.store.tables import ChargeBoxRow, ConnectorRow, EvseRow, LocationRow


@dataclass(frozen=True, slots=True)
class Connector:
    """A plug: power in kW, current in A, voltage in V."""

    id: int
    standard: str
    format: str
    power_type: str
    max_electric_power_kw: Decimal
    max_amperage_a: Decimal
    max_voltage_v: Decimal


@dataclass(frozen=True, slots=True)
class Evse:
    """
    An EVSE with what was last said of it; `status` is OCPP's word, None when nothing was said.

    `tariff_id` is its location's, `reported_at` when the status reached us; `overrides` are
    there where the shared status is asked for.
    """

    uid: int
    evse_id: str
    charge_box: ChargeBoxKey
    connector_id: int
    status: str | None
    error_code: str | None
    error_info: str | None
    vendor_error_code: str | None
    deleted_at: datetime | None
    tariff_id: str | None = None
    reported_at: datetime | None = None
    connectors: tuple[Connector, ...] = field(default=())
    overrides: Sequence[Override] = field(default=())


_EVSE = (
    EvseRow.uid,
    EvseRow.evse_id,
    EvseRow.charge_box_id,
    ChargeBoxRow.identity,
    EvseRow.connector_id,
    EvseRow.status,
    EvseRow.error_code,
    EvseRow.error_info,
    EvseRow.vendor_error_code,
    ChargeBoxRow.deleted_at,
    LocationRow.tariff_id,
    EvseRow.status_received_at,
)
_CONNECTOR = (
    ConnectorRow.evse_uid,
    ConnectorRow.id,
    ConnectorRow.standard,
    ConnectorRow.format,
    ConnectorRow.power_type,
    ConnectorRow.max_electric_power_kw,
    ConnectorRow.max_amperage_a,
    ConnectorRow.max_voltage_v,
)


def _evses() -> Select[*tuple[Any, ...]]:
    return (
        select(*_EVSE)
        .join(ChargeBoxRow, ChargeBoxRow.id == EvseRow.charge_box_id)
        .outerjoin(LocationRow, LocationRow.id == ChargeBoxRow.location_id)
    )


async def list(
    database: Database,
    window: Window[tuple[int]],
    *,
    uids: Sequence[int] | None = None,
    charge_box_ids: Sequence[int] | None = None,
) -> Page[Evse, tuple[int]]:
    """Return a page of the EVSEs of charge boxes that are not deleted, by ascending uid."""
    query = _evses().where(ChargeBoxRow.deleted_at.is_(None))
    if uids is not None:
        query = query.where(EvseRow.uid == any_(literal(uids, ARRAY(BigInteger))))
    if charge_box_ids is not None:
        query = query.where(EvseRow.charge_box_id == any_(literal(charge_box_ids, ARRAY(BigInteger))))
    async with database.read() as connection:
        rows = await connection.execute(narrow(query, window, EvseRow.uid))
        return cut(await _with_connectors(connection, rows.all()), window, lambda evse: (evse.uid,))


async def get(database: Database, uid: int) -> Evse:
    """Return an EVSE, also one of a deleted charge box; raises NotFound."""
    async with database.read() as connection:
        return await _get(connection, uid)


async def get_connector(database: Database, uid: int, connector_id: int) -> Evse:
    """Return the EVSE of a connector that can be commanded or changed; raises NotFound for deleted ones as well."""
    async with database.read() as connection:
        return await _get_connector(connection, uid, connector_id)


async def of_charge_boxes(connection: AsyncConnection, ids: Sequence[int]) -> Mapping[int, Sequence[Evse]]:
    """Return the EVSEs of each of these charge boxes, by ascending OCPP connector id."""
    rows = await connection.execute(
        _evses().where(EvseRow.charge_box_id.in_(ids)).order_by(EvseRow.charge_box_id, EvseRow.connector_id)
    )
    grouped: dict[int, Any] = defaultdict(tuple)
    for evse in await _with_connectors(connection, rows.all()):
        grouped[evse.charge_box.id] += (evse,)
    return grouped


async def fit_out(connection: AsyncConnection, box: ChargeBoxKey, connectors: Sequence[ModelConnector]) -> None:
    """
    Give a charge box the EVSEs and connectors of its model.

    Those that exist take the model's data; those that the model does not have stay,
    since the charge box itself has mentioned them.
    """
    for number, connector in enumerate(connectors, start=1):
        uid = await connection.scalar(
            insert(EvseRow)
            .values(charge_box_id=box.id, connector_id=number, evse_id=f"{box.identity}*{number}")
            .on_conflict_do_update(
                index_elements=[EvseRow.charge_box_id, EvseRow.connector_id], set_={"updated_at": func.now()}
            )
            .returning(EvseRow.uid)
        )
        data = {
            "standard": connector.standard.value,
            "format": connector.format.value,
            "power_type": connector.power_type.value,
            "max_electric_power_kw": Decimal(str(connector.max_electric_power_kw)),
            "max_amperage_a": Decimal(connector.max_amperage_a),
            "max_voltage_v": Decimal(connector.max_voltage_v),
        }
        await connection.execute(
            insert(ConnectorRow)
            .values(evse_uid=uid, id=1, **data)
            .on_conflict_do_update(index_elements=[ConnectorRow.evse_uid, ConnectorRow.id], set_=data)
        )


async def change_connector(
    database: Database, uid: int, connector_id: int, changes: Mapping[str, Any], *, actor: str
) -> Evse:
    """
    Change the data of a connector.

    Args:
        database: where.
        uid: its EVSE.
        connector_id: its id within the EVSE.
        changes: new values by the names of `Connector`.
        actor: the name of the API key.

    Returns:
        The whole EVSE.

    Raises:
        NotFound: there is no such EVSE or connector, or its charge box is deleted.
    """
    async with database.write() as connection:
        evse = await _get_connector(connection, uid, connector_id)
        if changes:
            await connection.execute(
                update(ConnectorRow)
                .where(and_(ConnectorRow.evse_uid == evse.uid, ConnectorRow.id == connector_id))
                .values(**changes)
            )
            await connection.execute(update(EvseRow).where(EvseRow.uid == evse.uid).values(updated_at=func.now()))
            data = {"uid": uid, "connectorId": connector_id, "changed": sorted(changes)}
            await events.append(
                connection, "connector.changed", actor=actor, charge_box_id=evse.charge_box.id, data=data
            )
        return await _get(connection, uid)


async def _get(connection: AsyncConnection, uid: int) -> Evse:
    rows = await connection.execute(_evses().where(EvseRow.uid == literal(uid, BigInteger())))
    found = await _with_connectors(connection, rows.all())
    if not found:
        raise NotFound("EVSE", uid)
    return found[0]


async def _get_connector(connection: AsyncConnection, uid: int, connector_id: int) -> Evse:
    evse = await _get(connection, uid)
    if evse.deleted_at is not None:
        raise NotFound("EVSE", uid)
    if all(connector.id != connector_id for connector in evse.connectors):
        raise NotFound("connector", f"{connector_id} of EVSE {uid}")
    return evse


async def _with_connectors(connection: AsyncConnection, rows: Sequence[Row[*tuple[Any, ...]]]) -> Sequence[Evse]:
    if not rows:
        return ()
    found = await connection.execute(
        select(*_CONNECTOR)
        .where(ConnectorRow.evse_uid.in_([row.uid for row in rows]))
        .order_by(ConnectorRow.evse_uid, ConnectorRow.id)
    )
    connectors: dict[int, tuple[Connector, ...]] = defaultdict(tuple)
    for row in found:
        connectors[row.evse_uid] += (Connector(*row[1:]),)
    return [
        Evse(
            uid=row.uid,
            evse_id=row.evse_id,
            charge_box=ChargeBoxKey(row.charge_box_id, row.identity),
            connector_id=row.connector_id,
            status=row.status,
            error_code=row.error_code,
            error_info=row.error_info,
            vendor_error_code=row.vendor_error_code,
            deleted_at=row.deleted_at,
            tariff_id=row.tariff_id,
            reported_at=row.status_received_at,
            connectors=connectors[row.uid],
        )
        for row in rows
    ]
