"""A whole process under test: the API and its node, on real sockets with a real database."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.datastructures import State

from api.app import create_app
from csms.domain.roles import ApiRole
from csms.settings import Settings
from csms.store import api_keys, installation
from csms.store.database import Database

Seen = TypeVar("Seen")

SECRET = "the secret of the API's tests"


@dataclass
class Served:
    """An application that is being served, and clients of it."""

    app: FastAPI
    url: str
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def client(self, key: str | None) -> httpx.AsyncClient:
        """A client that sends this key, if any."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        # Nothing is verified on plain HTTP, but to load what would verify it takes 20 ms.
        client = httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30, verify=False)
        self.clients.append(client)
        return client


@dataclass(frozen=True)
class Api:
    """One client for each role; `nobody` has no key."""

    nobody: httpx.AsyncClient
    viewer: httpx.AsyncClient
    editor: httpx.AsyncClient
    operator: httpx.AsyncClient
    admin: httpx.AsyncClient

    async def location(self, **said: Any) -> dict[str, Any]:
        """Create a location."""
        body = {
            "name": "Harbour",
            "address": "Havnegade 1",
            "postalCode": "1058",
            "city": "København",
            "countryCode": "DK",
            "coordinates": {"latitude": 55.6761, "longitude": 12.5683},
            "publish": True,
        }
        return created(await self.editor.post("/v2/locations", json=body | said))

    async def charge_box(self, **said: Any) -> dict[str, Any]:
        """Create a charge box with two sockets, at a location of its own if none is said."""
        if "locationId" not in said:
            said["locationId"] = (await self.location())["id"]
        body = {"serialNumber": "SN-1", "modelId": 2}
        return created(await self.editor.post("/v2/chargeboxes", json=body | said))

    async def token(self, uid: str, **said: Any) -> dict[str, Any]:
        """Create a token."""
        body = {"identifier": {"type": "rfid", "uid": uid}}
        return created(await self.editor.post("/v2/tokens", json=body | said))


def created(response: httpx.Response) -> dict[str, Any]:
    """The object that was created."""
    assert response.status_code == 201, response.text
    shown: dict[str, Any] = response.json()
    return shown


async def eventually(look: Callable[[], Awaitable[Seen]], wanted: Callable[[Seen], bool]) -> Seen:
    """What is seen when it is as wanted, within 5 s: some facts are written soon, not at once."""
    async with asyncio.timeout(5):
        while not wanted(seen := await look()):  # noqa: ASYNC110 - it happens elsewhere
            await asyncio.sleep(0.01)
        return seen


@pytest.fixture
async def serve(database: Database) -> AsyncIterator[Callable[..., Awaitable[Served]]]:
    """Serve an application with these settings until the test ends."""
    running: list[tuple[Served, uvicorn.Server]] = []

    async def start(**given: Any) -> Served:
        known: dict[str, Any] = {
            "database_url": database.url,
            "host": "127.0.0.1",
            "ocpp_port": 0,
            "node_name": f"node-{next(_NUMBERS)}",
            "secret_key": SECRET,
            "call_timeout_s": 0.3,
            # Commands may go out soon after a boot, the configuration exchange would come late.
            "silent_boot_time_s": 0.01,
            "settle_time_s": 60.0,
        }
        app = create_app(Settings.read(**known | given), database)
        config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, ws="none")
        config.load()
        # What `serve` does, without its loop that ticks ten times a second.
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        assert server.started
        port = server.servers[0].sockets[0].getsockname()[1]
        served = Served(app, f"http://127.0.0.1:{port}")
        running.append((served, server))
        return served

    yield start
    for served, server in running:
        for client in served.clients:
            await client.aclose()
        for listener in server.servers:
            listener.close()
        await server.lifespan.shutdown()
        # The framework's caches keep every application for ever, by its documentation pages: leave nothing in it.
        served.app.router.routes.clear()
        served.app.middleware_stack = None
        served.app.openapi_schema = None
        served.app.state = State()


_NUMBERS = itertools.count(1)


@pytest.fixture
async def keys(database: Database) -> dict[ApiRole, str]:
    """An API key of each role, named as its role."""
    secret_key = await installation.secret_key(database, SECRET)
    return {role: await api_keys.create(database, role.value, role, secret_key) for role in ApiRole}


@pytest.fixture
async def served(serve: Callable[..., Awaitable[Served]]) -> Served:
    """A process with the API and a node."""
    return await serve()


@pytest.fixture
def api(served: Served, keys: dict[ApiRole, str]) -> Api:
    """Clients of the served process."""
    return Api(
        nobody=served.client(None),
        viewer=served.client(keys[ApiRole.viewer]),
        editor=served.client(keys[ApiRole.editor]),
        operator=served.client(keys[ApiRole.operator]),
        admin=served.client(keys[ApiRole.admin]),
    )
