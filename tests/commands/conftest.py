"""A charge box that can be called at once, and a node with little patience."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from csms.domain.charge_boxes import ChargeBoxKey
from csms.node import Node
from csms.settings import Settings
from csms.store.database import Database
from tests.gateway.peers import cuttable, running
from tests.wire import Wire, register


@pytest.fixture
async def node(settings: Settings, database: Database) -> AsyncIterator[Node]:
    """A node that calls silent boxes at once and waits 0.3 s for an answer."""
    async with running(settings, database, silent_boot_time_s=0.0, call_timeout_s=0.3) as node:
        yield node


@pytest.fixture
async def box(sql: asyncpg.Connection) -> ChargeBoxKey:
    """A registered charge box."""
    return ChargeBoxKey(await register(sql, "BOX1"), "BOX1")


@pytest.fixture
async def wire(node: Node, box: ChargeBoxKey) -> AsyncIterator[Wire]:
    """The other end of its connection."""
    async with cuttable(node.ocpp_port, box.identity) as wire:
        yield wire
