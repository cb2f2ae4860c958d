"""Configuration keys, over the wire."""

from __future__ import annotations

import pytest
from ocpp.v16 import call

from simulators import ChargePoint
from tests.simulators.central_system import CentralSystem
from tests.simulators.conftest import MakeChargePoint


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("HeartbeatInterval", "60", "Accepted"),
        ("heartbeatinterval", "61", "Accepted"),
        ("HeartbeatInterval", "soon", "Rejected"),
        ("HeartbeatInterval", "-5", "Rejected"),
        ("LocalPreAuthorize", "TRUE", "Accepted"),
        ("LocalPreAuthorize", "perhaps", "Rejected"),
        ("NumberOfConnectors", "9", "Rejected"),
        ("WebSocketPingInterval", "30", "RebootRequired"),
        ("MeterValuesSampledData", "Energy.Active.Import.Register,SoC", "Accepted"),
        ("MeterValuesSampledData", "Energy.Active.Import.Register,Frequency", "Rejected"),
        ("NoSuchKey", "1", "NotSupported"),
    ],
)
async def test_change_configuration_is_answered_as_the_key_allows(
    charge_point: ChargePoint, central: CentralSystem, key: str, value: str, status: str
) -> None:
    before = charge_point.configuration.report([key])
    reply = await central.peers["SIM001"].call(call.ChangeConfiguration(key=key, value=value))
    assert reply.status == status
    if status in ("Accepted", "RebootRequired"):
        assert charge_point.configuration[key] == value
    else:
        assert charge_point.configuration.report([key]) == before


async def test_get_configuration_reports_known_and_unknown_keys(
    charge_point: ChargePoint, central: CentralSystem
) -> None:
    reply = await central.peers["SIM001"].call(call.GetConfiguration(key=["numberofconnectors", "NoSuchKey"]))
    assert reply.configuration_key == [{"key": "NumberOfConnectors", "readonly": True, "value": "2"}]
    assert reply.unknown_key == ["NoSuchKey"]


async def test_get_configuration_without_keys_reports_all_but_the_secret(
    make: MakeChargePoint, central: CentralSystem
) -> None:
    await make(configuration={"Vendor.Own": True})
    reply = await central.peers["SIM001"].call(call.GetConfiguration())
    values = {entry["key"]: entry.get("value") for entry in reply.configuration_key}
    assert values["SupportedFeatureProfiles"] == "Core,RemoteTrigger"
    assert values["Vendor.Own"] == "true"
    assert "AuthorizationKey" not in values


async def test_the_authorization_key_is_never_shown(charge_point: ChargePoint, central: CentralSystem) -> None:
    charge_point.configuration.set("AuthorizationKey", "a secret of sixteen")
    reply = await central.peers["SIM001"].call(call.GetConfiguration(key=["AuthorizationKey"]))
    assert reply.configuration_key == [{"key": "AuthorizationKey", "readonly": False}]


async def test_a_key_can_be_made_readonly(charge_point: ChargePoint, central: CentralSystem) -> None:
    charge_point.configuration.set("MeterValueSampleInterval", 30, readonly=True)
    reply = await central.peers["SIM001"].call(call.ChangeConfiguration(key="MeterValueSampleInterval", value="10"))
    assert reply.status == "Rejected"


async def test_too_many_keys_at_once_are_refused(charge_point: ChargePoint, central: CentralSystem) -> None:
    keys = [f"Key{number}" for number in range(51)]
    assert await central.peers["SIM001"].call(call.GetConfiguration(key=keys)) is None
    assert charge_point.log.last[-1].parts[2] == "OccurenceConstraintViolation"


async def test_the_sampling_interval_takes_effect_in_a_running_transaction(
    make: MakeChargePoint, central: CentralSystem
) -> None:
    charge_point = await make(configuration={"MeterValueSampleInterval": 0})
    charge_point.plug_in(1)
    record = await charge_point.present_tag(1, "TAG1")
    assert record is not None
    await central.peers["SIM001"].call(call.ChangeConfiguration(key="MeterValueSampleInterval", value="10"))
    await charge_point.wait_for(lambda: len(record.meter_values) >= 2)
    assert all(reading.context == "Sample.Periodic" for reading in record.meter_values)
