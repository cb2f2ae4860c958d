"""The connection: who it says it is, how it ends, and how it comes back."""

from __future__ import annotations

import asyncio
import socket
from base64 import b64decode

import pytest
from ocpp.v16 import call
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from simulators import CallTimedOut, ChargePoint, Offline, Options
from simulators.link import authorization
from tests.simulators.central_system import CentralSystem
from tests.simulators.conftest import QUICK, MakeChargePoint

KEY = "00ff10c3a55a00ff10c3a55a00ff10c3a55a00ff"


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        ("text", b"SIM001:" + KEY.encode()),
        ("hex", b"SIM001:" + KEY.encode().hex().encode()),
        ("decoded", b"SIM001:" + bytes.fromhex(KEY)),
    ],
)
async def test_the_password_goes_out_in_the_form_asked_for(
    make: MakeChargePoint, central: CentralSystem, form: str, sent: bytes
) -> None:
    await make(password=KEY, password_form=form)
    header, _ = central.headers[-1]
    assert header is not None
    scheme, value = header.split()
    assert (scheme, b64decode(value)) == ("Basic", sent)


async def test_no_password_is_no_header(make: MakeChargePoint, central: CentralSystem) -> None:
    await make()
    assert central.headers == [(None, "ocpp1.6")]


async def test_an_empty_password_is_sent(make: MakeChargePoint, central: CentralSystem) -> None:
    await make(password="")
    header, _ = central.headers[-1]
    assert header is not None
    assert b64decode(header.split()[1]) == b"SIM001:"


def test_a_password_that_is_no_hex_cannot_be_decoded() -> None:
    with pytest.raises(ValueError, match="hex"):
        authorization("SIM001", "no hex at all", "decoded")


async def test_a_new_authorization_key_is_used_on_the_next_connection(
    make: MakeChargePoint, central: CentralSystem
) -> None:
    charge_point = await make(password="old")
    reply = await central.peers["SIM001"].call(call.ChangeConfiguration(key="AuthorizationKey", value=KEY))
    assert reply.status == "Accepted"
    charge_point.cut(pause_s=0)
    await charge_point.wait_for(lambda: charge_point.link.connects == 2)
    header, _ = central.headers[-1]
    assert header is not None
    assert b64decode(header.split()[1]) == b"SIM001:" + bytes.fromhex(KEY)


async def test_it_may_offer_no_subprotocol(make: MakeChargePoint, central: CentralSystem) -> None:
    await make(subprotocol=None)
    assert central.headers == [(None, None)]


async def test_a_refused_handshake_is_told_and_tried_again() -> None:
    asked = 0

    def refuse(connection: ServerConnection, request: Request) -> Response:
        nonlocal asked
        asked += 1
        return connection.respond(401, "who are you?\n")

    async def nobody(connection: ServerConnection) -> None: ...

    async with serve(nobody, "127.0.0.1", 0, process_request=refuse) as server:
        port = server.sockets[0].getsockname()[1]
        charge_point = ChargePoint(f"ws://127.0.0.1:{port}", "SIM001", Options(**QUICK))
        async with charge_point:
            await charge_point.wait_for(lambda: asked >= 3)
            assert charge_point.link.last_status == 401
            assert charge_point.link.last_error == "the central system answered HTTP 401"
            assert not charge_point.online


async def test_it_waits_for_a_central_system_that_is_not_there_yet(central: CentralSystem) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with ChargePoint(f"ws://127.0.0.1:{port}", "SIM001", Options(**QUICK)) as charge_point:
        await charge_point.wait_for(lambda: charge_point.link.last_error is not None)
        async with serve(central.admit, "127.0.0.1", port, subprotocols=[Subprotocol("ocpp1.6")]):
            await charge_point.wait_for(lambda: charge_point.accepted)


async def test_a_cut_line_fails_what_waits_and_comes_back(make: MakeChargePoint, central: CentralSystem) -> None:
    charge_point = await make()
    central.trouble["Heartbeat"].append(0.3)
    waiting = asyncio.create_task(charge_point.call("Heartbeat"))
    await charge_point.wait_for(lambda: charge_point.log.sent_calls["Heartbeat"] == 1)
    charge_point.cut()
    with pytest.raises(Offline):
        await waiting
    await charge_point.wait_for(lambda: charge_point.online)
    assert charge_point.link.connects == 2


