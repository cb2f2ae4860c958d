"""Whether this process lives, and whether it can do its work. No key is needed."""

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Response

from api.deps import Boxes, Store
from api.shapes import Out
from csms.errors import StoreUnavailable

router = APIRouter(tags=["Health"])


class AliveOut(Out):
    """The process answers."""

    status: Literal["ok"] = "ok"


class ReadyOut(Out):
    """`ok`, or what is `missing`."""

    status: Literal["ok", "unavailable"]
    missing: list[str]


_NOT_READY = {"status": "unavailable", "missing": ["database"]}


@router.get(
    "/healthz",
    summary="Is it alive?",
    responses={200: {"content": {"application/json": {"example": {"status": "ok"}}}}},
)
async def alive() -> AliveOut:
    """Answers as long as the process does; says nothing of what it depends on."""
    return AliveOut()


@router.get(
    "/readyz",
    summary="Can it work?",
    responses={
        200: {"content": {"application/json": {"example": {"status": "ok", "missing": []}}}},
        503: {
            "description": "Something is missing",
            "model": ReadyOut,
            "content": {"application/json": {"example": _NOT_READY}},
        },
    },
)
async def ready(response: Response, database: Store, boxes: Boxes) -> ReadyOut:
    """Says whether the database answers and charge boxes can connect; names what is missing."""
    missing = []
    try:
        await database.check()
    except StoreUnavailable:
        missing.append("database")
    if not boxes.is_listening:
        missing.append("listener for charge boxes")
    if missing:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return ReadyOut(status="unavailable" if missing else "ok", missing=missing)
