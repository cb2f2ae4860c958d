"""The catalogue that ships, and what its reader makes of a mistake in it."""

import math
import tomllib
from importlib import resources

import pytest

from csms.domain.charge_box_models import (
    CATALOGUE,
    CatalogueError,
    ChargeBoxModel,
    ConnectorFormat,
    ConnectorStandard,
    ModelConnector,
    PowerType,
    find_model,
    parse_catalogue,
)

AC_STANDARDS = {ConnectorStandard.IEC_62196_T2, ConnectorStandard.IEC_62196_T1, ConnectorStandard.GBT_AC}
CONNECTORS = sorted({connector for model in CATALOGUE for connector in model.connectors}, key=str)

CONNECTOR = """
[connector.socket]
standard = "IEC_62196_T2"
format = "SOCKET"
power_type = "AC_3_PHASE"
max_electric_power_kw = 22
max_amperage_a = 32
max_voltage_v = 400
"""
MODEL = """
[[model]]
id = 7
vendor = "Acme"
name = "One"
description = "Wall box"
plug_and_charge_validated = false
firmware_management_validated = false
connectors = ["socket"]
"""


def _name(value: ChargeBoxModel | ModelConnector) -> str:
    if isinstance(value, ChargeBoxModel):
        return f"{value.vendor} {value.name}"
    return f"{value.standard} {value.max_electric_power_kw:g} kW"


def _product_kw(connector: ModelConnector) -> float:
    phases = math.sqrt(3) if connector.power_type is PowerType.AC_3_PHASE else 1
    return phases * connector.max_voltage_v * connector.max_amperage_a / 1000


def test_the_catalogue_is_ordered_by_ids_that_are_positive_and_unique() -> None:
    ids = [model.id for model in CATALOGUE]
    assert ids == sorted(set(ids))
    assert ids[0] > 0


def test_the_catalogue_knows_the_well_known_makers() -> None:
    assert len(CATALOGUE) >= 60
    vendors = {model.vendor for model in CATALOGUE}
    assert {"ABB", "Alfen", "alpitronic", "Easee", "KEBA", "Kempower", "Wallbox", "Zaptec"} <= vendors


def test_every_connector_standard_has_a_model() -> None:
    assert {connector.standard for connector in CONNECTORS} == set(ConnectorStandard)


@pytest.mark.parametrize("connector", CONNECTORS, ids=_name)
def test_a_connector_gives_the_current_that_its_plug_is_made_for(connector: ModelConnector) -> None:
    assert (connector.power_type is not PowerType.DC) == (connector.standard in AC_STANDARDS)


@pytest.mark.parametrize("connector", CONNECTORS, ids=_name)
def test_only_a_type_2_connector_can_be_a_socket(connector: ModelConnector) -> None:
    assert connector.format is ConnectorFormat.CABLE or connector.standard is ConnectorStandard.IEC_62196_T2


@pytest.mark.parametrize("connector", [each for each in CONNECTORS if each.power_type is not PowerType.DC], ids=_name)
def test_the_power_of_an_ac_connector_is_its_voltage_times_its_current(connector: ModelConnector) -> None:
    assert connector.max_electric_power_kw == pytest.approx(_product_kw(connector), rel=0.15)


@pytest.mark.parametrize("connector", [each for each in CONNECTORS if each.power_type is PowerType.DC], ids=_name)
def test_the_power_of_a_dc_connector_is_within_what_its_voltage_and_current_allow(connector: ModelConnector) -> None:
    assert _product_kw(connector) / 4 <= connector.max_electric_power_kw <= _product_kw(connector) * 1.15


def test_no_model_claims_a_validation_that_nobody_made() -> None:
    assert [_name(m) for m in CATALOGUE if m.plug_and_charge_validated or m.firmware_management_validated] == []


def test_every_connector_of_the_file_is_used() -> None:
    file = resources.files("csms.domain").joinpath("charge_box_models.toml")
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    assert {name for model in document["model"] for name in model["connectors"]} == set(document["connector"])


@pytest.mark.parametrize("model", CATALOGUE, ids=_name)
def test_every_model_is_found_by_its_own_name(model: ChargeBoxModel) -> None:
    assert find_model(model.vendor, model.name) is model


@pytest.mark.parametrize("name", ["HYC_300", "hyc_300", "HYC 300", " hyc-300 "])
def test_a_model_is_found_whatever_the_case_and_the_space(name: str) -> None:
    model = find_model("Alpitronic", name)
    assert model is not None
    assert model.name == "HYC_300"


@pytest.mark.parametrize(("vendor", "name"), [("ABB", "HYC_300"), ("alpitronic", "HYC_3000"), ("", "")])
def test_a_model_that_is_not_in_the_catalogue_is_not_guessed(vendor: str, name: str) -> None:
    assert find_model(vendor, name) is None


@pytest.mark.parametrize(
    ("name", "powers_kw"), [("AC 22 kW 2 sockets", [22, 22]), ("DC 150 kW", [150])], ids=["AC", "DC"]
)
def test_the_models_of_the_simulators_are_there(name: str, powers_kw: list[float]) -> None:
    model = find_model("Simulated", name)
    assert model is not None
    assert [connector.max_electric_power_kw for connector in model.connectors] == powers_kw


def test_a_good_catalogue_is_read_in_order_of_ids() -> None:
    other = MODEL.replace("id = 7", "id = 3").replace("One", "Two")
    assert [(model.id, model.name) for model in parse_catalogue(CONNECTOR + MODEL + other)] == [(3, "Two"), (7, "One")]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (CONNECTOR + MODEL.replace("socket", "plug"), r"^model 1 \(Acme One\): there is no connector 'plug'$"),
        (CONNECTOR + MODEL.replace("id = 7", "id = 0"), r"^model 1 \(Acme One\): .*`\$\.id`"),
        (CONNECTOR + MODEL.replace("id = 7", 'id = "7"'), r"^model 1 \(Acme One\): .*`\$\.id`"),
        (CONNECTOR + MODEL.replace('["socket"]', "[]"), r"^model 1 \(Acme One\): .*`\$\.connectors`"),
        (CONNECTOR + MODEL.replace('name = "One"', ""), r"^model 1 \(Acme \?\): .*`name`"),
        (CONNECTOR + MODEL + "colour = 'red'", r"^model 1 \(Acme One\): there is no field 'colour'$"),
        (CONNECTOR.replace("SOCKET", "HOLE") + MODEL, r"^connector 'socket': .*'HOLE'.*`\$\.format`"),
        (CONNECTOR.replace("= 32", "= 0") + MODEL, r"^connector 'socket': .*`\$\.max_amperage_a`"),
        (CONNECTOR + "speed = 1" + MODEL, r"^connector 'socket': there is no field 'speed'$"),
        (CONNECTOR + MODEL + MODEL.replace("One", "Two"), r"^Acme Two: id 7 is taken$"),
        (CONNECTOR + MODEL + MODEL.replace("id = 7", "id = 8").replace("One", "ONE"), r"^Acme ONE: is there twice$"),
    ],
)
def test_a_mistake_is_an_error_that_names_the_entry(text: str, sentence: str) -> None:
    with pytest.raises(CatalogueError, match=sentence):
        parse_catalogue(text)
