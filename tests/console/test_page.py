"""The page itself: who gets in, what it does when things go wrong, and how it behaves under hands and eyes."""

import asyncio

import asyncpg
import pytest
from playwright.async_api import expect

from csms.domain.roles import ApiRole
from simulators import ChargePoint
from tests.api.conftest import Api
from tests.console.conftest import Open


@pytest.fixture
def key(keys: dict[ApiRole, str]) -> str:
    """The key of an operator."""
    return keys[ApiRole.operator]


async def test_a_key_that_is_not_known_is_refused_and_another_one_lets_in(open_console: Open, key: str) -> None:
    visit = await open_console()
    await visit.page.goto(f"{visit.url}/")
    await visit.page.get_by_label("API key").fill("a guess")
    await visit.page.get_by_role("button", name="Log in").click()
    await expect(visit.page.get_by_role("alert")).to_contain_text("not known here")
    visit.forgive(containing="403 (Forbidden)")

    await visit.page.get_by_label("API key").fill(key)
    await visit.page.get_by_role("button", name="Log in").click()
    await expect(visit.page.locator(".installation")).to_have_text("Ready")
    await visit.page.reload()
    await expect(visit.page.locator(".installation")).to_have_text("Ready")
    await visit.page.get_by_role("button", name="Log out").click()
    await expect(visit.page.get_by_label("API key")).to_be_focused()
    assert await visit.page.evaluate("sessionStorage.length") == 0


async def test_a_key_in_the_address_lets_in_and_is_taken_out_of_it(open_console: Open, key: str) -> None:
    visit = await open_console()
    await visit.page.goto(f"{visit.url}/console#key={key}")
    await expect(visit.page.locator(".installation")).to_have_text("Ready")
    assert visit.page.url == f"{visit.url}/console"
    assert key not in str(await visit.page.evaluate("history.length, location.href"))

    # The same link once more, with a key that has ended: back to the login, with the reason.
    await visit.page.goto(f"{visit.url}/console#key=old")
    await expect(visit.page.get_by_role("alert")).to_contain_text("not known here")
    assert visit.page.url == f"{visit.url}/console"
    visit.forgive(containing="403 (Forbidden)")


async def test_a_lost_network_is_told_and_forgotten_when_it_is_back(
    open_console: Open, charge_box: ChargePoint, key: str
) -> None:
    visit = await open_console(key)
    await visit.page.context.set_offline(True)
    trouble = visit.page.locator(".trouble")
    await expect(trouble).to_contain_text("does not answer")
    await expect(trouble).to_contain_text("Retrying; what you see is of")
    await expect(visit.row("HARBOUR-1")).to_be_visible()
    await visit.page.context.set_offline(False)
    await expect(trouble).to_have_count(0)
    visit.forgive(containing="ERR_INTERNET_DISCONNECTED")


async def test_what_others_wrote_is_text_and_never_markup(open_console: Open, api: Api, key: str) -> None:
    nasty = "<img src=x onerror=alert(1)>"
    location = await api.location(name=f"<script>{nasty}</script>", city="<b>bold</b>")
    await api.charge_box(chargeBoxIdentity=nasty, serialNumber=nasty, locationId=location["id"])
    await api.token("<i>", comment=nasty)
    visit = await open_console(key)
    pane = await visit.open_box(nasty)
    await expect(pane.locator(".detail-facts")).to_contain_text(f"serial {nasty}")
    await expect(visit.row(nasty).locator(".box-place")).to_contain_text(f"<script>{nasty}</script>, <b>bold</b>")
    await pane.get_by_role("button", name="Start …").first.click()
    await expect(visit.page.locator("datalist option")).to_have_attribute("value", "<i>")
    assert await visit.page.locator("#app img, #app script, #app b, #app i").count() == 0


