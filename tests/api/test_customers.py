"""Customers over the API: a tree of owners, listed by number."""

from typing import Any

import asyncpg
import pytest

from tests.api.conftest import Api, created
from tests.api.test_app import refusal

BODY: dict[str, Any] = {
    "name": "Harbour Hotel",
    "country": "DK",
    "contactDetails": {"name": "Ada Jensen", "email": "ada@harbour.example", "phone": "+4512345678"},
    "ownerId": 1,
    "type": "Business",
}
BLOCKS: dict[str, Any] = {
    "billingDetails": {
        "paymentMethod": "Invoice",
        "invoiceFormat": "Email",
        "gln": "5798000000000",
        "invoiceEmail": "bills@harbour.example",
        "vatNumber": "DK12345678",
        "address": "Havnegade 1",
        "city": "København",
        "zipCode": "1058",
    },
    "payoutInformation": {
        "iban": "DK5000400440116243",
        "swiftCode": "NDEADKKK",
        "bankAccountHolderName": "Harbour Hotel",
        "bankRegistrationNumber": "0040",
        "bankAccount": "0440116243",
    },
    "financialSetup": {"language": "EN", "currency": "EUR"},
    "billingSettings": {
        "chargeKeyDocumentAggregation": "customer",
        "chargeKeyLineAggregation": "location",
        "companyCarReimbursementMethod": "MANUAL",
    },
}


async def customer(api: Api, **said: Any) -> dict[str, Any]:
    """Create a customer."""
    return created(await api.editor.post("/v2/customers", json=BODY | said))


async def names(api: Api, query: str) -> list[str]:
    """The names of the customers that a query finds, in order."""
    response = await api.viewer.get(f"/v2/customers?{query}")
    assert response.status_code == 200, response.text
    return [row["name"] for row in response.json()["data"]]


async def test_a_customer_is_shown_as_it_was_made(api: Api) -> None:
    made = await customer(api, externalId="HH-1", **BLOCKS)
    assert (await api.viewer.get(f"/v2/customers/{made['id']}")).json() == made
    said = BODY | BLOCKS | {"externalId": "HH-1"}
    said.pop("ownerId")
    assert {name: made[name] for name in said} == said
    assert made["owner"] == made["cpo"] == {"id": 1, "name": "Operator"}
    assert made["locations"] == []
    assert made["createdAt"] == made["updatedAt"]


async def test_what_was_not_said_is_left_out(api: Api) -> None:
    made = await customer(api, billingDetails=None, contactDetails={"email": "a@b.example"})
    assert set(made) == {
        "id", "name", "type", "contactDetails", "cpo", "locations", "createdAt", "updatedAt", "country", "owner",
    }  # fmt: skip
    assert made["contactDetails"] == {"email": "a@b.example"}


async def test_a_customer_names_its_locations_that_are_not_deleted(api: Api) -> None:
    made = await customer(api)
    kept, gone = [await api.location(customerId=made["id"]) for _ in range(2)]
    await api.editor.delete(f"/v2/locations/{gone['id']}")
    assert (await api.viewer.get(f"/v2/customers/{made['id']}")).json()["locations"] == [kept["id"]]


async def test_the_operator_is_the_cpo_and_owned_by_nobody(api: Api) -> None:
    operator = (await api.viewer.get("/v2/customers/1")).json()
    assert (operator["type"], operator["cpo"]["id"], "owner" in operator) == ("CPO", 1, False)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": None}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"country": "DNK"}, "country"),
        ({"contactDetails": None}, "contactDetails"),
        ({"contactDetails": {"phone": 45}}, "contactDetails.phone"),
        ({"ownerId": "1"}, "ownerId"),
        ({"ownerId": 77}, "ownerId"),
        ({"type": "business"}, "type"),
        ({"externalId": "x" * 41}, "externalId"),
        ({"billingDetails": "none"}, "billingDetails"),
        ({"financialSetup": {"currency": 1}}, "financialSetup.currency"),
    ],
)
async def test_what_cannot_be_is_400(api: Api, said: dict[str, Any], field: str) -> None:
    response = await api.editor.post("/v2/customers", json=BODY | said)
    assert (response.status_code, [detail["field"] for detail in refusal(response)["details"]]) == (400, [field])
    assert (await api.viewer.get("/v2/customers")).json()["count"] == 1


@pytest.mark.parametrize("name", ["name", "country", "contactDetails", "ownerId", "type"])
async def test_a_new_customer_needs_every_required_field(api: Api, name: str) -> None:
    body = {field: value for field, value in BODY.items() if field != name}
    response = await api.editor.post("/v2/customers", json=body)
    assert (response.status_code, refusal(response)["details"][0]["field"]) == (400, name)


