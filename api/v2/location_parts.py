"""
The parts of a location that have shapes of their own: kinds of place, opening times, directions, energy mix.

They are OCPI 2.3.0's (module Locations), in camelCase; times of the week are local to the place.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from api.shapes import Flag, In, Line, Number
from api.times import Moment


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


class EnergySource(StrEnum):
    """Where the energy comes from (OCPI 2.3.0, EnergySourceCategory)."""

    NUCLEAR = "NUCLEAR"
    GENERAL_FOSSIL = "GENERAL_FOSSIL"
    COAL = "COAL"
    GAS = "GAS"
    GENERAL_GREEN = "GENERAL_GREEN"
    SOLAR = "SOLAR"
    WIND = "WIND"
    WATER = "WATER"


class EnvironImpact(StrEnum):
    """What its making leaves behind (OCPI 2.3.0, EnvironmentalImpactCategory)."""

    NUCLEAR_WASTE = "NUCLEAR_WASTE"
    CARBON_DIOXIDE = "CARBON_DIOXIDE"


class Coordinates(In):
    """WGS 84, in degrees."""

    latitude: Annotated[Number, Field(ge=-90, le=90)]
    longitude: Annotated[Number, Field(ge=-180, le=180)]


class RegularHours(In):
    """Open on one day of the week: 1 is Monday, 7 is Sunday; times are local, `HH:MM`, and may end the next day."""

    weekday: Annotated[int, Field(ge=1, le=7, strict=True)]
    period_begin: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    period_end: Annotated[str, StringConstraints(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]


class ExceptionalPeriod(In):
    """Open or closed once."""

    period_begin: Moment
    period_end: Moment


class OpeningTimes(In):
    """When the place is open. Exceptional closings overrule everything, exceptional openings add to regular hours."""

    twenty_four_seven: Flag = False
    regular_hours: Annotated[list[RegularHours], Field(max_length=100, default_factory=list)]
    exceptional_openings: Annotated[list[ExceptionalPeriod], Field(max_length=100, default_factory=list)]
    exceptional_closings: Annotated[list[ExceptionalPeriod], Field(max_length=100, default_factory=list)]


class Direction(In):
    """How to find the place, in one language."""

    text: Annotated[Line, StringConstraints(min_length=1, max_length=512)]
    language: Annotated[str, StringConstraints(pattern="^[A-Za-z]{2}$", to_lower=True), Field(description="ISO 639-1.")]


_Percentage = Annotated[Number, Field(ge=0, le=100)]


class EnergySourceShare(In):
    """How much of the energy comes from one source, in percent."""

    source: EnergySource
    percentage: _Percentage


class EnvironImpactAmount(In):
    """How much is left behind: g/kWh."""

    category: EnvironImpact
    amount: Annotated[Number, Field(ge=0)]


class EnergyMix(In):
    """Where the energy of the place comes from."""

    is_green_energy: Flag
    energy_sources: Annotated[list[EnergySourceShare], Field(max_length=20, default_factory=list)]
    environ_impact: Annotated[list[EnvironImpactAmount], Field(max_length=20, default_factory=list)]
    supplier_name: Annotated[Line, StringConstraints(max_length=64)] | None = None
    energy_product_name: Annotated[Line, StringConstraints(max_length=64)] | None = None
