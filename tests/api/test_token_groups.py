"""Token groups over the API: what they are, and what is in them."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest

from tests.api.conftest import Api, created
from tests.api.test_app import refusal


async def group(api: Api, name: str = "Taxis", **said: Any) -> dict[str, Any]:
    """Create a token group."""
    return created(await api.editor.post("/v2/token-groups", json={"name": name} | said))


async def test_a_group_is_shown_as_it_was_made(api: Api) -> None:
    made = await group(api, "Taxis", customerId=1, disabled=True)
    assert (await api.viewer.get(f"/v2/token-groups/{made['id']}")).json() == made
    assert {name: made[name] for name in ("name", "customerId", "disabled")} == {
        "name": "Taxis",
        "customerId": 1,
        "disabled": True,
    }
    assert made["createdAt"] == made["updatedAt"]


async def test_a_group_is_enabled_and_the_operators_own_unless_said_otherwise(api: Api) -> None:
    made = await group(api)
    assert made["disabled"] is False
    assert "customerId" not in made


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 21}, "name"),
        ({"name": 7}, "name"),
        ({"name": "Taxis", "disabled": "yes"}, "disabled"),
        ({"name": "Taxis", "customerId": "1"}, "customerId"),
        ({"name": "Taxis", "customerId": 77}, "customerId"),
        ([], "body"),
    ],
)
async def test_what_cannot_be_is_400(api: Api, body: Any, field: str) -> None:
    response = await api.editor.post("/v2/token-groups", json=body)
    assert (response.status_code, [detail["field"] for detail in refusal(response)["details"]]) == (400, [field])
    assert (await api.viewer.get("/v2/token-groups")).json() == {"data": [], "count": 0}


async def test_groups_are_listed_filtered_and_sorted(api: Api) -> None:
    taxis = await group(api, "Taxis", customerId=1)
    buses = await group(api, "Buses 100%", disabled=True)
    gone = await group(api, "Taxis of old")
    await api.editor.delete(f"/v2/token-groups/{gone['id']}")

    async def names(**query: Any) -> list[str]:
        answer = (await api.viewer.get("/v2/token-groups", params=query)).json()
        return [row["name"] for row in answer["data"]]

    assert await names() == ["Buses 100%", "Taxis"]
    assert await names(sortDirection="asc") == ["Taxis", "Buses 100%"]
    assert await names(sortBy="name", sortDirection="asc") == ["Buses 100%", "Taxis"]
    await api.editor.patch(f"/v2/token-groups/{taxis['id']}", json={"disabled": False})
    assert await names(sortBy="updatedAt") == ["Taxis", "Buses 100%"]
    assert await names(sortBy="createdAt") == ["Buses 100%", "Taxis"]
    assert await names(search="AXI") == ["Taxis"]
    assert await names(search="%") == ["Buses 100%"]
    assert await names(customerId=1) == ["Taxis"]
    assert await names(customerId=2**53 - 1) == []
    assert await names(disabled="true") == ["Buses 100%"]
    assert await names(disabled="false") == ["Taxis"]
    assert await names(limit=1, offset=1) == ["Taxis"]
    counted = (await api.viewer.get("/v2/token-groups?limit=1")).json()
    assert ([row["id"] for row in counted["data"]], counted["count"]) == ([buses["id"]], 2)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("offset=-1", "offset"),
        ("sortBy=disabled", "sortBy"),
        ("sortDirection=up", "sortDirection"),
        ("customerId=0", "customerId"),
        ("disabled=maybe", "disabled"),
        (f"search={'x' * 51}", "search"),
    ],
)
async def test_a_query_that_cannot_be_is_400(api: Api, query: str, field: str) -> None:
    response = await api.viewer.get(f"/v2/token-groups?{query}")
    assert (response.status_code, [detail["field"] for detail in refusal(response)["details"]]) == (400, [field])


async def test_the_allowed_values_of_an_enum_are_named(api: Api) -> None:
    message = refusal(await api.viewer.get("/v2/token-groups?sortBy=size"))["message"]
    assert all(value in message for value in ("id", "name", "createdAt", "updatedAt"))


async def test_a_change_changes_what_it_names(api: Api) -> None:
    made = await group(api, customerId=1)
    changed = await api.editor.patch(f"/v2/token-groups/{made['id']}", json={"name": "Cabs", "tokens": [1]})
    assert changed.status_code == 200
    assert changed.json() == made | {"name": "Cabs", "updatedAt": changed.json()["updatedAt"]}
    assert changed.json()["updatedAt"] > made["updatedAt"]
    own = (await api.editor.patch(f"/v2/token-groups/{made['id']}", json={"customerId": None, "name": None})).json()
    assert ("customerId" not in own, own["name"]) == (True, "Cabs")
    assert (await api.editor.patch(f"/v2/token-groups/{made['id']}", json={})).json() == own


async def test_a_group_is_disabled_and_enabled(api: Api) -> None:
    made = await group(api)
    for action, disabled in (("disable", True), ("disable", True), ("enable", False)):
        answer = await api.editor.post(f"/v2/token-groups/{made['id']}/{action}")
        assert (answer.status_code, answer.json()["disabled"]) == (200, disabled)
    assert (await api.viewer.get(f"/v2/token-groups/{made['id']}")).json()["disabled"] is False


async def test_tokens_and_locations_are_put_in_and_taken_out(api: Api) -> None:
    made = await group(api)
    for kind, members in (
        ("token", [await api.token("A1"), await api.token("B2")]),
        ("location", [await api.location(), await api.location()]),
    ):
        url = f"/v2/token-groups/{made['id']}/{kind}s"
        first, second = (member["id"] for member in members)
        added = await api.editor.post(f"{url}/{second}")
        assert added.status_code == 201
        assert added.json() == {
            "tokenGroupId": made["id"],
            f"{kind}Id": second,
            "createdAt": added.json()["createdAt"],
        }
        repeated = await api.editor.post(f"{url}/{second}")
        assert (repeated.status_code, repeated.json()) == (201, added.json())
        await api.editor.post(f"{url}/{first}")
        assert (await api.viewer.get(url)).json() == [first, second]
        removed = await api.editor.delete(f"{url}/{first}")
        assert (removed.status_code, removed.content) == (204, b"")
        assert (await api.viewer.get(url)).json() == [second]
        assert (await api.editor.delete(f"{url}/{first}")).status_code == 404


async def test_a_token_names_its_groups(api: Api) -> None:
    token, groups = await api.token("A1"), [await group(api, name) for name in ("One", "Two")]
    for one in reversed(groups):
        await api.editor.post(f"/v2/token-groups/{one['id']}/tokens/{token['id']}")
    ids = [one["id"] for one in groups]
    assert (await api.viewer.get(f"/v2/tokens/{token['id']}")).json()["tokenGroupIds"] == ids
    assert (await api.viewer.get("/v2/tokens")).json()["data"][0]["tokenGroupIds"] == ids
    await api.editor.delete(f"/v2/token-groups/{ids[0]}")
    assert (await api.viewer.get(f"/v2/tokens/{token['id']}")).json()["tokenGroupIds"] == ids[1:]


async def test_a_deleted_token_is_in_no_group(api: Api) -> None:
    made, token = await group(api), await api.token("A1")
    url = f"/v2/token-groups/{made['id']}/tokens"
    await api.editor.post(f"{url}/{token['id']}")
    await api.editor.delete(f"/v2/tokens/{token['id']}")
    assert (await api.viewer.get(url)).json() == []
    assert (await api.editor.post(f"{url}/{token['id']}")).status_code == 404


async def test_a_deleted_group_is_gone_with_its_links(api: Api, sql: asyncpg.Connection) -> None:
    made, token, location = await group(api), await api.token("A1"), await api.location()
    url = f"/v2/token-groups/{made['id']}"
    await api.editor.post(f"{url}/tokens/{token['id']}")
    await api.editor.post(f"{url}/locations/{location['id']}")
    deleted = await api.editor.delete(url)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await api.viewer.get("/v2/token-groups")).json()["count"] == 0
    assert await sql.fetchval("SELECT count(*) FROM token_group_tokens") == 0
    assert await sql.fetchval("SELECT count(*) FROM token_group_locations") == 0


READS: list[Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]] = [
    lambda client, url: client.get(url),
    lambda client, url: client.get(f"{url}/tokens"),
    lambda client, url: client.get(f"{url}/locations"),
]
WRITES: list[Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]] = [
    lambda client, url: client.patch(url, json={"name": "New"}),
    lambda client, url: client.patch(url, json={}),
    lambda client, url: client.post(f"{url}/enable"),
    lambda client, url: client.post(f"{url}/disable"),
    lambda client, url: client.delete(url),
    lambda client, url: client.post(f"{url}/tokens/1"),
    lambda client, url: client.post(f"{url}/locations/1"),
    lambda client, url: client.delete(f"{url}/tokens/1"),
    lambda client, url: client.delete(f"{url}/locations/1"),
]


async def test_a_group_that_does_not_exist_or_is_deleted_is_404(api: Api) -> None:
    await api.token("A1")
    await api.location()
    gone = await group(api)
    await api.editor.delete(f"/v2/token-groups/{gone['id']}")
    for group_id in (gone["id"], 77, 2**53 - 1):
        for ask in READS + WRITES:
            response = await ask(api.editor, f"/v2/token-groups/{group_id}")
            assert response.status_code == 404, response.request.url
            assert f"token group {group_id}" in refusal(response)["message"]


async def test_members_and_customers_that_do_not_exist_are_404(api: Api) -> None:
    made = await group(api)
    url = f"/v2/token-groups/{made['id']}"
    for response in (
        await api.editor.post(f"{url}/tokens/77"),
        await api.editor.post(f"{url}/locations/{2**53 - 1}"),
        await api.editor.delete(f"{url}/tokens/{2**53 - 1}"),
        await api.editor.patch(url, json={"customerId": 77}),
    ):
        assert response.status_code == 404, response.request.url


async def test_a_viewer_sees_groups_and_changes_none(api: Api) -> None:
    url = f"/v2/token-groups/{(await group(api))['id']}"
    for ask in READS:
        assert (await ask(api.viewer, url)).status_code == 200
        assert (await ask(api.nobody, url)).status_code == 403
    for ask in WRITES:
        assert (await ask(api.viewer, url)).status_code == 403
    assert (await api.viewer.post("/v2/token-groups", json={"name": "New"})).status_code == 403


async def test_what_is_written_is_in_the_event_log_with_who_did_it(api: Api, sql: asyncpg.Connection) -> None:
    made, token = await group(api), await api.token("A1")
    url = f"/v2/token-groups/{made['id']}"
    await api.editor.patch(url, json={"name": "Cabs"})
    for _ in range(2):
        await api.editor.post(f"{url}/tokens/{token['id']}")
    await api.editor.delete(f"{url}/tokens/{token['id']}")
    await api.editor.delete(url)
    rows = await sql.fetch("SELECT kind, actor FROM events WHERE kind LIKE 'token_group.%' ORDER BY id")
    kinds = ["created", "changed", "token_added", "token_removed", "deleted"]
    assert [(row["kind"], row["actor"]) for row in rows] == [(f"token_group.{kind}", "editor") for kind in kinds]
