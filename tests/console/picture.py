"""
Makes `docs/console.png`: `python -m tests.console.picture`.

A street of simulated charge boxes lives through three quarters of an hour in half a
minute: their meters run faster, and their clocks begin in the past and reach the
present together with us. Then the page is photographed.
"""

import argparse
import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
import uvloop
from playwright.async_api import expect

from api.app import create_app
from csms.domain.roles import ApiRole
from csms.settings import Settings
from csms.store import api_keys, embedded, installation
from csms.store.database import Database
from csms.store.migrate import migrate
from simulators import ChargePoint, Options
from simulators.vehicle import Vehicle
from tests.console.browser import HOW_TO_GET_IT, Visit, chromium, find_chromium

PATH = Path(__file__).parents[2] / "docs" / "console.png"

_PAST = timedelta(minutes=45)
_SPEED = 90  # seconds of the street in one of ours
_STEP_S = 0.05

# How a battery that is warm takes power: steps of (percent full, percent of the most).
_CURVE = (
    *((0, 62), (13, 74), (14, 86), (16, 95), (18, 100), (30, 98), (36, 96), (42, 93), (48, 89), (53, 84), (57, 79)),
    *((61, 73), (65, 68), (69, 63), (73, 57), (77, 51), (80, 46), (84, 39), (88, 31), (92, 22), (96, 12)),
)


@dataclass(frozen=True)
class Car:
    """Who comes to which connector, after how much of the time (0 to 1)."""

    connector: int
    after: float
    tag: str
    soc_percent: float
    battery_wh: int
    max_power_w: float


@dataclass(frozen=True)
class Box:
    """A charge box of the street, its cars, and what has happened to it at the end."""

    identity: str
    place: str
    model_id: int  # of the catalogue
    connectors: int
    power_w: float
    cars: tuple[Car, ...] = ()
    finally_: Callable[[ChargePoint], object] = lambda box: None

    @property
    def options(self) -> dict[str, Any]:
        """How to simulate it."""
        battery = ",SoC" if self.power_w > 50_000 else ""
        return {
            "connectors": self.connectors,
            "max_power_w": self.power_w,
            "time_scale": _SPEED,
            "clock_offset": -_PAST,
            "seed": 7,
            "configuration": {
                "MeterValueSampleInterval": 60,
                "MeterValuesSampledData": f"Energy.Active.Import.Register,Power.Active.Import{battery}",
            },
        }


STREET = (
    Box(
        "DK-HARBOUR-01",
        "Harbour",
        2,
        2,
        22_000,
        (Car(1, 0.05, "04A2C1", 34, 77_000, 11_000), Car(2, 0.5, "09F31B", 61, 58_000, 7_400)),
    ),
    Box(
        "DK-HARBOUR-02",
        "Harbour",
        2,
        2,
        22_000,
        (Car(1, 0.2, "7C20D4", 22, 64_000, 11_000),),
        lambda box: box.fault(2, "GroundFailure"),
    ),
    Box("DK-HARBOUR-03", "Harbour", 2, 2, 22_000, (), lambda box: box.set_operative(1, operative=False)),
    Box(
        "DK-HARBOUR-04",
        "Harbour",
        2,
        2,
        22_000,
        (Car(2, 0.1, "3B8871", 48, 52_000, 7_400),),
        lambda box: box.suspend(2),
    ),
    Box("DK-HARBOUR-05", "Harbour", 2, 2, 22_000, (), ChargePoint.go_offline),
    Box("DK-STATION-11", "Central station", 10, 2, 300_000, (Car(2, 0.45, "51D0AE", 12, 82_000, 174_000),)),
    Box("DK-STATION-12", "Central station", 9, 1, 150_000, (Car(1, 0.6, "E1907F", 27, 79_000, 136_000),)),
    Box("DK-STATION-13", "Central station", 9, 1, 150_000),
)

_PLACES = {"Harbour": "Havnegade 1", "Central station": "Bernstorffsgade 16"}
_STRANGER = "DK-DEPOT-07"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", type=Path, default=PATH, help="where the picture goes (%(default)s)")
    parser.add_argument("--box", default="DK-STATION-11", help="which charge box is open (%(default)s)")
    parser.add_argument("--scheme", default="dark", choices=("dark", "light"))
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=900)
    arguments = parser.parse_args()
    browser = find_chromium()
    if browser is None:
        parser.error(HOW_TO_GET_IT)
    with tempfile.TemporaryDirectory(prefix="csms-picture-", ignore_cleanup_errors=True) as folder:
        server = embedded.start(Path(folder))
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_photograph(server.url, browser, arguments))
        finally:
            server.stop()


