"""
The demo: the central system with simulated charge boxes, and what to try with it.

The simulators are a child process that knows the server by its URL alone, as
physical charge boxes do. Once the first car charges, the lines to paste are printed;
when the transaction that they name has ended, new ones follow, so that the last
line on the screen always works. What else there is to see is in `seeds.py`.
"""

import asyncio
import contextlib
import secrets
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csms.demo import seeds
from csms.domain.roles import ApiRole
from csms.domain.secrets import canonical_password, hash_secret
from csms.errors import CsmsError, StoreUnavailable
from csms.settings import Role, Settings
from csms.store import api_keys, charge_boxes, installation, transactions
from csms.store.charge_boxes import NewChargeBox, Password, Presence
from csms.store.database import Database
from csms.store.pages import Window
from csms.store.transaction_rows import Transaction
from csms.store.transactions import SortBy

DATA_DIR = Path("data") / "demo"

_STRANGER = "DEMO-STRANGER"
_LOOK_AGAIN_S = 0.5
_A_MOMENT_S = 1.0
_PATIENCE_S = 5.0  # for the simulators to say goodbye
_ALL: Window[Any] = Window(limit=1000)


@dataclass(frozen=True)
class Fleet:
    """Charge boxes of one kind; the simulators number them: DEMO-AC0001, DEMO-AC0002, …"""

    prefix: str
    size: int
    model_id: int  # of the catalogue
    connectors: int
    tags: tuple[str, ...]  # one driver per connector
    scenario: str  # of the simulators

    @property
    def identities(self) -> Sequence[str]:
        """The identities of its charge boxes."""
        return [f"{self.prefix}{number:04d}" for number in range(1, self.size + 1)]


_STREET = Fleet(
    "DEMO-AC", 2, model_id=31, connectors=2, tags=("DEMOTAG1", "DEMOTAG2", "DEMOTAG3", "DEMOTAG4"), scenario="demo"
)
# Taxis are in a hurry, so that there are charge records soon.
_DEPOT = Fleet("DEMO-DC", 2, model_id=32, connectors=1, tags=("DEMOTAG5", "DEMOTAG6"), scenario="demo_short")


