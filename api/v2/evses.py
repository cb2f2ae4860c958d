"""`/v2/evses`: what serves one vehicle each, and its connectors."""

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from ocpp.v16.enums import ChargePointErrorCode
from pydantic import Field

from api.auth import VIEWER, Editor
from api.deps import Store
from api.openapi import answers
from api.paging import Opaque, PageOut, paged
from api.shapes import Id, Ids, In, Number, Out, left_out_when_none
from api.times import Spaced
from csms.domain.charge_box_models import ConnectorFormat, ConnectorStandard
from csms.domain.status import EvseStatus, technical_status
from csms.store import evses
from csms.store.evses import Connector, Evse
from csms.store.pages import Window

router = APIRouter(prefix="/v2/evses", tags=["EVSEs"], dependencies=[VIEWER])

ConnectorId = Annotated[Id, Path(alias="connectorId", description="The connector's id within its EVSE.")]

_CURSORS: Opaque[tuple[int]] = Opaque("evses", int)


class ConnectorErrorOut(Out):
    """What the last StatusNotification complained of."""

    error_code: str
    info: str | None = left_out_when_none()
    vendor_error_code: str | None = left_out_when_none()


class ConnectorOut(Out):
    """A plug. Power in kW, current in A, voltage in V; `error` is there only while there is one."""

    id: int
    standard: ConnectorStandard
    format: ConnectorFormat
    power_type: str
    max_electric_power: float
    max_amperage: float
    max_voltage: float
    tariff_ids: list[str]
    error: ConnectorErrorOut | None = left_out_when_none()
    deleted_at: Spaced | None = left_out_when_none()


class EvseOut(Out):
    """
    An EVSE.

    `status` is the last that the charge box reported, also while it is offline. In a location
    it is the shared status: a temporary status is shown instead while it is in force.
    """

    uid: int
    evse_id: str
    chargebox_id: int
    status: EvseStatus
    connectors: list[ConnectorOut]


_Positive = Annotated[Number, Field(gt=0, le=100_000)]


class ConnectorIn(In):
    """What can be changed of a connector; what is left out stays. Power in kW, current in A, voltage in V."""

    standard: ConnectorStandard | None = None
    format: ConnectorFormat | None = None
    max_electric_power: _Positive | None = None
    max_amperage: _Positive | None = None
    max_voltage: _Positive | None = None

    def changes(self) -> dict[str, Any]:
        """The new values, by the names of the store."""
        said = {
            "standard": None if self.standard is None else self.standard.value,
            "format": None if self.format is None else self.format.value,
            "max_electric_power_kw": _decimal(self.max_electric_power),
            "max_amperage_a": _decimal(self.max_amperage),
            "max_voltage_v": _decimal(self.max_voltage),
        }
        return {name: value for name, value in said.items() if value is not None}


def _decimal(number: float | None) -> Decimal | None:
    return None if number is None else Decimal(str(number))


def show_evse(evse: Evse, status: EvseStatus | None = None) -> EvseOut:
    """Show an EVSE in OCPI's words, with this status; without one, with the technical status."""
    return EvseOut(
        uid=evse.uid,
        evse_id=evse.evse_id,
        chargebox_id=evse.charge_box.id,
        status=status or technical_status(evse.status, deleted=evse.deleted_at is not None),
        connectors=[_show_connector(connector, evse) for connector in evse.connectors],
    )


def _show_connector(connector: Connector, evse: Evse) -> ConnectorOut:
    return ConnectorOut(
        id=connector.id,
        standard=ConnectorStandard(connector.standard),
        format=ConnectorFormat(connector.format),
        power_type=connector.power_type,
        max_electric_power=float(connector.max_electric_power_kw),
        max_amperage=float(connector.max_amperage_a),
        max_voltage=float(connector.max_voltage_v),
        tariff_ids=[] if evse.tariff_id is None else [evse.tariff_id],
        error=_show_error(evse),
        deleted_at=evse.deleted_at,
    )


def _show_error(evse: Evse) -> ConnectorErrorOut | None:
    if evse.error_code is None or evse.error_code == ChargePointErrorCode.no_error:
        return None
    return ConnectorErrorOut(error_code=evse.error_code, info=evse.error_info, vendor_error_code=evse.vendor_error_code)


EXAMPLE = EvseOut(
    uid=123456,
    evse_id="CB000042*1",
    chargebox_id=42,
    status=EvseStatus.AVAILABLE,
    connectors=[
        ConnectorOut(
            id=1,
            standard=ConnectorStandard.IEC_62196_T2,
            format=ConnectorFormat.SOCKET,
            power_type="AC_3_PHASE",
            max_electric_power=22,
            max_amperage=32,
            max_voltage=400,
            tariff_ids=[],
        )
    ],
)
_PAGE = PageOut[EvseOut](data=[EXAMPLE], next_page_cursor=None, previous_page_cursor=None)


@router.get("", summary="List EVSEs", responses=answers(_PAGE, 400))
async def list_evses(
    database: Store,
    window: Annotated[Window[tuple[int]], Depends(paged(_CURSORS))],
    uids: Annotated[Ids | None, Query(description="Only these EVSEs.")] = None,
    charge_box_ids: Annotated[
        Ids | None, Query(alias="chargeboxIds", description="Only the EVSEs of these charge boxes.")
    ] = None,
) -> PageOut[EvseOut]:
    """The EVSEs of all charge boxes that are not deleted, by ascending uid."""
    page = await evses.list(database, window, uids=uids, charge_box_ids=charge_box_ids)
    return PageOut[EvseOut].of(page, _CURSORS, show_evse)


@router.get("/{uid}", summary="Get an EVSE", responses=answers(EXAMPLE, 400, 404))
async def get_evse(uid: Id, database: Store) -> EvseOut:
    """One EVSE. Those of a deleted charge box can still be read; their status is REMOVED."""
    return show_evse(await evses.get(database, uid))


@router.patch(
    "/{uid}/connectors/{connectorId}",
    summary="Change a connector's data",
    responses=answers(EXAMPLE, 400, 404),
)
async def change_connector(
    uid: Id, connector_id: ConnectorId, body: ConnectorIn, database: Store, key: Editor
) -> EvseOut:
    """Changes what is said of a connector, not the connector: the charge box is not asked. Answers the whole EVSE."""
    return show_evse(await evses.change_connector(database, uid, connector_id, body.changes(), actor=key.name))
