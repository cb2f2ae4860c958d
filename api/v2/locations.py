"""`/v2/locations`: places with charge boxes."""

from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field, StringConstraints

from api.auth import VIEWER, Editor
from api.deps import Store
from api.openapi import answers
from api.paging import Opaque, PageOut, paged
from api.shapes import Flag, Id, Ids, In, Line, Name, Number, Out, Reference
from api.times import Moment, Spaced
from api.v2.evses import EXAMPLE as EVSE
from api.v2.evses import EvseOut, show_evse
from csms.store import customers, locations
from csms.store.locations import Location, NewLocation
from csms.store.pages import Window

router = APIRouter(prefix="/v2/locations", tags=["Locations"], dependencies=[VIEWER])

_CURSORS: Opaque[tuple[int]] = Opaque("locations", int)


class ParkingType(StrEnum):
    """The kind of place."""

    ON_STREET = "ON_STREET"
    PARKING_GARAGE = "PARKING_GARAGE"
    UNDERGROUND_GARAGE = "UNDERGROUND_GARAGE"
    PARKING_LOT = "PARKING_LOT"
    OTHER = "OTHER"
    ON_DRIVEWAY = "ON_DRIVEWAY"


class Facility(StrEnum):
    """What else there is at the place."""

    HOTEL = "HOTEL"
    RESTAURANT = "RESTAURANT"
    CAFE = "CAFE"
    MALL = "MALL"
    SUPERMARKET = "SUPERMARKET"
    SPORT = "SPORT"
    RECREATION_AREA = "RECREATION_AREA"
    NATURE = "NATURE"
    MUSEUM = "MUSEUM"
    BIKE_SHARING = "BIKE_SHARING"
    BUS_STOP = "BUS_STOP"
    TAXI_STAND = "TAXI_STAND"
    TRAIN_STATION = "TRAIN_STATION"
    METRO_STATION = "METRO_STATION"
    AIRPORT = "AIRPORT"
    PARKING_LOT = "PARKING_LOT"
    CARPOOL_PARKING = "CARPOOL_PARKING"
    FUEL_STATION = "FUEL_STATION"
    WIFI = "WIFI"
    RESTROOM = "RESTROOM"
    SHOWER = "SHOWER"
    CAR_WASH = "CAR_WASH"
    SHOPPING_AREA = "SHOPPING_AREA"
    MEDICAL_CENTER = "MEDICAL_CENTER"
    HOTEL_RESERVATION = "HOTEL_RESERVATION"
    TICKET_SERVICE = "TICKET_SERVICE"
    PUBLIC_TRANSPORT = "PUBLIC_TRANSPORT"


class Coordinates(In):
    """WGS 84, in degrees."""

    latitude: Annotated[Number, Field(ge=-90, le=90)]
    longitude: Annotated[Number, Field(ge=-180, le=180)]


_TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]


class RegularHours(In):
    """Open on one day of the week: 1 is Monday, 7 is Sunday; times are local, `HH:MM`."""

    weekday: Annotated[int, Field(ge=1, le=7, strict=True)]
    period_begin: _TimeOfDay
    period_end: _TimeOfDay


class ExceptionalPeriod(In):
    """Open or closed once."""

    period_begin: Moment
    period_end: Moment


class OpeningTimes(In):
    """When the place is open."""

    twenty_four_seven: Flag = False
    regular_hours: Annotated[list[RegularHours], Field(max_length=100, default_factory=list)]
    exceptional_openings: Annotated[list[ExceptionalPeriod], Field(max_length=100, default_factory=list)]
    exceptional_closings: Annotated[list[ExceptionalPeriod], Field(max_length=100, default_factory=list)]


class PartyOut(Out):
    """Who operates or owns the place."""

    name: str


class LocationOut(Out):
    """A place with its EVSEs."""

    id: int
    name: str
    address: str
    postal_code: str
    city: str
    country_code: str
    coordinates: Coordinates
    publish: bool
    evses: list[EvseOut]
    operator: PartyOut
    last_updated: Spaced
    allow_priority_charging: bool
    parking_type: ParkingType
    facilities: list[Facility]
    opening_times: OpeningTimes | None
    owner: PartyOut
    customer_id: int
    tariff_id: str | None
    billing_reference: str | None


