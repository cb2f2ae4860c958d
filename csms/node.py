"""
The composition root: the one place where the parts of a process are put together.

A node with a gateway (role all or node) holds charge boxes; without one (role api)
it only calls those that hang on other nodes. Read `start` and `stop` top to bottom:
that is the life of the process.
"""

import asyncio
import functools
import logging
import socket
from datetime import UTC, datetime

from csms.caller import Caller
from csms.cluster import Cluster
from csms.gateway.connection import Surroundings
from csms.gateway.connections import Connections
from csms.gateway.server import Gateway
from csms.handlers.context import Policy
from csms.settings import Role, Settings
from csms.settlement import settle_all
from csms.store import nodes, sweeps
from csms.store.admission import look_up
from csms.store.database import Database
from csms.store.installation import secret_key
from csms.store.ledger import Ledger
from csms.store.partitions import keep_partitions
from csms.upkeep import Job, Upkeep

log = logging.getLogger(__name__)

# The end takes less than 5 s, also while the database is away, and the web server needs its part of that.
_FINISH_S = 1.5
_CLOSE_S = 1.5
_GIVE_BACK_S = 0.5
# Nothing due costs one look at an index that is empty.
_SETTLE_EVERY_S = 0.5


class Node:
    """One process of the central system, without its HTTP side."""

    def __init__(self, settings: Settings, database: Database, *, ocpp_socket: socket.socket | None = None) -> None:
        self.settings = settings
        self.database = database
        self.connections = Connections()
        self.ledger = Ledger(database, settings)
        self.cluster = Cluster(settings, database, self.connections) if settings.nats_url else None
        self.caller: Caller = self.cluster or self.connections
        self._ocpp_socket = ocpp_socket
        self._gateway: Gateway | None = None
        self._upkeep = Upkeep(self._jobs())

    @property
    def holds_charge_boxes(self) -> bool:
        """Whether this process listens for charge boxes."""
        return self.settings.role is not Role.api

    @property
    def ocpp_port(self) -> int:
        """The port that charge boxes connect to; 0 without a listener."""
        return self._gateway.port if self._gateway else 0

    @property
    def is_ready(self) -> bool:
        """Whether charge boxes can connect, as far as that is this process's job."""
        return not self.holds_charge_boxes or (self._gateway is not None and self._gateway.is_listening)

    async def start(self) -> None:
        """Take the lease, begin to write, then open the door."""
        self.ledger.start()
        if self.cluster is not None:
            await self.cluster.start()
        if self.holds_charge_boxes:
            await nodes.begin(self.database, self.settings.name, datetime.now(UTC))
            key = await secret_key(self.database, self.settings.secret_key)
            self._gateway = Gateway(
                self.settings,
                self.database,
                self.ledger,
                self.connections,
                self._surroundings(),
                key,
                self.cluster.announce if self.cluster else None,
            )
            await self._gateway.start(self._ocpp_socket)
            log.info("listening for charge boxes on port %d", self._gateway.port)
        self._upkeep.start()

    async def stop(self) -> None:
        """Accept no more, answer what is in flight, commit, then drop the sockets."""
        if self._gateway is not None:
            await self._gateway.stop_accepting()
            await self._gateway.finish(_FINISH_S)
            await self._gateway.drop_all("shutdown")
        await self._upkeep.stop()
        if self.cluster is not None:
            await self.cluster.stop()
        await self.ledger.close(_CLOSE_S)
        if self.holds_charge_boxes:
            try:
                async with asyncio.timeout(_GIVE_BACK_S):
                    await nodes.end(self.database, self.settings.name, datetime.now(UTC))
            except Exception as error:  # the lease runs out by itself
                log.warning("the lease was not given back: %s", error or "no answer")

    async def charge_box_changed(self, charge_box_id: int) -> None:
        """
        Take notice that an operator changed or deleted a charge box.

        Its connection is ended, wherever it is: at the next handshake everything counts anew.
        """
        await self.connections.drop(charge_box_id, "changed by an operator")
        if self.cluster is not None:
            await self.cluster.drop(charge_box_id, "changed by an operator")

    def _surroundings(self) -> Surroundings:
        settings = self.settings
        return Surroundings(
            ledger=self.ledger,
            caller=self.connections,
            policy=Policy(
                settings.heartbeat_interval_s,
                settings.pending_retry_interval_s,
                settings.meter_value_interval_s,
                settings.settle_time_s,
            ),
            look_up=functools.partial(look_up, self.database),
            call_timeout_s=settings.call_timeout_s,
            max_waiting_calls=settings.max_waiting_calls,
            silent_boot_time_s=settings.silent_boot_time_s,
        )

    def _jobs(self) -> tuple[Job, ...]:
        database, settings = self.database, self.settings
        if not self.holds_charge_boxes:
            return ()
        return (
            Job("the lease", 5.0, lambda: nodes.renew(database, settings.name, datetime.now(UTC))),
            Job(
                "closing stale transactions",
                10.0,
                lambda: sweeps.close_stale_transactions(
                    database, now=datetime.now(UTC), grace_s=settings.stale_grace_s
                ),
            ),
            Job(
                "settling charge records",
                _SETTLE_EVERY_S,
                lambda: settle_all(database, now=datetime.now(UTC), co2_g_per_kwh=settings.co2_g_per_kwh),
            ),
            Job("forgetting old knocks", 600.0, lambda: sweeps.forget_old_knocks(database)),
            Job(
                "keeping partitions",
                3600.0,
                lambda: keep_partitions(
                    database,
                    now=datetime.now(UTC),
                    journal_days=settings.journal_retention_days,
                    meter_value_days=settings.meter_value_retention_days,
                    event_days=settings.event_retention_days,
                ),
            ),
        )
