"""
405 for every method that a path does not have, with all those that it has in `Allow`.

The framework looks for a route, not for a path: of a path with several routes it tells
the methods of the first, and takes `PATCH /v2/chargeboxes/models` for the charge box
"models". Here the path decides first, and a fixed one before one with an id.
"""

from collections.abc import Iterable, Mapping

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import refusal


class Methods:
    """A layer between the edge and the routes, as plain ASGI. What is not in `routers` passes."""

    def __init__(self, app: ASGIApp, routers: Iterable[APIRouter]) -> None:
        self._app = app
        methods: dict[str, set[str]] = {}
        for router in routers:
            for route in router.routes:
                if isinstance(route, APIRoute):
                    methods.setdefault(route.path, set()).update(route.methods or ())
        self._fixed: Mapping[str, set[str]] = {path: found for path, found in methods.items() if "{" not in path}
        self._patterns = [(compile_path(path)[0], found) for path, found in methods.items() if "{" in path]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, unless its path is known and its method is not one of the path's."""
        allowed = self._allowed(scope["path"]) if scope["type"] == "http" else None
        if allowed is None or scope["method"] in allowed:
            await self._app(scope, receive, send)
            return
        message = f"{scope['path']} does not take {scope['method']}"
        answer = refusal(405, message, scope["state"]["request_id"], headers={"Allow": ", ".join(sorted(allowed))})
        await answer(scope, receive, send)

    def _allowed(self, path: str) -> set[str] | None:
        """The methods of a path; None when it is not one of ours."""
        if path in self._fixed:
            return self._fixed[path]
        return next((methods for pattern, methods in self._patterns if pattern.match(path)), None)
