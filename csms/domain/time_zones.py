"""
Time zones of locations, by their IANA names.

Opening times and tariffs are local, so a location has a zone. One that is not told gets
its country's, where the whole country keeps one clock (`time_zones.toml` beside this
file; drawn from the tz database), else UTC: to guess would shift hours unseen.
"""

import tomllib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from zoneinfo import ZoneInfo

from csms.errors import Invalid

_OF_COUNTRY: Mapping[str, str] = MappingProxyType(
    tomllib.loads(resources.files(__package__).joinpath("time_zones.toml").read_text(encoding="utf-8"))
)


def default_time_zone(country_code: str) -> str:
    """Return the zone of a country (ISO 3166-1 alpha-2, upper case), or UTC."""
    return _OF_COUNTRY.get(country_code, "UTC")


def check_time_zone(name: str, *, path: str = "timeZone") -> None:
    """Refuse what is no IANA name of a zone; raises Invalid with the path."""
    try:
        ZoneInfo(name)
    # ZoneInfo looks for a file of this name, and says in its own ways that there is none.
    except (KeyError, ValueError, OSError):
        raise Invalid(path, f"must be an IANA time zone, e.g. Europe/Copenhagen; '{name}' is none") from None
