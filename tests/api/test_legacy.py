"""The deprecated v1 views: the same data in older shapes, each naming its successor."""

from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from ocpp.v16.enums import ChargePointStatus

from api.legacy.evses import LegacyStatus, legacy_status
from csms.store.database import Database
from tests.api.charge_box import plugged_in
from tests.api.conftest import Api, Served, created, eventually
from tests.api.test_app import refusal
from tests.api.test_voucher_groups import group, tariff

SUCCESSORS = {
    "/locations": "/v2/locations",
    "/locations/5": "/v2/locations/5",
    "/evses": "/v2/evses",
    "/transactions": "/v2/transactions",
    "/v1/transactions": "/v2/transactions",
    "/v1/charge-records": "/v2/charge-records",
    "/vouchers": "/v2/vouchers",
    "/voucher-groups": "/v2/voucher-groups",
}


def operations(served: Served) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every method and path of v1."""
    for path, methods in served.app.openapi()["paths"].items():
        for method, operation in methods.items():
            if "Legacy v1" in operation["tags"]:
                yield method.upper(), path, operation


async def test_every_route_demands_a_key_and_is_deprecated(served: Served, api: Api) -> None:
    found = list(operations(served))
    assert len(found) == 14
    for method, path, operation in found:
        assert operation["deprecated"], path
        url = path.replace("{id}", "987654")
        assert (await api.nobody.request(method, url)).status_code == 403, path
        asked = (await api.viewer.request(method, url)).status_code
        assert asked == (403 if method == "PUT" else 404 if "{" in path else 200), path


async def test_every_answer_names_its_successor(api: Api) -> None:
    for _ in range(5):
        await api.location()
    for path, successor in SUCCESSORS.items():
        answer = await api.viewer.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["Link"] == f'<{successor}>; rel="successor-version"'
        assert answer.headers["Deprecation"].startswith("@")
    assert "Deprecation" not in (await api.viewer.get("/v2/locations")).headers


async def test_a_location_is_shown_in_the_old_shape(api: Api) -> None:
    location = await api.location(tariffId=await tariff(api), parkingType="PARKING_GARAGE")
    box = await api.charge_box(locationId=location["id"], serialNumber="SN-7")
    await api.token("A1")
    async with plugged_in(box) as end:
        await end.start("A1", at="2026-07-01T10:00:00Z")
        await end.start("A1", connector=2, at="2026-07-01T11:00:00Z")
    shown = (await api.viewer.get(f"/locations/{location['id']}")).json()
    assert shown == {
        "id": location["id"],
        "name": "Harbour",
        "streetAddress": "Havnegade 1",
        "zipCode": "1058",
        "city": "København",
        "country": "DK",
        "operatorId": 1,
        "companyId": 1,
        "type": "ParkingLotIndoor",
        "isPublic": True,
        "coordinate": {"lat": 55.6761, "lon": 12.5683},
        "fuseCapacity": None,
        "chargeBoxes": [
            {
                "id": box["id"],
                "cpSerialNumber": "SN-7",
                "CBID": box["chargeBoxIdentity"],
                "firstUsageAt": "2026-07-01T10:00:00.000Z",
                "evses": [f"{box['chargeBoxIdentity']}*{number}" for number in (1, 2)],
            }
        ],
        "appUsers": [],
        "orders": [],
        "pricing": {"perKwh": 0.25, "currency": "EUR", "vat": 0.2},
    }
    other = await api.location()
    listed = (await api.viewer.get("/locations")).json()["data"]
    assert listed[0] == shown
    assert (listed[1]["id"], listed[1]["chargeBoxes"], listed[1]["pricing"]) == (other["id"], [], None)


async def test_all_locations_are_listed_however_many(api: Api, sql: asyncpg.Connection) -> None:
    location = await api.location()
    await sql.execute(
        "INSERT INTO locations (name, address, postal_code, city, country_code, latitude, longitude, publish)"
        " SELECT 'Row ' || n, 'a', '1', 'c', 'DK', 0, 0, true FROM generate_series(1, 450) n"
    )
    ids = [row["id"] for row in (await api.viewer.get("/locations")).json()["data"]]
    assert ids == list(range(location["id"], location["id"] + 451))


async def test_a_location_is_changed_by_all_four_fields(api: Api, sql: asyncpg.Connection) -> None:
    url = f"/locations/{(await api.location())['id']}"
    body = {"name": "Pier", "isPublic": False, "lat": 1.5, "lon": -2}
    changed = await api.editor.put(url, json=body)
    assert changed.status_code == 200, changed.text
    shown = changed.json()
    assert (shown["name"], shown["isPublic"], shown["coordinate"]) == ("Pier", False, {"lat": 1.5, "lon": -2.0})
    assert changed.headers["Link"] == f'</v2{url}>; rel="successor-version"'
    assert (await api.viewer.get(f"/v2{url}")).json()["publish"] is False
    for field in body:
        short = {name: value for name, value in body.items() if name != field}
        refused = await api.editor.put(url, json=short)
        assert (refused.status_code, refusal(refused)["details"][0]["field"]) == (400, field)
    assert (await api.editor.put(url, json=body | {"lat": 91})).status_code == 400
    assert await sql.fetchval("SELECT actor FROM events WHERE kind = 'location.changed'") == "editor"


def test_every_status_of_ocpp_has_one_of_v1() -> None:
    words = {status: legacy_status(status, is_online=True) for status in ChargePointStatus}
    same = {status for status in ChargePointStatus if words[status].value == status.value}
    assert same == set(ChargePointStatus) - {
        ChargePointStatus.finishing,
        ChargePointStatus.reserved,
        ChargePointStatus.unavailable,
    }
    assert words[ChargePointStatus.finishing] == words[ChargePointStatus.reserved] == LegacyStatus.OCCUPIED
    assert words[ChargePointStatus.unavailable] == LegacyStatus.OFFLINE
    assert set(words.values()) == set(LegacyStatus)
    assert {legacy_status(status, is_online=False) for status in ChargePointStatus} == {LegacyStatus.OFFLINE}
    assert legacy_status(None, is_online=True) == legacy_status("Odd", is_online=True) == LegacyStatus.OFFLINE


async def test_an_evse_shows_what_it_does(api: Api) -> None:
    location = await api.location()
    box, other = await api.charge_box(locationId=location["id"]), await api.charge_box()
    await api.token("A1")
    name = f"{box['chargeBoxIdentity']}*1"
    async with plugged_in(box) as end:
        transaction = await end.start("A1", meter=0, at="2026-07-01T10:00:00Z")
        await end.report(1, "Charging", info="warm")
        await end.meter(transaction, at="2026-07-01T10:05:00Z", Power_Active_Import=7400, SoC=41)
        shown = (await api.viewer.get(f"/evses/{name}")).json()
        assert (shown["id"], shown["status"], shown["info"]) == (name, "Charging", "warm")
        assert shown["location"] == {"id": location["id"], "name": "Harbour"}
        running = shown["transaction"]
        assert (running["id"], running["power"], running["stateOfCharge"]) == (transaction, 7.4, 41)
        assert isinstance(running["duration"], int)
        here = (await api.viewer.get(f"/evses?locationId={location['id']}")).json()["data"]
        assert [(row["id"], row["status"]) for row in here] == [
            (name, "Charging"),
            (f"{box['chargeBoxIdentity']}*2", "Available"),
        ]
        assert here[1]["transaction"] is None
    everywhere = (await api.viewer.get("/evses")).json()["data"]
    assert [row["id"] for row in everywhere] == [
        f"{identity}*{number}"
        for identity in (box["chargeBoxIdentity"], other["chargeBoxIdentity"])
        for number in (1, 2)
    ]
    assert (await api.viewer.get("/evses?locationId=77")).json() == {"data": []}
    assert {row["status"] for row in everywhere if row["id"].startswith(other["chargeBoxIdentity"])} == {"Offline"}
    await api.editor.delete(f"/v2/chargeboxes/{other['id']}")
    assert (await api.viewer.get(f"/evses/{other['chargeBoxIdentity']}*1")).status_code == 404


@pytest.fixture
async def charged(api: Api) -> dict[str, Any]:
    """Three transactions of 10 kWh, the second with a voucher, the last one running; by what they are."""
    location = await api.location(tariffId=await tariff(api))
    box = await api.charge_box(locationId=location["id"])
    token = await api.token("A1", identifier={"type": "rfid", "uid": "A1", "label": "Blue", "appUserId": 777})
    guest = await api.token("B2")
    owner = await group(api, "Friends")
    voucher = created(await api.editor.post("/v2/vouchers", json={"code": "FREE", "voucherGroupId": owner["id"]}))
    await api.editor.post(f"/v2/voucher-groups/{owner['id']}/locations/{location['id']}")
    await api.editor.post(f"/v2/vouchers/{voucher['id']}/tokens/{guest['id']}")
    async with plugged_in(box) as end:
        paid = await end.start("A1", meter=0, at="2026-07-01T10:00:00Z")
        await end.meter(paid, at="2026-07-01T10:05:00Z", Energy_Active_Import_Register=5000)
        await end.stop(paid, meter=10_000, at="2026-07-01T10:30:00Z")
        free = await end.start("B2", meter=10_000, at="2026-07-01T11:00:00Z")
        await end.stop(free, meter=20_000, at="2026-07-01T11:30:00Z")
        running = await end.start("A1", meter=20_000, at="2026-07-01T12:00:00Z")

    async def look() -> Any:
        return (await api.viewer.get("/v1/charge-records")).json()["data"]

    await eventually(look, lambda rows: len(rows) == 2 and all(row["price"] for row in rows))
    return {"paid": paid, "free": free, "running": running, "token": token, "voucher": voucher, "group": owner}


async def test_transactions_are_shown_in_the_old_shape(api: Api, charged: dict[str, Any]) -> None:
    answer = (await api.viewer.get("/transactions")).json()
    assert answer == (await api.viewer.get("/v1/transactions")).json()
    assert (answer["totalElements"], answer["offset"], answer["limit"]) == (3, 0, 250)
    running, free, paid = answer["data"]
    assert [row["id"] for row in (running, free, paid)] == [charged[name] for name in ("running", "free", "paid")]
    assert paid["price"] == {"perKwh": 0.25, "currency": "EUR", "amount": 3.0}
    assert paid["duration"] == {"charging": 1800, "idle": 0}
    assert paid["user"] == {"id": 777, "tagUid": "A1", "tagLabel": "Blue"}
    assert (paid["consumed"], paid["voucher"], paid["voucherGroup"]) == (10, None, None)
    assert free["voucher"] == {"id": charged["voucher"]["id"], "code": "FREE"}
    assert free["voucherGroup"] == {"id": charged["group"]["id"], "name": "Friends"}
    assert free["paymentMethod"] == {"type": "Free", "label": "Free"}
    assert (running["endedAt"], running["duration"]) == (None, None)
    assert running["location"]["id"] == running["locationId"]


async def test_transactions_are_cut_by_number_and_filtered_by_one_time(api: Api, charged: dict[str, Any]) -> None:
    async def ids(query: str) -> list[int]:
        return [row["id"] for row in (await api.viewer.get(f"/transactions?{query}")).json()["data"]]

    paid, free, running = (charged[name] for name in ("paid", "free", "running"))
    assert await ids("limit=1&offset=1") == [free]
    assert await ids("startedAt=2026-07-01T11:00:00Z") == [free, running]
    assert await ids("endedAt=2026-07-01T10:00:00Z") == [paid, free]
    assert await ids("endedAt=2026-07-01T10:30:00.001Z") == [free]
    assert (await api.viewer.get("/transactions?limit=9999")).json()["limit"] == 2000
    both = await api.viewer.get("/transactions?startedAt=2026-07-01T11:00:00Z&endedAt=2026-07-01T11:00:00Z")
    assert both.status_code == 400


async def test_a_transaction_has_its_meter_values(api: Api, charged: dict[str, Any]) -> None:
    shown = (await api.viewer.get(f"/transactions/{charged['paid']}")).json()
    listed = (await api.viewer.get("/transactions")).json()["data"][2]
    assert {name: value for name, value in shown.items() if name != "meterValues"} == listed
    (reading,) = shown["meterValues"]
    assert reading["timestamp"] == "2026-07-01T10:05:00.000Z"
    assert [(value["measurand"], value["value"], value["unit"]) for value in reading["values"]] == [
        ("Energy.Active.Import.Register", 5000, "Wh")
    ]


async def test_charge_records_have_amounts_as_texts(api: Api, charged: dict[str, Any]) -> None:
    answer = (await api.viewer.get("/v1/charge-records")).json()
    free, paid = answer["data"]
    assert (answer["totalElements"], [free["id"], paid["id"]]) == (2, [charged["free"], charged["paid"]])
    assert paid["price"] == {
        "currency": "EUR",
        "vatRate": "0,20",
        "amount": "3,00",
        "amountExVat": "2,50",
        "amountVat": "0,50",
        "netKwh": "0,25",
    }
    assert (paid["location"]["isPublic"], paid["isPublicSharing"], paid["priceSource"]) == (1, True, "tariff")
    assert (paid["auth"]["tagUid"], paid["auth"]["appUserId"], paid["auth"]["evcoID"]) == ("A1", 777, None)
    assert (free["voucherCode"], free["voucherGroupId"]) == ("FREE", charged["group"]["id"])
    assert (free["price"]["amount"], free["priceSource"], free["billingMethod"]) == ("0,00", "voucher", "Free")
    assert len((await api.viewer.get("/v1/charge-records?startedAt=2026-07-01T11:00:00Z")).json()["data"]) == 1


async def test_a_charge_record_has_the_separator_that_is_asked_for(api: Api, charged: dict[str, Any]) -> None:
    url = f"/v1/charge-records/{charged['paid']}"
    assert (await api.viewer.get(url)).json()["price"]["amount"] == "3.00"
    assert (await api.viewer.get(f"{url}?decimalSeparator=,&format=finance")).json()["price"]["amount"] == "3,00"
    assert (await api.viewer.get(f"{url}?decimalSeparator=;")).status_code == 400
    assert (await api.viewer.get(f"{url}?format=pdf")).status_code == 400
    assert (await api.viewer.get(f"/v1/charge-records/{charged['running']}")).status_code == 404


async def test_vouchers_and_their_groups_show_each_other(api: Api) -> None:
    location = await api.location()
    owner = await group(api, "Guests", pricing={"tariffId": await tariff(api)})
    free = await group(api, "Friends")
    await api.editor.post(f"/v2/voucher-groups/{owner['id']}/locations/{location['id']}")
    voucher = created(
        await api.editor.post("/v2/vouchers", json={"code": "X", "voucherGroupId": owner["id"], "maxUsers": 5})
    )
    shown = (await api.viewer.get(f"/vouchers/{voucher['id']}")).json()
    price = {
        "id": owner["id"],
        "name": "Guests",
        "perKwh": 0.25,
        "currency": "EUR",
        "isSpotPriceBased": False,
        "spotPriceMargin": None,
        "spotPriceMarginPct": None,
        "spotPriceMinimum": None,
        "createdAt": owner["createdAt"],
        "updatedAt": owner["updatedAt"],
    }
    assert shown == {
        "id": voucher["id"],
        "groupId": owner["id"],
        "code": "X",
        "maxUsers": 5,
        "createdAt": voucher["createdAt"],
        "updatedAt": voucher["updatedAt"],
        "expiresAt": None,
        "locations": [location["id"]],
        "group": price,
    }
    listed = {"data": [shown], "totalElements": 1, "offset": 0, "limit": 250}
    assert (await api.viewer.get(f"/vouchers?groupId={owner['id']}&code=x")).json() == listed
    assert (await api.viewer.get("/vouchers?updatedAfter=2100-01-01T00:00:00Z")).json()["totalElements"] == 0
    contents = {"voucherCount": 1, "locations": [location["id"]], "vouchers": [{"id": voucher["id"], "code": "X"}]}
    assert (await api.viewer.get(f"/voucher-groups/{owner['id']}")).json() == price | contents
    groups = (await api.viewer.get("/voucher-groups?limit=1")).json()
    assert groups["totalElements"] == 2
    assert (groups["data"][0]["id"], groups["data"][0]["perKwh"], groups["data"][0]["voucherCount"]) == (
        free["id"],
        0,
        0,
    )


async def test_a_tariff_that_cannot_be_read_has_no_price(api: Api, database: Database, sql: asyncpg.Connection) -> None:
    location = await api.location(tariffId=await tariff(api))
    await sql.execute("UPDATE tariffs SET document = '{}'")
    assert (await api.viewer.get(f"/locations/{location['id']}")).json()["pricing"] is None