async def test_offline_a_call_fails_at_once(make: MakeChargePoint) -> None:
    charge_point = await make()
    charge_point.go_offline()
    with pytest.raises(Offline):
        await charge_point.call("Heartbeat")
    assert await charge_point.send_raw("[]") is False


async def test_an_unanswered_call_times_out(make: MakeChargePoint, central: CentralSystem) -> None:
    charge_point = await make(call_timeout_s=0.05)
    central.trouble["Heartbeat"].append(0.2)
    with pytest.raises(CallTimedOut):
        await charge_point.call("Heartbeat")


async def test_a_lingering_connection_stays_open_while_a_new_one_works(
    make: MakeChargePoint, central: CentralSystem
) -> None:
    charge_point = await make()
    old = central.peers["SIM001"]
    charge_point.linger()
    await charge_point.wait_for(lambda: charge_point.link.connects == 2 and charge_point.idle)
    old._response_timeout = 0.1
    with pytest.raises(asyncio.TimeoutError):
        await old.call(call.ClearCache())
    assert old._connection.state.name == "OPEN"
    reply = await central.peers["SIM001"].call(call.ClearCache())
    assert reply.status == "Accepted"
    charge_point.close_lingering()
    await asyncio.wait_for(old._connection.wait_closed(), 2)
    await charge_point.call("Heartbeat")


async def test_a_lingering_charge_point_can_stay_silent(make: MakeChargePoint, central: CentralSystem) -> None:
    charge_point = await make()
    old = central.peers["SIM001"]
    charge_point.linger(reconnect=False)
    await asyncio.sleep(0.3)
    assert old._connection.state.name == "OPEN"
    assert not charge_point.online
    assert len(central.headers) == 1
    charge_point.go_online()
    await charge_point.wait_for(lambda: charge_point.online)


async def test_the_way_back_gets_longer_and_has_jitter(central: CentralSystem) -> None:
    options = Options(reconnect_min_s=1.0, reconnect_max_s=8.0, seed=3)
    boxes = [ChargePoint(central.url, f"SIM{number}", options) for number in range(50)]
    for failures, longest in ((0, 1.0), (1, 2.0), (2, 4.0), (3, 8.0), (9, 8.0), (5000, 8.0)):
        pauses = set()
        for box in boxes:
            box.link._failures = failures
            pauses.add(box.link._backoff_s())
        assert len(pauses) == 50
        assert longest / 2 <= min(pauses) < max(pauses) <= longest


async def test_the_central_system_may_close(make: MakeChargePoint, central: CentralSystem) -> None:
    charge_point = await make()
    await central.peers["SIM001"]._connection.close(1001, "going away")
    await charge_point.wait_for(lambda: charge_point.link.connects == 2)


async def test_a_report_that_meets_a_dead_connection_waits_for_the_next_one(make: MakeChargePoint) -> None:
    charge_point = await make()
    charge_point.plug_in(1)
    record = await charge_point.present_tag(1, "TAG1")
    assert record is not None
    await charge_point.wait_for(lambda: charge_point.idle)
    socket = charge_point.link._socket
    assert socket is not None
    # In one turn of the loop: there is something to send, and the connection ends before the reader can notice.
    asyncio.get_running_loop().call_soon(charge_point.end_transaction, 1)
    socket.transport.abort()
    await charge_point.wait_for(lambda: record.settled)
    assert charge_point.link.connects == 2


async def test_nothing_is_left_behind_after_a_stop(central: CentralSystem) -> None:
    before = asyncio.all_tasks()
    charge_point = ChargePoint(central.url, "SIM001", Options(**QUICK))
    await charge_point.start(wait_s=5)
    charge_point.plug_in(1)
    await charge_point.present_tag(1, "TAG1")
    charge_point.linger()
    await charge_point.stop()
    await asyncio.sleep(0.05)
    left = {task for task in asyncio.all_tasks() - before if "simulators" in repr(task)}
    assert not {task for task in left if "central_system" not in repr(task)}


async def test_pings_are_sent_if_the_key_says_so(make: MakeChargePoint) -> None:
    charge_point = await make(configuration={"WebSocketPingInterval": 1})
    socket = charge_point.link._socket
    assert socket is not None
    # The pong of a ping sets it, to zero where the loop's clock ticks in milliseconds.
    socket.latency = -1.0
    for _ in range(100):
        await asyncio.sleep(0.05)
        if socket.latency >= 0:
            break
    assert socket.latency >= 0
