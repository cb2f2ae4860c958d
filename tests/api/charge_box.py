"""The other end of the wire: a charge box whose answers a test writes down."""

import asyncio
import base64
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed


class Refuses(Exception):
    """Answers with a CALLERROR."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.description = description


class Silent(Exception):
    """Does not answer."""


Answer = Mapping[str, Any] | Exception | Callable[[Mapping[str, Any]], Mapping[str, Any]]


class ChargeBoxEnd:
    """A charge box that is connected. `answers` are by action; `asked` is what it was asked, in order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}

    async def call(self, action: str, **payload: Any) -> dict[str, Any]:
        """Call the central system."""
        unique_id = f"c{next(self._numbers)}"
        self._waiting[unique_id] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps([2, unique_id, action, payload]))
        return await asyncio.wait_for(self._waiting[unique_id], 10)

    async def boot(self) -> None:
        """Say what it is, and that its two connectors are free."""
        answer = await self.call("BootNotification", chargePointVendor="Generic", chargePointModel="AC 2 sockets")
        assert answer["status"] == "Accepted"
        for connector in (1, 2):
            await self.report(connector, "Available")

    async def report(self, connector: int, status: str, error: str = "NoError", **more: Any) -> None:
        """Report the status of a connector."""
        await self.call("StatusNotification", connectorId=connector, status=status, errorCode=error, **more)

    async def start(self, id_tag: str, *, connector: int = 1, meter: int = 1000, at: str) -> int:
        """Start a transaction; returns its id."""
        answer = await self.call(
            "StartTransaction", connectorId=connector, idTag=id_tag, meterStart=meter, timestamp=at
        )
        return int(answer["transactionId"])

    async def meter(self, transaction: int, *, connector: int = 1, at: str, **values: Any) -> None:
        """Report a reading: measurand → value, in Wh, W and percent; dots of measurands are underscores here."""
        sampled = [{"measurand": name.replace("_", "."), "value": str(value)} for name, value in values.items()]
        await self.call(
            "MeterValues",
            connectorId=connector,
            transactionId=transaction,
            meterValue=[{"timestamp": at, "sampledValue": sampled}],
        )

    async def stop(self, transaction: int, *, meter: int, at: str, reason: str = "Local") -> None:
        """Stop a transaction."""
        await self.call("StopTransaction", transactionId=transaction, meterStop=meter, timestamp=at, reason=reason)

    async def listen(self) -> None:
        """Answer until the connection ends."""
        async for text in self._socket:
            match json.loads(text):
                case [3, unique_id, payload]:
                    self._waiting.pop(unique_id).set_result(payload)
                case [2, unique_id, action, payload]:
                    self.asked.append((action, payload))
                    with contextlib.suppress(Silent):
                        await self._socket.send(json.dumps(self._answer(unique_id, action, payload)))
                case other:
                    raise AssertionError(f"the central system sent {other}")

    def _answer(self, unique_id: str, action: str, payload: dict[str, Any]) -> list[Any]:
        answer = self.answers.get(action, Refuses("NotImplemented"))
        if isinstance(answer, Refuses):
            return [4, unique_id, answer.code, answer.description, {}]
        if isinstance(answer, Exception):
            raise answer
        return [3, unique_id, answer(payload) if callable(answer) else answer]


@contextlib.asynccontextmanager
async def plugged_in(made: Mapping[str, Any]) -> AsyncIterator[ChargeBoxEnd]:
    """Connect and boot the charge box that the API has just made, with the URL and password that it answered."""
    login = base64.b64encode(f"{made['chargeBoxIdentity']}:{made['ocppPassword']}".encode()).decode()
    async with connect(
        made["ocppUrl"],
        subprotocols=["ocpp1.6"],  # type: ignore[list-item]  # a new type of str
        additional_headers={"Authorization": f"Basic {login}"},
        compression=None,
    ) as socket:
        end = ChargeBoxEnd(socket)
        listening = asyncio.create_task(end.listen())
        try:
            await end.boot()
            yield end
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                await listening
