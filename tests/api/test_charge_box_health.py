"""How a charge box has been, over the API."""

from typing import Any

import pytest

from tests.api.charge_box import plugged_in
from tests.api.conftest import Api, eventually


async def test_health_tells_how_a_charge_box_comes_and_goes_and_departs(api: Api) -> None:
    box = await api.charge_box()

    async def look() -> dict[str, Any]:
        response = await api.viewer.get(f"/v2/chargeboxes/{box['id']}/health?days=2")
        assert response.status_code == 200, response.text
        health: dict[str, Any] = response.json()
        return health

    before = await look()
    assert (before["lastBoot"], before["deviations"], before["connection"]["events"]) == (None, [], [])
    assert before["connection"]["isOnline"] is False
    async with plugged_in(box) as end:
        await end.report(1, "Faulted", "UnderVoltage", info="L2", vendorErrorCode="99")
        await end.report(1, "Available", info="x" * 80)
        await end.call("FirmwareStatusNotification", status="Downloading")
        online = await eventually(look, lambda health: bool(health["deviations"]))
    health = await eventually(look, lambda health: len(health["connection"]["events"]) == 2)
    assert (online["connection"]["isOnline"], health["connection"]["isOnline"]) == (True, False)
    disconnected, connected = health["connection"]["events"]
    assert (connected["event"], disconnected["event"]) == ("connected", "disconnected")
    assert "127.0.0.1" in connected["remoteAddress"]
    assert disconnected["durationS"] > 0
    assert health["connection"]["disconnects"] == {disconnected["cause"]: 1}
    assert (health["registrationStatus"], health["days"]) == ("Accepted", 2)
    assert health["connection"]["pingPolicy"] in {"on", "observe", "off"}
    assert (health["lastBoot"]["vendor"], health["lastBoot"]["model"]) == ("Generic", "AC 2 sockets")
    assert health["firmwareStatus"] == "Downloading"
    (error,) = health["lastErrors"]
    assert (error["connectorId"], error["errorCode"]) == (1, "UnderVoltage")
    assert (error["info"], error["vendorErrorCode"]) == ("L2", "99")
    (deviation,) = health["deviations"]
    assert (deviation["action"], deviation["count"]) == ("StatusNotification", 1)
    assert "info" in deviation["path"]


@pytest.mark.parametrize("days", ["0", "367", "x"])
async def test_days_that_cannot_be_are_400(api: Api, days: str) -> None:
    box = await api.charge_box()
    assert (await api.viewer.get(f"/v2/chargeboxes/{box['id']}/health?days={days}")).status_code == 400
