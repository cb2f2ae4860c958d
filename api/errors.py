"""
The one table from what went wrong to HTTP, and the one shape of an error body.

    {"statusCode": 404, "error": "Not Found", "message": "there is no charge box 7", "requestId": "…"}

A body that is refused has `details`, one per field. A missing or unknown key is
403 and not 401, as in the API that this one is shaped like.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.limits import TooManyRequests
from api.shapes import Out, left_out_when_none
from csms.errors import (
    CallFailed,
    CallQueueFull,
    ChargeBoxOffline,
    Conflict,
    CsmsError,
    Invalid,
    NotFound,
    StoreUnavailable,
)

log = logging.getLogger(__name__)

RETRY_AFTER_S = 5


class Forbidden(CsmsError):
    """The key is missing or unknown, or its role does not allow this."""


class NotPermitted(CsmsError):
    """The key's role does not allow this, where the documented answer to that is 401 (customers only)."""


class DetailOut(Out):
    """What is wrong with one field."""

    field: str
    message: str


class ErrorOut(Out):
    """The body of every error."""

    status_code: int
    error: str
    message: str
    request_id: str
    details: list[DetailOut] | None = left_out_when_none()


STATUS: Mapping[type[Exception], HTTPStatus] = MappingProxyType(
    {
        Invalid: HTTPStatus.BAD_REQUEST,
        RequestValidationError: HTTPStatus.BAD_REQUEST,
        Forbidden: HTTPStatus.FORBIDDEN,
        NotPermitted: HTTPStatus.UNAUTHORIZED,
        TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
        NotFound: HTTPStatus.NOT_FOUND,
        Conflict: HTTPStatus.CONFLICT,
        StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        # Only a route without an outcome of its own lets these through.
        CallQueueFull: HTTPStatus.SERVICE_UNAVAILABLE,
        ChargeBoxOffline: HTTPStatus.SERVICE_UNAVAILABLE,
        CallFailed: HTTPStatus.BAD_GATEWAY,
    }
)


_HEADERS: Mapping[HTTPStatus, Mapping[str, str]] = MappingProxyType(
    {
        HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": str(RETRY_AFTER_S)},
        # A 401 without it is no valid answer (RFC 9110, 15.5.2).
        HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    }
)


def refusal(
    status: int,
    message: str,
    request_id: str,
    *,
    details: Sequence[DetailOut] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Make the answer that says no."""
    body = ErrorOut(
        status_code=status,
        error=HTTPStatus(status).phrase,
        message=message,
        request_id=request_id,
        details=None if details is None else list(details),
    )
    return JSONResponse(body.model_dump(by_alias=True), status_code=status, headers=dict(headers or {}))


def install(app: FastAPI) -> None:
    """Let every expected error of the app be answered from the table."""
    for kind, status in STATUS.items():
        app.add_exception_handler(kind, _answer_with(status))
    app.add_exception_handler(HTTPException, _show_http)


def _answer_with(status: HTTPStatus) -> Callable[[Request, Exception], Any]:
    async def answer(request: Request, error: Exception) -> JSONResponse:
        details = _details(error)
        message = str(error) if details is None else "; ".join(f"{item.field}: {item.message}" for item in details)
        headers = _HEADERS.get(status)
        if isinstance(error, StoreUnavailable):
            log.warning("%s %s: %s", request.method, request.url.path, error)
        return refusal(status, message, request.state.request_id, details=details, headers=headers)

    return answer


def _details(error: Exception) -> list[DetailOut] | None:
    if isinstance(error, Invalid):
        return [DetailOut(field=error.field, message=error.reason)]
    if isinstance(error, RequestValidationError):
        return [DetailOut(field=_path(item["loc"]), message=_reason(item)) for item in error.errors()]
    return None


def _path(location: Sequence[str | int]) -> str:
    """`("body", "(one)", "identifier", "uid")` is `identifier.uid`; in parentheses stand names of alternatives."""
    parts = [str(part) for part in location if not str(part).startswith("(")]
    return ".".join(parts[1:]) or parts[0]


def _reason(item: Mapping[str, Any]) -> str:
    if item["type"] == "json_invalid":
        return f"is not JSON: {item.get('ctx', {}).get('error', '')}"
    return str(item["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")


async def _show_http(request: Request, error: Exception) -> JSONResponse:
    """Unknown paths, wrong methods, oversized and unreadable bodies: what the framework itself refuses."""
    assert isinstance(error, HTTPException)
    message = str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND:
        message = f"there is no {request.url.path}"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        message = f"{request.url.path} does not take {request.method}"
    return refusal(error.status_code, message, request.state.request_id, headers=error.headers)
