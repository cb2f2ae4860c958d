"""The door: which URL, subprotocol and password opens it, and what a refused charge box hears."""

import asyncio
import base64
import functools
from typing import Any

import asyncpg
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from csms.domain.secrets import canonical_password, hash_secret
from csms.gateway import server
from csms.node import Node
from csms.settings import Settings, UnknownChargeBoxes
from csms.store.database import Database
from csms.store.installation import secret_key as installation_key
from tests.gateway.gate import gate
from tests.gateway.peers import cuttable, peer, request, running
from tests.gateway.waiting import becomes, holds
from tests.wire import basic, plugged, register

Sql = asyncpg.Connection
Headers = dict[str, str]

_HEX_PASSWORD = "a7fb10c3a7fb10c3a7fb10c3a7fb10c3a7fb10c3"


async def _knock(node: Node, path: str, *, headers: Headers | None = None, **more: Any) -> int:
    """Open a connection and close it again; returns the HTTP status."""
    options: dict[str, Any] = {"subprotocols": ["ocpp1.6"], "compression": None, **more}
    try:
        async with connect(f"ws://127.0.0.1:{node.ocpp_port}{path}", additional_headers=headers, **options) as socket:
            return socket.response.status_code if socket.response else 0
    except InvalidStatus as refused:
        return refused.response.status_code


async def _reason(sql: Sql, identity: str) -> str | None:
    return str(await sql.fetchval("SELECT reason FROM knocks WHERE identity = $1", identity))


async def _register_with(sql: Sql, database: Database, identity: str, password: str) -> int:
    key = await installation_key(database, "")
    stored = hash_secret(canonical_password(password), key)
    return await register(sql, identity, password_required=True, password_hash=stored)


# ---- identity

_PATHS = [
    ("BOX1", "/ocpp/BOX1"),
    ("BOX1", "/BOX1"),
    ("BOX1", "/steve/websocket/CentralSystemService/BOX1"),
    ("BOX1", "/ocpp/BOX1/"),
    ("BOX1", "///BOX1"),
    ("BOX1", "/ocpp//BOX1//"),
    ("BOX1", "/ocpp/box1"),
    ("BOX1", "/ocpp/BOX1?serial=17&x=/y"),
    ("box2", "/ocpp/BOX2"),
    ("DK*SPI*E 17", "/ocpp/DK*SPI*E%2017"),
    ("DK/17", "/ocpp/DK%2F17"),
    ("50%20", "/ocpp/50%2520"),
    ("Sälen-Øst", "/ocpp/S%C3%A4len-%C3%98st"),
    ("充电桩1", "/ocpp/%E5%85%85%E7%94%B5%E6%A1%A91"),
]


async def test_the_last_segment_of_any_path_is_the_identity(node: Node, sql: Sql, subtests: pytest.Subtests) -> None:
    boxes = {identity: await register(sql, identity) for identity, _ in dict(_PATHS).items()}
    for identity, path in _PATHS:
        with subtests.test(path):
            async with peer(node.ocpp_port) as raw:
                assert (await raw.shake_hands(path)).startswith("HTTP/1.1 101 ")
                assert node.connections.is_online(boxes[identity])


async def test_an_unknown_box_hears_404_and_is_remembered(node: Node, sql: Sql) -> None:
    for _ in range(3):
        assert await _knock(node, "/ocpp/Ny%20boks") == 404
    await becomes(lambda: sql.fetchval("SELECT count FROM knocks WHERE identity = 'Ny boks'"), 3)
    knock = await sql.fetchrow("SELECT * FROM knocks")
    assert knock is not None
    assert (knock["reason"], knock["remote_address"].split(":")[0]) == ("unknown", "127.0.0.1")
    assert knock["first_at"] < knock["last_at"]


async def test_a_path_without_a_usable_identity_is_refused_and_not_remembered(node: Node, sql: Sql) -> None:
    for path in ("/", "//", "/%00", "/ocpp/%20", "/a%0Ab", "/" + "x" * 256):
        assert await _knock(node, path) == 404, path
    await node.ledger.close()
    assert await sql.fetchval("SELECT count(*) FROM knocks") == 0


async def test_a_deleted_box_is_unknown(node: Node, sql: Sql) -> None:
    await register(sql, "BOX1")
    await sql.execute("UPDATE charge_boxes SET deleted_at = now()")
    assert await _knock(node, "/ocpp/BOX1") == 404
    again = await register(sql, "BOX1")
    async with plugged(node.ocpp_port, "BOX1"):
        assert node.connections.is_online(again)


# ---- boxes that register themselves


