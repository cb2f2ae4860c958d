"""What kind of place a location is, in the older words that transactions and charge records keep."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class LocationType(StrEnum):
    """What kind of place a location is."""

    public_road = "PublicRoad"
    residential = "Residential"
    parking_lot = "ParkingLot"
    parking_lot_indoor = "ParkingLotIndoor"
    parking_lot_underground = "ParkingLotUnderground"
    hotel = "Hotel"


LOCATION_TYPES: Mapping[str, LocationType] = MappingProxyType(
    {
        "ON_STREET": LocationType.public_road,
        "ON_DRIVEWAY": LocationType.residential,
        "PARKING_LOT": LocationType.parking_lot,
        "PARKING_GARAGE": LocationType.parking_lot_indoor,
        "UNDERGROUND_GARAGE": LocationType.parking_lot_underground,
        "OTHER": LocationType.hotel,
    }
)
"""The type of a location, by its parking type."""

PARKING_TYPES: Mapping[LocationType, str] = MappingProxyType(
    {name: parking for parking, name in LOCATION_TYPES.items()}
)
"""The same read backwards: no two parking types share a type."""
