"""`/v2/chargeboxes/{id}/health`: how a charge box has been."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.auth import VIEWER
from api.deps import Boxes, Reach, Store
from api.openapi import answers
from api.shapes import Id, Out
from api.times import Iso
from csms.store import health
from csms.store.health import Deviation, Happening, Health, Vitals

router = APIRouter(prefix="/v2/chargeboxes/{id}/health", tags=["Charge boxes"], dependencies=[VIEWER])


class DeviationOut(Out):
    """One way in which it departs from OCPP's schemas: how often, and the last example."""

    kind: str
    action: str
    path: str
    example: str
    count: int
    first_at: Iso
    last_at: Iso


class ConnectionEventOut(Out):
    """A connect, or a disconnect with its cause."""

    at: Iso
    event: str
    cause: str | None
    duration_s: float | None
    remote_address: str | None


class ConnectorErrorEventOut(Out):
    """A status with an error code. Connector 0 is the charge box itself."""

    at: Iso
    connector_id: int | None
    status: str | None
    error_code: str | None
    info: str | None
    vendor_error_code: str | None


class ConnectionHealthOut(Out):
    """How it comes and goes."""

    is_online: bool
    connected_at: Iso | None
    last_event_at: Iso | None
    last_seen_at: Iso | None
    ping_policy: str
    clock_skew_ms: int | None
    disconnects: dict[str, int]
    events: list[ConnectionEventOut]


class BootOut(Out):
    """What its last BootNotification said."""

    at: Iso
    vendor: str | None
    model: str | None
    firmware_version: str | None
    said: dict[str, Any]


class ConfigurationOut(Out):
    """What the configuration exchange after its last boot found and did."""

    at: Iso | None
    outcome: dict[str, Any]


class HealthOut(Out):
    """The health of one charge box over the last days."""

    charge_box_id: int
    charge_box_identity: str
    days: int
    registration_status: str
    connection: ConnectionHealthOut
    last_boot: BootOut | None
    configuration: ConfigurationOut | None
    firmware_status: str | None
    diagnostics_status: str | None
    deviations: list[DeviationOut]
    last_errors: list[ConnectorErrorEventOut]


def _show(found: Health, days: int, boxes: Reach) -> HealthOut:
    vitals = found.vitals
    return HealthOut(
        charge_box_id=vitals.charge_box_id,
        charge_box_identity=vitals.identity,
        days=days,
        registration_status=vitals.registration_status,
        connection=_connection(found, boxes),
        last_boot=_boot(vitals),
        configuration=_configuration(vitals),
        firmware_status=vitals.firmware_status,
        diagnostics_status=vitals.diagnostics_status,
        deviations=[_deviation(deviation) for deviation in found.deviations],
        last_errors=[_connector_error(event) for event in found.errors],
    )


def _connection(found: Health, boxes: Reach) -> ConnectionHealthOut:
    vitals = found.vitals
    return ConnectionHealthOut(
        is_online=boxes.is_online(vitals.charge_box_id, vitals.node_name),
        connected_at=vitals.connected_at,
        last_event_at=vitals.last_connection_event_at,
        last_seen_at=vitals.last_seen_at,
        ping_policy=vitals.ping_policy,
        clock_skew_ms=vitals.clock_skew_ms,
        disconnects=dict(found.disconnect_causes),
        events=[_connection_event(event) for event in found.connections],
    )


def _boot(vitals: Vitals) -> BootOut | None:
    if vitals.booted_at is None:
        return None
    return BootOut(
        at=vitals.booted_at,
        vendor=vitals.vendor,
        model=vitals.model,
        firmware_version=vitals.firmware_version,
        said=dict(vitals.boot or {}),
    )


def _configuration(vitals: Vitals) -> ConfigurationOut | None:
    if vitals.configuration is None:
        return None
    return ConfigurationOut(at=vitals.configuration_at, outcome=dict(vitals.configuration))


def _deviation(deviation: Deviation) -> DeviationOut:
    return DeviationOut(
        kind=deviation.kind,
        action=deviation.action,
        path=deviation.path,
        example=deviation.example,
        count=deviation.count,
        first_at=deviation.first_at,
        last_at=deviation.last_at,
    )


def _connection_event(event: Happening) -> ConnectionEventOut:
    return ConnectionEventOut(
        at=event.at,
        event=event.kind.rpartition(".")[2],
        cause=event.data.get("cause"),
        duration_s=event.data.get("duration_s"),
        remote_address=event.data.get("remote_address"),
    )


def _connector_error(event: Happening) -> ConnectorErrorEventOut:
    return ConnectorErrorEventOut(
        at=event.at,
        connector_id=event.data.get("connector"),
        status=event.data.get("status"),
        error_code=event.data.get("error_code"),
        info=event.data.get("info"),
        vendor_error_code=event.data.get("vendor_error_code"),
    )


_NOON = datetime(2025, 1, 27, 12, 0, tzinfo=UTC)
_EXAMPLE = HealthOut(
    charge_box_id=42,
    charge_box_identity="CB000042",
    days=7,
    registration_status="Accepted",
    connection=ConnectionHealthOut(
        is_online=True,
        connected_at=_NOON,
        last_event_at=_NOON,
        last_seen_at=_NOON,
        ping_policy="on",
        clock_skew_ms=-1200,
        disconnects={"ping timeout": 2},
        events=[
            ConnectionEventOut(at=_NOON, event="connected", cause=None, duration_s=None, remote_address="192.0.2.7")
        ],
    ),
    last_boot=BootOut(at=_NOON, vendor="Generic", model="AC 2 sockets", firmware_version="1.4.2", said={}),
    configuration=None,
    firmware_status=None,
    diagnostics_status=None,
    deviations=[
        DeviationOut(
            kind="too_long",
            action="BootNotification",
            path="chargePointSerialNumber",
            example="SN-0000000000000000000000001",
            count=3,
            first_at=_NOON,
            last_at=_NOON,
        )
    ],
    last_errors=[],
)


@router.get("", summary="How a charge box has been", responses=answers(_EXAMPLE, 400, 404))
async def get_health(
    id: Id,
    database: Store,
    boxes: Boxes,
    days: Annotated[int, Query(ge=1, le=366, description="How far back connects, disconnects and errors go.")] = 7,
) -> HealthOut:
    """Departures from OCPP, connects and disconnects with their causes, clock, pings, last boot, last errors."""
    return _show(await health.get(database, id, days=days), days, boxes)
