"""The files of the console, as they are served: to everybody, from here alone, and with a strict policy."""

import re
from collections.abc import Awaitable, Callable

import httpx
import pytest

from api.console import FILES
from tests.api.conftest import Api, Served

# Of an XML namespace nobody is asked.
NAMESPACE = "http://www.w3.org/2000/svg"


@pytest.fixture
def visitor(api: Api) -> httpx.AsyncClient:
    """A browser that has no key yet."""
    return api.nobody


async def test_the_host_alone_means_the_console(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get("/")
    assert answer.is_redirect
    page = await visitor.get(answer.url.join(answer.headers["location"]))
    assert page.url.path == "/console"
    assert page.headers["content-type"] == "text/html; charset=utf-8"


async def test_every_file_has_a_policy_that_trusts_this_host_alone(visitor: httpx.AsyncClient) -> None:
    for path in ("/console", *(f"/console/{name}" for name in FILES)):
        answer = await visitor.get(path)
        assert answer.status_code == 200, path
        policy = answer.headers["content-security-policy"].split("; ")
        assert "default-src 'self'" in policy
        assert [rule for rule in policy if "unsafe" in rule or "*" in rule or "data:" in rule] == []
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_file_that_has_not_changed_is_not_sent_again(visitor: httpx.AsyncClient) -> None:
    first = await visitor.get("/console/main.js")
    again = await visitor.get("/console/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await visitor.get("/console/main.js", headers={"If-None-Match": '"an older one"'})
    assert other.content == first.content


async def test_what_is_no_part_of_the_page_is_not_served(visitor: httpx.AsyncClient) -> None:
    for name in ("nothing.js", "__init__.py", "..%2F__init__.py", "%2e%2e/app.py"):
        answer = await visitor.get(f"/console/{name}")
        assert answer.status_code == 404, name
        assert answer.json()["statusCode"] == 404


async def test_a_process_without_the_api_has_no_console(serve: Callable[..., Awaitable[Served]]) -> None:
    node = (await serve(role="node")).client(None)
    assert (await node.get("/console")).status_code == 404
    assert (await node.get("/")).status_code == 404


def test_the_page_needs_nothing_that_is_not_with_it() -> None:
    texts = {name: file.content.decode() for name, file in FILES.items()}
    needed = {
        found
        for name, text in texts.items()
        for found in re.findall(r'(?:from "\./|(?:src|href)="console/)([^"]+)"', text)
        if name.endswith((".js", ".html"))
    }
    assert needed - set(FILES) == set()
    assert set(FILES) - needed == {"index.html"}


def test_no_file_names_another_host_or_makes_markup_of_data() -> None:
    forbidden = re.compile(r"https?://|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function")
    texts = {name: file.content.decode().replace(NAMESPACE, "") for name, file in FILES.items()}
    assert {name: found for name, text in texts.items() if (found := forbidden.findall(text))} == {}
