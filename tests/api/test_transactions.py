"""Transactions over the API: what charge boxes reported, as it stands."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from csms.store.database import Database
from tests.api.charge_box import plugged_in
from tests.api.conftest import Api, eventually
from tests.api.test_app import refusal

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def at(minutes: float) -> str:
    """Some minutes after noon, as a charge box writes it."""
    return (NOON + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def shown_at(minutes: float) -> str:
    """Some minutes after noon, as the API shows it."""
    return (NOON + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


async def get(api: Api, transaction: int) -> dict[str, Any]:
    """A transaction as it is shown."""
    response = await api.viewer.get(f"/v2/transactions/{transaction}")
    assert response.status_code == 200, response.text
    shown: dict[str, Any] = response.json()
    return shown


async def settled(api: Api, transaction: int) -> dict[str, Any]:
    """A transaction with a start and an end, once it is known what it comes to."""
    return await eventually(lambda: get(api, transaction), lambda shown: shown["duration"]["charging"] is not None)


async def ids(api: Api, query: str = "") -> list[int]:
    """The ids that a list answers."""
    response = await api.viewer.get(f"/v2/transactions{query}")
    assert response.status_code == 200, response.text
    return [row["id"] for row in response.json()["data"]]


async def test_a_running_transaction_shows_what_its_meter_said_so_far(api: Api) -> None:
    location = await api.location(name="Depot")
    token = await api.token("CAFE01", comment="spare")
    box = await api.charge_box(locationId=location["id"])
    async with plugged_in(box) as end:
        running = await end.start("cafe01", meter=1000, at=at(0))
        await end.report(1, "Charging")
        await end.meter(running, at=at(1), Energy_Active_Import_Register=1500, Power_Active_Import=21000, SoC=40)
        await end.meter(running, at=at(2), Energy_Active_Import_Register=2500, Power_Active_Import=11000, SoC=41)
        shown = await get(api, running)
        await end.report(1, "SuspendedEV")
        suspended = await get(api, running)
    assert (shown["id"], shown["chargeBoxId"], shown["evseId"]) == (running, box["id"], box["evses"][0]["evseId"])
    assert shown["chargingDetails"] == {
        "consumed": 1.5,
        "meterStart": 1000,
        "meterStop": None,
        "co2Emitted": None,
        "highestPowerDrawn": 21,
        "power": 11,
        "vehicleStateOfCharge": {"start": 40, "current": 41},
        "status": "Charging",
    }
    assert suspended["chargingDetails"]["status"] == "Suspended"
    assert (shown["startedAt"], shown["endedAt"], shown["duration"]) == (shown_at(0), None, None)
    company = {"id": 1, "name": "Operator"}
    assert shown["auth"] == {
        "type": "rfid",
        "idTag": {
            "uid": "cafe01",
            "id": token["id"],
            "type": "rfid",
            "customerId": 1,
            "operatorId": 1,
            "companyId": 1,
            "familyTreeCompanyIds": ["1"],
            "comment": "spare",
            "operator": company,
            "company": company,
            "customer": {"id": 1, "operator": company, "company": company, "familyTreeCompanyIds": ["1"]},
        },
    }
    assert shown["location"]["name"] == "Depot"
    assert shown["location"]["zipCode"] == "1058"
    assert shown["company"] == {"id": 1, "name": "Operator"}
    assert shown["reported"]["endCause"] is None
    assert shown["reported"]["startAnswer"] == "Accepted"
    assert shown["reported"]["start"]["sent"] == at(0)


async def test_an_ended_transaction_shows_its_stop(api: Api) -> None:
    await api.token("CAFE01")
    box = await api.charge_box()
    async with plugged_in(box) as end:
        running = await end.start("CAFE01", meter=1000, at=at(0))
        await end.meter(running, at=at(1), Energy_Active_Import_Register=1500, SoC=40)
        await end.stop(running, meter=12420, at=at(34), reason="EVDisconnected")
        await end.stop(running, meter=12420, at=at(34), reason="EVDisconnected")
    shown = await settled(api, running)
    assert shown["chargingDetails"]["consumed"] == 11.42
    assert (shown["chargingDetails"]["meterStop"], shown["chargingDetails"]["power"]) == (12420, None)
    assert shown["chargingDetails"]["vehicleStateOfCharge"] == {"start": 40, "stop": 40}
    assert shown["chargingDetails"]["status"] == "Ended"
    assert (shown["startedAt"], shown["endedAt"]) == (shown_at(0), shown_at(34))
    assert shown["duration"] == {"charging": 2040, "idle": 0, "total": 2040}
    reported = shown["reported"]
    assert (reported["endCause"], reported["stopReason"], reported["stopMatch"]) == ("reported", "EVDisconnected", "id")
    assert (reported["meterStartWh"], reported["meterStopWh"], reported["stopRepeats"]) == (1000, 12420, 1)
    assert reported["stop"]["parsed"] == shown_at(34)
    assert reported["stop"]["received"] > reported["stop"]["parsed"]


async def test_an_inferred_end_is_no_stop_of_the_charge_box(api: Api) -> None:
    await api.token("CAFE01")
    box = await api.charge_box()
    async with plugged_in(box) as end:
        first = await end.start("CAFE01", meter=1000, at=at(0))
        await end.meter(first, at=at(5), Energy_Active_Import_Register=1500)
        await end.start("CAFE01", meter=1500, at=at(10))
    shown = await get(api, first)
    assert shown["reported"]["endCause"] == "superseded"
    assert shown["reported"]["meterStopWh"] is None
    assert shown["chargingDetails"]["consumed"] == 0.5
    assert shown["endedAt"] == shown_at(5)


async def test_a_refused_start_is_shown_with_its_answer(api: Api) -> None:
    box = await api.charge_box()
    async with plugged_in(box) as end:
        refused = await end.start("STRANGER", at=at(0))
    shown = await get(api, refused)
    assert shown["reported"]["startAnswer"] == "Invalid"
    assert shown["auth"] == {"idTag": {"uid": "STRANGER"}}


async def test_a_clock_that_was_never_set_does_not_set_the_times(api: Api) -> None:
    await api.token("CAFE01")
    box = await api.charge_box()
    async with plugged_in(box) as end:
        running = await end.start("CAFE01", at="1970-01-01T00:00:07Z")
        await end.stop(running, meter=1500, at="1970-01-01T00:10:07Z")
    shown = await get(api, running)
    reported = shown["reported"]
    assert reported["start"]["sent"] == "1970-01-01T00:00:07Z"
    assert reported["start"]["parsed"] == "1970-01-01T00:00:07.000Z"
    assert shown["startedAt"] == reported["start"]["received"]
    assert shown["endedAt"] == reported["stop"]["received"]
    assert "start_clock_never_set" in reported["oddities"]


async def test_a_stop_without_a_start_is_a_transaction_of_which_only_the_end_is_known(api: Api) -> None:
    box = await api.charge_box()
    async with plugged_in(box) as end:
        await end.stop(-1, meter=1500, at=at(5))
    (orphan,) = await ids(api, f"?chargeBoxId={box['id']}")
    shown = await get(api, orphan)
    assert (shown["startedAt"], shown["evseId"], shown["duration"]) == (None, None, None)
    assert (shown["chargingDetails"]["consumed"], shown["reported"]["stopMatch"]) == (None, "orphan")


async def test_a_meter_that_ran_backwards_has_delivered_nothing_that_we_know_of(api: Api) -> None:
    await api.token("CAFE01")
    box = await api.charge_box()
    async with plugged_in(box) as end:
        running = await end.start("CAFE01", meter=1000, at=at(0))
        await end.stop(running, meter=10, at=at(5))
    shown = await get(api, running)
    assert shown["chargingDetails"]["consumed"] is None
    assert "meter_ran_backwards" in shown["reported"]["oddities"]


@pytest.fixture
async def three(api: Api) -> list[int]:
    """Three transactions: two over (on two connectors), one running at another location."""
    await api.token("A1")
    await api.token("B2", identifier={"type": "virtual", "uid": "B2", "appUserId": 7})
    here, there = await api.charge_box(), await api.charge_box()
    async with plugged_in(here) as end:
        a = await end.start("A1", connector=1, at=at(0))
        b = await end.start("B2", connector=2, at=at(10))
        await end.stop(a, meter=1500, at=at(60))
        await end.stop(b, meter=1500, at=at(30))
    async with plugged_in(there) as end:
        c = await end.start("A1", connector=1, at=at(20))
    return [a, b, c]


async def test_a_list_is_narrowed_by_each_filter(api: Api, three: list[int]) -> None:
    a, b, c = three
    shown = {number: await get(api, number) for number in three}
    assert await ids(api) == [c, b, a]
    assert await ids(api, "?ongoing=true") == [c]
    assert await ids(api, "?ongoing=false") == [c, b, a]
    assert await ids(api, f"?chargeBoxId={shown[a]['chargeBoxId']}") == [b, a]
    assert await ids(api, f"?evseId={shown[b]['evseId']}") == [b]
    assert await ids(api, f"?locationId={shown[c]['location']['id']}") == [c]
    assert await ids(api, "?idTagUid=a1") == [c, a]
    assert await ids(api, "?idTagUid=a1&ongoing=true&chargeBoxId=987654") == []
    assert await ids(api, f"?startedAt={shown_at(10)}") == [b, c]
    assert await ids(api, f"?startedAtFrom={shown_at(5)}&startedAtTo={shown_at(15)}") == [b]
    assert await ids(api, f"?endedAt={shown_at(30)}") == [b, a]
    assert await ids(api, f"?endedAtMax={shown_at(30)}") == [b]
    assert await ids(api, f"?endedAtTo={shown_at(60)}&sortBy=endedAt") == [a, b]
    assert c in await ids(api, f"?updatedAt={shown[c]['updatedAt']}&sortBy=createdAt")
    assert await ids(api, "?updatedAt=2099-01-01T00:00:00Z&sortBy=createdAt") == []
    assert await ids(api, "?locationType=PublicRoad") == [c, b, a]
    assert await ids(api, "?locationType=Hotel") == []
    assert await ids(api, "?transactionType=nonRoaming") == [c, b, a]
    assert await ids(api, "?transactionType=roaming") == []
    assert await ids(api, "?appUserId=7") == [b]
    assert await ids(api, "?voucherId=7") == []
    assert await ids(api, "?updatedAtMax=2026-01-01T00:00:00Z") == []
    assert await ids(api, "?startedAt=2026-01-01T14:10:00+02:00") == await ids(api, f"?startedAt={shown_at(10)}")


async def test_a_list_is_sorted_downwards_by_what_is_asked_for(api: Api, three: list[int]) -> None:
    a, b, c = three
    shown = [await settled(api, a), await settled(api, b), await get(api, c)]
    latest = [row["id"] for row in sorted(shown, key=lambda row: (row["updatedAt"], row["id"]), reverse=True)]
    assert await ids(api, "?sortBy=startedAt") == [c, b, a]
    assert await ids(api, "?sortBy=endedAt") == [c, a, b], "what runs has no end yet and comes first"
    assert await ids(api, "?sortBy=createdAt") == [c, b, a]
    assert await ids(api, "?sortBy=updatedAt") == latest
    assert await ids(api, "?updatedAt=2020-01-01T00:00:00Z") == latest[::-1]


@pytest.mark.parametrize("query", ["sortBy=price", "ongoing=perhaps", "startedAt=soon", "chargeBoxId=x", "evseId=%00"])
async def test_a_filter_that_cannot_be_is_400(api: Api, query: str) -> None:
    response = await api.viewer.get(f"/v2/transactions?{query}")
    assert (response.status_code, refusal(response)["details"][0]["field"]) == (400, query.partition("=")[0])


@pytest.mark.parametrize("order", ["", "&sortBy=startedAt", "&sortBy=endedAt", "&startedAt=2020-01-01T00:00:00Z"])
async def test_a_walk_in_any_order_sees_each_transaction_once_though_moments_are_equal(
    api: Api, database: Database, order: str
) -> None:
    box = await api.charge_box()
    async with database.write() as connection:
        await connection.execute(
            text(
                """
                INSERT INTO transactions (charge_box_id, started_at, start_received_at, ended_at, last_evidence_at,
                                          created_at)
                SELECT :box, CAST(:noon AS timestamptz) + interval '1 minute' * (n / 4), now(),
                       CASE WHEN n % 3 > 0 THEN CAST(:noon AS timestamptz) + interval '2 hours' END, now(),
                       CAST(:noon AS timestamptz) + interval '1 microsecond' * (n / 3)
                FROM generate_series(0, 29) AS n
                """
            ),
            {"box": box["id"], "noon": NOON},
        )
    whole = await ids(api, f"?limit=2500{order}")
    assert len(whole) == 30
    page = (await api.viewer.get(f"/v2/transactions?limit=7{order}")).json()
    pages = [page]
    while page["nextPageCursor"]:
        page = (await api.viewer.get(f"/v2/transactions?limit=7{order}&nextPageCursor={page['nextPageCursor']}")).json()
        pages.append(page)
    assert [row["id"] for row in itertools.chain.from_iterable(page["data"] for page in pages)] == whole
    for known in reversed(pages[:-1]):
        back = f"/v2/transactions?limit=7{order}&previousPageCursor={page['previousPageCursor']}"
        page = (await api.viewer.get(back)).json()
        assert page["data"] == known["data"]
    assert page["previousPageCursor"] is None


async def test_meter_values_are_shown_moment_by_moment(api: Api) -> None:
    await api.token("CAFE01")
    box = await api.charge_box()
    async with plugged_in(box) as end:
        running = await end.start("CAFE01", meter=1000, at=at(0))
        await end.meter(running, at=at(2), Energy_Active_Import_Register=1700)
        await end.meter(running, at=at(1), Energy_Active_Import_Register=1500, SoC=40)
        await end.meter(0, at=at(3), Energy_Active_Import_Register="0x99")
        await end.meter(running, at=at(2), Energy_Active_Import_Register=1700)

    async def read(query: str = "") -> dict[str, Any]:
        response = await api.viewer.get(f"/v2/transactions/{running}/meter-values{query}")
        assert response.status_code == 200, response.text
        page: dict[str, Any] = response.json()
        return page

    page = await eventually(read, lambda page: len(page["data"]) == 3)
    first, second, third = page["data"]
    assert [reading["at"] for reading in page["data"]] == [shown_at(1), shown_at(2), shown_at(3)]
    assert first["values"][0] == {
        "measurand": "Energy.Active.Import.Register",
        "value": 1500,
        "unit": "Wh",
        "phase": None,
        "context": "Sample.Periodic",
        "location": "Outlet",
        "format": "Raw",
    }
    assert (first["values"][1]["measurand"], first["values"][1]["value"]) == ("SoC", 40)
    assert (first["linkedBy"], third["linkedBy"], first["connectorId"]) == ("id", "connector", 1)
    assert first["receivedAt"] > first["at"]
    assert (third["values"][0]["value"], third["values"][0]["text"]) == (None, "0x99")
    one = await read("?limit=2")
    two = await read(f"?limit=2&nextPageCursor={one['nextPageCursor']}")
    assert [*one["data"], *two["data"]] == [first, second, third]
    assert two["nextPageCursor"] is None


async def test_what_does_not_exist_is_404(api: Api) -> None:
    for number in ("987654", str(2**40), "0"):
        for path in (f"/v2/transactions/{number}", f"/v2/transactions/{number}/meter-values"):
            assert (await api.viewer.get(path)).status_code == 404
