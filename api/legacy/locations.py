"""`/locations` of v1: all places at once, with their charge boxes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from api.auth import VIEWER, Editor
from api.deps import Boxes, Reach, Store
from api.legacy.views import PricePerKwhOut, price_per_kwh, succeeded_by
from api.openapi import answers
from api.shapes import Flag, Id, In, Name, Number, Out
from api.times import Iso
from csms.domain.location_types import LOCATION_TYPES, LocationType
from csms.store import charge_boxes, customers, locations, v1
from csms.store.charge_boxes import ChargeBox, Filter
from csms.store.database import Database
from csms.store.locations import Location
from csms.store.pages import Window
from csms.store.tariffs import Tariff

router = APIRouter(prefix="/locations", tags=["Legacy v1"], dependencies=[VIEWER])

_AT_ONCE = 200


class CoordinateOut(Out):
    """WGS 84, in degrees."""

    lat: float
    lon: float


class LocationChargeBoxOut(Out):
    """A charge box of a location; `evses` are their ids."""

    id: int
    cp_serial_number: str
    cbid: str = Field(serialization_alias="CBID", description="The charge box's identity.")
    first_usage_at: Iso | None
    evses: list[str]


class LegacyLocationOut(Out):
    """A location. `fuseCapacity`, `appUsers` and `orders` belong to Spirii's own systems, and are empty."""

    id: int
    name: str
    street_address: str
    zip_code: str
    city: str
    country: str
    operator_id: int
    company_id: int
    type: LocationType
    is_public: bool
    coordinate: CoordinateOut
    fuse_capacity: float | None
    charge_boxes: list[LocationChargeBoxOut]
    app_users: list[int]
    orders: list[int]
    pricing: PricePerKwhOut | None


class LegacyLocationsOut(Out):
    """All locations."""

    data: list[LegacyLocationOut]


_Latitude = Annotated[Number, Field(ge=-90, le=90)]
_Longitude = Annotated[Number, Field(ge=-180, le=180)]


class LegacyLocationIn(In):
    """What v1 can change of a location; all of it is needed."""

    name: Name
    is_public: Flag
    lat: _Latitude
    lon: _Longitude


class _Surroundings:
    """What is shown with locations, and asked for once for all of them."""

    def __init__(
        self, boxes: Mapping[int, Sequence[ChargeBox]], used: Mapping[int, datetime], tariffs: Mapping[str, Tariff]
    ) -> None:
        self.boxes = boxes
        self.used = used
        self.tariffs = tariffs
        self.now = datetime.now(UTC)


async def _look_around(database: Database, reach: Reach, found: Sequence[Location]) -> _Surroundings:
    boxes: dict[int, list[ChargeBox]] = {}
    wanted = Filter(location_ids=[location.id for location in found])
    window: Window[tuple[int]] | None = Window(_AT_ONCE)
    while window is not None:
        page = await charge_boxes.list(database, window, wanted, reach.presence)
        for box in page.items:
            if box.location_id is not None:
                boxes.setdefault(box.location_id, []).append(box)
        window = None if page.next is None else Window(_AT_ONCE, after=page.next)
    used = await v1.first_used(database, [box.key.id for there in boxes.values() for box in there])
    tariff_ids = {location.said.tariff_id for location in found if location.said.tariff_id is not None}
    return _Surroundings(boxes, used, await v1.tariffs_among(database, sorted(tariff_ids)))


def _show(location: Location, around: _Surroundings) -> LegacyLocationOut:
    said = location.said
    tariff = None if said.tariff_id is None else around.tariffs.get(said.tariff_id)
    return LegacyLocationOut(
        id=location.id,
        name=said.name,
        street_address=said.address,
        zip_code=said.postal_code,
        city=said.city,
        country=said.country_code,
        operator_id=customers.OPERATOR,
        company_id=location.customer.id,
        type=LOCATION_TYPES[said.parking_type],
        is_public=said.publish,
        coordinate=CoordinateOut(lat=said.latitude, lon=said.longitude),
        fuse_capacity=None,
        charge_boxes=[_show_box(box, around) for box in around.boxes.get(location.id, ())],
        app_users=[],
        orders=[],
        pricing=price_per_kwh(tariff, now=around.now, time_zone=said.time_zone or "UTC"),
    )


def _show_box(box: ChargeBox, around: _Surroundings) -> LocationChargeBoxOut:
    return LocationChargeBoxOut(
        id=box.key.id,
        cp_serial_number=box.serial_number,
        cbid=box.key.identity,
        first_usage_at=around.used.get(box.key.id),
        evses=[evse.evse_id for evse in box.evses],
    )


_EXAMPLE = LegacyLocationOut(
    id=42,
    name="Harbour",
    street_address="Havnegade 1",
    zip_code="1058",
    city="København",
    country="DK",
    operator_id=1,
    company_id=1,
    type=LocationType.public_road,
    is_public=True,
    coordinate=CoordinateOut(lat=55.6761, lon=12.5683),
    fuse_capacity=None,
    charge_boxes=[
        LocationChargeBoxOut(
            id=7,
            cp_serial_number="SN-000007",
            cbid="CB000007",
            first_usage_at=datetime(2025, 6, 3, 12, 0, tzinfo=UTC),
            evses=["CB000007*1", "CB000007*2"],
        )
    ],
    app_users=[],
    orders=[],
    pricing=PricePerKwhOut(per_kwh=3.5, currency="DKK", vat=0.25),
)


@router.get(
    "",
    deprecated=True,
    summary="List locations (v1)",
    responses=answers(LegacyLocationsOut(data=[_EXAMPLE])),
    dependencies=[succeeded_by("/v2/locations")],
)
async def list_locations(database: Store, boxes: Boxes) -> LegacyLocationsOut:
    """All locations that are not deleted, by ascending id. v1 has no pages."""
    shown: list[LegacyLocationOut] = []
    window: Window[tuple[int]] | None = Window(_AT_ONCE)
    while window is not None:
        page = await locations.list(database, window)
        around = await _look_around(database, boxes, page.items)
        shown += [_show(location, around) for location in page.items]
        window = None if page.next is None else Window(_AT_ONCE, after=page.next)
    return LegacyLocationsOut(data=shown)


@router.get(
    "/{id}",
    deprecated=True,
    summary="Get a location (v1)",
    responses=answers(_EXAMPLE, 400, 404),
    dependencies=[succeeded_by("/v2/locations/{id}")],
)
async def get_location(id: Id, database: Store, boxes: Boxes) -> LegacyLocationOut:
    """One location that is not deleted."""
    found = await locations.get(database, id)
    return _show(found, await _look_around(database, boxes, [found]))


@router.put(
    "/{id}",
    deprecated=True,
    summary="Change a location (v1)",
    responses=answers(_EXAMPLE, 400, 404, 413),
    dependencies=[succeeded_by("/v2/locations/{id}")],
)
async def change_location(
    id: Id, body: LegacyLocationIn, database: Store, boxes: Boxes, key: Editor
) -> LegacyLocationOut:
    """Change the name of a location, where it is, and whether it is public."""
    changes = {"name": body.name, "publish": body.is_public, "latitude": body.lat, "longitude": body.lon}
    changed = await locations.change(database, id, changes, actor=key.name)
    return _show(changed, await _look_around(database, boxes, [changed]))
