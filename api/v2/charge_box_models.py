"""`/v2/chargeboxes/models`: the models that a charge box can be of."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from api.auth import VIEWER
from api.deps import Store
from api.openapi import answers
from api.paging import Opaque, PageOut, paged
from api.shapes import Out
from api.times import Spaced
from csms.store import charge_box_models
from csms.store.charge_box_models import Model
from csms.store.pages import Window

router = APIRouter(prefix="/v2/chargeboxes/models", tags=["Charge boxes"], dependencies=[VIEWER])

_CURSORS: Opaque[tuple[int]] = Opaque("models", int)


class ChargeBoxModelOut(Out):
    """A model. `…Validated` says that this system was tested with it, not that its maker offers it."""

    id: int
    vendor: str
    name: str
    description: str
    plug_and_charge_validated: bool
    firmware_management_validated: bool
    updated_at: Spaced
    created_at: Spaced


def show_model(model: Model) -> ChargeBoxModelOut:
    """Show a model."""
    return ChargeBoxModelOut(
        id=model.id,
        vendor=model.vendor,
        name=model.name,
        description=model.description,
        plug_and_charge_validated=model.plug_and_charge_validated,
        firmware_management_validated=model.firmware_management_validated,
        updated_at=model.updated_at,
        created_at=model.created_at,
    )


EXAMPLE = ChargeBoxModelOut(
    id=2,
    vendor="Generic",
    name="AC 2 sockets",
    description="Any AC charge box with two Type 2 sockets, 22 kW each",
    plug_and_charge_validated=False,
    firmware_management_validated=False,
    updated_at=datetime(2025, 1, 27, 9, 38, 41, tzinfo=UTC),
    created_at=datetime(2025, 1, 27, 9, 38, 41, tzinfo=UTC),
)
_PAGE = PageOut[ChargeBoxModelOut](data=[EXAMPLE], next_page_cursor=None, previous_page_cursor=None)


@router.get("", summary="List the charge box models", responses=answers(_PAGE, 400))
async def list_models(
    database: Store, window: Annotated[Window[tuple[int]], Depends(paged(_CURSORS))]
) -> PageOut[ChargeBoxModelOut]:
    """Every model that a new charge box can be of, by ascending id. The model gives it its EVSEs and connectors."""
    return PageOut[ChargeBoxModelOut].of(await charge_box_models.list(database, window), _CURSORS, show_model)
