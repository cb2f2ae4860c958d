"""What operators do all night: see charge boxes come and go, start, watch, stop, and hear what they answer."""

from typing import Any

import pytest
from playwright.async_api import expect

from csms.domain.roles import ApiRole
from simulators import ChargePoint
from tests.api.conftest import Api
from tests.console.conftest import Open, PlugIn


@pytest.fixture
def key(keys: dict[ApiRole, str]) -> str:
    """The key of an operator."""
    return keys[ApiRole.operator]


async def test_a_charge_box_comes_changes_and_goes_before_the_eyes(
    open_console: Open, api: Api, plug_in: PlugIn, key: str
) -> None:
    made = await api.charge_box(chargeBoxIdentity="HARBOUR-1")
    visit = await open_console(key)
    row = visit.row("HARBOUR-1")
    await expect(row.locator(".presence")).to_contain_text("never seen")
    await expect(visit.page.locator('[data-count="offline"] .tile-number')).to_have_text("1")

    charge_box = await plug_in(made)
    await expect(row.locator(".presence")).to_have_text("Online")
    await expect(row.locator(".chip-state")).to_have_text(["Available", "Available"])

    charge_box.plug_in(1)
    charge_box.fault(2)
    await expect(row.locator(".chip-state")).to_have_text(["Occupied", "Faulted"])
    await expect(visit.page.locator('[data-count="OUTOFORDER"] .tile-number')).to_have_text("1")

    charge_box.go_offline()
    await expect(row.locator(".presence")).to_contain_text("Offline")


async def test_a_session_is_started_watched_and_stopped(
    open_console: Open, api: Api, charge_box: ChargePoint, key: str
) -> None:
    await api.token("VAN-246", comment="The white one")
    visit = await open_console(key)
    charge_box.plug_in(1)
    pane = await visit.open_box("HARBOUR-1")
    card = pane.locator('[data-evse="HARBOUR-1*1"]')
    await card.get_by_role("button", name="Start …").click()
    await expect(visit.page.locator("datalist option")).to_have_attribute("value", "VAN-246")
    await visit.page.get_by_label("Token").fill("VAN-246")
    await visit.page.keyboard.press("Enter")

    answer = pane.locator(".answer").first
    await expect(answer).to_have_attribute("data-state", "done")
    await expect(answer).to_contain_text("Charge box answered Accepted")
    await expect(card.locator(".badge")).to_have_text("Charging")
    await expect(card.locator(".figure-power .figure-value")).to_have_text("11.0 kW")
    charge_box.limit(1, 5_000)
    await expect(card.locator(".figure-power .figure-value")).to_have_text("5.0 kW")
    await expect(card.locator(".curve")).to_be_visible()
    await expect(card.locator(".figure-soc .figure-value")).to_contain_text("%")
    await expect(visit.row("HARBOUR-1").locator(".live-power")).to_have_text("5.0 kW")

    await card.get_by_role("button", name="Stop").click()
    await expect(answer).to_contain_text("Charge box answered Accepted")
    await expect(card.locator(".running")).to_have_count(0)
    [record] = charge_box.books.transactions
    await visit.page.get_by_role("link", name="Transactions").click()
    ended = visit.page.locator(f'tr[data-transaction="{record.transaction_id}"]')
    await expect(ended).to_contain_text("Ended, Remote")
    await expect(ended).to_contain_text("VAN-246")