async def test_a_refresh_keeps_focus_text_and_scroll(open_console: Open, sql: asyncpg.Connection, key: str) -> None:
    await sql.execute(
        "INSERT INTO charge_boxes (identity, serial_number, password_required)"
        " SELECT 'BOX-' || n, 'SN', false FROM generate_series(1, 60) AS n"
    )
    visit = await open_console(key)
    await visit.page.get_by_label("Search charge boxes").press_sequentially("box-")
    await visit.page.evaluate("document.querySelector('.box').isTheSame = true; window.scrollTo(0, 300)")
    for _ in range(2):
        async with visit.page.expect_response("**/v2/transactions?*"):
            pass
    search = visit.page.get_by_label("Search charge boxes")
    await expect(search).to_be_focused()
    await expect(search).to_have_value("box-")
    assert await visit.page.evaluate("[document.querySelector('.box').isTheSame, window.scrollY]") == [True, 300]


async def test_of_many_charge_boxes_all_are_counted_found_and_some_shown(
    open_console: Open, sql: asyncpg.Connection, key: str
) -> None:
    await sql.execute(
        "INSERT INTO charge_boxes (identity, serial_number, password_required)"
        " SELECT 'BOX-' || n, 'SN', false FROM generate_series(1, 1234) AS n"
    )
    visit = await open_console(key)
    await expect(visit.page.locator('[data-count="offline"] .tile-number')).to_have_text("1,234")
    await expect(visit.page.locator(".box")).to_have_count(200)
    await expect(visit.page.locator(".list .note")).to_have_text(
        "The first 200 of 1,234 charge boxes; search for others."
    )
    await visit.page.get_by_label("Search charge boxes").fill("box-1199")
    await expect(visit.page.locator(".box")).to_have_count(1)
    # Whoever is on the screen is asked for, whatever page of the list they are on.
    await sql.execute("UPDATE charge_boxes SET serial_number = 'CHANGED' WHERE identity = 'BOX-1199'")
    await visit.page.get_by_label("Search charge boxes").fill("changed")
    await expect(visit.page.locator(".box")).to_have_count(1)
    await visit.page.get_by_role("button", name="Online").click()
    await expect(visit.page.locator(".list .note")).to_contain_text("No charge box matches")


async def test_a_tab_that_nobody_sees_asks_nothing(open_console: Open, key: str) -> None:
    visit = await open_console(key, impatient=False)
    await visit.page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    await asyncio.sleep(0.5)
    before = len(visit.asked)
    await asyncio.sleep(3)
    assert len(visit.asked) == before
    await visit.page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    await asyncio.sleep(0.5)
    assert len(visit.asked) > before


async def test_the_keyboard_alone_is_enough(open_console: Open, charge_box: ChargePoint, key: str) -> None:
    visit = await open_console(key)
    keyboard = visit.page.keyboard
    await keyboard.press("/")
    await keyboard.type("harb")
    link = visit.page.get_by_role("link", name="HARBOUR-1", exact=True)
    while not await link.evaluate("link => link === document.activeElement"):
        await keyboard.press("Tab")
    await keyboard.press("Enter")
    await expect(visit.page.get_by_role("heading", name="HARBOUR-1")).to_be_focused()
    unlock = visit.page.locator(".detail").get_by_role("button", name="Unlock").first
    while not await unlock.evaluate("button => button === document.activeElement"):
        await keyboard.press("Tab")
    await keyboard.press("Enter")
    await expect(visit.page.locator(".answer")).to_have_attribute("data-state", "done")
    await expect(unlock).to_be_focused()
    await keyboard.press("Escape")
    await expect(link).to_be_focused()
    await expect(visit.page.locator(".detail")).to_have_count(0)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
async def test_it_fits_the_screen(
    open_console: Open, api: Api, charge_box: ChargePoint, key: str, width: int, height: int
) -> None:
    await api.token("VAN-246")
    charge_box.plug_in(1)
    await charge_box.present_tag(1, "VAN-246")
    visit = await open_console(key, width=width, height=height)
    await visit.open_box("HARBOUR-1")
    for route in ("#/transactions", "#/knocking", "#/boxes", "#/boxes/1"):
        await visit.page.evaluate("route => { location.hash = route }", route)
        await visit.page.wait_for_timeout(200)
        wide = await visit.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, route
