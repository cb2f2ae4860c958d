"""The console as it is used: a browser, the whole process behind it, and simulated charge boxes in front."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from simulators import ChargePoint, Options
from tests.api.conftest import Api, Served, api, keys, serve
from tests.console.browser import HOW_TO_GET_IT, Visit, chromium, find_chromium

__all__ = ["api", "keys", "serve"]

PlugIn = Callable[..., Awaitable[ChargePoint]]
Open = Callable[..., Awaitable[Visit]]

# A minute of charging in a second; what is known of the meter is told twice a second.
_LIVELY: dict[str, Any] = {
    "connectors": 2,
    "time_scale": 60,
    "reconnect_min_s": 0.05,
    "reconnect_max_s": 0.2,
    "reboot_s": 0.05,
    "seed": 1,
    "configuration": {
        "MeterValueSampleInterval": 30,
        "MeterValuesSampledData": "Energy.Active.Import.Register,Power.Active.Import,SoC",
    },
}


_IMPATIENT = "setInterval(() => document.dispatchEvent(new Event('visibilitychange')), 250)"


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium; without it the tests of the console are skipped."""
    path = find_chromium()
    if path is None:
        pytest.skip(HOW_TO_GET_IT)
    expect.set_options(timeout=10_000)
    async with chromium(path) as running:
        yield running


@pytest.fixture
async def served(serve: Callable[..., Awaitable[Served]]) -> Served:
    """A process that exchanges configuration soon, and leaves the meter's interval to the charge box."""
    return await serve(call_timeout_s=1.5, settle_time_s=0.1, meter_value_interval_s=0)


@pytest.fixture
async def open_console(browser: Browser, served: Served) -> AsyncIterator[Open]:
    """
    Opens the console in a tab of its own, at night; unless told otherwise as somebody who looks again and again,
    since the page refreshes when it is looked at.

    After the test every visit must have kept to its own host, and the browser must have nothing to complain of.
    """
    visits: list[Visit] = []
    async with AsyncExitStack() as stack:

        async def start(
            key: str | None = None, *, width: int = 1280, height: int = 860, impatient: bool = True
        ) -> Visit:
            context = await browser.new_context(
                viewport={"width": width, "height": height}, color_scheme="dark", reduced_motion="reduce"
            )
            stack.push_async_callback(context.close)
            visit = Visit(await context.new_page(), served.url)
            visit.listen()
            if impatient:
                await visit.page.add_init_script(_IMPATIENT)
            visits.append(visit)
            if key is not None:
                await visit.log_in(key)
            return visit

        yield start
    for visit in visits:
        assert visit.hosts <= {served.url.removeprefix("http://")}
        assert visit.complaints == []


@pytest.fixture
async def plug_in() -> AsyncIterator[PlugIn]:
    """Connects a simulated charge box as the API has made it, and waits until it has booted and said all."""
    async with AsyncExitStack() as stack:

        async def connect(made: Mapping[str, Any], **options: Any) -> ChargePoint:
            chosen = Options(**{**_LIVELY, "password": made["ocppPassword"], **options})
            url = made["ocppUrl"].rpartition("/")[0]
            charge_box = ChargePoint(url, made["chargeBoxIdentity"], chosen)
            stack.push_async_callback(charge_box.stop)
            await charge_box.start(wait_s=10)
            await charge_box.wait_for(lambda: charge_box.idle, timeout_s=10)
            return charge_box

        yield connect


@pytest.fixture
async def charge_box(api: Api, plug_in: PlugIn) -> ChargePoint:
    """The charge box HARBOUR-1, which is online and idle."""
    return await plug_in(await api.charge_box(chargeBoxIdentity="HARBOUR-1"))
