"""The seeds of the demo: every list has something to show, once."""

import asyncpg

from csms.demo import seeds
from csms.store.database import Database
from tests.api.conftest import Api

_STREET = ("DEMOTAG1", "DEMOTAG2")
_TAXIS = ("DEMOTAG5",)
_LISTS = ("customers", "tariffs", "locations", "tokens", "token-groups", "voucher-groups", "vouchers")


async def test_the_seeds_give_every_list_something_to_show(api: Api, database: Database) -> None:
    places = await seeds.make(database, public_tags=_STREET, taxi_tags=_TAXIS)
    box = await api.charge_box(locationId=places.street)
    await seeds.reserve(database, box["evses"][1]["evseId"])
    for name in _LISTS:
        assert (await api.viewer.get(f"/v2/{name}")).json()["data"], name
    statuses = (await api.viewer.get("/v2/temporary-evse-statuses")).json()
    assert [status["temporaryStatus"] for status in statuses] == ["RESERVED"]
    shown = {location["name"]: location for location in (await api.viewer.get("/v2/locations")).json()["data"]}
    assert shown["Demo Street"]["publish"]
    assert not shown["Demo Depot"]["publish"]
    afir = (await api.nobody.get("/v2/afir/energy-infrastructure-tables")).text
    assert "Demo Street" in afir
    assert "Demo Depot" not in afir


async def test_the_taxis_alone_may_charge_at_the_depot_and_the_first_driver_has_a_voucher(
    api: Api, database: Database
) -> None:
    places = await seeds.make(database, public_tags=_STREET, taxi_tags=_TAXIS)
    tokens = {token["identifier"]["uid"]: token for token in (await api.viewer.get("/v2/tokens")).json()["data"]}
    group = (await api.viewer.get("/v2/token-groups")).json()["data"][0]["id"]
    assert (await api.viewer.get(f"/v2/token-groups/{group}/locations")).json() == [places.depot]
    assert (await api.viewer.get(f"/v2/token-groups/{group}/tokens")).json() == [tokens["DEMOTAG5"]["id"]]
    voucher = (await api.viewer.get("/v2/vouchers")).json()["data"][0]["id"]
    assert (await api.viewer.get(f"/v2/vouchers/{voucher}/tokens")).json() == [tokens["DEMOTAG1"]["id"]]


async def test_a_demo_that_runs_again_makes_nothing_twice(database: Database, sql: asyncpg.Connection) -> None:
    places = await seeds.make(database, public_tags=_STREET, taxi_tags=_TAXIS)
    made = await sql.fetchval("SELECT count(*) FROM events")
    assert await seeds.make(database, public_tags=_STREET, taxi_tags=_TAXIS) == places
    assert await sql.fetchval("SELECT count(*) FROM events") == made > 5
