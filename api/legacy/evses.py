"""`/evses` of v1: what every EVSE does now, in the words of OCPP."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Path, Query
from ocpp.v16.enums import ChargePointStatus

from api.auth import VIEWER
from api.deps import Boxes, Reach, Store
from api.legacy.views import succeeded_by
from api.openapi import answers
from api.shapes import Id, Line, Out
from csms.store import charge_boxes, v1
from csms.store.charge_boxes import ChargeBox, Filter
from csms.store.database import Database
from csms.store.evses import Evse
from csms.store.pages import Window
from csms.store.v1 import Running

router = APIRouter(prefix="/evses", tags=["Legacy v1"], dependencies=[VIEWER])

_AT_ONCE = 200


class LegacyStatus(StrEnum):
    """OCPP's words, with two of v1's own: Occupied (taken, and not charging) and Offline (cannot be used, or seen)."""

    AVAILABLE = "Available"
    OCCUPIED = "Occupied"
    SUSPENDED_EV = "SuspendedEV"
    OFFLINE = "Offline"
    CHARGING = "Charging"
    FAULTED = "Faulted"
    PREPARING = "Preparing"
    SUSPENDED_EVSE = "SuspendedEVSE"


_OF_OCPP: Mapping[str, LegacyStatus] = MappingProxyType(
    {
        ChargePointStatus.available: LegacyStatus.AVAILABLE,
        ChargePointStatus.preparing: LegacyStatus.PREPARING,
        ChargePointStatus.charging: LegacyStatus.CHARGING,
        ChargePointStatus.suspended_ev: LegacyStatus.SUSPENDED_EV,
        ChargePointStatus.suspended_evse: LegacyStatus.SUSPENDED_EVSE,
        ChargePointStatus.finishing: LegacyStatus.OCCUPIED,
        ChargePointStatus.reserved: LegacyStatus.OCCUPIED,
        # Out of service and not broken: of v1's words the nearest.
        ChargePointStatus.unavailable: LegacyStatus.OFFLINE,
        ChargePointStatus.faulted: LegacyStatus.FAULTED,
    }
)


class EvseLocationOut(Out):
    """Where an EVSE is."""

    id: int
    name: str


class EvseTransactionOut(Out):
    """What runs at an EVSE: seconds so far, power in kW, state of charge in percent."""

    id: int
    duration: int | None
    power: float | None
    state_of_charge: float | None


class LegacyEvseOut(Out):
    """An EVSE; `info` is what its charge box last said to its status."""

    id: str
    location: EvseLocationOut | None
    status: LegacyStatus
    info: str | None
    transaction: EvseTransactionOut | None


class LegacyEvsesOut(Out):
    """All EVSEs."""

    data: list[LegacyEvseOut]


def legacy_status(ocpp_status: str | None, *, is_online: bool) -> LegacyStatus:
    """Say what an EVSE does; of one that cannot be seen v1 does not tell what it did last."""
    if not is_online or ocpp_status is None:
        return LegacyStatus.OFFLINE
    return _OF_OCPP.get(ocpp_status, LegacyStatus.OFFLINE)


async def _show_all(database: Database, reach: Reach, boxes: Sequence[ChargeBox]) -> list[LegacyEvseOut]:
    running = await v1.running(database, [box.key.id for box in boxes])
    names = await v1.location_names(database, sorted({box.location_id for box in boxes if box.location_id is not None}))
    # Between two slices every charge box of this process has its turn.
    await asyncio.sleep(0)
    return [_show(box, evse, reach, names, running) for box in boxes for evse in box.evses]


def _show(
    box: ChargeBox, evse: Evse, reach: Reach, names: Mapping[int, str], running: Mapping[int, Running]
) -> LegacyEvseOut:
    name = None if box.location_id is None else names.get(box.location_id)
    at = None if box.location_id is None or name is None else EvseLocationOut(id=box.location_id, name=name)
    transaction = running.get(evse.uid)
    return LegacyEvseOut(
        id=evse.evse_id,
        location=at,
        status=legacy_status(evse.status, is_online=reach.is_online(box.key.id, box.node_name)),
        info=evse.error_info,
        transaction=None if transaction is None else _show_transaction(transaction),
    )


def _show_transaction(transaction: Running) -> EvseTransactionOut:
    since = transaction.started_at
    return EvseTransactionOut(
        id=transaction.id,
        duration=None if since is None else max(0, round((datetime.now(UTC) - since).total_seconds())),
        power=None if transaction.power_w is None else round(transaction.power_w / 1000, 6),
        state_of_charge=transaction.soc,
    )


_EXAMPLE = LegacyEvseOut(
    id="CB000007*1",
    location=EvseLocationOut(id=42, name="Harbour"),
    status=LegacyStatus.CHARGING,
    info=None,
    transaction=EvseTransactionOut(id=12345678, duration=2040, power=21.9, state_of_charge=72),
)


@router.get(
    "",
    deprecated=True,
    summary="List EVSEs (v1)",
    responses=answers(LegacyEvsesOut(data=[_EXAMPLE]), 400),
    dependencies=[succeeded_by("/v2/evses")],
)
async def list_evses(
    database: Store,
    boxes: Boxes,
    location_id: Annotated[Id | None, Query(alias="locationId", description="Only at this location.")] = None,
) -> LegacyEvsesOut:
    """The EVSEs of all charge boxes that are not deleted. v1 has no pages."""
    wanted = Filter(location_ids=None if location_id is None else [location_id])
    shown: list[LegacyEvseOut] = []
    window: Window[tuple[int]] | None = Window(_AT_ONCE)
    while window is not None:
        page = await charge_boxes.list(database, window, wanted, boxes.presence)
        shown += await _show_all(database, boxes, page.items)
        window = None if page.next is None else Window(_AT_ONCE, after=page.next)
    return LegacyEvsesOut(data=shown)


@router.get(
    "/{id}",
    deprecated=True,
    summary="Get an EVSE (v1)",
    responses=answers(_EXAMPLE, 400, 404),
    dependencies=[succeeded_by("/v2/evses")],
)
async def get_evse(
    id: Annotated[Line, Path(max_length=255, description="The EVSE's id, e.g. CB000007*1.")],
    database: Store,
    boxes: Boxes,
) -> LegacyEvseOut:
    """One EVSE. v2 knows it by its uid."""
    box = await charge_boxes.get(database, await v1.charge_box_of(database, id))
    return next(shown for shown in await _show_all(database, boxes, [box]) if shown.id == id)