class LocationIn(In):
    """A new place. Without a customer it belongs to the operator itself."""

    name: Name
    address: Name
    postal_code: Annotated[Line, StringConstraints(min_length=1, max_length=20)]
    city: Name
    country_code: Annotated[
        str, StringConstraints(pattern="^[A-Za-z]{2}$", to_upper=True), Field(description="ISO 3166-1 alpha-2.")
    ]
    coordinates: Coordinates
    publish: Flag
    facilities: Annotated[list[Facility], Field(max_length=100, default_factory=list)]
    opening_times: OpeningTimes | None = None
    parking_type: ParkingType = ParkingType.ON_STREET
    customer_id: Reference | None = None
    tariff_id: Annotated[Line, StringConstraints(min_length=1, max_length=64)] | None = None
    allow_priority_charging: Flag = False
    billing_reference: Annotated[Line, StringConstraints(max_length=100)] | None = None

    def new(self) -> NewLocation:
        """What the store is told."""
        return NewLocation(
            name=self.name,
            address=self.address,
            postal_code=self.postal_code,
            city=self.city,
            country_code=self.country_code,
            latitude=self.coordinates.latitude,
            longitude=self.coordinates.longitude,
            publish=self.publish,
            parking_type=self.parking_type.value,
            facilities=[facility.value for facility in self.facilities],
            opening_times=None if self.opening_times is None else self.opening_times.model_dump(by_alias=True),
            tariff_id=self.tariff_id,
            allow_priority_charging=self.allow_priority_charging,
            billing_reference=self.billing_reference,
            customer_id=customers.OPERATOR if self.customer_id is None else self.customer_id,
        )


def _show(location: Location) -> LocationOut:
    said = location.said
    return LocationOut(
        id=location.id,
        name=said.name,
        address=said.address,
        postal_code=said.postal_code,
        city=said.city,
        country_code=said.country_code,
        coordinates=Coordinates(latitude=said.latitude, longitude=said.longitude),
        publish=said.publish,
        evses=[show_evse(evse) for evse in location.evses],
        operator=PartyOut(name=location.operator.name),
        last_updated=location.updated_at,
        allow_priority_charging=said.allow_priority_charging,
        parking_type=ParkingType(said.parking_type),
        facilities=[Facility(facility) for facility in said.facilities],
        opening_times=None if said.opening_times is None else OpeningTimes.model_validate(said.opening_times),
        owner=PartyOut(name=location.customer.name),
        customer_id=location.customer.id,
        tariff_id=said.tariff_id,
        billing_reference=said.billing_reference,
    )


_EXAMPLE = LocationOut(
    id=1,
    name="Harbour",
    address="Havnegade 1",
    postal_code="1058",
    city="København",
    country_code="DK",
    coordinates=Coordinates(latitude=55.6761, longitude=12.5683),
    publish=True,
    evses=[EVSE],
    operator=PartyOut(name="Operator"),
    last_updated=datetime(2025, 1, 27, 9, 38, 41, tzinfo=UTC),
    allow_priority_charging=False,
    parking_type=ParkingType.ON_STREET,
    facilities=[Facility.CAFE],
    opening_times=OpeningTimes.model_validate({"twentyFourSeven": True}),
    owner=PartyOut(name="Operator"),
    customer_id=1,
    tariff_id=None,
    billing_reference=None,
)
_PAGE = PageOut[LocationOut](data=[_EXAMPLE], next_page_cursor=None, previous_page_cursor=None)


@router.get("", summary="List locations", responses=answers(_PAGE, 400))
async def list_locations(
    database: Store,
    window: Annotated[Window[tuple[int]], Depends(paged(_CURSORS))],
    ids: Annotated[Ids | None, Query(description="Only these.")] = None,
    customer_ids: Annotated[Ids | None, Query(alias="customerIds", description="Only of these customers.")] = None,
) -> PageOut[LocationOut]:
    """All locations, by ascending id."""
    page = await locations.list(database, window, ids=ids, customer_ids=customer_ids)
    return PageOut[LocationOut].of(page, _CURSORS, _show)


@router.get("/{id}", summary="Get a location", responses=answers(_EXAMPLE, 400, 404))
async def get_location(id: Id, database: Store) -> LocationOut:
    """One location with its EVSEs."""
    return _show(await locations.get(database, id))


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Create a location",
    responses=answers(_EXAMPLE, 400, 413, status=201, description="Created"),
)
async def create_location(body: LocationIn, database: Store, key: Editor) -> LocationOut:
    """Create a place, so that charge boxes can be created at it."""
    return _show(await locations.create(database, body.new(), actor=key.name))
