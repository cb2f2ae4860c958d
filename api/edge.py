"""
What happens to every request before and after its route.

It gets an id, a limit to its body, and one spelling of arrays in the query; what was
left in `request.state.headers` stands in its answer, whatever that is; and if
its route fails in a way nobody expected, the trace is logged once and the client is
told nothing but the id.
"""

import logging
import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import refusal

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 1024 * 1024
REQUEST_ID = "X-Request-Id"

# What may stand in a log line without confusing anyone.
_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
# `ids[]=1` as the name of an array, raw or percent-encoded.
_BRACKETS = re.compile(rb"(?:\[\]|%5B%5D)=", re.IGNORECASE)


class Edge:
    """The outermost layer of the API, as plain ASGI."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        scope["query_string"] = _BRACKETS.sub(b"=", scope["query_string"])
        answering = False

        async def send_with_id(message: Message) -> None:
            nonlocal answering
            if message["type"] == "http.response.start":
                answering = True
                MutableHeaders(scope=message).update({REQUEST_ID: request_id, **scope["state"].get("headers", {})})
            await send(message)

        try:
            await self._app(scope, _limited(scope, receive), send_with_id)
        except Exception:
            log.exception("%s %s failed (request %s)", scope["method"], scope["path"], request_id)
            if not answering:
                await refusal(500, "something went wrong here; the log has it under this requestId", request_id)(
                    scope, receive, send_with_id
                )


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID, "")
    return given if _SANE_ID.fullmatch(given) else uuid.uuid4().hex


def _limited(scope: Scope, receive: Receive) -> Receive:
    """Refuse a body when it is announced too long, or has become so."""
    announced = Headers(scope=scope).get("content-length", "0")
    too_long = announced.isdecimal() and int(announced[:12]) > MAX_BODY_BYTES
    size = 0

    async def receive_some() -> Message:
        nonlocal size
        message = await receive() if not too_long else {"type": "http.request"}
        size += len(message.get("body", b""))
        if too_long or size > MAX_BODY_BYTES:
            raise HTTPException(413, f"a body may have {MAX_BODY_BYTES} bytes")
        return message

    return receive_some
