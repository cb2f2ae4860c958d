"""Voucher groups over the API: what they are, and where they are good."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest

from tests.api.conftest import Api, created
from tests.api.test_app import refusal

TARIFF = {
    "currency": "EUR",
    "elements": [{"priceComponents": [{"type": "ENERGY", "price": 0.25, "stepSize": 1, "vat": 0.2}]}],
}


async def tariff(api: Api) -> str:
    """Create a tariff; returns its id."""
    made: str = created(await api.editor.post("/v2/tariffs", json=TARIFF))["id"]
    return made


async def group(api: Api, name: str = "Guests", **said: Any) -> dict[str, Any]:
    """Create a voucher group; without a tariff if none is said."""
    body = {"name": name, "pricing": {"tariffId": None}}
    return created(await api.editor.post("/v2/voucher-groups", json=body | said))


async def test_a_group_is_shown_as_it_was_made(api: Api) -> None:
    tariff_id = await tariff(api)
    pricing = {"tariffId": tariff_id.upper()}
    made = await group(api, pricing=pricing, customerId=1, notes="Until autumn", deletedAt="2020-01-01T00:00:00Z")
    assert (await api.viewer.get(f"/v2/voucher-groups/{made['id']}")).json() == made
    assert made == {
        "id": made["id"],
        "name": "Guests",
        "pricing": {"tariffId": tariff_id},
        "companyId": 1,
        "customerId": 1,
        "operatorId": 1,
        "notes": "Until autumn",
        "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"],
        "deletedAt": None,
    }


async def test_a_group_without_a_company_is_listed_and_a_deleted_one_is_not(api: Api) -> None:
    ours, theirs, gone = [await group(api, name, customerId=owner) for name, owner in (("A", None), ("B", 1), ("C", 1))]
    await api.editor.delete(f"/v2/voucher-groups/{gone['id']}")
    listed = (await api.viewer.get("/v2/voucher-groups")).json()
    assert listed == {"data": [theirs, ours], "count": 2}
    assert ours["companyId"] is None


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": None}, "name"),
        ({"name": "x" * 31}, "name"),
        ({"pricing": None}, "pricing"),
        ({"pricing": {"tariffId": 5}}, "pricing.tariffId"),
        ({"pricing": {"tariffId": "21c92a17-a793-4abe-b903-90be983d413e"}}, "pricing.tariffId"),
        ({"notes": "x" * 31}, "notes"),
        ({"customerId": 77}, "customerId"),
    ],
)
async def test_what_cannot_be_is_400(api: Api, said: dict[str, Any], field: str) -> None:
    response = await api.editor.post("/v2/voucher-groups", json={"name": "Guests", "pricing": {}} | said)
    assert (response.status_code, [detail["field"] for detail in refusal(response)["details"]]) == (400, [field])
    assert (await api.viewer.get("/v2/voucher-groups")).json()["count"] == 0


async def test_groups_are_filtered_and_sorted(api: Api) -> None:
    beta = await group(api, "Beta", customerId=1)
    await group(api, "Alpha 100%")

    async def names(query: str) -> list[str]:
        return [row["name"] for row in (await api.viewer.get(f"/v2/voucher-groups?{query}")).json()["data"]]

    assert await names("") == ["Alpha 100%", "Beta"]
    assert await names("sortBy=name") == ["Beta", "Alpha 100%"]
    assert await names("sortBy=createdAt&sortDirection=asc") == ["Beta", "Alpha 100%"]
    await api.editor.patch(f"/v2/voucher-groups/{beta['id']}", json={"notes": "x"})
    assert await names("sortBy=updatedAt") == ["Beta", "Alpha 100%"]
    assert await names("search=%25") == ["Alpha 100%"]
    assert await names("customerId=1") == ["Beta"]
    assert await names("limit=1&offset=1") == ["Beta"]


async def test_a_change_changes_what_it_names(api: Api) -> None:
    tariff_id = await tariff(api)
    made = await group(api, notes="Old", customerId=1, pricing={"tariffId": tariff_id})
    url = f"/v2/voucher-groups/{made['id']}"
    renamed = (await api.editor.patch(url, json={"name": "New", "pricing": {}})).json()
    assert renamed.pop("updatedAt") > made.pop("updatedAt")
    assert renamed == made | {"name": "New"}
    cleared = (
        await api.editor.patch(
            url, json={"name": None, "notes": None, "customerId": None, "pricing": {"tariffId": None}}
        )
    ).json()
    assert (cleared["name"], cleared["notes"], cleared["companyId"]) == ("New", None, None)
    assert cleared["pricing"] == {"tariffId": None}
    assert (await api.editor.patch(url, json={})).json() == cleared


async def test_a_tariff_that_a_group_uses_is_not_deleted(api: Api) -> None:
    tariff_id = await tariff(api)
    made = await group(api, pricing={"tariffId": tariff_id})
    assert (await api.editor.delete(f"/v2/tariffs/{tariff_id}")).status_code == 409
    await api.editor.delete(f"/v2/voucher-groups/{made['id']}")
    assert (await api.editor.delete(f"/v2/tariffs/{tariff_id}")).status_code == 204


async def test_locations_are_put_in_and_taken_out(api: Api) -> None:
    url = f"/v2/voucher-groups/{(made := await group(api))['id']}/locations"
    first, second, gone = [(await api.location())["id"] for _ in range(3)]
    added = await api.editor.post(f"{url}/{second}")
    assert added.status_code == 201
    assert added.json() == {
        "voucherGroupId": made["id"],
        "locationId": second,
        "createdAt": added.json()["createdAt"],
    }
    assert (await api.editor.post(f"{url}/{second}")).json() == added.json()
    for location in (first, gone):
        await api.editor.post(f"{url}/{location}")
    await api.editor.delete(f"/v2/locations/{gone}")
    assert (await api.viewer.get(url)).json() == [first, second]
    removed = await api.editor.delete(f"{url}/{first}")
    assert (removed.status_code, removed.content) == (204, b"")
    assert (await api.viewer.get(url)).json() == [second]
    for response in (await api.editor.delete(f"{url}/{first}"), await api.editor.post(f"{url}/{gone}")):
        assert response.status_code == 404


async def test_a_deleted_group_takes_its_vouchers_with_it(api: Api) -> None:
    made = await group(api)
    voucher = created(await api.editor.post("/v2/vouchers", json={"code": "X", "voucherGroupId": made["id"]}))
    deleted = await api.editor.delete(f"/v2/voucher-groups/{made['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await api.viewer.get(f"/v2/vouchers/{voucher['id']}")).status_code == 404


READS: list[Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]] = [
    lambda client, url: client.get(url),
    lambda client, url: client.get(f"{url}/locations"),
]
WRITES: list[Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]] = [
    lambda client, url: client.patch(url, json={"name": "New"}),
    lambda client, url: client.patch(url, json={}),
    lambda client, url: client.delete(url),
    lambda client, url: client.post(f"{url}/locations/1"),
    lambda client, url: client.delete(f"{url}/locations/1"),
]


async def test_a_group_that_does_not_exist_or_is_deleted_is_404(api: Api) -> None:
    await api.location()
    gone = await group(api)
    await api.editor.delete(f"/v2/voucher-groups/{gone['id']}")
    for group_id in (gone["id"], 77, 2**53 - 1):
        for ask in READS + WRITES:
            response = await ask(api.editor, f"/v2/voucher-groups/{group_id}")
            assert response.status_code == 404, response.request.url
            assert f"voucher group {group_id}" in refusal(response)["message"]
    live = await group(api)
    assert (await api.editor.patch(f"/v2/voucher-groups/{live['id']}", json={"customerId": 77})).status_code == 404


async def test_what_is_written_is_in_the_event_log_with_who_did_it(api: Api, sql: asyncpg.Connection) -> None:
    url = f"/v2/voucher-groups/{(await group(api))['id']}"
    location = await api.location()
    await api.editor.patch(url, json={"name": "New"})
    for _ in range(2):
        await api.editor.post(f"{url}/locations/{location['id']}")
    await api.editor.delete(f"{url}/locations/{location['id']}")
    await api.editor.delete(url)
    rows = await sql.fetch("SELECT kind, actor FROM events WHERE kind LIKE 'voucher_group.%' ORDER BY id")
    kinds = ["created", "changed", "location_added", "location_removed", "deleted"]
    assert [(row["kind"], row["actor"]) for row in rows] == [(f"voucher_group.{kind}", "editor") for kind in kinds]
