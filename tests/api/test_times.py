"""How moments are written and read."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from api import times

MOMENT = datetime(2025, 6, 3, 12, 0, 0, 123987, tzinfo=UTC)


def test_iso_has_milliseconds_and_a_z() -> None:
    assert times.iso(MOMENT) == "2025-06-03T12:00:00.123Z"
    assert times.iso(MOMENT.astimezone(timezone(timedelta(hours=2)))) == "2025-06-03T12:00:00.123Z"
    assert times.iso(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00.000Z"


def test_the_form_of_charge_boxes_is_spaced_and_utc() -> None:
    assert times.spaced(MOMENT.astimezone(timezone(timedelta(hours=-5)))) == "2025-06-03 12:00:00"


@pytest.mark.parametrize(
    "text",
    [
        "2025-06-03T12:00:00Z",
        "2025-06-03T12:00:00.000Z",
        "2025-06-03T12:00:00",
        "2025-06-03 12:00:00",
        "2025-06-03T14:00:00+02:00",
        "2025-06-03T14:00:00 02:00",
        "2025-06-03T14:00:00+0200",
        " 2025-06-03T12:00:00Z ",
    ],
)
def test_any_iso_8601_is_read_and_one_without_an_offset_is_utc(text: str) -> None:
    assert times.parse(text) == datetime(2025, 6, 3, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "1749000000", 1749000000, None, "0001-01-01T00:00:00+14:00", "2025-13-01"]
)
def test_anything_else_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="ISO 8601"):
        times.parse(text)