async def test_an_unknown_box_may_register_itself(settings: Settings, database: Database, sql: Sql) -> None:
    async with running(settings, database, unknown_charge_boxes=UnknownChargeBoxes.register) as node:
        assert await _knock(node, "/ocpp/NEW1") == 101
        assert await _knock(node, "/ocpp/new1") == 101
        # Who came without a password needs none, whatever it presents later.
        assert await _knock(node, "/ocpp/NEW1", headers=basic("NEW1", "later")) == 101
        row = await sql.fetchrow(
            "SELECT b.*, l.name AS location, l.publish FROM charge_boxes b JOIN locations l ON l.id = b.location_id"
        )
    assert row is not None
    assert (row["identity"], row["location"], row["publish"]) == ("NEW1", "Unassigned", False)
    assert (row["password_required"], row["password_hash"]) == (False, None)
    assert await sql.fetchval("SELECT count(*) FROM charge_boxes") == 1


async def test_the_first_password_of_a_new_box_is_its_password(
    settings: Settings, database: Database, sql: Sql
) -> None:
    passwords = [b"s3cret pass:word", _HEX_PASSWORD.encode(), b"\xff\x00\xfebinary"]
    async with running(settings, database, unknown_charge_boxes=UnknownChargeBoxes.register) as node:
        for number, password in enumerate(passwords):
            name = f"NEW{number}"
            assert await _knock(node, f"/ocpp/{name}", headers=basic(name, password)) == 101
            assert await _knock(node, f"/ocpp/{name}", headers=basic(name, password)) == 101
            assert await _knock(node, f"/ocpp/{name}", headers=basic(name, "another")) == 401
            assert await _knock(node, f"/ocpp/{name}") == 401
    assert await sql.fetchval("SELECT count(*) FROM charge_boxes WHERE password_required") == len(passwords)


async def test_two_sockets_of_a_new_box_register_it_once(settings: Settings, database: Database, sql: Sql) -> None:
    async with running(settings, database, unknown_charge_boxes=UnknownChargeBoxes.register) as node:
        paths = ["/ocpp/NEW1", "/ocpp/new1", "/ocpp/NEW2"] * 3
        assert set(await asyncio.gather(*(_knock(node, path) for path in paths))) <= {101, 0}
    assert await sql.fetchval("SELECT count(*) FROM charge_boxes") == 2
    assert await sql.fetchval("SELECT count(*) FROM locations") == 1


# ---- subprotocol


async def test_a_box_that_offers_1_6_or_nothing_is_served(node: Node, sql: Sql) -> None:
    await register(sql, "BOX1")
    offers: list[tuple[list[str] | None, str | None]] = [
        (None, None),
        (["ocpp1.6"], "ocpp1.6"),
        (["ocpp2.0.1", "ocpp1.6", "ocpp1.5"], "ocpp1.6"),
        (["OCPP1.6"], "OCPP1.6"),
    ]
    for offered, chosen in offers:
        async with plugged(node.ocpp_port, "BOX1", subprotocols=offered) as wire:
            assert wire.socket.subprotocol == chosen
            assert "currentTime" in await wire.ask("Heartbeat")


async def test_a_box_that_offers_only_others_is_upgraded_and_closed(node: Node, sql: Sql) -> None:
    box = await register(sql, "BOX1")
    url = f"ws://127.0.0.1:{node.ocpp_port}/ocpp/BOX1"
    for offered in (["ocpp2.0.1"], ["ocpp1.5", "ocpp2.0"], ["soap"]):
        async with connect(url, subprotocols=[Subprotocol(name) for name in offered], compression=None) as socket:
            assert socket.subprotocol is None
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1002
        assert not node.connections.is_online(box)
        await becomes(functools.partial(_reason, sql, "BOX1"), f"offers only {', '.join(offered)}")


# ---- password


_FORMS = [
    ("correct horse", b"correct horse", "text"),
    ("with:colons::in it", b"with:colons::in it", "text"),
    ("Grüße", "Grüße".encode(), "text"),
    (_HEX_PASSWORD, _HEX_PASSWORD.encode(), "hex"),
    (_HEX_PASSWORD, _HEX_PASSWORD.upper().encode(), "hex"),
    (_HEX_PASSWORD, bytes.fromhex(_HEX_PASSWORD), "bytes"),
    ("correct horse", b"correct horse".hex().encode(), "hex"),
]


