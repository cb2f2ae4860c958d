"""
`/v2/locations`: places with charge boxes, as drivers and partners are told of them.

The status of an EVSE here is the shared one: a temporary status is shown while it is in
force. `/v2/evses` has the technical status.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AfterValidator, Field, StringConstraints

from api.auth import VIEWER, Editor
from api.deps import Knobs, Store
from api.openapi import answers
from api.paging import Opaque, PageOut, paged
from api.shapes import Flag, Id, Ids, In, Line, Name, Out, Reference
from api.times import Spaced
from api.v2.evses import EXAMPLE as EVSE
from api.v2.evses import EvseOut, show_evse
from api.v2.location_parts import Coordinates, Direction, EnergyMix, Facility, OpeningTimes, ParkingType
from csms.domain import opening_times as hours
from csms.domain.status import shared_status
from csms.domain.time_zones import check_time_zone
from csms.errors import Invalid
from csms.store import customers, locations
from csms.store.evses import Evse
from csms.store.locations import Filter, Location, NewLocation
from csms.store.pages import Window

router = APIRouter(prefix="/v2/locations", tags=["Locations"], dependencies=[VIEWER])

_CURSORS: Opaque[tuple[int]] = Opaque("locations", int)


class PartyOut(Out):
    """Who operates or owns the place."""

    name: str
    website: str | None = None


class LocationOut(Out):
    """A place with its EVSEs; the time zone is that of regular hours and of tariffs."""

    id: int
    name: str
    address: str
    postal_code: str
    city: str
    country_code: str
    party_id: str
    coordinates: Coordinates
    publish: bool
    evses: list[EvseOut]
    operator: PartyOut
    last_updated: Spaced
    allow_priority_charging: bool
    parking_type: ParkingType
    facilities: list[Facility]
    directions: list[Direction]
    opening_times: OpeningTimes | None
    time_zone: str
    owner: PartyOut
    owner_id: int | None
    customer_id: int
    tariff_id: str | None
    billing_reference: str | None
    energy_mix: EnergyMix | None
    help_phone: str | None


def _zone(name: str) -> str:
    try:
        check_time_zone(name)
    except Invalid as error:
        raise ValueError(error.reason) from None
    return name


_PostalCode = Annotated[Line, StringConstraints(min_length=1, max_length=20)]
_CountryCode = Annotated[
    str, StringConstraints(pattern="^[A-Za-z]{2}$", to_upper=True), Field(description="ISO 3166-1 alpha-2.")
]


class _OptionalIn(In):
    """What may be said of a new place and changed of an old one; null is the same as nothing said when it is new."""

    facilities: Annotated[list[Facility], Field(max_length=100)] | None = None
    directions: Annotated[list[Direction], Field(max_length=100)] | None = None
    opening_times: OpeningTimes | None = Field(default=None, description="null: always open.")
    time_zone: Annotated[str, AfterValidator(_zone)] | None = Field(
        default=None, description="IANA name. Default: that of the country if it has one clock, else UTC."
    )
    parking_type: ParkingType | None = Field(default=None, description="Default: ON_STREET.")
    owner_id: Annotated[Reference, Field(ge=0, lt=2**31)] | None = Field(
        default=None, description="Kept and shown; who owns the place is told by customerId."
    )
    customer_id: Reference | None = Field(default=None, description="Default: the operator itself.")
    tariff_id: Annotated[Line, StringConstraints(min_length=1, max_length=64)] | None = None
    legacy_tariff_id: Reference | None = Field(
        default=None, deprecated=True, description="Accepted and not used: tariffs have UUIDs."
    )
    allow_priority_charging: Flag | None = Field(default=None, description="Default: false.")
    billing_reference: Annotated[Line, StringConstraints(max_length=100)] | None = None
    energy_mix: EnergyMix | None = None
    help_phone: Annotated[Line, StringConstraints(min_length=1, max_length=25)] | None = None

    def optional(self) -> dict[str, Any]:
        """The optional facts, by the names of the store; what was not said is its default."""
        if self.opening_times is not None:
            hours.check(_stored(self.opening_times))
        return {
            "facilities": [facility.value for facility in self.facilities or ()],
            "directions": [_stored(direction) for direction in self.directions or ()],
            "opening_times": None if self.opening_times is None else _stored(self.opening_times),
            "time_zone": self.time_zone,
            "parking_type": (self.parking_type or ParkingType.ON_STREET).value,
            "owner_id": self.owner_id,
            "customer_id": customers.OPERATOR if self.customer_id is None else self.customer_id,
            "tariff_id": self.tariff_id,
            "allow_priority_charging": bool(self.allow_priority_charging),
            "billing_reference": self.billing_reference,
            "energy_mix": None if self.energy_mix is None else _stored(self.energy_mix),
            "help_phone": self.help_phone,
        }


def _stored(part: In) -> dict[str, Any]:
    return part.model_dump(mode="json", by_alias=True)


class LocationIn(_OptionalIn):
    """A new place. Without a customer it belongs to the operator itself."""

    name: Name
    address: Name
    postal_code: _PostalCode
    city: Name
    country_code: _CountryCode
    coordinates: Coordinates
    publish: Flag

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
            **self.optional(),
        )


class LocationChangesIn(_OptionalIn):
    """
    What can be changed of a place; what is left out stays.

    null takes an optional fact back to its default; what every place must have cannot be taken away, and stays.
    """

    name: Name | None = None
    address: Name | None = None
    postal_code: _PostalCode | None = None
    city: Name | None = None
    country_code: _CountryCode | None = None
    coordinates: Coordinates | None = None
    publish: Flag | None = None

    def changes(self) -> Mapping[str, Any]:
        """The new values, by the names of the store."""
        needed = {
            "name": self.name,
            "address": self.address,
            "postal_code": self.postal_code,
            "city": self.city,
            "country_code": self.country_code,
            "latitude": self.coordinates and self.coordinates.latitude,
            "longitude": self.coordinates and self.coordinates.longitude,
            "publish": self.publish,
        }
        said = {name: value for name, value in self.optional().items() if name in self.model_fields_set}
        return said | {name: value for name, value in needed.items() if value is not None}


def _show(location: Location, *, party_id: str, now: datetime) -> LocationOut:
    said = location.said
    return LocationOut(
        id=location.id,
        name=said.name,
        address=said.address,
        postal_code=said.postal_code,
        city=said.city,
        country_code=said.country_code,
        party_id=party_id,
        coordinates=Coordinates(latitude=said.latitude, longitude=said.longitude),
        publish=said.publish,
        evses=[_show_evse(evse, now) for evse in location.evses],
        operator=PartyOut(name=location.operator.name),
        last_updated=location.updated_at,
        allow_priority_charging=said.allow_priority_charging,
        parking_type=ParkingType(said.parking_type),
        facilities=[Facility(facility) for facility in said.facilities],
        directions=[Direction.model_validate(direction) for direction in said.directions],
        opening_times=None if said.opening_times is None else OpeningTimes.model_validate(said.opening_times),
        time_zone=said.time_zone or "UTC",
        owner=PartyOut(name=location.customer.name),
        owner_id=said.owner_id,
        customer_id=location.customer.id,
        tariff_id=said.tariff_id,
        billing_reference=said.billing_reference,
        energy_mix=None if said.energy_mix is None else EnergyMix.model_validate(said.energy_mix),
        help_phone=said.help_phone,
    )


def _show_evse(evse: Evse, now: datetime) -> EvseOut:
    return show_evse(evse, shared_status(evse.status, evse.overrides, now=now, deleted=evse.deleted_at is not None))


def _shown(settings: Knobs) -> Callable[[Location], LocationOut]:
    return partial(_show, party_id=settings.party_id, now=datetime.now(UTC))


_Show = Annotated[Callable[[Location], LocationOut], Depends(_shown)]


def _filter(
    ids: Annotated[Ids | None, Query(description="Only these.")] = None,
    customer_ids: Annotated[Ids | None, Query(alias="customerIds", description="Only of these customers.")] = None,
    customer_id: Annotated[
        Id | None, Query(alias="customerId", deprecated=True, description="Only of this customer; use customerIds.")
    ] = None,
    owner_id: Annotated[
        Id | None, Query(alias="ownerId", deprecated=True, description="Only with this ownerId.")
    ] = None,
    tariff_id: Annotated[
        Line | None, Query(alias="tariffId", max_length=64, description="Only with this tariff.")
    ] = None,
    priority: Annotated[
        bool | None, Query(description="true: only those that allow priority charging; false: only the others.")
    ] = None,
) -> Filter:
    """Read what the list is narrowed to; the two spellings of the customer must both hold."""
    if customer_id is not None:
        customer_ids = [customer_id] if customer_ids is None or customer_id in customer_ids else []
    return Filter(ids=ids, customer_ids=customer_ids, owner_id=owner_id, tariff_id=tariff_id, priority=priority)


_EXAMPLE = LocationOut(
    id=1,
    name="Harbour",
    address="Havnegade 1",
    postal_code="1058",
    city="København",
    country_code="DK",
    party_id="CSM",
    coordinates=Coordinates(latitude=55.6761, longitude=12.5683),
    publish=True,
    evses=[EVSE],
    operator=PartyOut(name="Operator"),
    last_updated=datetime(2025, 1, 27, 9, 38, 41, tzinfo=UTC),
    allow_priority_charging=False,
    parking_type=ParkingType.ON_STREET,
    facilities=[Facility.CAFE],
    directions=[Direction(text="Behind the warehouse", language="en")],
    opening_times=OpeningTimes.model_validate(
        {"regularHours": [{"weekday": 1, "periodBegin": "08:00", "periodEnd": "17:00"}]}
    ),
    time_zone="Europe/Copenhagen",
    owner=PartyOut(name="Operator"),
    owner_id=None,
    customer_id=1,
    tariff_id="58652fe8-d840-4aa4-bb4f-3ebd944df9d6",
    billing_reference=None,
    energy_mix=EnergyMix(is_green_energy=True, energy_sources=[], environ_impact=[]),
    help_phone="+4570000000",
)
_PAGE = PageOut[LocationOut](data=[_EXAMPLE], next_page_cursor=None, previous_page_cursor=None)


@router.get("", summary="List locations", responses=answers(_PAGE, 400))
async def list_locations(
    database: Store,
    window: Annotated[Window[tuple[int]], Depends(paged(_CURSORS))],
    wanted: Annotated[Filter, Depends(_filter)],
    show: _Show,
) -> PageOut[LocationOut]:
    """All locations, by ascending id."""
    page = await locations.list(database, window, wanted)
    return await PageOut[LocationOut].of_many(page, _CURSORS, show)


@router.get("/{id}", summary="Get a location", responses=answers(_EXAMPLE, 400, 404))
async def get_location(id: Id, database: Store, show: _Show) -> LocationOut:
    """One location with its EVSEs."""
    return show(await locations.get(database, id))


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Create a location",
    responses=answers(_EXAMPLE, 400, 413, status=201, description="Created"),
)
async def create_location(body: LocationIn, database: Store, key: Editor, show: _Show) -> LocationOut:
    """Create a place, so that charge boxes can be created at it."""
    return show(await locations.create(database, body.new(), actor=key.name))


@router.patch("/{id}", summary="Change a location", responses=answers(_EXAMPLE, 400, 404, 413))
async def change_location(id: Id, body: LocationChangesIn, database: Store, key: Editor, show: _Show) -> LocationOut:
    """Change what is said of a place. A new tariff is for transactions that start from now on."""
    return show(await locations.change(database, id, body.changes(), actor=key.name))


@router.delete(
    "/{id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Delete a location",
    responses=answers(None, 400, 404, 409, status=204, description="Deleted"),
)
async def delete_location(id: Id, database: Store, key: Editor) -> Response:
    """Delete a place softly. It must have no charge boxes any more; its transactions stay."""
    await locations.delete(database, id, actor=key.name)
    return Response(status_code=HTTPStatus.NO_CONTENT)
