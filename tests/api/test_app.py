"""The application as a whole: health, errors, request ids, documentation."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from api.edge import MAX_BODY_BYTES
from csms.domain.roles import ApiRole
from csms.store.database import Database
from tests.api.conftest import Api, Served

Serve = Callable[..., Awaitable[Served]]


def refusal(response: httpx.Response) -> dict[str, Any]:
    """The error body, with what every one of them has."""
    body: dict[str, Any] = response.json()
    assert body["statusCode"] == response.status_code
    assert body["requestId"] == response.headers["X-Request-Id"]
    assert isinstance(body["error"], str)
    assert isinstance(body["message"], str)
    return body


async def test_a_process_that_can_work_says_so(api: Api) -> None:
    alive = await api.nobody.get("/healthz")
    ready = await api.nobody.get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ok", "missing": []})


async def test_without_its_database_a_process_lives_but_is_not_ready(
    serve: Serve, keys: dict[ApiRole, str], database: Database
) -> None:
    served = await serve()
    viewer = served.client(keys[ApiRole.viewer])
    await viewer.get("/v2/chargeboxes")
    served.app.state.database = gone = Database("postgresql://nobody@127.0.0.1:1/nowhere")
    ready = await viewer.get("/readyz")
    alive = await viewer.get("/healthz")
    read = await viewer.get("/v2/chargeboxes")
    served.app.state.database = database
    await gone.close()
    assert (ready.status_code, ready.json()["missing"]) == (503, ["database"])
    assert alive.status_code == 200
    assert read.status_code == 503
    assert int(read.headers["Retry-After"]) > 0
    assert refusal(read)["message"] == "the database cannot be reached"


async def test_a_node_serves_only_health(serve: Serve, keys: dict[ApiRole, str]) -> None:
    served = await serve(role="node")
    client = served.client(keys[ApiRole.admin])
    assert (await client.get("/readyz")).status_code == 200
    assert (await client.get("/v2/chargeboxes")).status_code == 404


async def test_an_api_without_a_listener_is_ready(serve: Serve, keys: dict[ApiRole, str]) -> None:
    served = await serve(role="api")
    client = served.client(keys[ApiRole.viewer])
    assert (await client.get("/readyz")).status_code == 200
    assert (await client.get("/v2/chargeboxes")).status_code == 200


async def test_an_unknown_path_is_404_and_a_wrong_method_405_in_the_same_body(api: Api) -> None:
    unknown = await api.viewer.get("/v2/chargeboxen")
    wrong = await api.viewer.put("/v2/chargeboxes")
    assert (unknown.status_code, refusal(unknown)["message"]) == (404, "there is no /v2/chargeboxen")
    assert (wrong.status_code, refusal(wrong)["error"]) == (405, "Method Not Allowed")
    assert set(wrong.headers["Allow"].split(", ")) >= {"GET"}


async def test_a_405_tells_every_method_of_the_path(api: Api) -> None:
    listed = await api.viewer.delete("/v2/chargeboxes")
    one = await api.viewer.post("/v2/chargeboxes/7")
    fixed = await api.viewer.patch("/v2/chargeboxes/models", json={})
    assert {answer.status_code for answer in (listed, one, fixed)} == {405}
    assert [answer.headers["Allow"] for answer in (listed, one, fixed)] == ["GET, POST", "DELETE, GET, PATCH", "GET"]
    assert refusal(fixed)["message"] == "/v2/chargeboxes/models does not take PATCH"


async def test_a_sane_request_id_is_echoed_and_an_odd_one_replaced(api: Api) -> None:
    sane = await api.viewer.get("/v2/chargeboxes/999", headers={"X-Request-Id": "order-66.b"})
    odd = await api.viewer.get("/v2/chargeboxes/999", headers={"X-Request-Id": "two words"})
    none = await api.viewer.get("/v2/chargeboxes")
    assert refusal(sane)["requestId"] == "order-66.b"
    assert re.fullmatch("[0-9a-f]{32}", refusal(odd)["requestId"])
    assert re.fullmatch("[0-9a-f]{32}", none.headers["X-Request-Id"])


async def test_a_refused_body_names_each_field_and_what_it_allows(api: Api) -> None:
    response = await api.editor.post(
        "/v2/chargeboxes", json={"serialNumber": 5, "locationId": "1", "modelId": 2, "registrationStatus": "Maybe"}
    )
    details = {item["field"]: item["message"] for item in refusal(response)["details"]}
    assert response.status_code == 400
    assert set(details) == {"serialNumber", "locationId", "registrationStatus"}
    assert all(word in details["registrationStatus"] for word in ("Accepted", "Pending", "Rejected"))


async def test_a_field_within_a_field_is_named_by_its_path(api: Api) -> None:
    response = await api.editor.post("/v2/tokens", json={"identifier": {"type": "rfid"}})
    listed = await api.editor.post("/v2/tokens", json=[{"identifier": {"type": "rfid"}}])
    assert [detail["field"] for detail in refusal(response)["details"]] == ["identifier.uid"]
    assert [detail["field"] for detail in refusal(listed)["details"]] == ["0.identifier.uid"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "is not JSON"),
        (b"[" * 200_000, "error parsing"),
        (b"\xff\xfe\xfd", "error parsing"),
        (b"9" * 5000, ""),
        (b'{"serialNumber": "\\ud800", "locationId": 1, "modelId": 2}', "serialNumber"),
        (b'{"serialNumber": "a\\u0000b", "locationId": 1, "modelId": 2}', "control characters"),
        (b'{"serialNumber": "a", "locationId": NaN, "modelId": 2}', "locationId"),
        (b'{"serialNumber": "a", "locationId": 99999999999999999999, "modelId": 2}', "locationId"),
        (b"", ""),
    ],
)
async def test_a_hostile_body_is_the_clients_mistake(api: Api, content: bytes, reason: str) -> None:
    response = await api.editor.post("/v2/chargeboxes", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert reason in refusal(response)["message"]


async def test_a_body_beyond_the_limit_is_413_announced_or_not(api: Api) -> None:
    async def chunks() -> Any:
        for _ in range(20):
            yield b" " * (MAX_BODY_BYTES // 16)

    announced = await api.editor.post("/v2/tokens", content=b" " * (MAX_BODY_BYTES + 1))
    streamed = await api.editor.post("/v2/tokens", content=chunks())
    assert (announced.status_code, streamed.status_code) == (413, 413)
    assert refusal(announced)["error"] == refusal(streamed)["error"]


async def test_a_failure_of_ours_tells_the_client_nothing_and_the_log_once(
    served: Served, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    del served.app.state.reach
    response = await api.viewer.get("/v2/chargeboxes")
    body = refusal(response)
    assert response.status_code == 500
    assert "reach" not in body["message"]
    traces = [record for record in caplog.records if record.exc_info]
    assert len(traces) == 1
    assert body["requestId"] in traces[0].getMessage()


async def test_the_documentation_needs_no_internet(api: Api) -> None:
    for path in ("/docs", "/redoc"):
        page = await api.nobody.get(path)
        assert page.status_code == 200
        assert not re.findall(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//", page.text)
        assets = re.findall(r"(?:src|href)=\"(/[^\"]+\.(?:js|css|png))\"", page.text)
        assert assets
        for asset in assets:
            assert (await api.nobody.get(asset)).status_code == 200
