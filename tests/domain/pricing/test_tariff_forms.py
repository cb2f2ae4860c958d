"""A tariff as JSON: two spellings of one thing, and errors that name the field in the caller's words."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.pricing import (
    AltText,
    DayOfWeek,
    Dimension,
    PriceComponent,
    PriceLimit,
    ReservationRestriction,
    Restrictions,
    Tariff,
    TariffElement,
    TariffType,
    TaxIncluded,
    tariff_from_ocpi,
    tariff_from_spirii,
    tariff_in_force,
    tariff_to_ocpi,
    tariff_to_spirii,
)
from csms.errors import Invalid
from tests.domain.pricing.sessions import energy, tariff

WHOLE = Tariff(
    id="58652fe8-d840-4aa4-bb4f-3ebd944df9d6",
    currency="DKK",
    elements=(
        TariffElement(
            (PriceComponent(Dimension.ENERGY, Decimal("2.5"), 100, Decimal("0.25")),),
            Restrictions(
                start_time=time(22),
                end_time=time(0),
                start_date=date(2026, 1, 1),
                end_date=date(2027, 1, 1),
                min_kwh=Decimal("1.5"),
                max_kwh=Decimal(50),
                min_current_a=Decimal(6),
                max_current_a=Decimal(32),
                min_power_kw=Decimal(1),
                max_power_kw=Decimal(22),
                min_duration_s=60,
                max_duration_s=7200,
                day_of_week=(DayOfWeek.MONDAY, DayOfWeek.SUNDAY),
            ),
        ),
        TariffElement(
            (PriceComponent(Dimension.FLAT, Decimal(10)),),
            Restrictions(reservation=ReservationRestriction.RESERVATION),
        ),
    ),
    type=TariffType.REGULAR,
    min_price=PriceLimit(Decimal(8), Decimal(10)),
    max_price=PriceLimit(Decimal(400), Decimal(500)),
    alt_texts=(AltText("da", "Billigt om natten"),),
    alt_url="https://example.com/tariff",
    start_at=datetime(2026, 1, 1, tzinfo=UTC),
    end_at=datetime(2026, 12, 31, 23, 59, 59, 500000, tzinfo=UTC),
    tax_included=TaxIncluded.NO,
)

OCPI: dict[str, Any] = {
    "country_code": "DK",
    "party_id": "ABC",
    "id": "58652fe8-d840-4aa4-bb4f-3ebd944df9d6",
    "currency": "DKK",
    "type": "REGULAR",
    "tariff_alt_text": [{"language": "da", "text": "Billigt om natten"}],
    "tariff_alt_url": "https://example.com/tariff",
    "min_price": {"before_taxes": 8.0, "after_taxes": 10.0},
    "max_price": {"before_taxes": 400.0, "after_taxes": 500.0},
    "elements": [
        {
            "price_components": [{"type": "ENERGY", "price": 2.5, "vat": 25.0, "step_size": 100}],
            "restrictions": {
                "start_time": "22:00",
                "end_time": "00:00",
                "start_date": "2026-01-01",
                "end_date": "2027-01-01",
                "min_kwh": 1.5,
                "max_kwh": 50.0,
                "min_current": 6.0,
                "max_current": 32.0,
                "min_power": 1.0,
                "max_power": 22.0,
                "min_duration": 60,
                "max_duration": 7200,
                "day_of_week": ["MONDAY", "SUNDAY"],
            },
        },
        {
            "price_components": [{"type": "FLAT", "price": 10.0, "step_size": 1}],
            "restrictions": {"reservation": "RESERVATION"},
        },
    ],
    "tax_included": "NO",
    "start_date_time": "2026-01-01T00:00:00Z",
    "end_date_time": "2026-12-31T23:59:59.500000Z",
    "last_updated": "2026-02-03T04:05:06Z",
}
SPIRII: dict[str, Any] = {
    "id": "58652fe8-d840-4aa4-bb4f-3ebd944df9d6",
    "currency": "DKK",
    "type": "REGULAR",
    "tariffAltText": [{"language": "da", "text": "Billigt om natten"}],
    "tariff_alt_text": [{"language": "da", "text": "Billigt om natten"}],
    "tariffAltUrl": "https://example.com/tariff",
    "minPrice": 8.0,
    "maxPrice": 400.0,
    "elements": [
        {
            "priceComponents": [{"type": "ENERGY", "price": 2.5, "vat": 0.25, "stepSize": 100}],
            "restrictions": {
                "startTime": "22:00",
                "endTime": "00:00",
                "startDate": "2026-01-01",
                "endDate": "2027-01-01",
                "minKwh": 1.5,
                "maxKwh": 50.0,
                "minCurrent": 6.0,
                "maxCurrent": 32.0,
                "minPower": 1.0,
                "maxPower": 22.0,
                "minDuration": 60,
                "maxDuration": 7200,
                "dayOfWeek": ["MONDAY", "SUNDAY"],
            },
        },
        {
            "priceComponents": [{"type": "FLAT", "price": 10.0, "stepSize": 1}],
            "restrictions": {"reservation": "RESERVATION"},
        },
    ],
    "taxIncluded": "NO",
    "startDateTime": "2026-01-01T00:00:00Z",
    "endDateTime": "2026-12-31T23:59:59.500000Z",
}
LEAST: dict[str, Any] = {
    "id": "1",
    "currency": "EUR",
    "elements": [{"priceComponents": [{"type": "ENERGY", "price": 1}]}],
}


def with_component(**fields: Any) -> dict[str, Any]:
    return LEAST | {"elements": [{"priceComponents": [{"type": "ENERGY", "price": 1} | fields]}]}


def with_restrictions(**fields: Any) -> dict[str, Any]:
    return LEAST | {"elements": [{"priceComponents": [{"type": "FLAT", "price": 1}], "restrictions": fields}]}


def test_both_forms_say_the_same() -> None:
    assert tariff_from_ocpi(OCPI) == WHOLE
    assert tariff_from_ocpi(OCPI | {"min_price": None}) == replace(WHOLE, min_price=None)
    updated = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert tariff_to_ocpi(WHOLE, country_code="DK", party_id="ABC", last_updated=updated) == OCPI
    assert tariff_to_spirii(WHOLE) == SPIRII


def test_the_plain_price_limit_is_meant_as_the_prices_are_meant() -> None:
    before = tariff_from_spirii(LEAST | {"minPrice": 5, "maxPrice": 10})
    after = tariff_from_spirii(LEAST | {"minPrice": 5, "taxIncluded": "YES"})
    assert (before.min_price, before.max_price) == (PriceLimit(Decimal(5)), PriceLimit(Decimal(10)))
    assert (after.min_price, after.max_price) == (PriceLimit(after_taxes=Decimal(5)), None)
    assert tariff_to_spirii(after)["minPrice"] == 5


def test_a_limit_after_taxes_is_written_to_ocpi_with_its_side_before_them() -> None:
    of = tariff(energy("1", vat="0.25"), max_price=PriceLimit(after_taxes=Decimal(5)), min_price=PriceLimit())
    written = tariff_to_ocpi(of, country_code="DK", party_id="ABC", last_updated=datetime.now(UTC))
    assert written["max_price"] == {"before_taxes": 4.0, "after_taxes": 5.0}
    assert "minPrice" not in tariff_to_spirii(of)


def test_what_is_left_out_has_its_default() -> None:
    assert tariff_from_spirii(LEAST) == Tariff("1", "EUR", (TariffElement((energy("1"),)),))
    assert tariff_from_spirii(LEAST | {"type": None, "elements": LEAST["elements"], "unknown": 1}).type is None
    assert tariff_to_spirii(tariff_from_spirii(LEAST)) == {
        "id": "1",
        "currency": "EUR",
        "elements": [{"priceComponents": [{"type": "ENERGY", "price": 1.0, "stepSize": 1}]}],
        "taxIncluded": "NO",
    }


def test_the_id_may_come_from_elsewhere() -> None:
    assert tariff_from_spirii(LEAST | {"id": None}, id="2").id == "2"


def test_the_deprecated_spelling_of_the_text_is_read() -> None:
    assert tariff_from_spirii(LEAST | {"tariff_alt_text": [{"language": "en", "text": "Hi"}]}).alt_texts == (
        AltText("en", "Hi"),
    )


def test_numbers_are_what_they_look_like() -> None:
    read = tariff_from_spirii(with_component(price=0.1, vat=0.1 + 0.2, stepSize=60.0))
    assert read.elements[0].components[0] == energy("0.1", vat="0.3", step=60)
    assert tariff_from_spirii(with_component(price=Decimal("-12.34"))).elements[0].components[0].price < 0


WRONG = [
    ([], "tariff", "must be an object"),
    (LEAST | {"id": None}, "id", "is required"),
    (LEAST | {"id": "x" * 37}, "id", "must be a text of 1 to 36 characters"),
    (LEAST | {"id": 5}, "id", "must be a text"),
    (LEAST | {"currency": None}, "currency", "is required"),
    (LEAST | {"currency": "eur"}, "currency", "must be an ISO 4217 code"),
    (LEAST | {"currency": "EURO"}, "currency", "must be an ISO 4217 code"),
    (LEAST | {"currency": "ÆØÅ"}, "currency", "must be an ISO 4217 code"),
    (LEAST | {"currency": "E1R"}, "currency", "must be an ISO 4217 code"),
    (LEAST | {"type": "CHEAP"}, "type", "must be one of AD_HOC_PAYMENT, PROFILE_CHEAP"),
    (LEAST | {"type": ["REGULAR"]}, "type", "must be one of"),
    (LEAST | {"taxIncluded": True}, "taxIncluded", "must be one of YES, NO, N/A"),
    (LEAST | {"elements": []}, "elements", "must have one element at least"),
    (LEAST | {"elements": None}, "elements", "must have one element at least"),
    (LEAST | {"elements": {}}, "elements", "must be a list"),
    (LEAST | {"elements": [1]}, "elements.0", "must be an object"),
    (LEAST | {"elements": [{}]}, "elements.0.priceComponents", "must have one component at least"),
    (LEAST | {"minPrice": "5"}, "minPrice", "must be a number"),
    (LEAST | {"minPrice": 5, "maxPrice": 4}, "maxPrice", "must not be below minPrice"),
    (LEAST | {"tariffAltText": [{"language": "en"}]}, "tariffAltText.0.text", "is required"),
    (LEAST | {"tariffAltText": [{"language": "eng", "text": "x"}]}, "tariffAltText.0.language", "must be a text"),
    (LEAST | {"startDateTime": "2026-01-01"}, "startDateTime", "must be a time in UTC"),
    (LEAST | {"startDateTime": "2026-02-30T00:00:00Z"}, "startDateTime", "must be a time in UTC"),
    (
        LEAST | {"startDateTime": "2026-01-02T00:00:00Z", "endDateTime": "2026-01-02T00:00:00"},
        "endDateTime",
        "must be above startDateTime",
    ),
    (with_component(type=None), "elements.0.priceComponents.0.type", "is required"),
    (with_component(type="KWH"), "elements.0.priceComponents.0.type", "must be one of ENERGY, TIME"),
    (with_component(price=None), "elements.0.priceComponents.0.price", "is required"),
    (with_component(price="1"), "elements.0.priceComponents.0.price", "must be a number"),
    (with_component(price=True), "elements.0.priceComponents.0.price", "must be a number"),
    (with_component(price=float("nan")), "elements.0.priceComponents.0.price", "must be between"),
    (with_component(price=1e300), "elements.0.priceComponents.0.price", "must be between"),
    (with_component(vat=25), "elements.0.priceComponents.0.vat", "must be between 0 and 1"),
    (with_component(vat=-0.1), "elements.0.priceComponents.0.vat", "must be between 0 and 1"),
    (with_component(stepSize=-1), "elements.0.priceComponents.0.stepSize", "must be between 0"),
    (with_component(stepSize=1.5), "elements.0.priceComponents.0.stepSize", "must be a whole number"),
    (with_restrictions(startTime="24:00"), "elements.0.restrictions.startTime", "must be a time of day"),
    (with_restrictions(startTime=9), "elements.0.restrictions.startTime", "must be a time of day"),
    (with_restrictions(startDate="2026-02-30"), "elements.0.restrictions.startDate", "must be a date"),
    (with_restrictions(minKwh=5, maxKwh=5), "elements.0.restrictions.maxKwh", "must be above elements.0.restrict"),
    (with_restrictions(dayOfWeek="MONDAY"), "elements.0.restrictions.dayOfWeek", "must be a list"),
    (with_restrictions(dayOfWeek=["MON"]), "elements.0.restrictions.dayOfWeek.0", "must be one of MONDAY"),
    (with_restrictions(reservation="NO"), "elements.0.restrictions.reservation", "must be one of RESERVATION"),
    (
        LEAST | {"elements": [LEAST["elements"][0] | {"restrictions": {"reservation": "RESERVATION"}}]},
        "elements.0.priceComponents",
        "must be FLAT or TIME for a reservation",
    ),
]


@pytest.mark.parametrize(("body", "path", "reason"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_a_wrong_field_is_named(body: object, path: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        tariff_from_spirii(body)
    assert refused.value.field == path
    assert refused.value.reason.startswith(reason)


@pytest.mark.parametrize(
    ("fields", "path", "reason"),
    [
        ({"tax_included": None}, "tax_included", "is required"),
        ({"min_price": 5}, "min_price", "must be an object"),
        ({"min_price": {"after_taxes": 5}}, "min_price.before_taxes", "is required"),
        ({"min_price": {"before_taxes": 5, "after_taxes": 4}}, "min_price.after_taxes", "must not be below min_price"),
        ({"min_price": {"before_taxes": 500}}, "max_price", "must not be below min_price"),
        ({"elements": [{"price_components": [{"type": "FLAT", "price": 1, "vat": 101}]}]}, "elements.0.price_comp", ""),
    ],
)
def test_the_paths_of_ocpi_are_spelled_as_ocpi_spells_them(fields: dict[str, Any], path: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        tariff_from_ocpi(OCPI | fields)
    assert refused.value.field.startswith(path)
    assert refused.value.reason.startswith(reason)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(SPIRII)), inner, max_size=4),
    max_leaves=10,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(SPIRII, JSON)))
def test_whatever_is_sent_is_read_or_refused_by_name(fields: dict[str, Any]) -> None:
    for body in (fields, SPIRII | fields):
        try:
            read = tariff_from_spirii(body)
        except Invalid as refused:
            named = refused.field.split(".")[0]
            if named not in SPIRII:
                raise
        else:
            assert tariff_from_spirii(tariff_to_spirii(read)) == read


# Which tariff ---------------------------------------------------------------------------------------------------------


def test_of_the_tariffs_that_are_valid_the_one_that_began_last_is_in_force() -> None:
    january, june = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    always = tariff(energy("1"), id="always")
    old = tariff(energy("1"), id="old", start_at=january, end_at=june)
    new = tariff(energy("1"), id="new", start_at=june)
    cheap = tariff(energy("1"), id="cheap", start_at=june, type=TariffType.PROFILE_CHEAP)
    tariffs = [new, old, always]

    def at(moment: datetime, type: TariffType = TariffType.REGULAR) -> str | None:
        found = tariff_in_force([*tariffs, cheap], moment, type=type)
        return found.id if found else None

    assert at(datetime(2025, 12, 31, tzinfo=UTC)) == "always"
    assert at(january) == "old"
    assert at(june) == "new"
    assert at(datetime(2026, 6, 2, tzinfo=UTC)) == "new"
    assert tariff_in_force([cheap], june) is None
    assert tariff_in_force([cheap], june, type=TariffType.PROFILE_CHEAP) == cheap
