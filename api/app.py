"""
The web application: what stands in front of it, what is in it, how it starts and ends.

The node lives inside the lifespan of the application: it listens for charge boxes
before the first request is answered, and ends after the last.
"""

import contextlib
from collections.abc import AsyncIterator
from importlib import metadata

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from api import console, errors, health, legacy, openapi, v2
from api.auth import Keys
from api.deps import Passwords, Reach
from api.edge import Edge
from api.limits import Limits
from api.methods import Methods
from csms.node import Node
from csms.settings import Role, Settings
from csms.store import installation
from csms.store.database import Database

_DESCRIPTION = """
See and move the charge boxes of this central system. Every request to `/v2` needs an API key:
`Authorization: Bearer KEY`, made with `csms keys create NAME --role ROLE`.

| role | may |
|---|---|
| viewer | read everything but the journal |
| editor | also create and change things, start and stop sessions, unlock connectors, change their availability |
| operator | also reset charge boxes, send them any command, read the journal |
| admin | everything |

An answer to a command is the charge box's own word. That it is not connected or does not answer is no HTTP
error: the status says no, and the message says why.
"""


def create_app(settings: Settings, database: Database) -> FastAPI:
    """
    Make the application of one process.

    Args:
        settings: its role decides what it serves: `all` and `api` the whole API, `node` health only.
        database: migrated; the caller closes it after the application has ended.
    """
    app = FastAPIOffline(
        title="Central system for charge boxes",
        version=metadata.version("csms"),
        description=_DESCRIPTION,
        lifespan=_lifespan,
        swagger_ui_parameters={"persistAuthorization": True},
    )
    app.state.settings = settings
    app.state.database = database
    app.state.limits = Limits(settings)
    app.include_router(health.router)
    routers = () if settings.role is Role.node else (*v2.ROUTERS, *legacy.ROUTERS)
    for router in routers:
        app.include_router(router)
    if settings.role is not Role.node:
        app.include_router(console.router)
    errors.install(app)
    openapi.install(app)
    app.add_middleware(Methods, routers=routers)
    app.add_middleware(Edge)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    database: Database = app.state.database
    secret_key = await installation.secret_key(database, settings.secret_key)
    app.state.keys = Keys(database, secret_key)
    app.state.passwords = Passwords(secret_key)
    node = Node(settings, database)
    app.state.reach = Reach(node)
    await node.start()
    try:
        yield
    finally:
        await node.stop()
