"""EVSEs in the database."""

from decimal import Decimal

import pytest

from csms.errors import NotFound
from csms.store import charge_boxes, evses
from csms.store.database import Database
from csms.store.pages import Window
from tests.store.test_charge_boxes import make


async def test_an_evse_can_be_read_but_not_commanded_when_its_charge_box_is_deleted(database: Database) -> None:
    box = await make(database)
    uid = box.evses[0].uid
    assert (await evses.get_connector(database, uid, 1)).charge_box == box.key
    await charge_boxes.delete(database, box.key.id, actor="test")
    assert (await evses.get(database, uid)).deleted_at is not None
    assert (await evses.list(database, Window(10))).items == ()
    with pytest.raises(NotFound, match=f"EVSE {uid}"):
        await evses.get_connector(database, uid, 1)


async def test_a_connector_that_does_not_exist_is_named_with_its_evse(database: Database) -> None:
    uid = (await make(database)).evses[0].uid
    with pytest.raises(NotFound, match=f"connector 2 of EVSE {uid}"):
        await evses.get_connector(database, uid, 2)


async def test_a_change_of_a_connector_leaves_its_other_data(database: Database) -> None:
    before = (await make(database)).evses[1]
    after = await evses.change_connector(
        database, before.uid, 1, {"max_electric_power_kw": Decimal("7.4")}, actor="test"
    )
    (was,), (now,) = before.connectors, after.connectors
    assert now.max_electric_power_kw == Decimal("7.4")
    assert (now.standard, now.max_amperage_a) == (was.standard, was.max_amperage_a)
    assert (await evses.get(database, before.uid)) == after


async def test_an_id_beyond_every_column_is_one_that_does_not_exist(database: Database) -> None:
    with pytest.raises(NotFound):
        await evses.get(database, 2**62)
    assert (await evses.list(database, Window(10), uids=[2**62], charge_box_ids=[-(2**62)])).items == ()
