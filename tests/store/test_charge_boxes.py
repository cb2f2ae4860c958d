"""Charge boxes in the database: what must hold when two write at once, and who counts as online."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from csms.domain.charge_boxes import ChargeBoxKey
from csms.errors import Conflict, Invalid, NotFound
from csms.store import charge_boxes, locations, nodes
from csms.store.charge_boxes import ChargeBox, Filter, NewChargeBox, Password, Presence
from csms.store.database import Database
from csms.store.pages import Window
from tests.store.test_locations import HARBOUR

NOBODY = Presence("this", ())


async def make(database: Database, identity: str | None = None, **said: object) -> ChargeBox:
    """Create a charge box of two sockets, at a location of its own if none is said."""
    location_id = said.pop("location_id", None) or (await locations.create(database, HARBOUR, actor="test")).id
    known: dict[str, object] = {
        "identity": identity,
        "serial_number": "SN-1",
        "location_id": location_id,
        "model_id": 2,
        "registration_status": "Accepted",
        "password": Password(b"hash"),
    }
    return await charge_boxes.create(database, NewChargeBox(**(known | said)), actor="test")  # type: ignore[arg-type]


async def listed(database: Database, here: Presence = NOBODY, **wanted: object) -> list[int]:
    """The ids that a filter lets through."""
    page = await charge_boxes.list(database, Window(100), Filter(**wanted), here)  # type: ignore[arg-type]
    return [box.key.id for box in page.items]


async def columns(database: Database, box: ChargeBoxKey) -> tuple[object, ...]:
    """What is stored about its password."""
    async with database.read() as connection:
        row = await connection.execute(
            text("SELECT password_required, password_hash, password_form FROM charge_boxes WHERE id = :id"),
            {"id": box.id},
        )
        return tuple(row.one())


async def test_of_two_that_take_one_identity_at_once_one_is_told(database: Database) -> None:
    location = await locations.create(database, HARBOUR, actor="test")
    made = await asyncio.gather(
        *(make(database, identity, location_id=location.id) for identity in ("Depot", "DEPOT", "depot")),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in made) == ["ChargeBox", "Conflict", "Conflict"]
    assert len(await listed(database)) == 1


async def test_a_creation_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(Invalid, match="modelId"):
        await make(database, model_id=99999)
    async with database.read() as connection:
        counted = await connection.execute(
            text("SELECT (SELECT count(*) FROM charge_boxes), (SELECT count(*) FROM events WHERE kind LIKE 'charge%')")
        )
        assert tuple(counted.one()) == (0, 0)


async def test_the_password_is_stored_as_its_hash_and_its_form_is_found_out_anew(database: Database) -> None:
    box = await make(database)
    assert await columns(database, box.key) == (True, b"hash", None)
    async with database.write() as connection:
        await connection.execute(text("UPDATE charge_boxes SET password_form = 'hex'"))
    await charge_boxes.change(database, box.key.id, {}, password=Password(b"other"), actor="test")
    assert await columns(database, box.key) == (True, b"other", None)
    await charge_boxes.change(database, box.key.id, {}, password=Password(None), actor="test")
    assert await columns(database, box.key) == (False, None, None)


async def test_an_identity_is_free_again_after_its_deletion(database: Database) -> None:
    first = await make(database, "Depot")
    with pytest.raises(Conflict):
        await make(database, "depot")
    await charge_boxes.delete(database, first.key.id, actor="test")
    second = await make(database, "depot")
    assert await listed(database) == [second.key.id]
    gone = await charge_boxes.get(database, first.key.id)
    assert gone.deleted_at is not None
    with pytest.raises(NotFound):
        await charge_boxes.get_key(database, first.key.id)
    with pytest.raises(NotFound):
        await charge_boxes.change(database, first.key.id, {"serial_number": "x"}, actor="test")


async def test_a_charge_box_is_online_while_the_node_that_holds_it_is_alive(database: Database) -> None:
    now = datetime.now(UTC)
    boxes = [await make(database) for _ in range(4)]
    held_alive, held_dead, held_here, unheld = [box.key.id for box in boxes]
    for name in ("alive", "dead", "this"):
        await nodes.begin(database, name, now - timedelta(days=1) if name == "dead" else now)
    async with database.write() as connection:
        for name, number in (("alive", held_alive), ("dead", held_dead), ("this", held_here)):
            await connection.execute(
                text("UPDATE charge_boxes SET node_name = :name WHERE id = :id"), {"name": name, "id": number}
            )
    # Of its own charge boxes the asking node knows better than the database.
    assert await listed(database, NOBODY, is_online=True) == [held_alive]
    assert await listed(database, Presence("this", (unheld,)), is_online=True) == [held_alive, unheld]
    assert await listed(database, Presence("this", (unheld,)), is_online=False) == [held_dead, held_here]
    assert (await charge_boxes.get(database, held_alive)).node_name == "alive"
    assert (await charge_boxes.get(database, held_dead)).node_name is None


async def test_a_new_model_keeps_the_evses_that_the_charge_box_itself_mentioned(database: Database) -> None:
    box = await make(database, model_id=2)
    changed = await charge_boxes.change(database, box.key.id, {"model_id": 8}, actor="test")
    assert [evse.uid for evse in changed.evses] == [evse.uid for evse in box.evses]
    standards = [connector.standard for evse in changed.evses for connector in evse.connectors]
    assert standards == ["IEC_62196_T2_COMBO", "IEC_62196_T2"]
