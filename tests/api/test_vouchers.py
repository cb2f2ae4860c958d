"""Vouchers over the API, and what they change of a session over the wire."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest

from tests.api.charge_box import plugged_in
from tests.api.conftest import Api, created, eventually
from tests.api.test_app import refusal
from tests.api.test_voucher_groups import TARIFF, group, tariff


async def voucher(api: Api, group_id: int | None = None, **said: Any) -> dict[str, Any]:
    """Create a voucher, of a group of its own if none is said."""
    body = {"code": "TT-1", "voucherGroupId": group_id or (await group(api))["id"]}
    return created(await api.editor.post("/v2/vouchers", json=body | said))


async def test_a_voucher_is_shown_as_it_was_made(api: Api) -> None:
    owner = await group(api)
    made = await voucher(api, owner["id"], code="TT-67890", maxUsers=100, expiresAt="2031-06-03T12:00:00+02:00")
    assert (await api.viewer.get(f"/v2/vouchers/{made['id']}")).json() == made
    assert made == {
        "id": made["id"],
        "code": "TT-67890",
        "voucherGroupId": owner["id"],
        "maxUsers": 100,
        "expiresAt": "2031-06-03T10:00:00.000Z",
        "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"],
        "deletedAt": None,
    }


async def test_a_voucher_has_no_limits_unless_they_are_said_and_takes_the_old_name_of_its_group(api: Api) -> None:
    owner = await group(api)
    made = created(await api.editor.post("/v2/vouchers", json={"code": "A", "groupId": owner["id"]}))
    assert (made["voucherGroupId"], made["maxUsers"], made["expiresAt"]) == (owner["id"], None, None)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"code": ""}, "code"),
        ({"code": 5}, "code"),
        ({"voucherGroupId": None}, "voucherGroupId"),
        ({"voucherGroupId": 77}, "voucherGroupId"),
        ({"maxUsers": 0}, "maxUsers"),
        ({"maxUsers": 65536}, "maxUsers"),
        ({"maxUsers": "5"}, "maxUsers"),
        ({"expiresAt": "soon"}, "expiresAt"),
    ],
)
async def test_what_cannot_be_is_400(api: Api, said: dict[str, Any], field: str) -> None:
    body = {"code": "TT-1", "voucherGroupId": (await group(api))["id"]} | said
    response = await api.editor.post("/v2/vouchers", json=body)
    assert (response.status_code, [detail["field"] for detail in refusal(response)["details"]]) == (400, [field])
    assert (await api.viewer.get("/v2/vouchers")).json() == {"data": [], "count": 0}


async def test_a_code_belongs_to_one_voucher_in_whatever_case(api: Api) -> None:
    made = await voucher(api, code="Summer")
    other = await voucher(api, code="Winter")
    body = {"code": "SUMMER", "voucherGroupId": made["voucherGroupId"]}
    for response in (
        await api.editor.post("/v2/vouchers", json=body),
        await api.editor.patch(f"/v2/vouchers/{other['id']}", json={"code": "summer"}),
    ):
        assert response.status_code == 409
        assert "summer" in refusal(response)["message"].lower()
    await api.editor.delete(f"/v2/vouchers/{made['id']}")
    assert created(await api.editor.post("/v2/vouchers", json=body))["id"] > other["id"]


async def test_vouchers_are_listed_filtered_and_sorted(api: Api) -> None:
    first, second = [(await group(api))["id"] for _ in range(2)]
    a = await voucher(api, first, code="A", expiresAt="2031-01-01T00:00:00Z")
    b = await voucher(api, second, code="B", expiresAt="2030-01-01T00:00:00Z")
    c = await voucher(api, second, code="C")
    gone = await voucher(api, second, code="D")
    await api.editor.delete(f"/v2/vouchers/{gone['id']}")

    async def codes(**query: Any) -> list[str]:
        return [row["code"] for row in (await api.viewer.get("/v2/vouchers", params=query)).json()["data"]]

    assert (await api.viewer.get("/v2/vouchers")).json() == {"data": [c, b, a], "count": 3}
    assert await codes(groupId=second) == await codes(voucherGroupId=second) == ["C", "B"]
    assert await codes(code="b") == ["B"]
    assert await codes(code="") == []
    assert await codes(updatedAfter=b["updatedAt"]) == ["C", "B"]  # it is shown to the millisecond only
    assert await codes(updatedAfter="2100-01-01T00:00:00Z") == []
    assert await codes(sortBy="code", sortDirection="asc") == ["A", "B", "C"]
    assert await codes(sortBy="expiresAt", sortDirection="asc") == ["B", "A", "C"]
    await api.editor.patch(f"/v2/vouchers/{a['id']}", json={"maxUsers": 5})
    assert await codes(sortBy="updatedAt") == ["A", "C", "B"]
    assert await codes(sortBy="createdAt", limit=1, offset=1) == ["B"]


@pytest.mark.parametrize(
    ("query", "field"),
    [("sortBy=maxUsers", "sortBy"), ("groupId=x", "groupId"), ("updatedAfter=x", "updatedAfter"), ("limit=0", "limit")],
)
async def test_a_query_that_cannot_be_is_400(api: Api, query: str, field: str) -> None:
    response = await api.viewer.get(f"/v2/vouchers?{query}")
    assert (response.status_code, [detail["field"] for detail in refusal(response)["details"]]) == (400, [field])


async def test_a_change_changes_what_it_names(api: Api) -> None:
    made = await voucher(api, maxUsers=5, expiresAt="2031-01-01T00:00:00Z")
    url, other = f"/v2/vouchers/{made['id']}", await group(api)
    changed = (await api.editor.patch(url, json={"code": "New", "voucherGroupId": other["id"]})).json()
    assert changed.pop("updatedAt") > made.pop("updatedAt")
    assert changed == made | {"code": "New", "voucherGroupId": other["id"]}
    body = {"code": None, "voucherGroupId": None, "maxUsers": None, "expiresAt": None}
    cleared = (await api.editor.patch(url, json=body)).json()
    assert (cleared["code"], cleared["maxUsers"], cleared["expiresAt"]) == ("New", None, None)
    assert (await api.editor.patch(url, json={})).json() == cleared
    assert (await api.editor.patch(url, json={"groupId": 77})).status_code == 400


async def test_tokens_and_app_users_are_given_a_voucher_and_have_it_taken(api: Api) -> None:
    made = await voucher(api)
    tokens = [(await api.token(uid))["id"] for uid in ("A1", "B2")]
    for kind, column, (first, second) in (("tokens", "idTagId", tokens), ("app-users", "customerId", [777, 2**40])):
        url = f"/v2/vouchers/{made['id']}/{kind}"
        added = await api.editor.post(f"{url}/{second}")
        assert added.status_code == 201
        expected = {"voucherId": made["id"], "idTagId": None, "customerId": None, column: second}
        assert {name: value for name, value in added.json().items() if name not in ("id", "createdAt")} == expected
        assert (await api.editor.post(f"{url}/{second}")).json() == added.json()
        await api.editor.post(f"{url}/{first}")
        assert (await api.viewer.get(url)).json() == [first, second]
        removed = await api.editor.delete(f"{url}/{first}")
        assert (removed.status_code, removed.content) == (204, b"")
        assert (await api.viewer.get(url)).json() == [second]
        assert (await api.editor.delete(f"{url}/{first}")).status_code == 404


async def test_a_voucher_has_no_more_users_than_it_may(api: Api) -> None:
    made = await voucher(api, maxUsers=2)
    url = f"/v2/vouchers/{made['id']}"
    token = await api.token("A1")
    links = [f"tokens/{token['id']}", *(f"app-users/{number}" for number in range(5))]
    statuses = await asyncio.gather(*(api.editor.post(f"{url}/{link}") for link in links))
    assert sorted(response.status_code for response in statuses) == [201, 201, 409, 409, 409, 409]
    linked = [link for link, response in zip(links, statuses, strict=True) if response.status_code == 201]
    assert (await api.editor.post(f"{url}/{linked[0]}")).status_code == 201
    await api.editor.delete(f"{url}/{linked[0]}")
    assert (await api.editor.post(f"{url}/app-users/99")).status_code == 201


async def test_a_deleted_token_has_no_voucher(api: Api) -> None:
    made, token = await voucher(api, maxUsers=1), await api.token("A1")
    url = f"/v2/vouchers/{made['id']}"
    await api.editor.post(f"{url}/tokens/{token['id']}")
    await api.editor.delete(f"/v2/tokens/{token['id']}")
    assert (await api.viewer.get(f"{url}/tokens")).json() == []
    assert (await api.editor.post(f"{url}/tokens/{token['id']}")).status_code == 404
    assert (await api.editor.post(f"{url}/app-users/5")).status_code == 201


READS: list[Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]] = [
    lambda client, url: client.get(url),
    lambda client, url: client.get(f"{url}/tokens"),
    lambda client, url: client.get(f"{url}/app-users"),
]
WRITES: list[Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]] = [
    lambda client, url: client.patch(url, json={"code": "New"}),
    lambda client, url: client.patch(url, json={}),
    lambda client, url: client.delete(url),
    lambda client, url: client.post(f"{url}/tokens/1"),
    lambda client, url: client.delete(f"{url}/tokens/1"),
    lambda client, url: client.post(f"{url}/app-users/1"),
    lambda client, url: client.delete(f"{url}/app-users/1"),
]


async def test_a_voucher_that_does_not_exist_or_is_deleted_is_404(api: Api) -> None:
    await api.token("A1")
    gone = await voucher(api)
    await api.editor.delete(f"/v2/vouchers/{gone['id']}")
    for voucher_id in (gone["id"], 77, 2**53 - 1):
        for ask in READS + WRITES:
            response = await ask(api.editor, f"/v2/vouchers/{voucher_id}")
            assert response.status_code == 404, response.request.url
            assert f"voucher {voucher_id}" in refusal(response)["message"]
    live = await voucher(api, code="Live")
    for response in (
        await api.editor.post(f"/v2/vouchers/{live['id']}/tokens/{2**53 - 1}"),
        await api.editor.delete(f"/v2/vouchers/{live['id']}/tokens/{2**53 - 1}"),
    ):
        assert response.status_code == 404


async def test_what_is_written_is_in_the_event_log_with_who_did_it(api: Api, sql: asyncpg.Connection) -> None:
    url = f"/v2/vouchers/{(await voucher(api))['id']}"
    token = await api.token("A1")
    await api.editor.patch(url, json={"maxUsers": 5})
    for link in (f"tokens/{token['id']}", "app-users/5"):
        for _ in range(2):
            await api.editor.post(f"{url}/{link}")
        await api.editor.delete(f"{url}/{link}")
    await api.editor.delete(url)
    rows = await sql.fetch("SELECT kind, actor FROM events WHERE kind LIKE 'voucher.%' ORDER BY id")
    kinds = ["created", "changed", "token_added", "token_removed", "app_user_added", "app_user_removed", "deleted"]
    assert [(row["kind"], row["actor"]) for row in rows] == [(f"voucher.{kind}", "editor") for kind in kinds]


# ---- over the wire


async def record(api: Api, transaction: int) -> dict[str, Any]:
    """The charge record of a transaction, when it has its price."""

    async def look() -> dict[str, Any]:
        shown: dict[str, Any] = (await api.viewer.get(f"/v2/charge-records/{transaction}")).json()
        return shown

    return await eventually(look, lambda shown: bool(shown.get("price")) or shown.get("paymentMethod") == "Free")


async def test_a_voucher_changes_the_price_or_makes_a_session_free(api: Api) -> None:
    dear = created(
        await api.editor.post(
            "/v2/tariffs",
            json=TARIFF
            | {"elements": [{"priceComponents": [{"type": "ENERGY", "price": 0.5, "stepSize": 1, "vat": 0.2}]}]},
        )
    )["id"]
    cheap = await tariff(api)
    location = await api.location(tariffId=dear)
    box = await api.charge_box(locationId=location["id"])
    await api.token("PLAIN")
    guest = await api.token("GUEST")
    await api.token("FRIEND", identifier={"type": "rfid", "uid": "FRIEND", "appUserId": 777})
    guests, friends = await group(api, "Guests", pricing={"tariffId": cheap}), await group(api, "Friends")
    codes = [await voucher(api, guests["id"], code="G"), await voucher(api, friends["id"], code="F")]
    await api.editor.post(f"/v2/vouchers/{codes[0]['id']}/tokens/{guest['id']}")
    await api.editor.post(f"/v2/vouchers/{codes[1]['id']}/app-users/777")
    for one in (guests, friends):
        await api.editor.post(f"/v2/voucher-groups/{one['id']}/locations/{location['id']}")

    transactions = {}
    async with plugged_in(box) as end:
        for number, uid in enumerate(("PLAIN", "GUEST", "FRIEND")):
            transactions[uid] = await end.start(uid, meter=1000, at=f"2026-07-01T1{number}:00:00Z")
            await end.stop(transactions[uid], meter=11_000, at=f"2026-07-01T1{number}:30:00Z")

    plain, reduced, free = [await record(api, transactions[uid]) for uid in ("PLAIN", "GUEST", "FRIEND")]
    # 10 kWh at 0.50, at 0.25 and for nothing, each with 20 % VAT.
    assert (plain["price"]["amount"], plain["price"]["tariffId"]) == (6.0, dear)
    assert (reduced["price"]["amount"], reduced["price"]["tariffId"]) == (3.0, cheap)
    assert reduced["originalPrice"]["amount"] == 6.0
    assert (free["price"]["amount"], free["paymentMethod"]) == (0.0, "Free")
    assert free["originalPrice"]["amount"] == 6.0
    assert "voucher" not in plain
    for shown, code, owner in ((reduced, codes[0], guests), (free, codes[1], friends)):
        assert shown["voucher"]["id"] == code["id"]
        assert shown["voucherGroup"]["id"] == owner["id"]
    listed = (await api.viewer.get(f"/v2/transactions?voucherId={codes[0]['id']}")).json()["data"]
    assert [row["id"] for row in listed] == [transactions["GUEST"]]


async def test_a_voucher_is_applied_only_while_and_where_it_is_good(api: Api, sql: asyncpg.Connection) -> None:
    here, elsewhere = await api.location(), await api.location()
    box = await api.charge_box(locationId=here["id"])
    good, far = await group(api, "Good"), await group(api, "Far")
    await api.editor.post(f"/v2/voucher-groups/{good['id']}/locations/{here['id']}")
    await api.editor.post(f"/v2/voucher-groups/{far['id']}/locations/{elsewhere['id']}")
    wanted = {
        "GOOD": await voucher(api, good["id"], code="A", expiresAt="2100-01-01T00:00:00Z"),
        "EXPIRED": await voucher(api, good["id"], code="B", expiresAt="2020-01-01T00:00:00Z"),
        "FAR": await voucher(api, far["id"], code="C"),
        "FULL": await voucher(api, good["id"], code="D", maxUsers=2),
        "DELETED": await voucher(api, good["id"], code="E"),
        "UNLINKED": await voucher(api, good["id"], code="F"),
        "INACTIVE": await voucher(api, good["id"], code="H"),
    }
    await api.editor.post(f"/v2/vouchers/{wanted['FULL']['id']}/app-users/1")
    for uid, made in wanted.items():
        token = await api.token(uid)
        await api.editor.post(f"/v2/vouchers/{made['id']}/tokens/{token['id']}")
        if uid == "UNLINKED":
            await api.editor.delete(f"/v2/vouchers/{made['id']}/tokens/{token['id']}")
        if uid == "INACTIVE":
            await api.editor.post(f"/v2/tokens/{token['id']}/disable")
    await api.editor.patch(f"/v2/vouchers/{wanted['FULL']['id']}", json={"maxUsers": 1})
    await api.editor.delete(f"/v2/vouchers/{wanted['DELETED']['id']}")
    async with plugged_in(box) as end:
        for number, uid in enumerate(wanted):
            await end.start(uid, at=f"2026-07-01T1{number}:00:00Z")
    rows = await sql.fetch("SELECT id_tag, voucher_id FROM transactions ORDER BY id")
    assert {row["id_tag"]: row["voucher_id"] for row in rows} == {
        uid: made["id"] if uid == "GOOD" else None for uid, made in wanted.items()
    }


async def test_a_session_keeps_the_voucher_that_it_began_with(api: Api) -> None:
    tariff_id = await tariff(api)
    location = await api.location(tariffId=tariff_id)
    box, token = await api.charge_box(locationId=location["id"]), await api.token("A1")
    owner = await group(api)
    made = await voucher(api, owner["id"])
    await api.editor.post(f"/v2/voucher-groups/{owner['id']}/locations/{location['id']}")
    await api.editor.post(f"/v2/vouchers/{made['id']}/tokens/{token['id']}")
    async with plugged_in(box) as end:
        transaction = await end.start("A1", meter=0, at="2026-07-01T10:00:00Z")
        await api.editor.patch(f"/v2/voucher-groups/{owner['id']}", json={"pricing": {"tariffId": tariff_id}})
        await api.editor.delete(f"/v2/voucher-groups/{owner['id']}")
        await end.stop(transaction, meter=10_000, at="2026-07-01T11:00:00Z")
    shown = await record(api, transaction)
    assert (shown["paymentMethod"], shown["voucher"]["id"]) == ("Free", made["id"])


async def test_a_voucher_lets_its_user_in_where_the_location_is_not_published(api: Api) -> None:
    other = created(
        await api.editor.post(
            "/v2/customers",
            json={"name": "Hotel", "country": "DK", "contactDetails": {}, "ownerId": 1, "type": "Business"},
        )
    )
    location = await api.location(publish=False, customerId=other["id"])
    box, token = await api.charge_box(locationId=location["id"]), await api.token("A1")
    owner = await group(api)
    made = await voucher(api, owner["id"])
    await api.editor.post(f"/v2/voucher-groups/{owner['id']}/locations/{location['id']}")
    async with plugged_in(box) as end:
        before = await end.call("Authorize", idTag="A1")
        await api.editor.post(f"/v2/vouchers/{made['id']}/tokens/{token['id']}")
        after = await end.call("Authorize", idTag="A1")
    assert (before["idTagInfo"]["status"], after["idTagInfo"]["status"]) == ("Blocked", "Accepted")
