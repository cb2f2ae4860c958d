"""
`/console`: the page on which operators see and move their charge boxes.

The page is plain files in `static/`, and a client of the v2 API like any other: what
it shows it has asked for with the key that the operator typed. So nothing here reads
the database or needs a role, and the files may be seen by everybody. Its way in is
`static/main.js`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from importlib import resources
from types import MappingProxyType

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from csms.errors import NotFound

router = APIRouter(include_in_schema=False)

_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

# The page holds an API key: it runs no code and asks no host but ours, and nobody frames it.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # Asked for again each time, answered with 304: after an upgrade nobody works with yesterday's page.
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True)
class _File:
    content: bytes
    media_type: str
    etag: str


def _read() -> Mapping[str, _File]:
    """Read the files once; a name that is not among them is not served, whatever is in it."""
    found = {}
    for entry in resources.files(__package__).joinpath("static").iterdir():
        media_type = _MEDIA_TYPES.get(entry.name[entry.name.rfind(".") :])
        if media_type is not None:
            content = entry.read_bytes()
            found[entry.name] = _File(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
    return MappingProxyType(found)


FILES = _read()


@router.get("/")
async def root() -> RedirectResponse:
    """Whoever types only the host means the console."""
    return RedirectResponse("console")


@router.get("/console")
async def page(request: Request) -> Response:
    """The page."""
    return _show(FILES["index.html"], request)


@router.get("/console/{name}")
async def part(name: str, request: Request) -> Response:
    """A style sheet, a script or a picture of the page."""
    if name not in FILES:
        raise NotFound("file", f"'{name}' of the console")
    return _show(FILES[name], request)


def _show(file: _File, request: Request) -> Response:
    headers = {**_HEADERS, "ETag": file.etag}
    if file.etag in request.headers.get("If-None-Match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)
