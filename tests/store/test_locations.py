"""Locations in the database."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from csms.errors import Invalid, NotFound
from csms.store import locations
from csms.store.database import Database
from csms.store.locations import NewLocation
from csms.store.pages import Window

HARBOUR = NewLocation(
    name="Harbour",
    address="Havnegade 1",
    postal_code="1058",
    city="København",
    country_code="DK",
    latitude=55.6761,
    longitude=12.5683,
    publish=True,
    parking_type="ON_STREET",
    facilities=["CAFE"],
    opening_times={"twentyFourSeven": True},
    tariff_id=None,
    allow_priority_charging=False,
    billing_reference=None,
    customer_id=1,
    directions=[{"language": "da", "text": "Bag hegnet"}],
    time_zone="Europe/Copenhagen",
)


async def test_a_location_comes_back_as_it_was_said(database: Database) -> None:
    made = await locations.create(database, HARBOUR, actor="test")
    found = await locations.get(database, made.id)
    assert found == made
    assert found.said == HARBOUR
    assert (found.customer.name, found.evses) == ("Operator", ())


async def test_a_location_of_nobody_is_not_made(database: Database) -> None:
    with pytest.raises(Invalid, match="customerId"):
        await locations.create(database, replace(HARBOUR, customer_id=77), actor="test")
    assert (await locations.list(database, Window(10))).items == ()


async def test_a_deleted_location_is_found_nowhere(database: Database) -> None:
    made = await locations.create(database, HARBOUR, actor="test")
    async with database.write() as connection:
        await connection.execute(text("UPDATE locations SET deleted_at = now()"))
    assert (await locations.list(database, Window(10))).items == ()
    with pytest.raises(NotFound):
        await locations.get(database, made.id)
