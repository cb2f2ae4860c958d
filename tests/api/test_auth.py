"""Who may do what. The walk over all routes holds for those that are added later, too."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest

from api import auth
from csms.domain.roles import ApiRole
from csms.store import api_keys, installation
from csms.store.database import Database
from tests.api.conftest import SECRET, Api, Served
from tests.api.test_app import refusal

# What no editor may: what can hurt, and the journal. All else that changes or moves something is an editor's.
OPERATORS = {
    ("POST", "/v2/chargeboxes/{id}/reset"),
    ("POST", "/v2/chargeboxes/{id}/reboot"),
    ("POST", "/v2/chargeboxes/{id}/commands/{action}"),
    ("GET", "/v2/chargeboxes/{id}/messages"),
}


# Where the documents answer 401, not 403, to a role that is too low.
UNAUTHORIZED = {("POST", "/v2/customers"), ("PUT", "/v2/customers/{id}")}


# Public by law: no key is needed.
PUBLIC = "/v2/afir/"


def operations(served: Served) -> Iterator[tuple[str, str]]:
    """Every method and path of the v2 API that needs a key."""
    for path, methods in served.app.openapi()["paths"].items():
        if path.startswith("/v2/") and not path.startswith(PUBLIC):
            yield from ((method.upper(), path) for method in methods)


def concrete(path: str) -> str:
    """A path that leads to the route; what it names does not exist."""
    return re.sub(r"\{\w+\}", "987654", path)


async def test_every_route_demands_a_key(served: Served, api: Api) -> None:
    for method, path in operations(served):
        response = await api.nobody.request(method, concrete(path))
        assert response.status_code == 403, (method, path)
        assert "an API key is missing" in refusal(response)["message"]


async def test_every_route_demands_its_role(served: Served, api: Api) -> None:
    for method, path in operations(served):
        statuses = {
            role: (await getattr(api, role).request(method, concrete(path))).status_code
            for role in ("viewer", "editor", "operator", "admin")
        }
        refusal_status = 401 if (method, path) in UNAUTHORIZED else 403
        refused = {role for role, status in statuses.items() if status == refusal_status}
        reads = method == "GET"
        expected = {"viewer", "editor"} if (method, path) in OPERATORS else set() if reads else {"viewer"}
        assert refused == expected, (method, path, statuses)


async def test_a_refusal_names_the_role_that_is_needed(api: Api) -> None:
    response = await api.viewer.post("/v2/chargeboxes/1/reset", json={"type": "Soft"})
    assert refusal(response)["message"] == "this needs the role operator; the key 'viewer' has the role viewer"


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Basic dXNlcjpwYXNz", "Bearer \xff\xfe"])
async def test_a_key_that_is_none_of_ours_is_403(served: Served, header: str) -> None:
    response = await served.client(None).get("/v2/chargeboxes", headers={"Authorization": header.encode("latin-1")})
    assert response.status_code == 403
    refusal(response)


async def test_the_scheme_is_read_in_whatever_case(served: Served, keys: dict[ApiRole, str]) -> None:
    response = await served.client(None).get(
        "/v2/chargeboxes", headers={"authorization": f"bearer {keys[ApiRole.viewer]}"}
    )
    assert response.status_code == 200


async def test_a_revoked_key_ends_when_the_memory_of_it_has_faded(database: Database) -> None:
    secret_key = await installation.secret_key(database, SECRET)
    made = await api_keys.create(database, "short", ApiRole.viewer, secret_key)
    keys = auth.Keys(database, secret_key, remembered_s=0.05)
    assert await keys.find(made) is not None
    await api_keys.revoke(database, "short")
    assert await keys.find(made) is not None
    await asyncio.sleep(0.06)
    assert await keys.find(made) is None
    assert auth.REMEMBERED_S <= 5


async def test_a_revoked_key_is_refused(served: Served, api: Api, database: Database) -> None:
    await api_keys.revoke(database, "viewer")
    assert (await api.viewer.get("/v2/chargeboxes")).status_code == 403


async def test_the_memory_of_keys_is_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "_MOST_REMEMBERED", 2)
    secret_key = await installation.secret_key(database, SECRET)
    keys = auth.Keys(database, secret_key)
    made: list[Any] = [await api_keys.create(database, f"key {n}", ApiRole.viewer, secret_key) for n in range(4)]
    for key in made:
        assert await keys.find(key) is not None
    assert len(keys._found) == 2
