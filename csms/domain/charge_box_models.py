"""
The charge box models that this system knows, with their connectors.

The models are data: `charge_box_models.toml` beside this file, read once at
import. A model gives a new charge box its EVSEs before it ever connects: the
n-th connector of the model is OCPP connector n. To add a model, add an entry there
with a free id; a mistake is an error that names the entry.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from importlib import resources
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

import msgspec

_Positive = msgspec.Meta(gt=0)
_NonEmpty = msgspec.Meta(min_length=1)
_Entry = TypeVar("_Entry")


class ConnectorStandard(StrEnum):
    """The plug, as OCPI names it (module Locations, enum ConnectorType); those that the REST API knows."""

    CHADEMO = "CHADEMO"
    IEC_62196_T2_COMBO = "IEC_62196_T2_COMBO"
    IEC_62196_T2 = "IEC_62196_T2"
    GBT_AC = "GBT_AC"
    GBT_DC = "GBT_DC"
    IEC_62196_T1_COMBO = "IEC_62196_T1_COMBO"
    IEC_62196_T1 = "IEC_62196_T1"


class ConnectorFormat(StrEnum):
    """Whether the driver brings the cable (SOCKET) or finds one (CABLE)."""

    SOCKET = "SOCKET"
    CABLE = "CABLE"


class PowerType(StrEnum):
    """What comes out of the connector."""

    AC_1_PHASE = "AC_1_PHASE"
    AC_3_PHASE = "AC_3_PHASE"
    DC = "DC"


@dataclass(frozen=True)
class ModelConnector:
    """
    One connector of a model.

    The voltage of AC_3_PHASE is between two phases (400 V), so its power is √3·U·I. A DC connector reaches its
    highest current and its highest voltage at different times, so its power is less than their product.
    """

    standard: ConnectorStandard
    format: ConnectorFormat
    power_type: PowerType
    max_electric_power_kw: Annotated[float, _Positive]
    max_amperage_a: Annotated[int, _Positive]
    max_voltage_v: Annotated[int, _Positive]


@dataclass(frozen=True)
class ChargeBoxModel:
    """
    A model of charge box; `connectors[n - 1]` is OCPP connector n.

    The two `…_validated` fields are claims that this system was tested with the model, not that the maker offers it.
    """

    id: Annotated[int, _Positive]
    vendor: Annotated[str, _NonEmpty]
    name: Annotated[str, _NonEmpty]
    description: Annotated[str, _NonEmpty]
    plug_and_charge_validated: bool
    firmware_management_validated: bool
    connectors: Annotated[tuple[ModelConnector, ...], _NonEmpty]


class CatalogueError(ValueError):
    """An entry of the catalogue cannot be; the sentence begins with which one."""

    def __init__(self, entry: str, reason: str) -> None:
        super().__init__(f"{entry}: {reason}")
        self.entry = entry


def parse_catalogue(text: str) -> tuple[ChargeBoxModel, ...]:
    """
    Read a catalogue: tables `[connector.<name>]`, and `[[model]]` entries that list connectors by those names.

    Returns:
        The models by ascending id.

    Raises:
        CatalogueError: an entry misses a field, has one too many or one of the wrong type, names a connector that
            does not exist, or repeats the id or the name of an earlier one.
    """
    document = tomllib.loads(text)
    connectors: dict[str, Mapping[str, Any]] = document.get("connector", {})
    for name, entry in connectors.items():
        _convert(entry, ModelConnector, f"connector {name!r}")
    models = [_model(entry, position, connectors) for position, entry in enumerate(document.get("model", []), start=1)]
    _refuse_repetitions(models)
    return tuple(sorted(models, key=lambda model: model.id))


def _model(entry: Mapping[str, Any], position: int, connectors: Mapping[str, Mapping[str, Any]]) -> ChargeBoxModel:
    label = f"model {position} ({entry.get('vendor', '?')} {entry.get('name', '?')})"
    names = entry.get("connectors", [])
    if unknown := [name for name in names if name not in connectors]:
        raise CatalogueError(label, f"there is no connector {unknown[0]!r}")
    return _convert({**entry, "connectors": [connectors[name] for name in names]}, ChargeBoxModel, label)


def _convert(entry: Mapping[str, Any], kind: type[_Entry], label: str) -> _Entry:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # both kinds are dataclasses
    if extra := sorted(entry.keys() - known):
        raise CatalogueError(label, f"there is no field {extra[0]!r}")
    try:
        return msgspec.convert(entry, kind)
    except msgspec.ValidationError as error:
        raise CatalogueError(label, str(error)) from None


def _refuse_repetitions(models: Sequence[ChargeBoxModel]) -> None:
    ids: set[int] = set()
    keys: set[tuple[str, str]] = set()
    for model in models:
        label = f"{model.vendor} {model.name}"
        if model.id in ids:
            raise CatalogueError(label, f"id {model.id} is taken")
        if (key := _key(model.vendor, model.name)) in keys:
            raise CatalogueError(label, "is there twice")
        ids.add(model.id)
        keys.add(key)


def _key(vendor: str, model: str) -> tuple[str, str]:
    """Fold what makers themselves write differently: case, and space, `_` or `-` between words."""
    return _fold(vendor), _fold(model)


def _fold(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text).strip().casefold()


CATALOGUE: tuple[ChargeBoxModel, ...] = parse_catalogue(
    resources.files(__package__).joinpath("charge_box_models.toml").read_text(encoding="utf-8")
)
"""Every model that ships with the system, by ascending id."""

_BY_KEY: Mapping[tuple[str, str], ChargeBoxModel] = MappingProxyType(
    {_key(model.vendor, model.name): model for model in CATALOGUE}
)


def find_model(vendor: str, model: str) -> ChargeBoxModel | None:
    """
    Find the model that a BootNotification names, or None.

    `chargePointVendor` and `chargePointModel` match without case and without regard to the kind of space between
    words (`hyc 300` is `HYC_300`); nothing is guessed beyond that, since a wrong model shows wrong connectors.
    """
    return _BY_KEY.get(_key(vendor, model))
