"""
Several nodes over NATS.

Between nodes travels OCPP-J's own content: a call to a charge box goes to the node
that PostgreSQL names as its holder, as a request whose reply is the outcome. No
responder means offline, at once. A node that opens a connection tells the others to
drop the charge box's older ones.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import nats
import nats.errors
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from csms.caller import Caller
from csms.domain.charge_boxes import ChargeBoxKey
from csms.errors import CallFailed, CallQueueFull, CallRefused, CallTimeout, ChargeBoxOffline
from csms.gateway.connections import Connections
from csms.settings import Role, Settings
from csms.store import nodes
from csms.store.database import Database

log = logging.getLogger(__name__)

_DROP = "csms.drop"
# What the messages need on their way, beside the time that the charge box may take: queue and answer each have it.
_MARGIN_S = 2.0
# How long a starting node waits for NATS; after that it opens its door all the same.
_JOIN_S = 2.0


def _subject(node_name: str) -> str:
    """The subject that a node takes calls on; a name may hold what a subject may not."""
    return f"csms.call.{node_name.encode().hex()}"


class Cluster(Caller):
    """The other nodes, and the calls between them and this one."""

    def __init__(self, settings: Settings, database: Database, connections: Connections) -> None:
        self._settings = settings
        self._database = database
        self._connections = connections
        self._client = Client()
        self._joining: asyncio.Task[None] | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._complaint = ""

    async def start(self) -> None:
        """
        Join the other nodes, and take their calls for the charge boxes of this one.

        Where NATS does not answer soon, this goes on in the background: charge boxes come first.
        """
        self._joining = asyncio.create_task(self._join(), name="cluster join")
        _, pending = await asyncio.wait([self._joining], timeout=_JOIN_S)
        if pending:
            log.warning("NATS does not answer; this node works alone until it does")

    async def _join(self) -> None:
        await self._client.connect(
            self._settings.nats_url,
            name=self._settings.name,
            allow_reconnect=True,
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            error_cb=self._complain,
            reconnected_cb=self._relax,
        )
        if self._settings.role is not Role.api:
            await self._client.subscribe(_subject(self._settings.name), cb=self._take(self._serve))
            await self._client.subscribe(_DROP, cb=self._take(self._drop_here))
            await self._client.flush()
        await self._relax()

    async def stop(self) -> None:
        """Answer no more calls, and disconnect."""
        tasks = [*self._serving, *([self._joining] if self._joining else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._client.close()

    @property
    def is_joined(self) -> bool:
        """Whether the other nodes can be reached just now."""
        return self._client.is_connected and self._joining is not None and self._joining.done()

    async def call(
        self, box: ChargeBoxKey, action: str, payload: dict[str, Any], *, timeout_s: float | None = None
    ) -> dict[str, Any]:
        """Call a charge box on this node or on the one that holds it; see `Caller.call`."""
        if self._connections.is_online(box.id):
            return await self._connections.call(box, action, payload, timeout_s=timeout_s)
        holder = await nodes.holder_of(self._database, box.id)
        if holder is None or holder == self._settings.name:
            raise ChargeBoxOffline(box.identity)
        if not self.is_joined:
            # Else the request would wait in a buffer, and reach the charge box when nobody wants it any more.
            raise ChargeBoxOffline(box.identity, f"Charge box hangs on node {holder}, and NATS cannot be reached")
        limit_s = self._settings.call_timeout_s if timeout_s is None else timeout_s
        request = {"id": box.id, "identity": box.identity, "action": action, "payload": payload, "timeout_s": limit_s}
        try:
            reply = await self._client.request(_subject(holder), orjson.dumps(request), 2 * limit_s + _MARGIN_S)
        except nats.errors.NoRespondersError:
            raise ChargeBoxOffline(box.identity) from None
        except nats.errors.TimeoutError:
            raise CallTimeout(box.identity, action, limit_s) from None
        except (nats.errors.Error, OSError) as error:
            raise ChargeBoxOffline(
                box.identity, f"Charge box hangs on a node that cannot be reached: {error}"
            ) from None
        answer = orjson.loads(reply.data)
        if "error" in answer:
            raise _error_of(box.identity, answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    async def drop(self, charge_box_id: int, cause: str) -> None:
        """End the connection of a charge box on whichever node it is."""
        await self._tell({"id": charge_box_id, "cause": cause})

    async def announce(self, charge_box_id: int, epoch: int) -> None:
        """Tell the other nodes that a charge box hangs here now; older connections of it are over (law 5)."""
        await self._tell({"id": charge_box_id, "epoch": epoch})

    async def _complain(self, error: Exception) -> None:
        """Say once what is wrong with NATS, however often it is tried."""
        complaint = str(error) or type(error).__name__
        if complaint != self._complaint:
            self._complaint = complaint
            log.warning("NATS: %s", complaint)

    async def _relax(self) -> None:
        self._complaint = ""
        log.info("connected to NATS")

    async def _tell(self, news: dict[str, Any]) -> None:
        try:
            await self._client.publish(_DROP, orjson.dumps(news))
        except (nats.errors.Error, OSError) as error:
            log.warning("the other nodes were not told about charge box %d: %s", news["id"], error)

    # ---- calls from other nodes

    def _take(self, serve: Callable[[Msg], Awaitable[None]]) -> Callable[[Msg], Awaitable[None]]:
        """A charge box may take its time: each message has a task, so that none waits for another."""

        async def serve_safely(message: Msg) -> None:
            try:
                await serve(message)
            except (nats.errors.Error, OSError) as error:
                log.warning("another node was not answered: %s", error)
            except Exception:
                log.exception("a message from another node cannot be served: %r", message.data[:200])

        async def take(message: Msg) -> None:
            task = asyncio.create_task(serve_safely(message))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

        return take

    async def _serve(self, message: Msg) -> None:
        asked = orjson.loads(message.data)
        box = ChargeBoxKey(asked["id"], asked["identity"])
        answer: dict[str, Any]
        try:
            result = await self._connections.call(box, asked["action"], asked["payload"], timeout_s=asked["timeout_s"])
            answer = {"result": result}
        except CallFailed as error:
            answer = {"error": _record_of(error)}
        try:
            await message.respond(orjson.dumps(answer))
        except nats.errors.MaxPayloadError:
            reason = "its answer is larger than what NATS carries"
            refused = CallRefused(box.identity, asked["action"], "GenericError", reason, {})
            await message.respond(orjson.dumps({"error": _record_of(refused)}))

    async def _drop_here(self, message: Msg) -> None:
        asked = orjson.loads(message.data)
        if "epoch" in asked:
            self._connections.drop_older(asked["id"], asked["epoch"])
        else:
            await self._connections.drop(asked["id"], asked["cause"])


def _record_of(error: CallFailed) -> dict[str, Any]:
    """An error as it travels between nodes."""
    match error:
        case CallRefused():
            return {
                "kind": "refused",
                "action": error.action,
                "code": error.code,
                "description": error.description,
                "details": dict(error.details),
            }
        case CallTimeout():
            return {"kind": "timeout", "action": error.action, "timeout_s": error.timeout_s}
        case CallQueueFull():
            return {"kind": "full", "waiting": error.waiting}
        case _:
            return {"kind": "offline", "reason": str(error)}


def _error_of(identity: str, record: dict[str, Any]) -> CallFailed:
    """The error that another node met."""
    match record["kind"]:
        case "refused":
            return CallRefused(identity, record["action"], record["code"], record["description"], record["details"])
        case "timeout":
            return CallTimeout(identity, record["action"], record["timeout_s"])
        case "full":
            return CallQueueFull(identity, record["waiting"])
        case _:
            return ChargeBoxOffline(identity, record["reason"])