async def test_a_password_opens_in_each_of_its_forms(
    node: Node, sql: Sql, database: Database, subtests: pytest.Subtests
) -> None:
    for number, (configured, presented, form) in enumerate(_FORMS):
        with subtests.test(presented=presented, form=form):
            box = await _register_with(sql, database, f"BOX{number}", configured)
            assert await _knock(node, f"/ocpp/BOX{number}", headers=basic(f"BOX{number}", presented)) == 101
            assert await sql.fetchval("SELECT password_form FROM charge_boxes WHERE id = $1", box) == form


_NO_PASSWORDS = [
    (None, "password missing"),
    (basic("BOX1", "")["Authorization"], "password missing"),
    ("Bearer abcdef", "password missing"),
    ("Basic", "password missing"),
    ("Basic !!!!", "password missing"),
    ("Basic é€", "password missing"),
    ("Basic QUJDR", "password missing"),
    (basic("BOX1", "wrong")["Authorization"], "password wrong"),
    (basic("BOX1", _HEX_PASSWORD[:-2])["Authorization"], "password wrong"),
    (basic("BOX1", bytes(20))["Authorization"], "password wrong"),
    (basic("BOX1", "x" * 3000)["Authorization"], "password wrong"),
]


async def test_a_missing_or_wrong_password_hears_401(
    node: Node, sql: Sql, database: Database, subtests: pytest.Subtests
) -> None:
    box = await _register_with(sql, database, "BOX1", _HEX_PASSWORD)
    for authorization, reason in _NO_PASSWORDS:
        with subtests.test(authorization):
            async with peer(node.ocpp_port) as raw:
                await raw.send(request("/ocpp/BOX1", *([f"Authorization: {authorization}"] if authorization else [])))
                answer = (await raw.read_to_end()).decode()
            assert answer.startswith("HTTP/1.1 401 ")
            assert "WWW-Authenticate: Basic" in answer
            assert not node.connections.is_online(box)
            await becomes(functools.partial(_reason, sql, "BOX1"), reason)


async def test_the_username_need_not_be_the_identity(node: Node, sql: Sql, database: Database) -> None:
    await _register_with(sql, database, "BOX1", "pass:word")
    for username in ("", "admin", "box1"):
        assert await _knock(node, "/ocpp/BOX1", headers=basic(username, "pass:word")) == 101
    await _register_with(sql, database, "AA:BB:CC", "pass:word")
    assert await _knock(node, "/AA:BB:CC", headers=basic("aa:bb:cc", "pass:word")) == 101


async def test_the_scheme_and_padding_of_basic_are_read_with_patience(node: Node, sql: Sql, database: Database) -> None:
    await _register_with(sql, database, "BOX1", "secret")
    coded = base64.b64encode(b"BOX1:secret").decode()
    for header in (f"basic {coded}", f"BASIC  {coded}", f"Basic {coded.rstrip('=')}"):
        async with peer(node.ocpp_port) as raw:
            assert (await raw.shake_hands("/BOX1", f"Authorization: {header}")).startswith("HTTP/1.1 101 ")


async def test_a_box_that_needs_no_password_may_send_one(node: Node, sql: Sql) -> None:
    await register(sql, "BOX1")
    assert await _knock(node, "/ocpp/BOX1", headers=basic("BOX1", "whatever")) == 101


async def test_a_box_that_needs_a_password_but_has_none_stored_stays_out(node: Node, sql: Sql) -> None:
    await register(sql, "BOX1", password_required=True)
    assert await _knock(node, "/ocpp/BOX1") == 401
    assert await _knock(node, "/ocpp/BOX1", headers=basic("BOX1", "guess")) == 401


# ---- what is no handshake of a charge box


_NOT_WEBSOCKET = [
    ("GET / HTTP/1.1\r\nHost: here\r\n\r\n", 426),
    ("GET /ocpp/BOX1 HTTP/1.1\r\nHost: here\r\n\r\n", 426),
    ("HEAD /ocpp/BOX1 HTTP/1.1\r\nHost: here\r\n\r\n", 405),
    ("GET /ocpp/BOX1 HTTP/1.0\r\n\r\n", 505),
    ("hello?\r\n\r\n", 400),
    ("\x16\x03\x01 a TLS hello\r\n\r\n", 400),
]


async def test_plain_http_gets_a_sane_answer_and_disturbs_nobody(
    node: Node, sql: Sql, subtests: pytest.Subtests
) -> None:
    await register(sql, "BOX1")
    async with plugged(node.ocpp_port, "BOX1") as wire:
        for head, status in _NOT_WEBSOCKET:
            with subtests.test(head):
                async with peer(node.ocpp_port) as raw:
                    await raw.send(head.encode("latin-1"))
                    answer = await raw.read_to_end()
                assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert "currentTime" in await wire.ask("Heartbeat")
    assert await sql.fetchval("SELECT count(*) FROM events WHERE kind = 'charge_box.connected'") == 1


