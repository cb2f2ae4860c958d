"""The OpenAPI document: every route says what it is, shows what it answers and how it refuses."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.app import create_app
from csms.settings import Settings
from csms.store.database import Database


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document of the whole API; nothing is connected for it."""
    return create_app(Settings.read(), Database("postgresql://nobody@127.0.0.1:1/nowhere")).openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation, with a name for messages."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_document_is_valid_by_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_route_says_what_it_is(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation["summary"], name
        assert len(operation["description"]) > 10, name
        assert operation["tags"], name


def test_every_example_is_valid_by_its_own_schema(document: dict[str, Any]) -> None:
    checked = 0
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            for content in response.get("content", {}).values():
                assert "example" in content, (name, status)
                if content["schema"]:
                    schema = content["schema"] | {"components": document["components"]}
                    jsonschema_rs.validate(schema, content["example"])
                    checked += 1
    assert checked > 100


def test_every_route_shows_a_good_answer_and_how_it_refuses(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        good = [status for status in operation["responses"] if status.startswith("2")]
        assert len(good) == 1, name
        assert "422" not in operation["responses"], name
        if "/v2/afir/" in name:
            assert {"400", "500", "503"} <= set(operation["responses"]), name
            assert "403" not in operation["responses"], name
            assert "security" not in operation, name
        elif "/v2/" in name:
            assert {"403", "500", "503"} <= set(operation["responses"]), name
            assert operation["security"], name
        if "{" in name:
            assert {"400", "404"} <= set(operation["responses"]), name


def test_no_name_is_snake_case(document: dict[str, Any]) -> None:
    def names(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            yield from node.get("properties", {})
            for child in node.values():
                yield from names(child)
        elif isinstance(node, list):
            for child in node:
                yield from names(child)

    found = set(names(document["components"]["schemas"]))
    found |= {
        parameter["name"] for _, operation in operations(document) for parameter in operation.get("parameters", [])
    }
    assert found
    # Spirii's one name in OCPI's own spelling, deprecated.
    assert [name for name in found if "_" in name] == ["tariff_alt_text"]


def test_the_shapes_have_the_documented_fields(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    documented = {
        "ChargeBoxOut": {
            "id", "chargeBoxIdentity", "serialNumber", "isOnline", "locationId", "updatedAt", "createdAt", "evses",
            "model", "firmwareVersion", "customer", "lastConnectionEventAt", "deletedAt",
        },
        "EvseOut": {"uid", "evseId", "chargeboxId", "status", "connectors"},
        "ConnectorOut": {
            "id", "standard", "format", "powerType", "maxElectricPower", "maxAmperage", "maxVoltage", "tariffIds",
            "error", "deletedAt",
        },
        "ChargeBoxModelOut": {
            "id", "vendor", "name", "plugAndChargeValidated", "firmwareManagementValidated", "updatedAt", "createdAt",
            "description",
        },
        "LocationOut": {
            "id", "name", "address", "postalCode", "city", "countryCode", "coordinates", "publish", "evses", "operator",
            "lastUpdated", "allowPriorityCharging", "parkingType", "facilities", "directions", "openingTimes", "owner",
            "energyMix", "helpPhone", "customerId", "ownerId", "tariffId", "billingReference", "timeZone",
        },
        "TariffOut": {
            "id", "currency", "elements", "type", "tariff_alt_text", "tariffAltText", "minPrice", "maxPrice",
        },
        "PriceComponent": {"type", "price", "stepSize", "vat"},
        "TariffRestrictions": {
            "startTime", "endTime", "startDate", "endDate", "minKwh", "maxKwh", "minDuration", "maxDuration",
            "dayOfWeek",
        },
        "TemporaryEvseStatusOut": {"id", "temporaryStatus", "evseId", "validFrom", "validTo"},
        "TokenOut": {
            "id", "customerId", "identifier", "createdAt", "updatedAt", "validFrom", "expiresAt", "isActive",
            "roamingEnabled", "priorityChargingEnabled", "billingReference", "comment", "tokenGroupIds",
        },
        "PageOut_EvseOut_": {"data", "nextPageCursor", "previousPageCursor"},
        "CountedOut_TokenOut_": {"data", "count"},
    }  # fmt: skip
    for name, fields in documented.items():
        assert fields <= set(schemas[name]["properties"]), name
