"""Charge records over the API: golden paths with prices worked out by hand, and lists as they are documented."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.api.charge_box import ChargeBoxEnd, plugged_in
from tests.api.conftest import Api, created, eventually
from tests.api.test_app import refusal

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def at(minutes: float) -> str:
    """Some minutes after noon, as a charge box writes it."""
    return (NOON + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def shown_at(minutes: float) -> str:
    """Some minutes after noon, as the API shows it."""
    return (NOON + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


async def tariff(api: Api, *components: dict[str, Any], **said: Any) -> str:
    """Create a tariff in DKK with these components; returns its id."""
    body = {"currency": "DKK", "elements": [{"priceComponents": components}]}
    made: str = created(await api.editor.post("/v2/tariffs", json=body | said))["id"]
    return made


async def records(api: Api, query: str = "") -> list[int]:
    """The transactions that a list of charge records answers."""
    response = await api.viewer.get(f"/v2/charge-records{query}")
    assert response.status_code == 200, response.text
    return [row["transactionId"] for row in response.json()["data"]]


async def filtered(api: Api, node: Any, query: str = "") -> list[int]:
    """The transactions that a filter finds, by their ids."""
    return sorted(await records(api, f"?filter={quote(json.dumps(node))}{query}"))


async def record(api: Api, transaction: int) -> dict[str, Any]:
    """A charge record, once it is settled."""

    async def look() -> dict[str, Any]:
        response = await api.viewer.get(f"/v2/charge-records/{transaction}")
        assert response.status_code == 200, response.text
        shown: dict[str, Any] = response.json()
        return shown

    return await eventually(look, lambda shown: shown["duration"] is None or shown["duration"]["charging"] is not None)


async def charge(end: ChargeBoxEnd, id_tag: str, *, meter: int = 1000, connector: int = 1) -> int:
    """
    Charge 10 kWh in an hour, then stay idle for half an hour.

    12:00 start, 12:30 4 kWh, 13:00 10 kWh, 13:15 still 10 kWh, 13:30 stop.
    """
    running = await end.start(id_tag, connector=connector, meter=meter, at=at(0))
    for minutes, energy_wh in ((30, 4_000), (60, 10_000), (75, 10_000)):
        await end.meter(running, connector=connector, at=at(minutes), Energy_Active_Import_Register=meter + energy_wh)
    await end.stop(running, meter=meter + 10_000, at=at(90))
    return running


async def test_from_a_tariff_to_a_charge_record_with_its_price(api: Api) -> None:
    made = await tariff(
        api,
        {"type": "ENERGY", "price": 3, "stepSize": 1, "vat": 0.25},
        {"type": "TIME", "price": 6, "stepSize": 1, "vat": 0.25},
        {"type": "PARKING_TIME", "price": 10, "stepSize": 1, "vat": 0.25},
        {"type": "FLAT", "price": 2, "stepSize": 1, "vat": 0.25},
        tariffAltText=[{"language": "en", "text": "By day"}],
    )
    location = await api.location(name="Depot", tariffId=made)
    token = await api.token("CAFE01", identifier={"type": "rfid", "uid": "CAFE01", "label": "Van 7", "appUserId": 5})
    box = await api.charge_box(locationId=location["id"])
    async with plugged_in(box) as end:
        transaction = await charge(end, "cafe01")
        shown = await record(api, transaction)

    # 10 kWh at 3, an hour of charging at 6, half an hour of parking at 10, and 2 for the start: 30 + 6 + 5 + 2 = 43.
    price = shown["price"]
    assert (price["amountExVat"], price["amount"]) == (43, 53.75)
    assert (price["currency"], price["vatRate"], price["perKwh"], price["isDynamic"]) == ("DKK", 0.25, 3, False)
    assert (price["tariffId"], price["tariffName"]) == (made, "By day")
    assert price["tariffs"][made]["currency"] == "DKK"
    assert price["breakdown"]["totals"] == {
        "FLAT": {"amount": 2.5, "amountExVat": 2},
        "ENERGY": {"amount": 37.5, "amountExVat": 30},
        "TIME": {"amount": 7.5, "amountExVat": 6},
        "PARKING_TIME": {"amount": 6.25, "amountExVat": 5},
    }
    assert {line["type"]: line["quantity"] for line in price["breakdown"]["lines"]} == {
        "FLAT": 1,
        "ENERGY": 10,
        "TIME": 1,
        "PARKING_TIME": 0.5,
    }
    assert shown["originalPrice"] == price
    assert shown["startPrice"] == {"tariffId": made, "tariffVersion": 1, "tariffName": "By day", "currency": "DKK"}
    assert shown["consumed"] == 10
    assert shown["duration"] == {"charging": 3600, "idle": 1800, "total": 5400}
    assert (shown["startedAt"], shown["endedAt"]) == (shown_at(0), shown_at(90))
    assert (shown["paymentMethod"], shown["paymentStatus"], shown["isRoaming"]) == ("Unknown", "n/a", False)
    assert shown["location"] == {
        "id": location["id"],
        "name": "Depot",
        "address": "Havnegade 1",
        "zipCode": "1058",
        "city": "København",
        "timezone": "Europe/Copenhagen",
        "isPublic": True,
        "crmId": None,
        "crmCustomerId": None,
        "isEligibleForRefund": False,
        "appUserId": None,
        "country": "DK",
        "type": "PublicRoad",
    }
    assert shown["auth"]["type"] == "rfid"
    assert (shown["auth"]["idTag"]["id"], shown["auth"]["idTag"]["label"]) == (token["id"], "Van 7")
    assert (shown["companyId"], shown["company"]) == (1, {"id": 1, "name": "Operator"})
    assert (shown["chargeBoxId"], shown["evseId"]) == (box["id"], box["evses"][0]["evseId"])

    of_transaction = (await api.viewer.get(f"/v2/transactions/{transaction}")).json()
    assert of_transaction["price"] == {
        "amount": 53.75,
        "amountExVat": 43,
        "currency": "DKK",
        "vatRate": 0.25,
        "isDynamic": False,
        "perKwh": 3,
    }
    assert of_transaction["duration"] == shown["duration"]
    assert (of_transaction["tariff"]["id"], of_transaction["sessionId"]) == (made, shown["sessionId"])
    assert of_transaction["updatedAt"] == shown["updatedAt"]


async def test_without_a_tariff_the_price_is_null_and_not_zero(api: Api) -> None:
    await api.token("CAFE01")
    async with plugged_in(await api.charge_box()) as end:
        transaction = await charge(end, "CAFE01")
        shown = await record(api, transaction)
    assert (shown["price"], shown["originalPrice"], shown["startPrice"]) == (None, None, None)
    assert (shown["consumed"], shown["duration"]["idle"]) == (10, 1800)
    assert (await api.viewer.get(f"/v2/transactions/{transaction}")).json()["price"] is None


async def test_what_was_refused_is_paid_by_nobody(api: Api) -> None:
    location = await api.location(tariffId=await tariff(api, {"type": "ENERGY", "price": 3}))
    async with plugged_in(await api.charge_box(locationId=location["id"])) as end:
        shown = await record(api, await charge(end, "STRANGER"))
    assert (shown["price"], shown["paymentMethod"], shown["consumed"]) == (None, "Free", 10)
    assert shown["auth"] == {"idTag": {"uid": "STRANGER"}}


async def test_a_change_of_the_tariff_does_not_change_what_runs(api: Api) -> None:
    made = await tariff(api, {"type": "ENERGY", "price": 3})
    location = await api.location(tariffId=made)
    await api.token("CAFE01")
    async with plugged_in(await api.charge_box(locationId=location["id"])) as end:
        running = await end.start("CAFE01", meter=1000, at=at(0))
        dearer = {"currency": "DKK", "elements": [{"priceComponents": [{"type": "ENERGY", "price": 9}]}]}
        assert (await api.editor.put(f"/v2/tariffs/{made}", json=dearer)).status_code == 200
        await end.stop(running, meter=2000, at=at(10))
        later = await end.start("CAFE01", meter=2000, at=at(20))
        await end.stop(later, meter=3000, at=at(30))
        assert (await record(api, running))["price"]["amount"] == 3
        assert (await record(api, later))["price"]["amount"] == 9


async def test_a_running_transaction_shows_its_price_so_far(api: Api) -> None:
    location = await api.location(tariffId=await tariff(api, {"type": "ENERGY", "price": 3, "vat": 0.25}))
    await api.token("CAFE01")
    async with plugged_in(await api.charge_box(locationId=location["id"])) as end:
        running = await end.start("CAFE01", meter=1000, at=at(0))
        before = (await api.viewer.get(f"/v2/transactions/{running}")).json()
        await end.meter(running, at=at(10), Energy_Active_Import_Register=3000)
        after = (await api.viewer.get(f"/v2/transactions/{running}")).json()
        assert (await api.viewer.get(f"/v2/charge-records/{running}")).status_code == 404
        (ongoing,) = (await api.viewer.get("/v2/charge-records?ongoing=1")).json()["data"]
        assert await records(api) == []
    assert (before["price"]["amount"], after["price"]["amount"], after["price"]["amountExVat"]) == (0, 7.5, 6)
    assert (ongoing["transactionId"], ongoing["price"]["amount"], ongoing["endedAt"]) == (running, 7.5, None)


async def test_a_late_stop_changes_what_an_inferred_end_came_to(api: Api) -> None:
    location = await api.location(tariffId=await tariff(api, {"type": "ENERGY", "price": 3}))
    await api.token("CAFE01")
    async with plugged_in(await api.charge_box(locationId=location["id"])) as end:
        old = await end.start("CAFE01", meter=1000, at=at(0))
        await end.meter(old, at=at(10), Energy_Active_Import_Register=2000)
        await end.start("CAFE01", meter=3000, at=at(60))
        assert (await record(api, old))["price"]["amount"] == 3
        await end.stop(old, meter=3000, at=at(20))
        assert (await record(api, old))["price"]["amount"] == 6


@pytest.fixture
async def three(api: Api) -> list[int]:
    """Three charge records: A1 at a public road for 10 kWh, B2 at a hotel for 1 kWh, a stranger without a start."""
    await api.token("A1")
    await api.token("B2", identifier={"type": "virtual", "uid": "B2"}, priorityChargingEnabled=True)
    road = await api.charge_box(chargeBoxIdentity="ROAD")
    hotel = await api.location(parkingType="OTHER", publish=False, allowPriorityCharging=True)
    async with plugged_in(road) as end:
        a = await charge(end, "A1")
        await record(api, a)
    async with plugged_in(await api.charge_box(chargeBoxIdentity="HOTEL", locationId=hotel["id"])) as end:
        b = await end.start("B2", connector=2, meter=0, at=at(10))
        await end.stop(b, meter=1000, at=at(20))
        await record(api, b)
    async with plugged_in(road) as end:
        await end.stop(-1, meter=1500, at=at(5))
    (c,) = set(await records(api)) - {a, b}
    return [a, b, c]


async def test_a_list_is_in_the_order_of_changes_unless_told_otherwise(api: Api, three: list[int]) -> None:
    a, b, c = three
    assert await records(api) == [a, b, c]
    assert await records(api, "?sortDirection=desc") == [c, b, a]
    assert await records(api, "?sortBy=createdAt&sortDirection=desc") == [c, b, a]
    assert await records(api, "?sortBy=endedAt") == [c, b, a]
    assert await records(api, "?sortBy=startedAt") == [a, b, c], "an unknown start comes last"


async def test_a_list_is_followed_by_its_changes(api: Api, three: list[int]) -> None:
    a, b, c = three
    changed = {number: (await record(api, number))["updatedAt"] for number in three}
    assert await records(api, f"?updatedAtFrom={changed[b]}") == [b, c]
    assert await records(api, f"?updatedAtTo={changed[b]}") == [a]
    assert await records(api, f"?updatedAtFrom={changed[a]}&updatedAtTo={changed[b]}") == [a]


async def test_a_walk_sees_each_charge_record_once(api: Api, three: list[int]) -> None:
    for order in ("", "&sortDirection=desc", "&sortBy=startedAt", "&sortBy=endedAt&sortDirection=desc&ongoing=1"):
        whole = await records(api, f"?limit=2500{order}")
        page = (await api.viewer.get(f"/v2/charge-records?limit=1{order}")).json()
        pages = [page]
        while page["nextPageCursor"]:
            url = f"/v2/charge-records?limit=1{order}&nextPageCursor={page['nextPageCursor']}"
            page = (await api.viewer.get(url)).json()
            pages.append(page)
        assert [row["transactionId"] for page in pages for row in page["data"]] == whole
        back = f"/v2/charge-records?limit=1{order}&previousPageCursor={page['previousPageCursor']}"
        assert (await api.viewer.get(back)).json()["data"] == pages[-2]["data"]


async def test_the_mode_tells_whose_records(api: Api, three: list[int]) -> None:
    a, b, c = three
    assert await records(api, "?mode=cpo") == [a, b, c]
    assert await records(api, "?mode=Emp") == [a, b]
    assert (await api.viewer.get("/v2/charge-records?mode=EMP")).json()["data"][0]["role"] == "EMP"
    assert await filtered(api, {"role": "EMP"}, "&mode=EMP") == [a, b]
    assert await filtered(api, {"role": "EMP"}) == []
    assert await records(api, "?includeChildCompanies=1") == [a, b, c]
    assert await records(api, "?priority=1") == [b]


async def test_each_field_of_the_filter_finds_what_it_says(api: Api, three: list[int]) -> None:
    a, b, c = three
    shown = {number: await record(api, number) for number in three}
    token = shown[a]["auth"]["idTag"]["id"]
    found: list[tuple[Any, list[int]]] = [
        ({}, [a, b, c]),
        ({"operatorId": 1}, [a, b, c]),
        ({"companyId": 1, "company.id": 1}, [a, b, c]),
        ({"auth.idTag.id": token}, [a]),
        ({"auth.idTag.operatorId": 1, "auth.idTag.companyId": 1, "auth.idTag.customerId": 1}, [a, b]),
        ({"auth.idTag.crmCustomerId": {"$exists": True}}, []),
        ({"auth.type": "virtual"}, [b]),
        ({"transactionId": {"$gt": a, "$lte": c}}, [b, c]),
        ({"location.country": "DK"}, [a, b, c]),
        ({"location.isPublic": False}, [b]),
        ({"location.crmCustomerId": None}, [a, b, c]),
        ({"auth.idTag.uid": {"$in": ["A1", "B2"]}}, [a, b]),
        ({"auth.idTag.uid": {"$nin": ["A1"]}}, [b, c]),
        ({"auth.idTag.uid": {"$nin": ["A1", None]}}, [b]),
        ({"auth.idTag.uid": {"$in": ["A1", None]}}, [a, c]),
        ({"auth.idTag.uid": {"$ne": "A1"}}, [b, c]),
        ({"auth.idTag.uid": {"$ne": None}}, [a, b]),
        ({"startedAt": {"$gte": at(10)}}, [b]),
        ({"startedAt": {"$exists": False}}, [c]),
        ({"endedAt": {"$lt": at(20)}}, [c]),
        ({"updatedAt": {"$gte": shown[b]["updatedAt"]}}, [b, c]),
        ({"createdAt": {"$gte": shown[c]["createdAt"]}}, [c]),
        ({"isRoaming": False}, [a, b, c]),
        ({"location.appUserId": 7}, []),
        ({"location.id": {"$in": [shown[a]["location"]["id"]]}}, [a, c]),
        ({"location.type": "Hotel"}, [b]),
        ({"consumed": {"$gte": 1, "$lt": 10}}, [b]),
        ({"consumed": {"$exists": False}}, [c]),
        ({"evseId": "HOTEL*2"}, [b]),
        ({"evseId": {"$regex": "^(ROAD|HOTEL)\\*[12]$"}}, [a, b]),
        ({"sessionId": shown[b]["sessionId"]}, [b]),
        ({"paymentMetadata.externalSessionId": "x"}, []),
        ({"roamingDetails.type": "x"}, []),
        ({"voucher.id": {"$exists": True}}, []),
        ({"chargeBoxId": shown[b]["chargeBoxId"]}, [b]),
        ({"$or": [{"auth.idTag.uid": "A1"}, {"$and": [{"location.type": "Hotel"}, {"consumed": 1}]}]}, [a, b]),
        ({"$and": [{"auth.idTag.uid": "A1"}, {"location.type": "Hotel"}]}, []),
        ({"auth.idTag.uid": "A1' OR '1'='1"}, []),
    ]
    for node, expected in found:
        assert await filtered(api, node) == expected, node


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("mode=all", "mode"),
        ("ongoing=2", "ongoing"),
        ("ongoing=true", "ongoing"),
        ("priority=-1", "priority"),
        ("updatedAtFrom=soon", "updatedAtFrom"),
        ("sortBy=price", "sortBy"),
        ("sortDirection=up", "sortDirection"),
        ("limit=0", "limit"),
        ("nextPageCursor=x", "nextPageCursor"),
        ("nextPageCursor=2000-01-01T00:00:00.000Z-1", "nextPageCursor"),
        ("nextPageCursor=x&previousPageCursor=x", "previousPageCursor"),
        ("filter={", "filter"),
        ('filter={"price":1}', "filter.price"),
        ('filter={"location.id":{"$in":[1,"2"]}}', "filter.location.id.$in.1"),
        ('filter={"evseId":{"$regex":"("}}', "filter"),
    ],
)
async def test_what_cannot_be_asked_for_is_400(api: Api, query: str, field: str) -> None:
    response = await api.viewer.get(f"/v2/charge-records?{query}")
    assert (response.status_code, refusal(response)["details"][0]["field"]) == (400, field)


async def test_what_does_not_exist_is_404_and_without_a_key_it_is_403(api: Api) -> None:
    for number in ("987654", str(2**40), "0"):
        assert (await api.viewer.get(f"/v2/charge-records/{number}")).status_code == 404
    for path in ("/v2/charge-records", "/v2/charge-records/1"):
        assert (await api.nobody.get(path)).status_code == 403
