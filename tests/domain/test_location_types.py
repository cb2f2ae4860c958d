"""Types of locations and parking types stand for each other."""

from csms.domain.location_types import LOCATION_TYPES, PARKING_TYPES, LocationType


def test_each_type_stands_for_one_parking_type() -> None:
    assert set(PARKING_TYPES) == set(LocationType)
    assert {LOCATION_TYPES[parking]: parking for parking in LOCATION_TYPES} == PARKING_TYPES
    assert len(PARKING_TYPES) == len(LOCATION_TYPES)
