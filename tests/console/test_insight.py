"""What the console tells about a charge box beyond its state: its health, and what was said."""

from datetime import timedelta

import pytest
from playwright.async_api import expect

from csms.domain.roles import ApiRole
from simulators import ChargePoint
from tests.api.conftest import Api, eventually
from tests.console.conftest import Open, PlugIn


@pytest.fixture
def key(keys: dict[ApiRole, str]) -> str:
    """The key of an operator."""
    return keys[ApiRole.operator]


async def test_health_tells_of_deviations_connections_and_configuration(
    open_console: Open, api: Api, plug_in: PlugIn, key: str
) -> None:
    made = await api.charge_box(chargeBoxIdentity="HARBOUR-1")
    charge_box = await plug_in(made, serial="SN-" + "0" * 30, clock_offset=timedelta(minutes=-5))
    charge_box.fault(2, "GroundFailure")
    await eventually(lambda: _configuration(api, made["id"]), lambda found: found is not None)
    charge_box.cut()
    await charge_box.wait_for(lambda: charge_box.online, timeout_s=5)
    visit = await open_console(key)
    pane = await visit.open_box("HARBOUR-1")
    health = pane.locator(".health")
    await expect(health.locator(".summary-text")).to_contain_text("1 deviation")
    await health.locator("summary").click()
    for title, words in {
        "Deviations from OCPP": "chargePointSerialNumber",
        "Connection history": "closed by charge box",
        "Last errors": "GroundFailure",
        "Configuration exchange": "HeartbeatInterval",
    }.items():
        await expect(health.get_by_role("region", name=title)).to_contain_text(words)


async def _configuration(api: Api, charge_box_id: int) -> object:
    return (await api.viewer.get(f"/v2/chargeboxes/{charge_box_id}/health")).json()["configuration"]


async def test_messages_are_opened_and_stay_open_while_new_ones_come(
    open_console: Open, charge_box: ChargePoint, key: str
) -> None:
    visit = await open_console(key)
    pane = await visit.open_box("HARBOUR-1")
    await pane.locator(".journal > summary").click()
    boot = pane.locator(".message", has_text="BootNotification").filter(has_text="call")
    await boot.locator("summary").click()
    await expect(boot.locator("pre")).to_contain_text('"chargePointVendor": "Simulators"')

    charge_box.plug_in(1)
    told = pane.locator(".message", has_text="Preparing")
    await expect(told.locator(".direction")).to_have_attribute("title", "from the charge box")
    await expect(boot.locator("pre")).to_be_visible()
