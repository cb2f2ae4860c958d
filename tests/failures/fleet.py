"""
Many simulated charge points with one driver each, and what they do together.

The simulated hour takes a minute of the test, so that a session is worth some kWh
and each charge point reports several readings while something breaks.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

import asyncpg

from simulators import Books, ChargePoint, Options, TransactionRecord
from tests.failures.server import Server

_START_S = 30.0
_FLUSH_S = 60.0


class Fleet:
    """Charge points, their books, and their drivers: each has a tag that the central system knows."""

    def __init__(self, boxes: Sequence[ChargePoint]) -> None:
        self.boxes = list(boxes)

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, these: slice) -> "Fleet":
        return Fleet(self.boxes[these])

    @property
    def books(self) -> list[Books]:
        """The books of all."""
        return [box.books for box in self.boxes]

    @property
    def outstanding(self) -> int:
        """How many reports wait for their acknowledgement."""
        return sum(books.outstanding for books in self.books)

    @property
    def repeated(self) -> int:
        """How many reports were sent more than once."""
        transactions = [transaction for books in self.books for transaction in books.transactions]
        return sum(delivery.attempts > 1 for each in transactions for delivery in each.deliveries())

    @property
    def charging(self) -> int:
        """How many transactions run, as the charge points see it."""
        return sum(len(books.open_transactions) for books in self.books)

    async def begin_sessions(self) -> None:
        """Each driver plugs in, presents the tag, and is allowed to charge."""
        records = await asyncio.gather(*(self._begin(box) for box in self.boxes))
        refused = [record for record in records if record is None or record.start_status != "Accepted"]
        assert not refused, f"{len(refused)} of {len(records)} did not start, e.g. {refused[0]}"

    def start_charging(self) -> None:
        """A vehicle comes to each, and charging starts without asking; the charge points have that to report."""
        for box in self.boxes:
            box.plug_in(1)
            box.charging.begin(box.connectors[1], tag_of(box))

    def stop_charging(self) -> None:
        """Each driver stops; the charge points have that to report."""
        for box in self.boxes:
            box.end_transaction(1)

    async def end_sessions(self) -> None:
        """Each driver who has not stopped yet does; what is left to report is reported and answered."""
        self.stop_charging()
        await self.settle()

    async def first(self, condition: Callable[[ChargePoint], bool]) -> None:
        """Wait until a condition is true of one of them."""
        waits = [asyncio.ensure_future(box.wait_for(partial(condition, box))) for box in self.boxes]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

    async def settle(self) -> None:
        """Wait until everything that was reported is acknowledged."""
        await self._all(_is_settled, timeout_s=_FLUSH_S)

    async def wait_offline(self) -> None:
        """Wait until every charge point has noticed that its connection is gone."""
        await self._all(lambda box: not box.online, timeout_s=10.0)

    async def wait_accepted(self) -> None:
        """Wait until every charge point is connected and accepted."""
        await self._all(lambda box: box.online and box.accepted, timeout_s=_START_S)

    async def _all(self, condition: Callable[[ChargePoint], bool], timeout_s: float) -> None:
        waits = (box.wait_for(partial(condition, box), timeout_s) for box in self.boxes)
        late = [
            box
            for box, end in zip(self.boxes, await asyncio.gather(*waits, return_exceptions=True), strict=True)
            if isinstance(end, BaseException)
        ]
        shown = [(box.charge_point_id, box.standing, box.online, box.link.last_error) for box in late[:5]]
        assert not late, f"{len(late)} charge points are not there after {timeout_s:g} s, e.g. {shown}"

    async def _begin(self, box: ChargePoint) -> TransactionRecord | None:
        box.plug_in(1)
        return await box.present_tag(1, tag_of(box), wait_s=_START_S)


def _is_settled(box: ChargePoint) -> bool:
    return box.online and box.idle


def tag_of(box: ChargePoint) -> str:
    """The tag of a charge point's driver."""
    return f"TAG-{box.charge_point_id}"


@contextlib.asynccontextmanager
async def fleet(
    server: Server, name: str, count: int, *, url: str | None = None, reconnects_after_s: float = 0.5
) -> AsyncIterator[Fleet]:
    """
    Switch charge points on and wait until all are accepted; they are switched off at the end.

    Args:
        name: begins their identities.
        url: where they connect to, if not to the server itself.
        reconnects_after_s: at the first attempt; later ones take up to four times as long.
    """
    options = Options(
        time_scale=60,
        configuration={"MeterValueSampleInterval": 60, "TransactionMessageRetryInterval": 1},
        reconnect_min_s=reconnects_after_s,
        reconnect_max_s=4 * reconnects_after_s,
        boot_retry_s=1.0,
    )
    boxes = [ChargePoint(url or server.ocpp_url, f"{name}-{number:04}", options) for number in range(count)]
    async with server.postgres.sql() as sql:
        await _register(boxes, sql)
    try:
        for box in boxes:
            await box.start()
        switched_on = Fleet(boxes)
        await switched_on.wait_accepted()
        yield switched_on
    finally:
        await asyncio.gather(*(box.stop() for box in boxes))


async def _register(boxes: Sequence[ChargePoint], sql: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Make the charge points and their drivers' tags known, as an operator would have done long ago."""
    await sql.execute(
        "INSERT INTO charge_boxes (identity, serial_number, password_required)"
        " SELECT i, i, false FROM unnest($1::text[]) i",
        [box.charge_point_id for box in boxes],
    )
    await sql.execute("INSERT INTO tokens (uid) SELECT unnest($1::text[])", [tag_of(box) for box in boxes])