async def test_a_cpo_cannot_be_created_and_what_can_is_named(api: Api) -> None:
    response = await api.editor.post("/v2/customers", json=BODY | {"type": "CPO"})
    assert response.status_code == 400
    assert all(kind in refusal(response)["message"] for kind in ("Private", "Business", "CPOSubsidiary"))
    for kind in ("Private", "Business", "CPOSubsidiary"):
        assert (await customer(api, type=kind))["type"] == kind


async def test_a_change_changes_what_it_names(api: Api) -> None:
    made = await customer(api, externalId="HH-1", **BLOCKS)
    url = f"/v2/customers/{made['id']}"
    body = {"name": "Harbour", "country": None, "billingDetails": {"city": "Aarhus"}, "payoutInformation": None}
    changed = (await api.editor.put(url, json=body | {"externalId": None, "unknown": 1})).json()
    assert changed == (await api.viewer.get(url)).json()
    assert changed.pop("updatedAt") > made.pop("updatedAt")
    for gone in ("externalId", "payoutInformation"):
        assert gone not in changed
        made.pop(gone)
    assert changed == made | {"name": "Harbour", "billingDetails": {"city": "Aarhus"}}


async def test_an_empty_change_changes_nothing(api: Api) -> None:
    made = await customer(api)
    assert (await api.editor.put(f"/v2/customers/{made['id']}", json={})).json() == made


async def test_nobody_is_owned_by_who_is_below(api: Api) -> None:
    top = await customer(api, name="Top")
    middle = await customer(api, name="Middle", ownerId=top["id"])
    bottom = await customer(api, name="Bottom", ownerId=middle["id"])
    for owned, owner in ((top, bottom), (top, top), ({"id": 1}, top)):
        response = await api.editor.put(f"/v2/customers/{owned['id']}", json={"ownerId": owner["id"]})
        assert (response.status_code, refusal(response)["details"][0]["field"]) == (400, "ownerId")
    moved = await api.editor.put(f"/v2/customers/{bottom['id']}", json={"ownerId": top["id"]})
    assert moved.json()["owner"] == {"id": top["id"], "name": "Top"}
    assert (await api.editor.put(f"/v2/customers/{bottom['id']}", json={"ownerId": 77})).status_code == 400


async def test_the_operator_stays_a_cpo(api: Api) -> None:
    response = await api.editor.put("/v2/customers/1", json={"type": "Business"})
    assert (response.status_code, refusal(response)["details"][0]["field"]) == (400, "type")
    renamed = await api.editor.put("/v2/customers/1", json={"name": "Charge & Co"})
    assert renamed.json()["name"] == "Charge & Co"


async def test_customers_are_filtered(api: Api) -> None:
    group = await customer(api, name="Group 100%", type="CPOSubsidiary", externalId="XT-9")
    hotel = await customer(api, name="Hotel", ownerId=group["id"])
    await customer(api, name="Driver", type="Private", ownerId=hotel["id"])

    async def found(query: str) -> set[str]:
        return set(await names(api, query))

    assert await found("") == {"Operator", "Group 100%", "Hotel", "Driver"}
    assert await found("search=hOT") == {"Hotel"}
    assert await found("search=%25") == {"Group 100%"}
    assert await found("search=xt-9") == {"Group 100%"}
    assert await found(f"search={hotel['id']}") == {"Hotel"}
    assert await found(f"ids={group['id']},{hotel['id']}") == {"Group 100%", "Hotel"}
    assert await found(f"ids[]={group['id']}&ids[]=77") == {"Group 100%"}
    assert await found("types=Private&types=CPOSubsidiary") == {"Group 100%", "Driver"}
    assert await found("types=Private,CPO") == {"Operator", "Driver"}
    assert await found(f"ownerId={group['id']}") == {"Hotel"}
    assert await found(f"ancestorOwnerId={group['id']}") == {"Hotel", "Driver"}
    assert await found("ancestorOwnerId=1") == {"Group 100%", "Hotel", "Driver"}
    assert await found("cpoId=1") == {"Operator", "Group 100%", "Hotel", "Driver"}
    assert await found(f"cpoId={group['id']}") == set()
    assert await found(f"ownerId={2**53 - 1}") == set()


