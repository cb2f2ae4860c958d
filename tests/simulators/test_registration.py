"""BootNotification: accepted, pending, rejected; and the heartbeat that follows."""

from __future__ import annotations

import asyncio

import pytest
from ocpp.v16 import call
from ocpp.v16.enums import RegistrationStatus

from simulators.registration import Standing
from tests.simulators.central_system import CentralSystem, accepted, boot_reply
from tests.simulators.conftest import MakeChargePoint


async def test_the_interval_of_an_accepted_boot_is_the_heartbeat(make: MakeChargePoint, central: CentralSystem) -> None:
    central.boots.append(accepted(1))
    charge_point = await make()
    assert charge_point.configuration["HeartbeatInterval"] == "1"
    await charge_point.wait_for(lambda: charge_point.log.sent_calls["Heartbeat"] >= 2)


async def test_a_new_heartbeat_interval_takes_effect(make: MakeChargePoint, central: CentralSystem) -> None:
    charge_point = await make()
    await central.peers["SIM001"].call(call.ChangeConfiguration(key="HeartbeatInterval", value="1"))
    await charge_point.wait_for(lambda: charge_point.log.sent_calls["Heartbeat"] >= 1)


async def test_while_pending_it_waits_and_answers_but_starts_nothing(
    make: MakeChargePoint, central: CentralSystem
) -> None:
    central.boots.append(boot_reply(RegistrationStatus.pending, 1))
    charge_point = await make(ready=False)
    await charge_point.wait_for(lambda: charge_point.standing is Standing.PENDING)
    peer = central.peers["SIM001"]
    assert (await peer.call(call.GetConfiguration(key=["HeartbeatInterval"]))).configuration_key
    assert (await peer.call(call.RemoteStartTransaction(id_tag="APP", connector_id=1))).status == "Rejected"
    assert [action for action, _ in central.asked["SIM001"]] == ["BootNotification"]
    await peer.call(call.TriggerMessage(requested_message="Heartbeat"))
    await charge_point.wait_for(lambda: charge_point.log.sent_calls["Heartbeat"] == 1)
    await charge_point.wait_for(lambda: charge_point.accepted and charge_point.idle)
    assert charge_point.registration.boots == 2


async def test_a_trigger_ends_the_wait_while_pending(make: MakeChargePoint, central: CentralSystem) -> None:
    central.boots.append(boot_reply(RegistrationStatus.pending, 3600))
    charge_point = await make(ready=False)
    await charge_point.wait_for(lambda: charge_point.standing is Standing.PENDING)
    await central.peers["SIM001"].call(call.TriggerMessage(requested_message="BootNotification"))
    await charge_point.wait_for(lambda: charge_point.accepted)


async def test_while_rejected_it_neither_asks_nor_answers(make: MakeChargePoint, central: CentralSystem) -> None:
    central.boots.append(boot_reply(RegistrationStatus.rejected, 1))
    charge_point = await make(ready=False)
    await charge_point.wait_for(lambda: charge_point.standing is Standing.REJECTED)
    peer = central.peers["SIM001"]
    peer._response_timeout = 0.2
    with pytest.raises(asyncio.TimeoutError):
        await peer.call(call.GetConfiguration())
    assert charge_point.log.oddities["rejected"] == 1
    await charge_point.wait_for(lambda: charge_point.accepted)


async def test_without_an_interval_it_waits_in_its_own_way(make: MakeChargePoint, central: CentralSystem) -> None:
    central.boots.append(boot_reply(RegistrationStatus.rejected, 0))
    charge_point = await make(boot_retry_s=0.05)
    assert charge_point.registration.boots == 2


async def test_a_boot_that_fails_is_repeated(make: MakeChargePoint, central: CentralSystem) -> None:
    central.trouble["BootNotification"].append("InternalError")
    charge_point = await make(boot_retry_s=0.05)
    assert len(central.of("SIM001", "BootNotification")) == 2
    assert charge_point.registration.boots == 1


async def test_a_boot_whose_reply_is_lost_is_repeated_on_the_next_connection(
    make: MakeChargePoint, central: CentralSystem
) -> None:
    central.trouble["BootNotification"].append("lost")
    charge_point = await make()
    assert charge_point.link.connects == 2
    assert len(central.of("SIM001", "BootNotification")) == 2


async def test_a_command_before_the_boot_reply_is_noticed(make: MakeChargePoint, central: CentralSystem) -> None:
    central.trouble["BootNotification"].append(0.3)
    charge_point = await make(ready=False)
    await charge_point.wait_for(lambda: charge_point.log.sent_calls["BootNotification"] == 1)
    await central.peers["SIM001"]._send('[2,"early","ClearCache",{}]')
    await charge_point.wait_for(lambda: charge_point.accepted)
    assert charge_point.log.oddities["early"] == 1


async def test_a_reconnect_is_no_boot_unless_wanted(make: MakeChargePoint, central: CentralSystem) -> None:
    plain = await make("PLAIN")
    booting = await make("BOOTING", boot_on_reconnect=True)
    for charge_point in (plain, booting):
        charge_point.cut(pause_s=0)
        await charge_point.wait_for(
            lambda box=charge_point: box.link.connects == 2 and box.online and box.accepted and box.idle  # type: ignore
        )
    assert (plain.registration.boots, booting.registration.boots) == (1, 2)
