"""
All charge boxes of this node, and the calls to them.

The newest connection wins, at once: an entry carries its epoch, removal compares
it, and nothing ever waits for an old socket (law 5).
"""

from collections.abc import Iterator
from typing import Any

from csms.caller import Caller
from csms.domain.charge_boxes import ChargeBoxKey
from csms.errors import ChargeBoxOffline
from csms.gateway.connection import Connection


class Connections(Caller):
    """The connections of one node, by charge box."""

    def __init__(self) -> None:
        self._by_box: dict[int, Connection] = {}

    def __len__(self) -> int:
        return len(self._by_box)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._by_box.values()))

    def add(self, connection: Connection) -> bool:
        """
        Make a connection the one of its charge box, and drop the one before it.

        Returns:
            False if a newer connection (larger epoch) was faster; then this one must go.
        """
        old = self._by_box.get(connection.box.id)
        if old is not None and old.epoch > connection.epoch:
            return False
        self._by_box[connection.box.id] = connection
        if old is not None:
            old.abort("takeover")
        return True

    def remove(self, connection: Connection) -> None:
        """Forget a connection, unless a newer one has taken its place."""
        if self._by_box.get(connection.box.id) is connection:
            del self._by_box[connection.box.id]

    def find(self, charge_box: int) -> Connection | None:
        """The connection of a charge box, if it hangs on this node."""
        return self._by_box.get(charge_box)

    def is_online(self, charge_box_id: int) -> bool:
        """Tell whether a charge box hangs on this node."""
        return charge_box_id in self._by_box

    async def drop(self, charge_box_id: int, cause: str) -> None:
        """End the connection of a charge box, if it hangs on this node."""
        if (connection := self._by_box.get(charge_box_id)) is not None:
            connection.abort(cause)

    def drop_older(self, charge_box_id: int, epoch: int) -> None:
        """End a connection that a newer one, on another node, has replaced."""
        connection = self._by_box.get(charge_box_id)
        if connection is not None and connection.epoch < epoch:
            connection.abort("takeover by another node")

    async def call(
        self, box: ChargeBoxKey, action: str, payload: dict[str, Any], *, timeout_s: float | None = None
    ) -> dict[str, Any]:
        """Call a charge box that hangs on this node; see `Caller.call`."""
        connection = self._by_box.get(box.id)
        if connection is None:
            raise ChargeBoxOffline(box.identity)
        return await connection.call(action, payload, timeout_s)