async def test_customers_are_found_by_time_and_then_sorted_by_it(api: Api, sql: asyncpg.Connection) -> None:
    # Created in the order of their ids and changed in the other.
    for day, name in enumerate(("First", "Second", "Third"), 1):
        made = await customer(api, name=name)
        await sql.execute(
            "UPDATE customers SET created_at = $2::text::timestamptz, updated_at = $3::text::timestamptz WHERE id = $1",
            made["id"],
            f"2020-01-0{day}T00:00:00.000123Z",
            f"2020-02-0{9 - day}T00:00:00Z",
        )
    assert await names(api, "createdAtTo=2020-01-03T00:00:00.001Z") == ["Third", "Second", "First"]
    assert await names(api, "createdAtTo=2020-01-03T00:00:00Z") == ["Second", "First"]
    assert await names(api, "createdAtFrom=2020-01-02T00:00:00Z&createdAtTo=2020-02-01T00:00:00Z") == [
        "Second",
        "Third",
    ]
    assert await names(api, "updatedAtFrom=2020-02-07T00:00:00Z&updatedAtTo=2020-03-01T00:00:00Z") == [
        "Second",
        "First",
    ]
    assert await names(api, "updatedAtFrom=2020-02-07&updatedAtTo=2020-03-01&sortDirection=desc") == [
        "First",
        "Second",
    ]
    assert await names(api, "updatedAtTo=2020-03-01T00:00:00Z&sortBy=id&sortDirection=asc") == [
        "First",
        "Second",
        "Third",
    ]
    assert await names(api, "createdAt=2020-01-02T00:00:00.000Z") == ["Second"]
    assert await names(api, "updatedAt=2020-02-08T00:00:00.000Z") == ["First"]
    assert await names(api, "updatedAt=2020-02-08T00:00:00.001Z") == []


async def test_customers_are_sorted(api: Api) -> None:
    beta = await customer(api, name="Beta", type="Private")
    await customer(api, name="Alpha", ownerId=beta["id"])
    assert await names(api, "") == ["Alpha", "Beta", "Operator"]
    assert await names(api, "sortDirection=asc") == ["Operator", "Beta", "Alpha"]
    assert await names(api, "sortBy=name") == ["Operator", "Beta", "Alpha"]
    assert await names(api, "sortBy=type&sortDirection=asc") == ["Alpha", "Operator", "Beta"]
    assert await names(api, "sortBy=ownerName&sortDirection=asc") == ["Alpha", "Beta", "Operator"]
    assert await names(api, "sortBy=cpoName&sortDirection=asc") == ["Operator", "Beta", "Alpha"]
    await api.editor.put(f"/v2/customers/{beta['id']}", json={"country": "SE"})
    assert await names(api, "sortBy=updatedAt") == ["Beta", "Alpha", "Operator"]
    assert await names(api, "sortBy=createdAt") == ["Alpha", "Beta", "Operator"]


async def test_a_section_says_what_it_is(api: Api) -> None:
    await customer(api)
    answer = (await api.viewer.get("/v2/customers?limit=1&offset=1")).json()
    assert (answer["count"], answer["limit"], answer["offset"]) == (2, 1, 1)
    assert [row["id"] for row in answer["data"]] == [1]
    everything = (await api.viewer.get("/v2/customers")).json()
    assert (everything["limit"], everything["offset"]) == (50, 0)
    assert (await api.viewer.get("/v2/customers?limit=99999")).json()["limit"] == 1000


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("offset=-1", "offset"),
        ("sortBy=size", "sortBy"),
        ("sortDirection=up", "sortDirection"),
        ("ids=x", "ids.0"),
        ("types=Owner", "types.0"),
        ("createdAtFrom=yesterday", "createdAtFrom"),
    ],
)
async def test_a_query_that_cannot_be_is_400(api: Api, query: str, field: str) -> None:
    response = await api.viewer.get(f"/v2/customers?{query}")
    assert (response.status_code, [detail["field"] for detail in refusal(response)["details"]]) == (400, [field])


async def test_a_customer_that_does_not_exist_is_404(api: Api) -> None:
    for customer_id in (77, 2**53 - 1):
        for response in (
            await api.viewer.get(f"/v2/customers/{customer_id}"),
            await api.editor.put(f"/v2/customers/{customer_id}", json={}),
            await api.editor.put(f"/v2/customers/{customer_id}", json={"name": "New", "ownerId": 1}),
        ):
            assert (response.status_code, refusal(response)["message"]) == (404, f"there is no customer {customer_id}")


async def test_who_may_not_is_401_and_who_is_nobody_403(api: Api) -> None:
    for client, status in ((api.viewer, 401), (api.nobody, 403)):
        for response in (
            await client.post("/v2/customers", json=BODY),
            await client.put("/v2/customers/1", json={"name": "Mine"}),
        ):
            assert response.status_code == status
            assert ("WWW-Authenticate" in response.headers) == (status == 401)
            refusal(response)


async def test_what_is_written_is_in_the_event_log_with_who_did_it(api: Api, sql: asyncpg.Connection) -> None:
    made = await customer(api, **BLOCKS)
    await api.editor.put(f"/v2/customers/{made['id']}", json={"name": "New", "payoutInformation": None})
    rows = await sql.fetch("SELECT kind, actor, data::text FROM events WHERE kind LIKE 'customer.%' ORDER BY id")
    assert [(row["kind"], row["actor"]) for row in rows] == [
        ("customer.created", "editor"),
        ("customer.changed", "editor"),
    ]
    assert not any(BLOCKS["payoutInformation"]["iban"] in row["data"] for row in rows)
