"""Charge boxes that knock, or are announced by hand, are let in from the console."""

import pytest
from playwright.async_api import expect

from csms.domain.roles import ApiRole
from simulators import ChargePoint, Options
from tests.api.conftest import Api, Served
from tests.console.conftest import Open, PlugIn


@pytest.fixture
def key(keys: dict[ApiRole, str]) -> str:
    """The key of an operator."""
    return keys[ApiRole.operator]


async def test_a_charge_box_that_knocks_is_admitted_with_the_password_that_is_shown_once(
    open_console: Open, api: Api, served: Served, plug_in: PlugIn, key: str
) -> None:
    location = await api.location(name="Station")
    stranger = ChargePoint(f"ws://127.0.0.1:{served.app.state.reach.ocpp_port}/ocpp", "STATION-7", Options())
    await stranger.start()
    visit = await open_console(key)
    await visit.page.get_by_role("link", name="Knocking").click()
    knock = visit.page.locator('tr[data-identity="STATION-7"]')
    await expect(knock).to_contain_text("not registered here")
    await stranger.stop()

    await knock.get_by_role("button", name="Admit STATION-7").click()
    dialog = visit.page.get_by_role("dialog")
    await dialog.get_by_label("Model").select_option(label="Generic AC 2 sockets")
    await dialog.get_by_label("Location").select_option(label="Station, København")
    await dialog.get_by_role("button", name="Admit").click()
    url = await dialog.get_by_label("URL").input_value()
    password = await dialog.get_by_label("Password").input_value()
    await dialog.get_by_role("button", name="Done").click()
    await expect(visit.page.get_by_text("Nobody knocks.")).to_be_visible()
    await expect(visit.page.get_by_text(password)).to_have_count(0)

    await plug_in({"chargeBoxIdentity": "STATION-7", "ocppUrl": url, "ocppPassword": password})
    await visit.page.get_by_role("link", name="Charge boxes").click()
    await expect(visit.row("STATION-7").locator(".presence")).to_have_text("Online")
    await expect(visit.row("STATION-7").locator(".box-place")).to_contain_text("Station, København")
    [box] = (await api.viewer.get("/v2/chargeboxes")).json()["data"]
    assert (box["locationId"], box["model"]["name"]) == (location["id"], "AC 2 sockets")


async def test_on_a_fresh_installation_the_location_is_made_on_the_way(open_console: Open, api: Api, key: str) -> None:
    await api.charge_box(chargeBoxIdentity="TAKEN", locationId=(await api.location(name="First"))["id"])
    visit = await open_console(key)
    await visit.page.get_by_role("button", name="Add a charge box").click()
    dialog = visit.page.get_by_role("dialog")
    await dialog.get_by_label("Identity").fill("TAKEN")
    await dialog.get_by_label("Serial number").fill("SN-2")
    await dialog.get_by_label("Location").select_option("new")
    place = {"Name": "Depot", "Address": "Gate 4", "Postal code": "2150", "City": "Nordhavn", "Country": "dk"}
    for label, text in (place | {"Latitude": "55.71", "Longitude": "12.6"}).items():
        await dialog.get_by_label(label, exact=True).fill(text)
    await dialog.get_by_role("button", name="Add").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("'TAKEN' already")

    # The refusal does not make a second location at the next try.
    await dialog.get_by_label("Identity").fill("DEPOT-1")
    await dialog.get_by_role("button", name="Add").click()
    await dialog.get_by_role("button", name="Done").click()
    await expect(visit.row("DEPOT-1").locator(".box-place")).to_contain_text("Depot, Nordhavn")
    names = [location["name"] for location in (await api.viewer.get("/v2/locations")).json()["data"]]
    assert names == ["First", "Depot"]
    visit.forgive(containing="409 (Conflict)")
