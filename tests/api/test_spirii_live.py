"""Live answers against `reference.toml`, the facts of the API that this one is shaped like."""

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest

from tests.api.charge_box import ChargeBoxEnd, plugged_in
from tests.api.conftest import Api, eventually
from tests.api.reference import OPERATIONS, REFERENCE, places_of_enums, value_problems

_UUID = "58652fe8-d840-4aa4-bb4f-3ebd944df9d6"


class Conversation:
    """Requests of an admin, and of each operation the last answer."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.answers: dict[str, Any] = {}
        self.statuses: dict[str, int] = {}

    async def ask(self, name: str, body: Any = None, **ids: object) -> Any:
        """Ask an operation, e.g. `GET /v2/evses/{uid}`, with the ids of its path; 1 where none is said."""
        method, path = name.split(" ")
        known = {"id": 1, "uid": 1, "connectorId": 1, "locationId": 1, "tokenId": 1, **ids}
        response = await self._client.request(method, path.format(**known), **({} if body is None else {"json": body}))
        self.statuses[name] = response.status_code
        self.answers[name] = response.json() if response.content else ""
        assert response.is_success, (name, response.text)
        return self.answers[name]


_CUSTOMER = {
    "name": "Taxi Nord",
    "country": "DK",
    "ownerId": 1,
    "type": "Business",
    "externalId": "T-7",
    "contactDetails": {"name": "Ida", "email": "ida@example.com", "phone": "+4570000000"},
    "billingDetails": {
        "paymentMethod": "Invoice",
        "invoiceFormat": "Email",
        "gln": "57",
        "invoiceEmail": "a@example.com",
    },
    "payoutInformation": {"iban": "DK00", "swiftCode": "X", "bankAccountHolderName": "Ida"},
    "financialSetup": {"language": "EN", "currency": "DKK"},
    "billingSettings": {"chargeKeyDocumentAggregation": "customer", "chargeKeyLineAggregation": "location"},
}
_TARIFF = {
    "id": _UUID,
    "currency": "DKK",
    "type": "REGULAR",
    "tariffAltText": [{"language": "en", "text": "3.50 kr."}],
    "minPrice": 5,
    "maxPrice": 500,
    "elements": [
        {
            "priceComponents": [{"type": "ENERGY", "price": 2.5, "stepSize": 1, "vat": 0.25}],
            "restrictions": {"startTime": "01:00", "endTime": "05:00", "dayOfWeek": ["TUESDAY"], "maxKwh": 50},
        },
        {"priceComponents": [{"type": "ENERGY", "price": 3.5, "stepSize": 1, "vat": 0.25}]},
    ],
}
_LOCATION = {
    "name": "Harbour",
    "address": "Havnegade 1",
    "postalCode": "1058",
    "city": "København",
    "countryCode": "DK",
    "coordinates": {"latitude": 55.6761, "longitude": 12.5683},
    "publish": True,
    "facilities": ["CAFE"],
    "openingTimes": {
        "twentyFourSeven": False,
        "regularHours": [{"weekday": day, "periodBegin": "00:00", "periodEnd": "24:00"} for day in range(1, 8)],
        "exceptionalClosings": [{"periodBegin": "2025-12-24T12:00:00Z", "periodEnd": "2025-12-25T12:00:00Z"}],
    },
    "directions": [{"text": "Behind the warehouse", "language": "en"}],
    "energyMix": {"isGreenEnergy": True, "energySources": [{"source": "WIND", "percentage": 100}]},
    "parkingType": "PARKING_LOT",
    "customerId": 2,
    "tariffId": _UUID,
}
_TOKEN = {
    "customerId": 2,
    "identifier": {"type": "rfid", "uid": "CAFE01", "label": "Ida's", "appUserId": 7},
    "billingReference": "Van 246",
    "comment": "Blue",
}
_AT = "2026-01-0{}T12:{}:00Z"


async def _furnish(talk: Conversation) -> dict[str, Any]:
    """Create one of everything; returns the charge box."""
    await talk.ask("POST /v2/customers", _CUSTOMER)
    await talk.ask("PUT /v2/customers/{id}", {"name": "Taxi Syd"}, id=2)
    await talk.ask("POST /v2/tariffs", _TARIFF)
    await talk.ask("POST /v2/locations", _LOCATION)
    await talk.ask("PATCH /v2/locations/{id}", {"name": "Marina"})
    await talk.ask("PUT /locations/{id}", {"name": "Pier", "isPublic": True, "lat": 55.7, "lon": 12.6})
    box: dict[str, Any] = await talk.ask(
        "POST /v2/chargeboxes", {"serialNumber": "SN-1", "modelId": 2, "locationId": 1}
    )
    await talk.ask("PATCH /v2/evses/{uid}/connectors/{connectorId}", {"maxAmperage": 16})
    await talk.ask("POST /v2/tokens", _TOKEN)
    await talk.ask("PATCH /v2/tokens/{id}", {"expiresAt": "2099-01-01T00:00:00Z"})
    await talk.ask("POST /v2/tokens/{id}/disable")
    await talk.ask("POST /v2/tokens/{id}/enable")
    await talk.ask("POST /v2/token-groups", {"name": "Taxis", "customerId": 2})
    await talk.ask("PATCH /v2/token-groups/{id}", {"name": "Vans"})
    await talk.ask("POST /v2/token-groups/{id}/disable")
    await talk.ask("POST /v2/token-groups/{id}/enable")
    await talk.ask("POST /v2/token-groups/{id}/locations/{locationId}")
    await talk.ask("POST /v2/token-groups/{id}/tokens/{tokenId}")
    group = {"name": "Guests", "customerId": 2, "pricing": {"tariffId": _UUID}, "notes": "Summer"}
    await talk.ask("POST /v2/voucher-groups", group)
    await talk.ask("PATCH /v2/voucher-groups/{id}", {"notes": "Winter"})
    await talk.ask("POST /v2/voucher-groups/{id}/locations/{locationId}")
    await talk.ask("POST /v2/vouchers", {"code": "TT-1", "voucherGroupId": 1, "maxUsers": 5})
    await talk.ask("PATCH /v2/vouchers/{id}", {"expiresAt": "2099-01-01T00:00:00Z"})
    await talk.ask("POST /v2/vouchers/{id}/tokens/{tokenId}")
    status = {"evseId": box["evses"][0]["evseId"], "temporaryStatus": "RESERVED", "validTo": "2099-01-01T00:00:00Z"}
    await talk.ask("POST /v2/temporary-evse-statuses", status)
    await talk.ask("PATCH /v2/temporary-evse-statuses/{id}", {"temporaryStatus": "MAINTENANCE"})
    return box


async def _charge(end: ChargeBoxEnd) -> None:
    """A session that is over (transaction 1), and one that runs (2), as the charge box reports them."""
    await end.call(
        "BootNotification", chargePointVendor="Generic", chargePointModel="AC 2 sockets", firmwareVersion="1.4.2"
    )
    for number in (1, 2):
        transaction = await end.start("CAFE01", connector=number, at=_AT.format(number, "00"))
        values = {"Energy_Active_Import_Register": 6000, "Power_Active_Import": 11000, "SoC": 50}
        await end.meter(transaction, connector=number, at=_AT.format(number, "30"), **values)
        if number == 1:
            await end.stop(transaction, meter=9000, at=_AT.format(number, "45"))
    await end.report(1, "Faulted", "UnderVoltage", info="NO_VOLTAGE_L2_L3", vendorErrorCode="134217728")
    for action in ("Reset", "RemoteStartTransaction", "RemoteStopTransaction", "ChangeAvailability"):
        end.answers[action] = {"status": "Accepted"}
    end.answers["UnlockConnector"] = {"status": "UnlockFailed"}


async def _command(talk: Conversation) -> None:
    connector = "POST /v2/evses/{uid}/connectors/{connectorId}"
    await talk.ask("POST /v2/chargeboxes/{id}/reset", {"type": "Soft"})
    await talk.ask("POST /v2/chargeboxes/{id}/reboot")
    await talk.ask(f"{connector}/unlock")
    await talk.ask(f"{connector}/remote-start-transaction", {"idTag": "CAFE01"})
    await talk.ask(f"{connector}/remote-stop-transaction", {"transactionId": 2})
    await talk.ask(f"{connector}/change-availability", {"type": "Operative"})


async def _read(talk: Conversation, evse_id: str) -> None:
    ids = {"GET /v2/tariffs/{id}": _UUID.upper(), "GET /evses/{id}": evse_id}
    for name in OPERATIONS:
        if name.startswith("GET "):
            await talk.ask(name, id=ids.get(name, 1))


async def _delete(talk: Conversation) -> None:
    for what in (
        "vouchers/{id}/tokens/{tokenId}",
        "vouchers/{id}",
        "voucher-groups/{id}",
        "token-groups/{id}/tokens/{tokenId}",
        "token-groups/{id}/locations/{locationId}",
        "token-groups/{id}",
        "temporary-evse-statuses/{id}",
        "tokens/{id}",
        "chargeboxes/{id}",
        "locations/{id}",
    ):
        await talk.ask(f"DELETE /v2/{what}")


async def _priced(talk: Conversation) -> None:
    async def price() -> Any:
        return (await talk.ask("GET /v2/charge-records/{id}"))["price"]

    await eventually(price, lambda found: found is not None)


@pytest.fixture
async def talk(api: Api) -> AsyncIterator[Conversation]:
    """An installation with one of everything, and its charge box connected."""
    conversation = Conversation(api.admin)
    box = await _furnish(conversation)
    async with plugged_in(box) as end:
        await _charge(end)
        await _priced(conversation)
        yield conversation


async def test_every_live_answer_has_its_status_and_its_fields(talk: Conversation) -> None:
    await _command(talk)
    evses = await talk.ask("GET /v2/evses")
    await _read(talk, evses["data"][0]["evseId"])
    await _delete(talk)
    assert set(OPERATIONS) - set(talk.answers) == set()
    assert {name: talk.statuses[name] for name in OPERATIONS} == {
        name: known["status"] for name, known in OPERATIONS.items()
    }
    problems = [
        f"{name} {problem}"
        for name, known in OPERATIONS.items()
        for problem in value_problems(talk.answers[name], known["answer"] or "string")
    ]
    assert problems == []


async def test_lists_are_not_empty_and_show_what_is_optional(talk: Conversation) -> None:
    for name, known in OPERATIONS.items():
        if name.startswith("GET ") and "{" not in name and ":" in known["answer"]:
            assert (await talk.ask(name))["data"], name
    box = await talk.ask("GET /v2/chargeboxes/{id}")
    assert {"firmwareVersion", "customer", "lastConnectionEventAt"} <= set(box)
    error = {"errorCode": "UnderVoltage", "info": "NO_VOLTAGE_L2_L3", "vendorErrorCode": "134217728"}
    assert box["evses"][0]["connectors"][0]["error"] == error
    record = await talk.ask("GET /v2/charge-records/{id}")
    assert (record["voucher"]["code"], record["voucherGroup"]["name"]) == ("TT-1", "Guests")
    assert record["auth"]["idTag"]["customer"]["id"] == 2
    transaction = await talk.ask("GET /v2/transactions/{id}")
    assert transaction["chargingDetails"]["vehicleStateOfCharge"]
    tariff = await talk.ask("GET /v2/tariffs/{id}", id=_UUID)
    assert {"tariff_alt_text", "tariffAltText", "minPrice", "maxPrice", "type"} <= set(tariff)
    assert "restrictions" in tariff["elements"][0]


async def test_every_value_of_an_enum_is_accepted_and_no_other(talk: Conversation, api: Api) -> None:
    for where, values in places_of_enums("sent"):
        method, path, field = where.split(" ")
        own = 2 if "customers" in path else 1
        url = path.format(id=own, uid=1, connectorId=1)
        for value in (*values, "Nonsense"):
            if field.startswith("?"):
                answer = await api.admin.request(method, url, params={field[1:]: value})
            else:
                body = {field: [value] if field == "facilities" else value}
                answer = await api.admin.request(method, url, json=body)
            if value == "Nonsense":
                assert answer.status_code == 400, (where, value)
                assert field.strip("?") in answer.json()["message"], (where, answer.text)
                assert all(allowed in answer.json()["message"] for allowed in values), (where, answer.text)
            else:
                assert answer.status_code == 200, (where, value, answer.text)
                if method == "PATCH" and field in answer.json():
                    assert answer.json()[field] in (value, [value])


@pytest.mark.parametrize("path", REFERENCE["paging"])
async def test_pages_are_as_long_as_documented(path: str, api: Api, sql: asyncpg.Connection) -> None:
    known = REFERENCE["paging"][path]
    await _many(api, sql, known.get("maximum", known["default"]) + 1)
    assert len((await api.admin.get(path)).json()["data"]) == known["default"]
    assert len((await api.admin.get(path, params={"limit": 3})).json()["data"]) == 3
    assert (await api.admin.get(path, params={"limit": 0})).status_code == 400
    if "maximum" in known:
        longest = (await api.admin.get(path, params={"limit": 1_000_000})).json()
        assert len(longest["data"]) == known["maximum"]
        assert longest.get("limit", known["maximum"]) == known["maximum"]


async def _many(api: Api, sql: asyncpg.Connection, count: int) -> None:
    """So many of everything that has pages."""
    await api.charge_box()
    numbers = f"generate_series(1, {count}) n"
    for statement in (
        f"INSERT INTO customers (name) SELECT 'C' || n FROM {numbers}",
        f"INSERT INTO tokens (uid) SELECT 'T' || n FROM {numbers}",
        f"INSERT INTO token_groups (name) SELECT 'G' || n FROM {numbers}",
        f"INSERT INTO voucher_groups (name) SELECT 'V' || n FROM {numbers}",
        f"INSERT INTO vouchers (code, voucher_group_id) SELECT 'V' || n, 1 FROM {numbers}",
        "INSERT INTO locations (name, address, postal_code, city, country_code, latitude, longitude, publish) "
        f"SELECT 'L' || n, 'Street', '1', 'City', 'DK', 55, 12, true FROM {numbers}",
        "INSERT INTO charge_boxes (identity, serial_number, location_id, model_id) "
        f"SELECT 'B' || n, 'SN', 1, 2 FROM {numbers}",
        f"INSERT INTO evses (charge_box_id, connector_id, evse_id) SELECT 1, n + 2, 'B*' || n FROM {numbers}",
        "INSERT INTO transactions (charge_box_id, evse_uid, connector_id, id_tag, started_at, start_received_at, "
        f"last_evidence_at) SELECT 1, 1, 1, 'CAFE01', now(), now(), now() FROM {numbers}",
    ):
        await sql.execute(statement)


async def test_the_filter_of_charge_records_knows_every_field_and_operator(talk: Conversation, api: Api) -> None:
    async def count(condition: Any) -> int:
        answer = await api.admin.get("/v2/charge-records", params={"filter": json.dumps(condition)})
        assert answer.status_code == 200, (condition, answer.text)
        return len(answer.json()["data"])

    for field in REFERENCE["filter"]["fields"]:
        with_it = await count({field: {"$exists": True}})
        assert with_it + await count({field: {"$exists": False}}) == 1, field
    operands = {
        "$gt": 0,
        "$gte": 1,
        "$lt": 2,
        "$lte": 1,
        "$eq": 1,
        "$ne": 2,
        "$in": [1, 2],
        "$nin": [2],
        "$exists": True,
    }
    assert {*operands, "$regex"} == set(REFERENCE["filter"]["operators"])
    for operator, operand in operands.items():
        assert await count({"transactionId": {operator: operand}}) == 1, operator
    assert await count({"evseId": {"$regex": "^CB.*1$"}}) == 1
    either = {"$or": [{"location.id": 99}, {"$and": [{"location.id": 1}, {"auth.idTag.uid": "CAFE01"}]}]}
    assert await count(either) == 1
    assert (await api.admin.get("/v2/charge-records", params={"filter": '{"colour": 1}'})).status_code == 400
