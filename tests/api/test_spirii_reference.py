"""The OpenAPI document against `reference.toml`, the facts of the API that this one is shaped like."""

import pytest

from api.app import create_app
from csms.settings import Settings
from csms.store.database import Database
from tests.api.reference import OPERATIONS, REFERENCE, Document, places_of_enums, value_problems


@pytest.fixture(scope="module")
def document() -> Document:
    """What the API says of itself."""
    return Document(create_app(Settings.read(), Database("postgresql://nobody@127.0.0.1:1/nowhere")).openapi())


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_routed_with_its_statuses(name: str, document: Document) -> None:
    known = OPERATIONS[name]
    responses = set(document.operation(name).get("responses", ()))
    expected = {str(code) for code in (known["status"], 500, *known.get("refuses", ()))}
    if not known.get("public"):
        expected.add("403")
    if "{id}" in name or "{uid}" in name:
        expected.add("404")
    assert expected <= responses


@pytest.mark.parametrize("name", [name for name, known in OPERATIONS.items() if known["answer"]])
def test_every_field_of_an_answer_is_in_the_document(name: str, document: Document) -> None:
    content = document.answer(name)
    if content.get("schema"):
        assert list(document.problems(content["schema"], OPERATIONS[name]["answer"])) == []
    # Where it has no schema, the example says what it is.
    assert list(value_problems(content["example"], OPERATIONS[name]["answer"])) == []


@pytest.mark.parametrize("name", REFERENCE["queries"])
def test_every_query_parameter_is_in_the_document(name: str, document: Document) -> None:
    known = {item["name"] for item in document.operation(name)["parameters"] if item["in"] == "query"}
    assert set(REFERENCE["queries"][name]) <= known


@pytest.mark.parametrize("name", REFERENCE["bodies"])
def test_every_field_of_a_body_is_in_the_document_and_no_other_is_needed(name: str, document: Document) -> None:
    fields = {field.rstrip("!") for field in REFERENCE["bodies"][name]}
    needed = {field.rstrip("!") for field in REFERENCE["bodies"][name] if field.endswith("!")}
    for form in document.at(document.body(name), ""):
        assert fields <= set(form["properties"])
        assert set(form.get("required", ())) <= needed


@pytest.mark.parametrize(("where", "values"), places_of_enums("shown"), ids=str)
def test_every_value_of_an_enum_is_in_the_document_of_answers(
    where: str, values: list[str], document: Document
) -> None:
    method, path, field = where.split(" ")
    forms = document.at(document.answer(f"{method} {path}")["schema"], field)
    assert set(values) <= {value for form in forms for value in form.get("enum", ())}


@pytest.mark.parametrize(("where", "values"), places_of_enums("sent"), ids=str)
def test_every_value_of_an_enum_is_in_the_document_of_requests(
    where: str, values: list[str], document: Document
) -> None:
    method, path, field = where.split(" ")
    if field.startswith("?"):
        parameters = document.operation(f"{method} {path}")["parameters"]
        (schema,) = [item["schema"] for item in parameters if item["name"] == field[1:]]
        forms = document.at(schema, "")
    else:
        forms = document.at(document.body(f"{method} {path}"), field)
    assert set(values) == {value for form in forms for value in form.get("enum", ())}
