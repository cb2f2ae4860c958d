"""Rate limits: how often a key may ask, and what it is told."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.requests import Request

from api.legacy import ROUTERS as LEGACY
from api.limits import WINDOW_S, Kind, Limits, TooManyRequests, kind_of
from api.v2 import ROUTERS, charge_box_commands, evse_commands
from csms.domain.roles import ApiRole
from csms.settings import Settings
from tests.api.conftest import Api, Served
from tests.api.test_app import refusal

Serve = Callable[..., Awaitable[Served]]


def headers(response: httpx.Response) -> dict[str, str]:
    """What an answer says of the limit."""
    return {name: value for name, value in response.headers.items() if name.startswith(("x-ratelimit", "retry-after"))}


async def test_without_a_setting_there_is_no_limit(api: Api) -> None:
    for _ in range(40):
        response = await api.viewer.get("/v2/customers")
        assert response.status_code == 200
    assert headers(response) == {}


async def test_each_answer_says_what_is_left_and_one_too_many_is_429(serve: Serve, keys: dict[ApiRole, str]) -> None:
    served = await serve(rate_limit_read_per_min=3)
    viewer, editor = served.client(keys[ApiRole.viewer]), served.client(keys[ApiRole.editor])
    answers = [await viewer.get(path) for path in ("/v2/customers", "/v2/customers/77", "/vouchers?limit=0")]
    assert [(answer.status_code, answer.headers["X-RateLimit-Remaining"]) for answer in answers] == [
        (200, "2"),
        (404, "1"),
        (400, "0"),
    ]
    refused = await viewer.get("/v2/customers")
    assert refused.status_code == 429
    assert refusal(refused)["error"] == "Too Many Requests"
    assert (refused.headers["X-RateLimit-Limit"], refused.headers["X-RateLimit-Remaining"]) == ("3", "0")
    wait_s = int(refused.headers["Retry-After"])
    assert 50 < wait_s <= WINDOW_S
    assert abs(int(refused.headers["X-RateLimit-Reset"]) - time.time() - wait_s) < 3
    assert f"try again in {wait_s} s" in refusal(refused)["message"]
    assert (await editor.get("/v2/customers")).headers["X-RateLimit-Remaining"] == "2"
    assert headers(await served.client(None).get("/v2/customers")) == {}
    assert headers(await viewer.get("/healthz")) == {}


async def test_reads_writes_and_commands_are_counted_apart(serve: Serve, keys: dict[ApiRole, str]) -> None:
    served = await serve(rate_limit_write_per_min=5, rate_limit_command_per_min=2)
    operator = served.client(keys[ApiRole.operator])
    assert headers(await operator.get("/v2/chargeboxes")) == {}
    deleted = await operator.delete("/v2/vouchers/77")
    assert (deleted.headers["X-RateLimit-Limit"], deleted.headers["X-RateLimit-Remaining"]) == ("5", "4")
    statuses = [(await operator.post("/v2/chargeboxes/77/reset", json={"type": "Soft"})).status_code for _ in range(3)]
    assert statuses == [404, 404, 429]
    assert (await operator.delete("/v2/vouchers/77")).headers["X-RateLimit-Remaining"] == "3"


async def test_an_answer_without_a_body_says_what_is_left(serve: Serve, keys: dict[ApiRole, str]) -> None:
    served = await serve(rate_limit_write_per_min=5)
    editor = served.client(keys[ApiRole.editor])
    body = {"name": "G", "pricing": {}}
    made = (await editor.post("/v2/voucher-groups", json=body)).json()
    gone = await editor.delete(f"/v2/voucher-groups/{made['id']}")
    assert (gone.status_code, gone.headers["X-RateLimit-Remaining"]) == (204, "3")


def test_commands_are_what_leads_to_a_charge_box() -> None:
    leading = {
        route.path
        for router in (charge_box_commands.router, evse_commands.router)
        for route in router.routes
        if isinstance(route, APIRoute)
    }
    assert leading
    for router in (*ROUTERS, *LEGACY):
        for route in router.routes:
            assert isinstance(route, APIRoute)
            for method in route.methods or ():
                wanted = Kind.READ if method == "GET" else Kind.COMMAND if route.path in leading else Kind.WRITE
                assert kind_of(method, route) is wanted, (method, route.path)


class Clock:
    """Seconds that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def asking() -> Request:
    """A request that reads."""
    scope: dict[str, Any] = {"type": "http", "method": "GET", "headers": [], "state": {}}
    return Request(scope)


def test_a_window_begins_with_its_first_request_and_ends_after_a_minute() -> None:
    clock = Clock()
    limits = Limits(Settings.read(rate_limit_read_per_min=2), clock=clock)
    for now, remaining in ((1000.0, "1"), (1059.0, "0"), (1060.0, "1")):
        clock.now = now
        request = asking()
        limits.count(request, 1)
        assert request.state.headers["X-RateLimit-Remaining"] == remaining
    clock.now = 1119.5
    limits.count(asking(), 1)
    with pytest.raises(TooManyRequests, match="2 read requests a minute; try again in 1 s"):
        limits.count(asking(), 1)
    clock.now = 1120.0
    limits.count(asking(), 1)