async def test_a_slow_handshake_is_ended(node: Node, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_HANDSHAKE_LIMIT_S", 0.2)
    async with peer(node.ocpp_port) as silent, peer(node.ocpp_port) as slow:
        await slow.send(b"GET /ocpp/BOX1 HTTP/1.1\r\nHost: he")
        assert await silent.read_to_end() == b""
        assert await slow.read_to_end() == b""


async def test_a_connection_that_closes_at_once_leaves_nothing(node: Node, sql: Sql) -> None:
    box = await register(sql, "BOX1")
    for _ in range(10):
        async with peer(node.ocpp_port) as early:
            early.reset()
        async with peer(node.ocpp_port) as late:
            await late.send(request("/ocpp/BOX1"))
            late.reset()
    await holds(lambda: not node.connections.is_online(box))
    await becomes(lambda: sql.fetchval("SELECT node_name FROM charge_boxes"), None)
    connected = "SELECT count(*) FROM events WHERE kind = 'charge_box.connected'"
    disconnected = "SELECT count(*) FROM events WHERE kind = 'charge_box.disconnected'"
    await becomes(lambda: sql.fetchval(f"SELECT ({connected}) - ({disconnected})"), 0)
    assert len(node.connections) == 0


async def test_a_box_that_hangs_up_while_it_is_admitted_is_not_online(node: Node, sql: Sql, database_url: str) -> None:
    """Its connection is being recorded when it goes; the record must not outlive it."""
    box = await register(sql, "BOX1")
    blocker = await asyncpg.connect(database_url)
    async with blocker.transaction():
        await blocker.execute("SELECT FROM charge_boxes WHERE id = $1 FOR UPDATE", box)
        async with peer(node.ocpp_port) as raw:
            await raw.send(request("/ocpp/BOX1"))
            waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            await becomes(lambda: sql.fetchval(waits), 1)
            raw.reset()
        await asyncio.sleep(0.05)
    await blocker.close()
    await becomes(
        lambda: sql.fetchval("SELECT count(*) FROM events WHERE kind LIKE 'charge_box.%connected'"), 2, within_s=2
    )
    assert await sql.fetchval("SELECT node_name FROM charge_boxes") is None
    assert not node.connections.is_online(box)


async def test_a_connection_that_is_recorded_too_late_is_taken_back(
    settings: Settings, database: Database, sql: Sql, database_url: str
) -> None:
    box = await register(sql, "BOX1")
    blocker = await asyncpg.connect(database_url)
    async with running(settings, database, reply_budget_s=0.2) as node:
        async with blocker.transaction():
            await blocker.execute("SELECT FROM charge_boxes WHERE id = $1 FOR UPDATE", box)
            assert await _knock(node, "/ocpp/BOX1") == 503
        await becomes(lambda: sql.fetchval("SELECT count(*) FROM events WHERE kind LIKE 'charge_box.%connected'"), 2)
        assert await sql.fetchval("SELECT node_name FROM charge_boxes") is None
        assert await _knock(node, "/ocpp/BOX1") == 101
    await blocker.close()


# ---- when we cannot tell


async def test_a_full_node_says_try_again(settings: Settings, database: Database, sql: Sql) -> None:
    await register(sql, "BOX1")
    await register(sql, "BOX2")
    async with running(settings, database, max_connections=1) as node:
        async with cuttable(node.ocpp_port, "BOX1"):
            assert await _knock(node, "/ocpp/BOX2") == 503
            # A box that comes again takes its own place.
            assert await _knock(node, "/ocpp/BOX1") == 101
        await holds(lambda: len(node.connections) == 0)
        assert await _knock(node, "/ocpp/BOX2") == 101


async def test_an_absent_database_says_try_again(settings: Settings, database_url: str, sql: Sql) -> None:
    await register(sql, "BOX1")
    await register(sql, "BOX2")
    async with gate(database_url) as way:
        database = Database(way.url)
        async with running(settings, database) as node, plugged(node.ocpp_port, "BOX1") as wire:
            await way.shut()
            async with peer(node.ocpp_port) as raw:
                await raw.send(request("/ocpp/BOX2"))
                answer = (await raw.read_to_end()).decode()
            assert answer.startswith("HTTP/1.1 503 ")
            assert "Retry-After: 5" in answer
            assert "currentTime" in await wire.ask("Heartbeat")
            await way.open()
            assert await _knock(node, "/ocpp/BOX2") == 101
        await database.close()
    assert await sql.fetchval("SELECT count(*) FROM knocks") == 0
