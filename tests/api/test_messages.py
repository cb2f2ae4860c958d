"""The journal over the API."""

from typing import Any

import pytest

from tests.api.charge_box import plugged_in
from tests.api.conftest import Api, eventually
from tests.api.test_app import refusal


async def test_the_journal_is_read_newest_first_page_by_page_and_by_filter(api: Api) -> None:
    box = await api.charge_box()
    url = f"/v2/chargeboxes/{box['id']}/messages"

    async def read(query: str = "") -> list[dict[str, Any]]:
        response = await api.operator.get(f"{url}{query}")
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = response.json()["data"]
        return found

    async with plugged_in(box) as end:
        end.answers["GetConfiguration"] = {}
        await end.call("Heartbeat")
        await api.operator.post(f"/v2/chargeboxes/{box['id']}/commands/GetConfiguration")
    # A boot, two statuses, a heartbeat, a command: each with its reply.
    messages = await eventually(read, lambda found: len(found) == 10)
    assert [message["at"] for message in messages] == sorted((message["at"] for message in messages), reverse=True)
    oldest = messages[-1]
    assert (oldest["direction"], oldest["action"], oldest["uniqueId"]) == ("received", "BootNotification", "c1")
    assert oldest["frame"].startswith('[2, "c1", "BootNotification"')
    assert (messages[1]["direction"], messages[1]["action"]) == ("sent", "GetConfiguration")
    walked: list[dict[str, Any]] = []
    page: dict[str, Any] = {"nextPageCursor": ""}
    while page["nextPageCursor"] is not None:
        page = (await api.operator.get(f"{url}?limit=3&nextPageCursor={page['nextPageCursor']}")).json()
        walked += page["data"]
    assert walked == messages
    assert {message["action"] for message in await read("?action=Heartbeat")} == {"Heartbeat"}
    assert {message["direction"] for message in await read("?direction=sent")} == {"sent"}
    assert await read(f"?from={messages[0]['at']}&action=BootNotification") == []
    assert await read("?to=2020-01-01T00:00:00Z") == []


@pytest.mark.parametrize("query", ["direction=sideways", "from=soon", "limit=0"])
async def test_a_filter_that_cannot_be_is_400(api: Api, query: str) -> None:
    box = await api.charge_box()
    response = await api.operator.get(f"/v2/chargeboxes/{box['id']}/messages?{query}")
    assert (response.status_code, refusal(response)["details"][0]["field"]) == (400, query.partition("=")[0])
