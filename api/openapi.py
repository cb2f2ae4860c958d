"""What the OpenAPI document says of every route besides its shapes: examples, and how it refuses."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from api.errors import ErrorOut

_REQUEST_ID = "0f8e9a3c5d7b4e21a6c8d0b2f4e6a810"
_REFUSALS: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        400: ("A value cannot be accepted; `details` names the field", "limit: must be a number"),
        401: ("The role of the API key does not allow this", "this needs the role editor"),
        403: ("The API key is missing or unknown, or its role does not allow this", "this needs the role editor"),
        404: ("There is no such thing", "there is no charge box 7"),
        409: ("It exists already", "there is a charge box with the identity 'CB000007' already"),
        413: ("The body is too long", "a body may have 1048576 bytes"),
        429: (
            "The API key has sent as many requests as it may in this minute; `Retry-After` says when to go on",
            "the API key may send 600 read requests a minute; try again in 17 s",
        ),
        500: ("Something went wrong here", "something went wrong here; the log has it under this requestId"),
        503: ("The database cannot be reached just now; try again", "the database cannot be reached"),
    }
)
_EVERYWHERE = (403, 429, 500, 503)
_WITH_A_KEY = (403, 429)
# The framework drops null from the document, and with it from examples; this stands for it until then.
_NULL = "\x00null"

Answers = dict[int | str, dict[str, Any]]


def answers(
    example: object, *refusals: int, status: int = 200, description: str = "Done", public: bool = False
) -> Answers:
    """
    Describe the answers of a route.

    Args:
        example: of the good answer: a shape, or anything JSON; None when it has no body.
        refusals: the statuses that it may refuse with, besides those of every route.
        status: that of the good answer.
        description: of the good answer.
        public: no key is needed, so none is refused.
    """
    good: dict[str, Any] = {"description": description}
    if example is not None:
        good["content"] = {"application/json": {"example": _json(example)}}
    described: Answers = {status: good}
    everywhere = {code for code in _EVERYWHERE if code not in _WITH_A_KEY or not public}
    for code in sorted({*refusals, *everywhere}):
        described[code] = _refusal(code)
    return described


def _json(example: object) -> object:
    return _replaced(
        example.model_dump(mode="json", by_alias=True) if isinstance(example, BaseModel) else example, None, _NULL
    )


def _replaced(node: Any, old: object, new: object) -> Any:
    if isinstance(node, dict):
        return {name: _replaced(value, old, new) for name, value in node.items()}
    if isinstance(node, list):
        return [_replaced(value, old, new) for value in node]
    return new if node == old else node


def _refusal(code: int) -> dict[str, Any]:
    description, message = _REFUSALS[code]
    body: dict[str, Any] = {
        "statusCode": code,
        "error": HTTPStatus(code).phrase,
        "message": message,
        "requestId": _REQUEST_ID,
    }
    if code == HTTPStatus.BAD_REQUEST:
        body["details"] = [{"field": "limit", "message": "must be a number"}]
    return {"description": description, "model": ErrorOut, "content": {"application/json": {"example": body}}}


def install(app: FastAPI) -> None:
    """Let the document say what is answered: 400 where the framework would say 422, and null in examples."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            raw = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes, tags=_TAGS
            )
            app.openapi_schema = _replaced(_without_422(raw), _NULL, None)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # the documented way to change the document


_TAGS = [
    {"name": "Charge boxes", "description": "Devices that connect to us."},
    {"name": "EVSEs", "description": "What serves one vehicle each, and its connectors."},
    {"name": "Locations", "description": "Places with charge boxes."},
    {"name": "Tariffs", "description": "What charging costs."},
    {"name": "Temporary EVSE statuses", "description": "What is told of an EVSE for a time, whatever it does."},
    {"name": "Tokens", "description": "What drivers identify themselves with."},
    {"name": "Token groups", "description": "Which tokens may charge at which locations, and nobody else."},
    {"name": "Customers", "description": "Who owns locations and pays for tokens."},
    {"name": "Voucher groups", "description": "What vouchers change, and where."},
    {"name": "Vouchers", "description": "Codes, and the tokens and app users that have them."},
    {"name": "Transactions", "description": "From the start to the stop of charging, as the charge box reported it."},
    {"name": "Charge records", "description": "What transactions that are over come to: price, durations, emissions."},
    {"name": "AFIR", "description": "What is public of the infrastructure, in DATEX II v3. No key is needed."},
    {"name": "Legacy v1", "description": "Deprecated: the same data in older shapes; `Link` names the successor."},
    {"name": "Health", "description": "Of this process. No key is needed."},
]


def _without_422(document: dict[str, Any]) -> dict[str, Any]:
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    return document
