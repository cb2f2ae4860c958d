"""Time zones: the clock of a country that keeps one, and names that are none."""

import re
import tomllib
from importlib import resources
from zoneinfo import ZoneInfo

import pytest

from csms.domain.time_zones import check_time_zone, default_time_zone
from csms.errors import Invalid

TABLE = tomllib.loads(resources.files("csms.domain").joinpath("time_zones.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("country_code", "zone"),
    [("DK", "Europe/Copenhagen"), ("DE", "Europe/Berlin"), ("GB", "Europe/London"), ("IN", "Asia/Kolkata")],
)
def test_a_country_that_keeps_one_clock_gives_its_zone(country_code: str, zone: str) -> None:
    assert default_time_zone(country_code) == zone


@pytest.mark.parametrize("country_code", ["US", "RU", "PT", "XX"])
def test_a_country_of_several_clocks_and_one_that_is_none_give_utc(country_code: str) -> None:
    assert default_time_zone(country_code) == "UTC"


def test_every_entry_of_the_table_is_a_country_and_a_zone() -> None:
    assert len(TABLE) > 200
    for country_code, zone in TABLE.items():
        assert re.fullmatch("[A-Z]{2}", country_code)
        assert ZoneInfo(zone).key == zone


@pytest.mark.parametrize("name", ["Europe/Copenhagen", "UTC", "America/Argentina/Buenos_Aires"])
def test_an_iana_name_is_accepted(name: str) -> None:
    check_time_zone(name)


@pytest.mark.parametrize("name", ["", "Europe", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "a\0b", "x" * 300])
def test_what_is_no_iana_name_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_time_zone(name)
    assert refused.value.field == "timeZone"
