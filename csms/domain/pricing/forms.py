"""
A tariff as JSON, read and written, in two spellings.

|              | OCPI 2.3.0                    | Spirii                                  |
|--------------|-------------------------------|-----------------------------------------|
| keys         | snake_case                    | camelCase, and `tariff_alt_text` too    |
| VAT          | percent: 25                   | fraction: 0.25                          |
| price limits | `{before_taxes, after_taxes}` | a number, meant as the prices are meant |
| tax included | required                      | optional, NO                            |

Spirii's form says less, so a price limit loses its other side there. Unknown fields
are passed over, null is the same as absent, a step_size that is absent is 1. OCPI's
`country_code`, `party_id` and `last_updated` are not the tariff's: whoever stores it
knows them.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from csms.domain.pricing.fields import Fields
from csms.domain.pricing.money import taxed
from csms.domain.pricing.tariff import (
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
)
from csms.errors import Invalid


def _snake(name: str) -> str:
    return name


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


class _Form(NamedTuple):
    """How a spelling differs; `whole_vat` is how it writes 100 %."""

    spell: Callable[[str], str]
    whole_vat: Decimal
    plain_limits: bool


_OCPI = _Form(_snake, Decimal(100), plain_limits=False)
_SPIRII = _Form(_camel, Decimal(1), plain_limits=True)


def tariff_from_ocpi(body: object, *, id: str | None = None) -> Tariff:
    """
    Read a tariff in OCPI's form.

    Args:
        body: the parsed JSON.
        id: the tariff's id where the caller knows it, e.g. from the path; else the body's.

    Raises:
        Invalid: names the path of the field, e.g. `elements.0.price_components.1.vat`.
    """
    fields = _fields(body, _OCPI)
    fields.need(fields.get, "tax_included")
    return _tariff(fields, _OCPI, id)


def tariff_from_spirii(body: object, *, id: str | None = None) -> Tariff:
    """Read a tariff in Spirii's form; as `tariff_from_ocpi`, with paths like `elements.0.priceComponents.1.vat`."""
    return _tariff(_fields(body, _SPIRII), _SPIRII, id)


def tariff_to_ocpi(tariff: Tariff, *, country_code: str, party_id: str, last_updated: datetime) -> dict[str, Any]:
    """Write a tariff in OCPI's form, as values that JSON has."""
    owner = {"country_code": country_code, "party_id": party_id}
    return owner | _written(tariff, _OCPI) | {"last_updated": _moment(last_updated)}


def tariff_to_spirii(tariff: Tariff) -> dict[str, Any]:
    """Write a tariff in Spirii's form, as values that JSON has."""
    written = _written(tariff, _SPIRII)
    if tariff.alt_texts:
        written["tariff_alt_text"] = written["tariffAltText"]
    return written


# Reading --------------------------------------------------------------------------------------------------------------


def _fields(body: object, form: _Form) -> Fields:
    if not isinstance(body, Mapping):
        raise Invalid("tariff", "must be an object")
    return Fields(body, form.spell)


def _tariff(fields: Fields, form: _Form, id: str | None) -> Tariff:
    tax_included = fields.choice("tax_included", TaxIncluded) or TaxIncluded.NO
    elements = tuple(_element(element, form) for element in fields.inners("elements"))
    tariff = Tariff(
        id=id or fields.need(lambda name: fields.text(name, longest=36), "id"),
        currency=_currency(fields),
        elements=elements,
        type=fields.choice("type", TariffType),
        min_price=_limit(fields, "min_price", tax_included, form),
        max_price=_limit(fields, "max_price", tax_included, form),
        alt_texts=tuple(_alt_text(text) for text in _alt_texts(fields)),
        alt_url=fields.text("tariff_alt_url"),
        start_at=fields.moment("start_date_time"),
        end_at=fields.moment("end_date_time"),
        tax_included=tax_included,
    )
    if not elements:
        fields.refuse("elements", "must have one element at least")
    _in_order(fields, "start_date_time", tariff.start_at, "end_date_time", tariff.end_at)
    for side in ("before_taxes", "after_taxes"):
        least, most = (getattr(limit, side, None) for limit in (tariff.min_price, tariff.max_price))
        if least is not None and most is not None and least > most:
            fields.refuse("max_price", f"must not be below {fields.at('min_price')}")
    return tariff


def _currency(fields: Fields) -> str:
    currency = fields.need(fields.text, "currency")
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        fields.refuse("currency", "must be an ISO 4217 code like EUR")
    return currency


def _element(fields: Fields, form: _Form) -> TariffElement:
    components = tuple(_component(component, form) for component in fields.inners("price_components"))
    if not components:
        fields.refuse("price_components", "must have one component at least")
    restrictions = fields.inner("restrictions")
    element = TariffElement(components, _restrictions(restrictions) if restrictions else Restrictions())
    of_reservations = {Dimension.FLAT, Dimension.TIME}
    if element.restrictions.reservation and not {component.type for component in components} <= of_reservations:
        fields.refuse("price_components", "must be FLAT or TIME for a reservation")
    return element


def _component(fields: Fields, form: _Form) -> PriceComponent:
    vat = fields.number("vat", least=Decimal(0), most=form.whole_vat)
    step_size = fields.integer("step_size")
    return PriceComponent(
        type=fields.need(lambda name: fields.choice(name, Dimension), "type"),
        price=fields.need(fields.number, "price"),
        step_size=1 if step_size is None else step_size,
        vat=None if vat is None else vat / form.whole_vat,
    )


