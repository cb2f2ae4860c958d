"""
A tiny central system for the tests of the simulators.

It stands on the server side of the `ocpp` package, which nobody here wrote: its
schemas and its routing judge every frame that a simulated charge point sends.
What was asked is kept in order; failures are arranged per action in advance.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ocpp.exceptions import InternalError
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.enums import Action, AuthorizationStatus, DataTransferStatus, RegistrationStatus
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

logging.getLogger("ocpp").setLevel(logging.CRITICAL)

Asked = tuple[str, dict[str, Any]]


@dataclass
class CentralSystem:
    """
    What was asked by whom, and how to answer.

    Attributes:
        asked: (action, payload in snake case) of every call, in order, per charge point.
        boots: replies to the next BootNotifications; Accepted with interval 300 when none is left.
        statuses: authorization status by idTag; Accepted unless told.
        parents: parentIdTag by idTag.
        trouble: what happens to the next calls of an action: `InternalError`, `lost` (recorded, then the
            connection drops before the reply), or a number of seconds that the reply is late.
        peers: the newest connection of each charge point.
        greetings: what to ask as soon as somebody connects; the replies are kept in `greeted`.
        headers: the handshake's Authorization header and subprotocol of each connection, in order.
    """

    asked: dict[str, list[Asked]] = field(default_factory=lambda: defaultdict(list))
    boots: deque[call_result.BootNotification] = field(default_factory=deque)
    statuses: dict[str, AuthorizationStatus] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    trouble: dict[str, deque[str | float]] = field(default_factory=lambda: defaultdict(deque))
    peers: dict[str, Peer] = field(default_factory=dict)
    headers: list[tuple[str | None, str | None]] = field(default_factory=list)
    greetings: list[Any] = field(default_factory=list)
    greeted: list[Any] = field(default_factory=list)
    last_transaction_id: int = 700
    port: int = 0
    _noted: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Where charge points connect to."""
        return f"ws://127.0.0.1:{self.port}/ocpp"

    def of(self, charge_point_id: str, *actions: str) -> list[Asked]:
        """What a charge point asked, of some actions."""
        return [asked for asked in self.asked[charge_point_id] if asked[0] in actions]

    async def until(self, condition: Callable[[], Any], timeout_s: float = 10) -> None:
        """Wait until a condition on what was asked or greeted is true."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._noted.clear()
                await self._noted.wait()

    def note(self, charge_point_id: str, action: str, payload: dict[str, Any]) -> None:
        """Keep what was asked."""
        self.asked[charge_point_id].append((action, payload))
        self._noted.set()

    async def admit(self, connection: ServerConnection) -> None:
        """Serve one connection until it ends."""
        assert connection.request is not None
        charge_point_id = connection.request.path.rsplit("/", 1)[1]
        self.headers.append((connection.request.headers.get("Authorization"), connection.subprotocol))
        peer = self.peers[charge_point_id] = Peer(charge_point_id, connection, self)
        greeting = asyncio.create_task(self._greet(peer))
        with suppress(ConnectionClosed):
            await peer.start()
        greeting.cancel()

    async def _greet(self, peer: Peer) -> None:
        for greeting in self.greetings:
            self.greeted.append(await peer.call(greeting))
            self._noted.set()


@asynccontextmanager
async def central_system() -> AsyncIterator[CentralSystem]:
    """A central system on a port of its own."""
    central = CentralSystem()
    server: Server
    async with serve(central.admit, "127.0.0.1", 0, select_subprotocol=_select, compression=None) as server:
        central.port = server.sockets[0].getsockname()[1]
        yield central


class Peer(ChargePoint):
    """One connection, as the `ocpp` package sees it."""

    def __init__(self, charge_point_id: str, connection: ServerConnection, central: CentralSystem) -> None:
        super().__init__(charge_point_id, connection, response_timeout=5)
        self.central = central

    async def _note(self, action: Action, payload: dict[str, Any]) -> None:
        self.central.note(self.id, action.value, payload)
        if self.central.trouble[action.value]:
            trouble = self.central.trouble[action.value].popleft()
            if trouble == "lost":
                self._connection.transport.abort()
            elif trouble == "InternalError":
                raise InternalError("arranged by the test")
            else:
                await asyncio.sleep(float(trouble))

    def _status(self, id_tag: str) -> dict[str, str]:
        info = {"status": str(self.central.statuses.get(id_tag, AuthorizationStatus.accepted))}
        if id_tag in self.central.parents:
            info["parentIdTag"] = self.central.parents[id_tag]
        return info

    @on(Action.boot_notification)
    async def boot(self, **payload: Any) -> call_result.BootNotification:
        await self._note(Action.boot_notification, payload)
        if self.central.boots:
            return self.central.boots.popleft()
        return accepted(300)

    @on(Action.heartbeat)
    async def heartbeat(self, **payload: Any) -> call_result.Heartbeat:
        await self._note(Action.heartbeat, payload)
        return call_result.Heartbeat(current_time=_now())

    @on(Action.status_notification)
    async def status(self, **payload: Any) -> call_result.StatusNotification:
        await self._note(Action.status_notification, payload)
        return call_result.StatusNotification()

    @on(Action.authorize)
    async def authorize(self, **payload: Any) -> call_result.Authorize:
        await self._note(Action.authorize, payload)
        return call_result.Authorize(id_tag_info=self._status(payload["id_tag"]))

    @on(Action.start_transaction)
    async def start_transaction(self, **payload: Any) -> call_result.StartTransaction:
        await self._note(Action.start_transaction, payload)
        self.central.last_transaction_id += 1
        return call_result.StartTransaction(
            transaction_id=self.central.last_transaction_id, id_tag_info=self._status(payload["id_tag"])
        )

    @on(Action.meter_values)
    async def meter_values(self, **payload: Any) -> call_result.MeterValues:
        await self._note(Action.meter_values, payload)
        return call_result.MeterValues()

    @on(Action.stop_transaction)
    async def stop_transaction(self, **payload: Any) -> call_result.StopTransaction:
        await self._note(Action.stop_transaction, payload)
        return call_result.StopTransaction()

    @on(Action.data_transfer)
    async def data_transfer(self, **payload: Any) -> call_result.DataTransfer:
        await self._note(Action.data_transfer, payload)
        return call_result.DataTransfer(status=DataTransferStatus.unknown_vendor_id)

    @on(Action.firmware_status_notification)
    async def firmware_status(self, **payload: Any) -> call_result.FirmwareStatusNotification:
        await self._note(Action.firmware_status_notification, payload)
        return call_result.FirmwareStatusNotification()

    @on(Action.diagnostics_status_notification)
    async def diagnostics_status(self, **payload: Any) -> call_result.DiagnosticsStatusNotification:
        await self._note(Action.diagnostics_status_notification, payload)
        return call_result.DiagnosticsStatusNotification()


def _select(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return next((name for name in offered if name == "ocpp1.6"), None)


def accepted(interval: int) -> call_result.BootNotification:
    """An Accepted boot."""
    return boot_reply(RegistrationStatus.accepted, interval)


def boot_reply(status: RegistrationStatus, interval: int) -> call_result.BootNotification:
    """A reply to BootNotification."""
    return call_result.BootNotification(current_time=_now(), interval=interval, status=status)


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
