"""
The servers that are compared, each in a process of its own on the first core.

`ocpp README` is the example of the `ocpp` package as it is documented: one task a
connection, its ChargePoint, its validation, no database. `csms` is ours with
everything on: validation, journal, events, durable before the reply.
"""

import asyncio
import logging
import os
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

import uvloop
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.enums import Action, AuthorizationStatus, RegistrationStatus
from websockets.asyncio.server import ServerConnection, serve


def _pin(core: int | None) -> None:
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


class _ReadmeChargePoint(ChargePoint):
    """What a reader of the package's documentation would write for the same six actions."""

    @on(Action.boot_notification)
    def on_boot(self, **_: Any) -> call_result.BootNotification:
        return call_result.BootNotification(datetime.now(UTC).isoformat(), 300, RegistrationStatus.accepted)

    @on(Action.heartbeat)
    def on_heartbeat(self) -> call_result.Heartbeat:
        return call_result.Heartbeat(datetime.now(UTC).isoformat())

    @on(Action.status_notification)
    def on_status(self, **_: Any) -> call_result.StatusNotification:
        return call_result.StatusNotification()

    @on(Action.meter_values)
    def on_meter_values(self, **_: Any) -> call_result.MeterValues:
        return call_result.MeterValues()

    @on(Action.start_transaction)
    def on_start(self, **_: Any) -> call_result.StartTransaction:
        return call_result.StartTransaction(1, {"status": AuthorizationStatus.accepted})

    @on(Action.stop_transaction)
    def on_stop(self, **_: Any) -> call_result.StopTransaction:
        return call_result.StopTransaction()


def ocpp_readme(pipe: Connection, url: str, boxes: int, core: int | None) -> None:
    """Serve as the `ocpp` package's documentation does; tells its port through the pipe, ends when told."""
    _pin(core)
    del url, boxes
    logging.getLogger("ocpp").setLevel(logging.WARNING)
    # It logs a traceback for each charge box that hangs up at the end.
    logging.getLogger("websockets").setLevel(logging.CRITICAL)

    async def main() -> None:
        async def connected(socket: ServerConnection) -> None:
            path = socket.request.path if socket.request else "/"
            await _ReadmeChargePoint(path.rsplit("/", 1)[-1], socket).start()

        async with serve(connected, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:  # type: ignore[list-item]
            pipe.send(next(iter(server.sockets)).getsockname()[1])
            await asyncio.to_thread(pipe.recv)

    asyncio.run(main())


def ours(pipe: Connection, url: str, boxes: int, core: int | None) -> None:
    """Serve with a node of ours on the database given."""
    _pin(core)
    logging.basicConfig(level=logging.ERROR)
    from csms.node import Node
    from csms.settings import Settings
    from csms.store.database import Database

    async def main() -> None:
        settings = Settings.read(
            database_url=url, host="127.0.0.1", ocpp_port=0, api_port=0, max_connections=boxes + 10, settle_time_s=600
        )
        database = Database(url)
        node = Node(settings, database)
        await node.start()
        pipe.send(node.ocpp_port)
        await asyncio.to_thread(pipe.recv)
        await node.stop()
        await database.close()

    uvloop.run(main())


SERVERS = {"ocpp README": ocpp_readme, "csms": ours}