def _restrictions(fields: Fields) -> Restrictions:
    rule = Restrictions(
        start_time=fields.time("start_time"),
        end_time=fields.time("end_time"),
        start_date=fields.date("start_date"),
        end_date=fields.date("end_date"),
        min_kwh=fields.number("min_kwh"),
        max_kwh=fields.number("max_kwh"),
        min_current_a=fields.number("min_current"),
        max_current_a=fields.number("max_current"),
        min_power_kw=fields.number("min_power"),
        max_power_kw=fields.number("max_power"),
        min_duration_s=fields.integer("min_duration"),
        max_duration_s=fields.integer("max_duration"),
        day_of_week=fields.choices("day_of_week", DayOfWeek),
        reservation=fields.choice("reservation", ReservationRestriction),
    )
    _in_order(fields, "start_date", rule.start_date, "end_date", rule.end_date)
    _in_order(fields, "min_kwh", rule.min_kwh, "max_kwh", rule.max_kwh)
    _in_order(fields, "min_current", rule.min_current_a, "max_current", rule.max_current_a)
    _in_order(fields, "min_power", rule.min_power_kw, "max_power", rule.max_power_kw)
    _in_order(fields, "min_duration", rule.min_duration_s, "max_duration", rule.max_duration_s)
    return rule


def _in_order(fields: Fields, low: str, least: Any, high: str, most: Any) -> None:
    """The upper end is exclusive, so equal ends would leave nothing."""
    if least is not None and most is not None and least >= most:
        fields.refuse(high, f"must be above {fields.at(low)}")


def _limit(fields: Fields, name: str, tax_included: TaxIncluded, form: _Form) -> PriceLimit | None:
    if form.plain_limits:
        number = fields.number(name)
        if number is None:
            return None
        return PriceLimit(after_taxes=number) if tax_included is TaxIncluded.YES else PriceLimit(before_taxes=number)
    limit = fields.inner(name)
    if limit is None:
        return None
    before, after = limit.need(limit.number, "before_taxes"), limit.number("after_taxes")
    if after is not None and after < before:
        limit.refuse("after_taxes", f"must not be below {limit.at('before_taxes')}")
    return PriceLimit(before, after)


def _alt_texts(fields: Fields) -> tuple[Fields, ...]:
    """Spirii's deprecated spelling is read where the new one is absent."""
    return fields.inners("tariff_alt_text") or Fields(fields.values, _snake).inners("tariff_alt_text")


def _alt_text(fields: Fields) -> AltText:
    return AltText(
        language=fields.need(lambda name: fields.text(name, longest=2), "language"),
        text=fields.need(lambda name: fields.text(name, longest=512), "text"),
    )


# Writing --------------------------------------------------------------------------------------------------------------


def _written(tariff: Tariff, form: _Form) -> dict[str, Any]:
    return _spelled(
        form,
        id=tariff.id,
        currency=tariff.currency,
        type=tariff.type,
        tariff_alt_text=[{"language": each.language, "text": each.text} for each in tariff.alt_texts] or None,
        tariff_alt_url=tariff.alt_url,
        min_price=_written_limit(tariff, tariff.min_price, form),
        max_price=_written_limit(tariff, tariff.max_price, form),
        elements=[_written_element(element, form) for element in tariff.elements],
        tax_included=tariff.tax_included,
        start_date_time=tariff.start_at and _moment(tariff.start_at),
        end_date_time=tariff.end_at and _moment(tariff.end_at),
    )


def _spelled(form: _Form, **values: Any) -> dict[str, Any]:
    """Spell the names, and leave out what is not set."""
    return {form.spell(name): value for name, value in values.items() if value is not None}


def _written_element(element: TariffElement, form: _Form) -> dict[str, Any]:
    return _spelled(
        form,
        price_components=[
            _spelled(
                form,
                type=component.type,
                price=_number(component.price),
                vat=None if component.vat is None else float(component.vat * form.whole_vat),
                step_size=component.step_size,
            )
            for component in element.components
        ],
        restrictions=_written_restrictions(element.restrictions, form) or None,
    )


def _written_restrictions(rule: Restrictions, form: _Form) -> dict[str, Any]:
    return _spelled(
        form,
        start_time=rule.start_time and f"{rule.start_time:%H:%M}",
        end_time=rule.end_time and f"{rule.end_time:%H:%M}",
        start_date=rule.start_date and rule.start_date.isoformat(),
        end_date=rule.end_date and rule.end_date.isoformat(),
        min_kwh=_number(rule.min_kwh),
        max_kwh=_number(rule.max_kwh),
        min_current=_number(rule.min_current_a),
        max_current=_number(rule.max_current_a),
        min_power=_number(rule.min_power_kw),
        max_power=_number(rule.max_power_kw),
        min_duration=rule.min_duration_s,
        max_duration=rule.max_duration_s,
        day_of_week=list(rule.day_of_week) or None,
        reservation=rule.reservation,
    )


def _written_limit(tariff: Tariff, limit: PriceLimit | None, form: _Form) -> float | dict[str, Any] | None:
    """OCPI needs the side before taxes; where it is not set, it is worked out by the tariff's VAT."""
    if limit is None:
        return None
    before, after = limit.before_taxes, limit.after_taxes
    if form.plain_limits:
        sides = (after, before) if tariff.tax_included is TaxIncluded.YES else (before, after)
        return next((float(side) for side in sides if side is not None), None)
    if before is None and after is not None:
        before = taxed(Fraction(after), tariff.usual_vat, TaxIncluded.YES).shown().excl_vat
    return _spelled(form, before_taxes=_number(before), after_taxes=_number(after))


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
