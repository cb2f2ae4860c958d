"""What routes are given: the database, and the charge boxes as far as this process reaches them."""

from typing import Annotated

from fastapi import Depends, Request

from api.auth import VIEWER
from csms.caller import Caller
from csms.commands import RecordedCaller
from csms.domain.secrets import canonical_password, hash_secret
from csms.node import Node
from csms.settings import Settings
from csms.store.api_keys import ApiKey
from csms.store.charge_boxes import Password, Presence
from csms.store.database import Database


class Reach:
    """The charge boxes, as this process reaches them: its own through its node, the others through the cluster."""

    def __init__(self, node: Node) -> None:
        self._node = node

    @property
    def caller(self) -> Caller:
        """The way to call them."""
        return self._node.caller

    @property
    def ocpp_port(self) -> int:
        """The port that charge boxes connect to."""
        return self._node.ocpp_port or self._node.settings.ocpp_port

    @property
    def is_listening(self) -> bool:
        """Whether charge boxes can connect, as far as that is this process's job."""
        return self._node.is_ready

    @property
    def presence(self) -> Presence:
        """Which charge boxes this process holds."""
        return Presence(self._node.settings.name, tuple(connection.box.id for connection in self._node.connections))

    def is_online(self, charge_box_id: int, node_name: str | None) -> bool:
        """
        Tell whether a charge box is connected.

        Of its own charge boxes nobody knows better than this process; of the others
        the database tells which live process (`node_name`) holds them.
        """
        if self._node.connections.is_online(charge_box_id):
            return True
        return node_name is not None and node_name != self._node.settings.name

    async def changed(self, charge_box_id: int) -> None:
        """End the connection of a charge box, so that at its next handshake everything counts anew."""
        await self._node.charge_box_changed(charge_box_id)


class Passwords:
    """Turns the passwords of charge boxes into what is stored of them."""

    def __init__(self, secret_key: bytes) -> None:
        self._secret_key = secret_key

    def hashed(self, text: str) -> Password:
        """Hash a password."""
        return Password(hash_secret(canonical_password(text), self._secret_key))


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def _reach(request: Request) -> Reach:
    reach: Reach = request.app.state.reach
    return reach


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _passwords(request: Request) -> Passwords:
    passwords: Passwords = request.app.state.passwords
    return passwords


Store = Annotated[Database, Depends(_database)]
Boxes = Annotated[Reach, Depends(_reach)]


def _calls(database: Store, boxes: Boxes, key: Annotated[ApiKey, VIEWER]) -> Caller:
    return RecordedCaller(boxes.caller, database, key.name)


Calls = Annotated[Caller, Depends(_calls)]
"""The way to call charge boxes for the holder of the key, whose name every call leaves in the event log."""

Knobs = Annotated[Settings, Depends(_settings)]
Hashing = Annotated[Passwords, Depends(_passwords)]
