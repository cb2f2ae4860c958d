"""The event log: every write is in it with the name of the key, in one transaction with what it wrote."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from tests.api.charge_box import Refuses, Silent, plugged_in
from tests.api.conftest import Api, Served

_TARIFF = {"currency": "DKK", "elements": [{"priceComponents": [{"type": "ENERGY", "price": 3.5}]}]}
_TARIFF_ID = "58652fe8-d840-4aa4-bb4f-3ebd944df9d6"
_CUSTOMER = {"name": "Taxi Nord", "country": "DK", "contactDetails": {"name": "Ida"}, "ownerId": 1, "type": "Business"}
_LOCATION = {
    "name": "Harbour",
    "address": "Havnegade 1",
    "postalCode": "1058",
    "city": "København",
    "countryCode": "DK",
    "coordinates": {"latitude": 55.6761, "longitude": 12.5683},
    "publish": True,
}
_CHARGE_BOX = {"serialNumber": "SN-1", "modelId": 2, "locationId": 1, "chargeBoxIdentity": "BOX"}
_STATUS = {"evseId": "BOX*1", "temporaryStatus": "RESERVED"}
_CARD = {"identifier": {"type": "rfid", "uid": "CAFE01"}}

# Each write in an order in which it can be done, and the event that it leaves. What is made has the id 1,
# but customer 1 is the operator itself.
WRITES: tuple[tuple[str, str, Any, str], ...] = (
    ("POST", "/v2/customers", _CUSTOMER, "customer.created"),
    ("PUT", "/v2/customers/2", {"name": "Taxi Syd"}, "customer.changed"),
    ("POST", "/v2/tariffs", {**_TARIFF, "id": _TARIFF_ID}, "tariff.created"),
    ("PUT", f"/v2/tariffs/{_TARIFF_ID}", {**_TARIFF, "minPrice": 5}, "tariff.changed"),
    ("POST", "/v2/locations", _LOCATION, "location.created"),
    ("PATCH", "/v2/locations/1", {"name": "Marina"}, "location.changed"),
    ("PUT", "/locations/1", {"name": "Pier", "isPublic": True, "lat": 55.7, "lon": 12.6}, "location.changed"),
    ("POST", "/v2/chargeboxes", _CHARGE_BOX, "charge_box.created"),
    ("PATCH", "/v2/chargeboxes/1", {"serialNumber": "SN-2"}, "charge_box.changed"),
    ("PATCH", "/v2/evses/1/connectors/1", {"maxAmperage": 16}, "connector.changed"),
    ("POST", "/v2/temporary-evse-statuses", _STATUS, "temporary_evse_status.created"),
    ("PATCH", "/v2/temporary-evse-statuses/1", {"temporaryStatus": "BLOCKED"}, "temporary_evse_status.changed"),
    ("DELETE", "/v2/temporary-evse-statuses/1", None, "temporary_evse_status.removed"),
    ("POST", "/v2/tokens", _CARD, "token.created"),
    ("PATCH", "/v2/tokens/1", {"comment": "Blue"}, "token.changed"),
    ("POST", "/v2/tokens/1/disable", None, "token.disabled"),
    ("POST", "/v2/tokens/1/enable", None, "token.enabled"),
    ("POST", "/v2/token-groups", {"name": "Taxis"}, "token_group.created"),
    ("PATCH", "/v2/token-groups/1", {"name": "Vans"}, "token_group.changed"),
    ("POST", "/v2/token-groups/1/disable", None, "token_group.changed"),
    ("POST", "/v2/token-groups/1/enable", None, "token_group.changed"),
    ("POST", "/v2/token-groups/1/locations/1", None, "token_group.location_added"),
    ("POST", "/v2/token-groups/1/tokens/1", None, "token_group.token_added"),
    ("DELETE", "/v2/token-groups/1/locations/1", None, "token_group.location_removed"),
    ("DELETE", "/v2/token-groups/1/tokens/1", None, "token_group.token_removed"),
    ("POST", "/v2/voucher-groups", {"name": "Guests", "customerId": 1, "pricing": {}}, "voucher_group.created"),
    ("PATCH", "/v2/voucher-groups/1", {"notes": "Summer"}, "voucher_group.changed"),
    ("POST", "/v2/voucher-groups/1/locations/1", None, "voucher_group.location_added"),
    ("POST", "/v2/vouchers", {"code": "TT-1", "voucherGroupId": 1}, "voucher.created"),
    ("PATCH", "/v2/vouchers/1", {"maxUsers": 5}, "voucher.changed"),
    ("POST", "/v2/vouchers/1/tokens/1", None, "voucher.token_added"),
    ("POST", "/v2/vouchers/1/app-users/7", None, "voucher.app_user_added"),
    ("DELETE", "/v2/vouchers/1/tokens/1", None, "voucher.token_removed"),
    ("DELETE", "/v2/vouchers/1/app-users/7", None, "voucher.app_user_removed"),
    ("DELETE", "/v2/voucher-groups/1/locations/1", None, "voucher_group.location_removed"),
    ("DELETE", "/v2/vouchers/1", None, "voucher.deleted"),
    ("DELETE", "/v2/voucher-groups/1", None, "voucher_group.deleted"),
    ("DELETE", "/v2/token-groups/1", None, "token_group.deleted"),
    ("DELETE", "/v2/tokens/1", None, "token.deleted"),
    ("DELETE", "/v2/chargeboxes/1", None, "charge_box.deleted"),
    ("DELETE", "/v2/locations/1", None, "location.deleted"),
    ("DELETE", f"/v2/tariffs/{_TARIFF_ID}", None, "tariff.deleted"),
)

COMMANDS: tuple[tuple[str, Any, str], ...] = (
    ("/v2/chargeboxes/1/reset", {"type": "Soft"}, "Reset"),
    ("/v2/chargeboxes/1/reboot", None, "Reset"),
    ("/v2/chargeboxes/1/commands/ClearCache", {}, "ClearCache"),
    ("/v2/evses/1/connectors/1/remote-start-transaction", {"idTag": "CAFE01"}, "RemoteStartTransaction"),
    ("/v2/evses/1/connectors/1/remote-stop-transaction", {"transactionId": 1}, "RemoteStopTransaction"),
    ("/v2/evses/1/connectors/1/unlock", None, "UnlockConnector"),
    ("/v2/evses/1/connectors/1/change-availability", {"type": "Operative"}, "ChangeAvailability"),
)

# What changes by itself, and the log.
_NOT_COMPARED = ("nodes", "frames", "events", "meter_values", "gate")


async def ask(client: httpx.AsyncClient, method: str, path: str, body: Any) -> httpx.Response:
    """Send a request; without a body where there is none."""
    return await client.request(method, path, **({} if body is None else {"json": body}))


async def log_of(sql: asyncpg.Connection) -> list[tuple[str, str, dict[str, Any]]]:
    """Who did what, in order."""
    rows = await sql.fetch("SELECT kind, actor, data FROM events WHERE actor IS NOT NULL ORDER BY id")
    return [(row["kind"], row["actor"], json.loads(row["data"])) for row in rows]


async def everything(sql: asyncpg.Connection) -> dict[str, Any]:
    """The whole database, but for what changes by itself."""
    names = await sql.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND NOT relispartition "
        "AND relnamespace = 'public'::regnamespace"
    )
    tables = sorted(row["relname"] for row in names if row["relname"] not in _NOT_COMPARED)
    return {name: await sql.fetch(f"SELECT t::text FROM {name} t ORDER BY 1") for name in tables}


@asynccontextmanager
async def closed(sql: asyncpg.Connection) -> AsyncIterator[None]:
    """While this lasts no event of a person can be written; the ids that were tried meanwhile come again."""
    names = [
        row["name"] for row in await sql.fetch("SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'S'")
    ]
    counters = {name: (await sql.fetch(f"SELECT last_value, is_called FROM {name}"))[0] for name in names}
    await sql.execute("UPDATE gate SET closed = true")
    yield
    await sql.execute("UPDATE gate SET closed = false")
    for name, counter in counters.items():
        await sql.execute("SELECT setval($1::text::regclass, $2, $3)", name, *counter)


@pytest.fixture
async def gate(sql: asyncpg.Connection) -> None:
    """What lets `closed` work."""
    await sql.execute("CREATE TABLE gate AS SELECT false AS closed")
    await sql.execute(
        "CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.actor IS NOT NULL AND (SELECT closed FROM gate) THEN RAISE 'the event log is closed'; END IF; "
        "RETURN NEW; END $$"
    )
    await sql.execute("CREATE TRIGGER guard BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION guard()")


async def test_every_writing_route_is_known_here(served: Served) -> None:
    def shape(path: str) -> str:
        return re.sub(r"\{[^}]*\}|(?<=/)(\d+|[0-9a-f]{8}-[0-9a-f-]+|ClearCache)(?=/|$)", "*", path)

    routed = {
        (method.upper(), shape(path))
        for path, methods in served.app.openapi()["paths"].items()
        for method in methods
        if method != "get"
    }
    known = {(method, shape(path)) for method, path, _, _ in WRITES} | {
        ("POST", shape(path)) for path, _, _ in COMMANDS
    }
    assert known == routed


async def test_every_write_is_in_the_event_log_with_who_did_it(api: Api, sql: asyncpg.Connection) -> None:
    seen = 0
    for method, path, body, kind in WRITES:
        answer = await ask(api.editor, method, path, body)
        assert answer.is_success, (method, path, answer.text)
        log = await log_of(sql)
        assert [(what, who) for what, who, _ in log[seen:]] == [(kind, "editor")], (method, path)
        seen = len(log)


@pytest.mark.usefixtures("gate")
async def test_what_cannot_be_logged_is_not_written(api: Api, sql: asyncpg.Connection) -> None:
    for method, path, body, _ in WRITES:
        before = await everything(sql)
        async with closed(sql):
            refused = await ask(api.editor, method, path, body)
        assert refused.status_code >= 500, (method, path)
        assert await everything(sql) == before, (method, path)
        assert (await ask(api.editor, method, path, body)).is_success, (method, path)


async def test_many_tokens_are_many_events(api: Api, sql: asyncpg.Connection) -> None:
    cards = [{"identifier": {"type": "rfid", "uid": f"CAFE{number}"}} for number in range(3)]
    assert (await api.editor.post("/v2/tokens", json=cards)).status_code == 201
    assert [data["uid"] for _, _, data in await log_of(sql)] == ["CAFE0", "CAFE1", "CAFE2"]


async def test_every_command_is_in_the_event_log_with_what_came_of_it(api: Api, sql: asyncpg.Connection) -> None:
    box = await api.charge_box()
    async with plugged_in(box) as end:
        assert await end.start("CAFE01", at="2026-01-01T12:00:00Z") == 1
        for _, _, action in COMMANDS:
            end.answers[action] = {"status": "Unlocked" if action == "UnlockConnector" else "Accepted"}
        seen = len(await log_of(sql))
        for path, body, _ in COMMANDS:
            assert (await ask(api.operator, "POST", path, body)).status_code == 200, path
    log = (await log_of(sql))[seen:]
    assert [(kind, actor, data["action"]) for kind, actor, data in log] == [
        ("command.sent", "operator", action) for _, _, action in COMMANDS
    ]
    assert all(data["outcome"] == "Answered" and data["durationMs"] > 0 for _, _, data in log)
    assert [data["status"] for _, _, data in log] == ["Accepted"] * 5 + ["Unlocked", "Accepted"]


async def test_a_command_without_an_answer_is_in_the_event_log_too(api: Api, sql: asyncpg.Connection) -> None:
    box = await api.charge_box()
    path = f"/v2/chargeboxes/{box['id']}/reboot"
    await api.operator.post(path)
    async with plugged_in(box) as end:
        end.answers["Reset"] = Silent()
        await api.operator.post(path)
        end.answers["Reset"] = Refuses("InternalError", "relay stuck")
        await api.operator.post(path)
    log = [data for kind, _, data in await log_of(sql) if kind == "command.sent"]
    assert [data["outcome"] for data in log] == ["Offline", "Timeout", "CallError"]
    assert log[0]["reason"] == "Charge box is not connected"
    assert "did not answer Reset" in log[1]["reason"]
    assert log[1]["durationMs"] > 250
    assert "relay stuck" in log[2]["reason"]


@pytest.mark.usefixtures("gate")
async def test_the_charge_boxs_word_is_told_also_when_it_cannot_be_logged(api: Api, sql: asyncpg.Connection) -> None:
    box = await api.charge_box()
    async with plugged_in(box) as end:
        end.answers["Reset"] = {"status": "Accepted"}
        async with closed(sql):
            answer = await api.operator.post(f"/v2/chargeboxes/{box['id']}/reboot")
    assert (answer.status_code, answer.json()) == (200, {"status": "Accepted"})