async def _photograph(database_url: str, browser: str, arguments: argparse.Namespace) -> None:
    await migrate(database_url)
    async with _served(database_url) as (url, key), _street(url, key) as charge_boxes:
        await _live(charge_boxes)
        async with chromium(browser) as running:
            page = await running.new_page(
                viewport={"width": arguments.width, "height": arguments.height}, color_scheme=arguments.scheme
            )
            visit = Visit(page, url)
            await visit.log_in(key)
            pane = await visit.open_box(arguments.box)
            await expect(pane.locator(".curve")).to_be_visible()
            await pane.get_by_role("button", name="Unlock").first.click()
            await expect(pane.locator(".answer")).to_have_attribute("data-state", "done")
            await pane.locator(".journal > summary").click()
            await expect(pane.locator(".message").first).to_be_visible()
            await page.mouse.move(0, 0)
            arguments.path.parent.mkdir(exist_ok=True)
            await page.screenshot(path=arguments.path)


@contextlib.asynccontextmanager
async def _served(database_url: str) -> AsyncIterator[tuple[str, str]]:
    """A whole process, while this lasts: the URL of its API, and the key of an operator."""
    database = Database(database_url)
    settings = Settings.read(
        database_url=database_url,
        host="127.0.0.1",
        ocpp_port=0,
        log_level="ERROR",
        settle_time_s=0.5,
        meter_value_interval_s=0,
    )
    secret_key = await installation.secret_key(database, settings.secret_key)
    key = await api_keys.create(database, "night shift", ApiRole.operator, secret_key)
    config = uvicorn.Config(create_app(settings, database), host="127.0.0.1", port=0, log_config=None, ws="none")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", key
    finally:
        server.should_exit = True
        await serving
        await database.close()


@contextlib.asynccontextmanager
async def _street(url: str, key: str) -> AsyncIterator[Mapping[Box, ChargePoint]]:
    """The charge boxes of the street, booted, and one that nobody knows."""
    async with (
        httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}) as api,
        contextlib.AsyncExitStack() as stack,
    ):
        places = {
            name: (await _make(api, "locations", _place(name, address)))["id"] for name, address in _PLACES.items()
        }
        for number, car in enumerate(car for box in STREET for car in box.cars):
            token = {"type": "rfid", "uid": car.tag, "label": f"Van {211 + 7 * number}"}
            await _make(api, "tokens", {"identifier": token})
        charge_boxes = {}
        for box in STREET:
            made = await _make(api, "chargeboxes", _charge_box(box, places[box.place]))
            ocpp_url = made["ocppUrl"].rpartition("/")[0]
            options = Options(password=made["ocppPassword"], firmware="2.8.1", **box.options)
            charge_boxes[box] = ChargePoint(ocpp_url, box.identity, options)
            stack.push_async_callback(charge_boxes[box].stop)
            await charge_boxes[box].start(wait_s=10)
        stranger = ChargePoint(ocpp_url, _STRANGER, Options())
        stack.push_async_callback(stranger.stop)
        await stranger.start()
        yield charge_boxes


async def _make(api: httpx.AsyncClient, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
    answer = await api.post(f"/v2/{what}", json=body)
    answer.raise_for_status()
    made: dict[str, Any] = answer.json()
    return made


def _place(name: str, address: str) -> dict[str, Any]:
    return {
        "name": name,
        "address": address,
        "postalCode": "1058",
        "city": "København",
        "countryCode": "DK",
        "coordinates": {"latitude": 55.6761, "longitude": 12.5683},
        "publish": True,
    }


def _charge_box(box: Box, location_id: int) -> dict[str, Any]:
    return {
        "chargeBoxIdentity": box.identity,
        "serialNumber": f"SN-{box.identity[-2:]}-4471",
        "modelId": box.model_id,
        "locationId": location_id,
    }


async def _live(charge_boxes: Mapping[Box, ChargePoint]) -> None:
    """Let the time of the street pass, with the cars that come, up to the present."""
    steps = round(_PAST.total_seconds() / _SPEED / _STEP_S)
    arrivals = [(round(car.after * steps), charge_boxes[box], car) for box in STREET for car in box.cars]
    async with asyncio.TaskGroup() as drivers:
        for step in range(steps):
            for charge_box in charge_boxes.values():
                charge_box.clock.offset = -_PAST * (1 - step / steps)
            for _, charge_box, car in (arrival for arrival in arrivals if arrival[0] == step):
                drivers.create_task(_arrive(charge_box, car))
            await asyncio.sleep(_STEP_S)
    for box, charge_box in charge_boxes.items():
        charge_box.clock.offset = timedelta(0)
        box.finally_(charge_box)


async def _arrive(charge_box: ChargePoint, car: Car) -> None:
    vehicle = Vehicle(soc_percent=car.soc_percent, battery_wh=car.battery_wh, max_power_w=car.max_power_w, curve=_CURVE)
    charge_box.plug_in(car.connector, vehicle)
    await charge_box.present_tag(car.connector, car.tag)


if __name__ == "__main__":
    main()