async def test_a_running_transaction_is_stopped_from_the_list_of_transactions(
    open_console: Open, api: Api, charge_box: ChargePoint, key: str
) -> None:
    await api.token("VAN-246")
    charge_box.plug_in(2)
    await charge_box.present_tag(2, "VAN-246")
    visit = await open_console(key)
    await visit.page.get_by_role("link", name="Transactions").click()
    await visit.page.get_by_role("button", name="Stop transaction").click()
    await expect(visit.page.locator(".detail .answer")).to_have_attribute("data-state", "done")
    await charge_box.wait_for(lambda: charge_box.connectors[2].transaction is None, timeout_s=5)


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ({"payload": {"status": "UnlockFailed"}}, "Charge box answered UnlockFailed"),
        ({"error": "NotSupported", "description": "no lock"}, "answered UnlockConnector with NotSupported: no lock"),
        ({"silent": True}, "did not answer UnlockConnector within 1.5 s"),
    ],
    ids=["failed", "call error", "timeout"],
)
async def test_a_charge_box_that_does_not_do_it_is_heard_in_its_own_words(
    open_console: Open, charge_box: ChargePoint, key: str, refusal: dict[str, Any], words: str
) -> None:
    charge_box.override("UnlockConnector", **refusal)
    visit = await open_console(key)
    pane = await visit.open_box("HARBOUR-1")
    await pane.get_by_role("button", name="Unlock").first.click()
    await expect(pane.locator(".answer")).to_contain_text(words)
    await expect(pane.locator(".answer")).to_have_attribute("data-state", "no")


async def test_a_refused_start_is_shown_as_refused(open_console: Open, charge_box: ChargePoint, key: str) -> None:
    charge_box.override("RemoteStartTransaction", payload={"status": "Rejected"})
    visit = await open_console(key)
    pane = await visit.open_box("HARBOUR-1")
    await pane.get_by_role("button", name="Start …").first.click()
    await visit.page.get_by_label("Token").fill("NOBODY")
    await visit.page.get_by_role("button", name="Start", exact=True).click()
    answer = pane.locator(".answer")
    await expect(answer).to_contain_text("Start EVSE 1 with NOBODY Charge box answered Rejected")
    await expect(answer).to_have_attribute("data-state", "no")


async def test_a_command_to_an_offline_charge_box_says_that_it_is_not_connected(
    open_console: Open, charge_box: ChargePoint, key: str
) -> None:
    charge_box.go_offline()
    visit = await open_console(key)
    pane = await visit.open_box("HARBOUR-1")
    await expect(pane.locator(".presence")).to_contain_text("Offline")
    await pane.get_by_role("button", name="Unlock").first.click()
    await expect(pane.locator(".answer")).to_contain_text("Charge box is not connected")


async def test_a_connector_is_taken_out_of_service_and_put_back(
    open_console: Open, charge_box: ChargePoint, key: str
) -> None:
    visit = await open_console(key)
    card = (await visit.open_box("HARBOUR-1")).locator('[data-evse="HARBOUR-1*1"]')
    await card.get_by_role("button", name="Out of service").click()
    await expect(card.locator(".badge")).to_have_text("Out of service")
    await card.get_by_role("button", name="In service").click()
    await expect(card.locator(".badge")).to_have_text("Available")


async def test_a_reset_is_sent_when_it_was_confirmed_and_not_before(
    open_console: Open, charge_box: ChargePoint, key: str
) -> None:
    visit = await open_console(key)
    pane = await visit.open_box("HARBOUR-1")
    await pane.get_by_role("button", name="Reset hard").click()
    await visit.page.get_by_role("button", name="Cancel").click()
    assert [path for path in visit.asked if path.endswith("/reset")] == []

    await pane.get_by_role("button", name="Reset hard").click()
    await visit.page.get_by_role("dialog").get_by_role("button", name="Reset hard").click()
    await expect(pane.locator(".answer")).to_contain_text("Hard reset Charge box answered Accepted")


async def test_a_key_without_the_role_is_told_which_one_it_needs(
    open_console: Open, charge_box: ChargePoint, keys: dict[ApiRole, str]
) -> None:
    visit = await open_console(keys[ApiRole.viewer])
    pane = await visit.open_box("HARBOUR-1")
    await pane.get_by_role("button", name="Unlock").first.click()
    await expect(pane.locator(".answer")).to_contain_text("Not sent. Not allowed: this needs the role editor")
    await pane.locator(".journal > summary").click()
    await expect(pane.locator(".journal").get_by_role("alert")).to_contain_text("this needs the role operator")
    visit.forgive(containing="403 (Forbidden)")
