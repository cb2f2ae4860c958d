"""Tokens over the API, and at the charge box."""

from typing import Any

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