class SimulatorsEnded(CsmsError):
    """The simulated charge boxes are gone, and nobody told them to go."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"the simulated charge boxes ended by themselves (exit code {code})")


def settings(given: Mapping[str, Any]) -> Settings:
    """
    The settings of a demo: what is given, and else its own; never the database that variables name.

    Raises:
        ConfigurationError: a value cannot be.
    """
    own = {"data_dir": DATA_DIR, "host": "127.0.0.1", "log_level": "WARNING"}
    fixed = {"database_url": "", "nats_url": "", "role": Role.all}
    return Settings.read(**{**own, **given, **fixed})


async def play(settings: Settings, database: Database) -> None:
    """
    Furnish the server that runs, let cars come, and print what to try, until cancelled.

    Raises:
        SimulatorsEnded: nothing would happen any more.
    """
    say("Creating two locations, six tokens, four charge boxes and what belongs to them ...")
    secret_key = await installation.secret_key(database, settings.secret_key)
    key = await _new_key(database, secret_key)
    # Hex: as an option of a command it must not begin with a dash.
    password = secrets.token_hex(16)
    await _furnish(database, secret_key, password)
    say("Letting a charge box knock that nobody registered ...")
    await _knock(settings)
    say("Starting the simulated charge boxes ...")
    async with _simulators(settings, password) as processes:
        following = asyncio.ensure_future(_follow(settings, database, key))
        ends = [asyncio.ensure_future(process.wait()) for process in processes]
        try:
            done, _ = await asyncio.wait({following, *ends}, return_when=asyncio.FIRST_COMPLETED)
            if following in done:
                await following
            # A Ctrl-C at the terminal reaches them as well, and us a moment later: that is no accident.
            await asyncio.sleep(_A_MOMENT_S)
            raise SimulatorsEnded(next((process.returncode for process in processes if process.returncode), 0))
        finally:
            for task in (following, *ends):
                task.cancel()


def say(text: str) -> None:
    """Tell whoever watches."""
    print(text, flush=True)


async def _new_key(database: Database, secret_key: bytes) -> str:
    """A key of this run; those of earlier runs end."""
    earlier = [key for key in await api_keys.list(database) if key.name.startswith("demo-")]
    for key in earlier:
        if key.revoked_at is None:
            await api_keys.revoke(database, key.name)
    return await api_keys.create(database, f"demo-{len(earlier) + 1}", ApiRole.admin, secret_key)


async def _furnish(database: Database, secret_key: bytes, password: str) -> None:
    """Make what is not there yet; the charge boxes get the passwords of this run."""
    places = await seeds.make(database, public_tags=_STREET.tags, taxi_tags=_DEPOT.tags)
    for fleet, location_id in ((_STREET, places.street), (_DEPOT, places.depot)):
        for identity in fleet.identities:
            hashed = Password(hash_secret(canonical_password(f"{password}.{identity}"), secret_key))
            await _charge_box(database, fleet, identity, location_id, hashed)
    await seeds.reserve(database, f"{_STREET.identities[-1]}*{_STREET.connectors}")


async def _knock(settings: Settings) -> None:
    """Come as a charge box that nobody registered: refused, and remembered for the operator to admit."""
    reader, writer = await asyncio.open_connection(_here(settings.host).strip("[]"), settings.ocpp_port)
    writer.write(
        f"GET /{_STRANGER} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ZGVtbyBkZW1vIGRlbW8hIQ==\r\n"
        "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n".encode()
    )
    with contextlib.suppress(OSError):
        await asyncio.wait_for(reader.read(), _PATIENCE_S)
    writer.close()


async def _charge_box(database: Database, fleet: Fleet, identity: str, location_id: int, password: Password) -> None:
    wanted = charge_boxes.Filter(identity=identity)
    there = (await charge_boxes.list(database, _ALL, wanted, Presence("", ()))).items
    if there:
        await charge_boxes.change(database, there[0].key.id, {}, password=password, actor=seeds.ACTOR)
        return
    new = NewChargeBox(
        identity=identity,
        serial_number=identity,
        location_id=location_id,
        model_id=fleet.model_id,
        registration_status="Accepted",
        password=password,
    )
    await charge_boxes.create(database, new, actor=seeds.ACTOR)


@contextlib.asynccontextmanager
async def _simulators(settings: Settings, password: str) -> AsyncIterator[Sequence[Process]]:
    """The simulated charge boxes, running while this lasts."""
    processes = [await _simulator(settings, fleet, password) for fleet in (_STREET, _DEPOT)]
    try:
        yield processes
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for process in processes:
            try:
                await asyncio.wait_for(process.wait(), _PATIENCE_S)
            except TimeoutError:
                process.kill()


async def _simulator(settings: Settings, fleet: Fleet, password: str) -> Process:
    tags = [word for tag in fleet.tags for word in ("--tag", tag)]
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators", "--scenario", fleet.scenario, "--log-level", "warning"),
        *("--url", f"ws://{_here(settings.host)}:{settings.ocpp_port}", "--password", f"{password}.{{id}}"),
        *("--id", fleet.prefix, "--fleet", str(fleet.size), "--connectors", str(fleet.connectors), *tags),
        stdin=DEVNULL,
    )


async def _follow(settings: Settings, database: Database, key: str) -> None:
    """Print what to try with a transaction that runs; when it has ended, with another one."""
    say("Waiting for the first car ...")
    shown = await _live_transaction(database)
    _show_all(settings, key)
    while True:
        await _show_stop(settings, database, key, shown)
        ended = await _end_of(database, shown.id)
        energy = "" if ended.consumed_wh is None else f", {ended.consumed_wh / 1000:.2f} kWh"
        say(f"\nTransaction {ended.id} has ended ({ended.stop_reason or ended.end_cause}{energy}).")
        shown = await _live_transaction(database)


async def _live_transaction(database: Database) -> Transaction:
    """Wait until a car charges at Demo Street; of several the newest, which has most time to live."""
    wanted = transactions.Filter(ongoing=True, sort_by=SortBy.created_at)
    while True:
        with contextlib.suppress(StoreUnavailable):
            for found in (await transactions.list(database, _ALL, wanted)).items:
                is_ours = found.charge_box.identity in _STREET.identities
                if is_ours and found.evse_id is not None and found.start_answer == "Accepted":
                    return found
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _end_of(database: Database, transaction_id: int) -> Transaction:
    while True:
        with contextlib.suppress(StoreUnavailable):
            found = await transactions.get(database, transaction_id)
            if found.ended_at is not None:
                return found
        await asyncio.sleep(_LOOK_AGAIN_S)


def _show_all(settings: Settings, key: str) -> None:
    api = _api(settings)
    say(
        f"""
Four simulated charge boxes are connected, and cars charge.

  console          {api}/console#key={key}
  REST API         {api}/docs
  API key          {key}
  charge boxes to  ws://{_here(settings.host)}:{settings.ocpp_port}/IDENTITY
  stop the demo    Ctrl-C

List the charge boxes:

curl -H 'Authorization: Bearer {key}' {api}/v2/chargeboxes"""
    )


async def _show_stop(settings: Settings, database: Database, key: str, running: Transaction) -> None:
    box = await charge_boxes.get(database, running.charge_box.id)
    uid = next(evse.uid for evse in box.evses if evse.evse_id == running.evse_id)
    say(
        f"""
Stop transaction {running.id}, which runs at {running.evse_id}:

curl -X POST -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\
  -d '{{"transactionId": {running.id}}}' {_api(settings)}/v2/evses/{uid}/connectors/1/remote-stop-transaction"""
    )


def _api(settings: Settings) -> str:
    return f"http://{_here(settings.host)}:{settings.api_port}"


def _here(host: str) -> str:
    """The address of a server on this machine."""
    if host in ("", "0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
