"""Tokens over the API, and at the charge box."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest

from tests.api.charge_box import plugged_in
from tests.api.conftest import Api
from tests.api.test_app import refusal


def token(uid: str, **said: Any) -> dict[str, Any]:
    """A body."""
    return {"identifier": {"type": "rfid", "uid": uid}} | said


async def test_a_token_is_shown_as_it_was_made(api: Api) -> None:
    body = {
        "customerId": 1,
        "identifier": {"type": "virtual", "uid": "A7E942F1C8D036B5A429", "label": "DK.V1", "appUserId": 12345},
        "validFrom": "2025-06-03T14:00:00+02:00",
        "expiresAt": "2035-06-03T12:00:00.000Z",
        "isActive": False,
        "roamingEnabled": False,
        "priorityChargingEnabled": True,
        "billingReference": "Van 246",
        "comment": "spare",
    }
    response = await api.editor.post("/v2/tokens", json=body)
    made = response.json()
    assert response.status_code == 201
    assert (await api.viewer.get(f"/v2/tokens/{made['id']}")).json() == made
    assert {name: made[name] for name in body} == body | {"validFrom": "2025-06-03T12:00:00.000Z"}
    assert made["tokenGroupIds"] == []


async def test_what_is_left_out_has_its_default(api: Api) -> None:
    made = await api.token("CAFE01")
    assert (made["customerId"], made["isActive"], made["roamingEnabled"], made["expiresAt"]) == (1, True, True, None)
    assert made["validFrom"] == made["createdAt"]


async def test_an_array_makes_all_and_answers_an_array(api: Api) -> None:
    response = await api.editor.post("/v2/tokens", json=[token("A1"), token("B2")])
    assert response.status_code == 201
    assert [made["identifier"]["uid"] for made in response.json()] == ["A1", "B2"]


@pytest.mark.parametrize("taken", ["old", "OLD"])
async def test_an_array_with_one_uid_that_is_taken_makes_none(api: Api, taken: str) -> None:
    await api.token("old")
    response = await api.editor.post("/v2/tokens", json=[token("new"), token(taken)])
    assert (response.status_code, taken in refusal(response)["message"]) == (409, True)
    twice = await api.editor.post("/v2/tokens", json=[token("X1"), token("x1")])
    assert twice.status_code == 409
    assert (await api.viewer.get("/v2/tokens")).json()["count"] == 1


async def test_tokens_are_listed_by_offset_the_newest_first(api: Api) -> None:
    await api.editor.post("/v2/tokens", json=[token(f"T{n}") for n in range(5)])
    listed = (await api.viewer.get("/v2/tokens?offset=1&limit=2")).json()
    assert ([row["identifier"]["uid"] for row in listed["data"]], listed["count"]) == (["T3", "T2"], 5)
    assert (await api.viewer.get("/v2/tokens?limit=0")).status_code == 400
    assert (await api.viewer.get("/v2/tokens?offset=-1")).status_code == 400
    assert len((await api.viewer.get("/v2/tokens?limit=5000")).json()["data"]) == 5


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"identifier": {"type": "rfid", "uid": "x" * 21}}, "identifier.uid"),
        ({"identifier": {"type": "card", "uid": "A"}}, "identifier.type"),
        ({"identifier": {"uid": "A"}}, "identifier.type"),
        (token("A", validFrom="soon"), "validFrom"),
        (token("A", validFrom="2025-01-02T00:00:00Z", expiresAt="2025-01-01T00:00:00Z"), "expiresAt"),
        (token("A", isActive=1), "isActive"),
        (token("A", comment="x" * 101), "comment"),
        (token("A", customerId=77), "customerId"),
        ([token("A"), token("")], "1.identifier.uid"),
        ([], "body"),
        ("A1", "body"),
    ],
)
async def test_what_cannot_be_is_400(api: Api, body: Any, field: str) -> None:
    response = await api.editor.post("/v2/tokens", json=body)
    assert (response.status_code, [detail["field"] for detail in refusal(response)["details"]]) == (400, [field])
    assert (await api.viewer.get("/v2/tokens")).json()["count"] == 0


async def test_a_token_that_does_not_exist_is_404(api: Api) -> None:
    assert (await api.viewer.get("/v2/tokens/77")).status_code == 404


async def test_a_new_token_counts_at_the_charge_box_at_once(api: Api) -> None:
    box = await api.charge_box()
    async with plugged_in(box) as end:
        before = await end.call("Authorize", idTag="cafe01")
        await api.token("CAFE01")
        after = await end.call("Authorize", idTag="cafe01")
    assert before["idTagInfo"]["status"] == "Invalid"
    assert after["idTagInfo"]["status"] == "Accepted"


# ---- the list


async def _uids(api: Api, **query: Any) -> list[str]:
    answer = await api.viewer.get("/v2/tokens", params=query)
    assert answer.status_code == 200, answer.text
    found: list[str] = [row["identifier"]["uid"] for row in answer.json()["data"]]
    assert answer.json()["count"] >= len(found)
    return found


@pytest.fixture
async def three(api: Api, sql: asyncpg.Connection) -> list[dict[str, Any]]:
    """Three tokens that differ in everything, in the order of their ids."""
    customer = await sql.fetchval("INSERT INTO customers (name) VALUES ('Taxis Ltd') RETURNING id")
    made = await api.editor.post(
        "/v2/tokens",
        json=[
            token("CARD1", validFrom="2025-01-01T00:00:00Z", expiresAt="2026-01-01T00:00:00Z", roamingEnabled=False),
            {"identifier": {"type": "virtual", "uid": "APP2", "label": "Blue_100%"}, "isActive": False}
            | {"validFrom": "2025-03-01T00:00:00Z", "expiresAt": "2035-01-01T00:00:00Z"},
            {"identifier": {"type": "vehicleId", "uid": "CAR3"}, "customerId": customer}
            | {"validFrom": "2025-02-01T00:00:00Z", "priorityChargingEnabled": True},
        ],
    )
    tokens: list[dict[str, Any]] = made.json()
    return tokens


@pytest.mark.parametrize(
    ("query", "uids"),
    [
        ({}, ["CAR3", "APP2", "CARD1"]),
        ({"search": "ar"}, ["CAR3", "CARD1"]),
        ({"search": "blue"}, ["APP2"]),
        ({"search": "_"}, ["APP2"]),
        ({"search": "%"}, ["APP2"]),
        ({"search": "nothing"}, []),
        ({"search": "9" * 50}, []),
        ({"search": ""}, ["CAR3", "APP2", "CARD1"]),
        ({"type": "rfid"}, ["CARD1"]),
        ({"type": "virtual"}, ["APP2"]),
        ({"type": "vehicleId"}, ["CAR3"]),
        ({"customerId": 1}, ["APP2", "CARD1"]),
        ({"customerId": 2**53 - 1}, []),
        ({"isActive": "true"}, ["CAR3", "CARD1"]),
        ({"isActive": "false"}, ["APP2"]),
        ({"roamingEnabled": "false"}, ["CARD1"]),
        ({"priority": "true"}, ["CAR3"]),
        ({"priority": "false", "isActive": "true"}, ["CARD1"]),
        ({"validFrom": "2025-02-01T00:00:00.000Z"}, ["CAR3", "APP2"]),
        ({"expiresFrom": "2026-01-01T00:00:00Z"}, ["APP2", "CARD1"]),
        ({"expiresFrom": "2026-01-01T00:00:01Z"}, ["APP2"]),
        ({"sortBy": "id", "sortDirection": "asc"}, ["CARD1", "APP2", "CAR3"]),
        # Made in one moment; then the id decides.
        ({"sortBy": "createdAt", "sortDirection": "asc"}, ["CARD1", "APP2", "CAR3"]),
        ({"sortBy": "validFrom"}, ["APP2", "CAR3", "CARD1"]),
        # Never comes last.
        ({"sortBy": "expiresAt", "sortDirection": "asc"}, ["CARD1", "APP2", "CAR3"]),
        ({"sortBy": "expiresAt"}, ["CAR3", "APP2", "CARD1"]),
        ({"sortBy": "validFrom", "limit": 1, "offset": 1}, ["CAR3"]),
    ],
)
async def test_tokens_are_filtered_and_sorted(
    api: Api, three: list[dict[str, Any]], query: dict[str, Any], uids: list[str]
) -> None:
    assert await _uids(api, **query) == uids


async def test_a_token_is_found_by_its_id_and_by_its_last_change(api: Api, three: list[dict[str, Any]]) -> None:
    assert await _uids(api, search=str(three[2]["id"])) == ["CAR3"]
    await api.editor.patch(f"/v2/tokens/{three[0]['id']}", json={"comment": "spare"})
    assert (await _uids(api, sortBy="updatedAt"))[0] == "CARD1"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("type=card", "type"),
        ("customerId=0", "customerId"),
        ("customerId=one", "customerId"),
        ("isActive=maybe", "isActive"),
        ("roamingEnabled=2", "roamingEnabled"),
        ("priority=high", "priority"),
        ("validFrom=soon", "validFrom"),
        ("expiresFrom=2025-02-30", "expiresFrom"),
        ("sortBy=uid", "sortBy"),
        ("sortDirection=down", "sortDirection"),
        (f"search={'x' * 51}", "search"),
    ],
)
async def test_a_query_that_cannot_be_is_400(api: Api, query: str, field: str) -> None:
    response = await api.viewer.get(f"/v2/tokens?{query}")
    assert (response.status_code, [detail["field"] for detail in refusal(response)["details"]]) == (400, [field])


# ---- changes


async def test_a_change_changes_what_it_names_and_of_the_identifier_only_the_app_user(api: Api) -> None:
    made = await api.token("CAFE01", comment="spare")
    url = f"/v2/tokens/{made['id']}"
    said = {
        "validFrom": "2025-01-01T00:00:00.000Z",
        "expiresAt": "2035-01-01T00:00:00.000Z",
        "isActive": False,
        "roamingEnabled": False,
        "priorityChargingEnabled": True,
        "billingReference": "Van 7",
    }
    identifier = {"uid": "OTHER", "label": "other", "type": "virtual", "appUserId": 7}
    changed = await api.editor.patch(url, json=said | {"identifier": identifier, "uid": "OTHER", "customerId": 1})
    assert changed.status_code == 200, changed.text
    expected = made | said | {"identifier": made["identifier"] | {"appUserId": 7}}
    assert changed.json() == expected | {"updatedAt": changed.json()["updatedAt"]}
    assert changed.json()["updatedAt"] > made["updatedAt"]
    assert (await api.viewer.get(url)).json() == changed.json()
    assert (await api.editor.patch(url, json={})).json() == changed.json()
    assert (await api.editor.patch(url, json={"identifier": {"label": "other"}})).json() == changed.json()


async def test_null_clears_what_may_be_missing_and_leaves_the_rest(api: Api) -> None:
    body = token("CAFE01", comment="spare", billingReference="Van 7", expiresAt="2035-01-01T00:00:00Z")
    body["identifier"]["appUserId"] = 7
    made = (await api.editor.post("/v2/tokens", json=body)).json()
    nulls = dict.fromkeys(made, None) | {"identifier": {"appUserId": None}}
    cleared = (await api.editor.patch(f"/v2/tokens/{made['id']}", json=nulls)).json()
    gone = {"comment": None, "billingReference": None, "expiresAt": None}
    expected = made | gone | {"identifier": made["identifier"] | {"appUserId": None}}
    assert cleared == expected | {"updatedAt": cleared["updatedAt"]}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"isActive": "no"}, 400, "isActive"),
        ({"comment": "x" * 101}, 400, "comment"),
        ({"billingReference": 7}, 400, "billingReference"),
        ({"identifier": {"appUserId": "7"}}, 400, "identifier.appUserId"),
        ({"validFrom": "soon"}, 400, "validFrom"),
        ({"expiresAt": "2024-12-31T23:59:59Z"}, 400, "expiresAt"),
        ({"validFrom": "2031-01-01T00:00:00Z"}, 400, "expiresAt"),
        ({"customerId": "1"}, 400, "customerId"),
        ({"customerId": 77}, 404, None),
        ({"customerId": 2**53 - 1}, 404, None),
    ],
)
async def test_a_change_that_cannot_be_changes_nothing(
    api: Api, body: dict[str, Any], status: int, field: str | None
) -> None:
    made = await api.token("A1", validFrom="2025-01-01T00:00:00Z", expiresAt="2030-01-01T00:00:00Z")
    response = await api.editor.patch(f"/v2/tokens/{made['id']}", json=body | {"roamingEnabled": False})
    assert response.status_code == status
    if field is not None:
        assert [detail["field"] for detail in refusal(response)["details"]] == [field]
    assert (await api.viewer.get(f"/v2/tokens/{made['id']}")).json() == made


async def test_a_token_is_disabled_and_enabled_and_that_counts_at_once(api: Api) -> None:
    made = await api.token("CAFE01")
    async with plugged_in(await api.charge_box()) as end:
        for action, is_active, status in (
            ("disable", False, "Blocked"),
            ("disable", False, "Blocked"),
            ("enable", True, "Accepted"),
        ):
            answer = await api.editor.post(f"/v2/tokens/{made['id']}/{action}")
            assert (answer.status_code, answer.json()["isActive"]) == (200, is_active)
            assert (await end.call("Authorize", idTag="CAFE01"))["idTagInfo"]["status"] == status


async def test_a_deleted_token_is_gone_and_its_uid_stays_taken(api: Api) -> None:
    made = await api.token("CAFE01")
    url = f"/v2/tokens/{made['id']}"
    async with plugged_in(await api.charge_box()) as end:
        deleted = await api.editor.delete(url)
        assert (deleted.status_code, deleted.content) == (204, b"")
        assert (await end.call("Authorize", idTag="CAFE01"))["idTagInfo"]["status"] == "Blocked"
    assert (await api.viewer.get("/v2/tokens")).json() == {"data": [], "count": 0}
    again = await api.editor.post("/v2/tokens", json=token("cafe01"))
    assert (again.status_code, "cafe01" in refusal(again)["message"]) == (409, True)


READS: list[Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]] = [lambda client, url: client.get(url)]
WRITES: list[Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]] = [
    lambda client, url: client.patch(url, json={"comment": "spare"}),
    lambda client, url: client.patch(url, json={}),
    lambda client, url: client.post(f"{url}/enable"),
    lambda client, url: client.post(f"{url}/disable"),
    lambda client, url: client.delete(url),
]


async def test_a_token_that_is_deleted_or_never_was_is_404(api: Api) -> None:
    gone = await api.token("CAFE01")
    await api.editor.delete(f"/v2/tokens/{gone['id']}")
    for token_id in (gone["id"], 77, 2**53 - 1):
        for ask in READS + WRITES:
            assert (await ask(api.editor, f"/v2/tokens/{token_id}")).status_code == 404


async def test_a_viewer_sees_tokens_and_changes_none(api: Api) -> None:
    url = f"/v2/tokens/{(await api.token('CAFE01'))['id']}"
    for ask in READS:
        assert (await ask(api.viewer, url)).status_code == 200
        assert (await ask(api.nobody, url)).status_code == 403
    for ask in WRITES:
        assert (await ask(api.viewer, url)).status_code == 403
    assert (await api.viewer.post("/v2/tokens", json=token("NEW"))).status_code == 403


async def test_what_is_written_is_in_the_event_log_with_who_did_it(api: Api, sql: asyncpg.Connection) -> None:
    url = f"/v2/tokens/{(await api.token('CAFE01'))['id']}"
    await api.editor.patch(url, json={"comment": "spare", "expiresAt": None})
    await api.editor.post(f"{url}/disable")
    await api.editor.post(f"{url}/enable")
    await api.editor.delete(url)
    rows = await sql.fetch("SELECT kind, actor, data ->> 'uid' FROM events WHERE kind LIKE 'token.%' ORDER BY id")
    kinds = ["created", "changed", "disabled", "enabled", "deleted"]
    assert [tuple(row) for row in rows] == [(f"token.{kind}", "editor", "CAFE01") for kind in kinds]
