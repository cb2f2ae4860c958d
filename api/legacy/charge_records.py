"""`/v1/charge-records`: what transactions that are over come to, with amounts as texts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from api.auth import VIEWER
from api.deps import Store
from api.legacy.transactions import times
from api.legacy.views import Sectioned, SectionOut, succeeded_by
from api.openapi import answers
from api.shapes import Id, Out
from api.times import Iso
from api.v2.charging import payment_method
from csms.domain.location_types import LOCATION_TYPES, LocationType
from csms.domain.settlement import PaymentMethod
from csms.store import charge_records, v1
from csms.store.transaction_rows import Place, Transaction
from csms.store.transactions import Span

router = APIRouter(prefix="/v1/charge-records", tags=["Legacy v1"], dependencies=[VIEWER])


class DecimalSeparator(StrEnum):
    """What stands between a number and its fraction."""

    COMMA = ","
    POINT = "."


class Format(StrEnum):
    """standard: amounts to the cent; finance: with all the digits that they were worked out to."""

    STANDARD = "standard"
    FINANCE = "finance"


class RecordPlaceOut(Out):
    """Where it happened; `isPublic` is 1 or 0."""

    id: int
    name: str
    street_address: str
    zip_code: str
    city: str
    country: str
    type: LocationType
    is_public: int


class RecordAuthOut(Out):
    """Who charged. `evcoID` is a contract's id in roaming; nothing roams here."""

    evco_id: str | None = Field(serialization_alias="evcoID")
    tag_uid: str | None
    tag_label: str | None
    tag_description: str | None
    tag_type: str | None
    app_user_id: int | None


class RecordPriceTextsOut(Out):
    """Amounts, all of them texts; `vatRate` is a fraction, `netKwh` the price of a kWh without VAT."""

    currency: str
    vat_rate: str
    amount: str
    amount_ex_vat: str
    amount_vat: str
    net_kwh: str | None


class LegacyChargeRecordOut(Out):
    """A charge record; it has the id of its transaction."""

    id: int
    location: RecordPlaceOut | None
    evse_id: str | None
    auth: RecordAuthOut
    is_roaming: bool
    is_public_sharing: bool
    started_at: Iso | None
    updated_at: Iso
    ended_at: Iso | None
    consumed: float | None
    price: RecordPriceTextsOut | None
    is_dynamic_price: bool
    price_source: str | None
    voucher_code: str | None
    voucher_group_id: int | None
    billing_method: PaymentMethod
    billing_details: dict[str, Any] | None


def _show(transaction: Transaction, form: Format, separator: DecimalSeparator) -> LegacyChargeRecordOut:
    place, voucher, token = transaction.place, transaction.voucher, transaction.token
    consumed = transaction.consumed_wh
    price = None if transaction.settlement is None else transaction.settlement.price
    return LegacyChargeRecordOut(
        id=transaction.id,
        location=None if place is None else _place(place),
        evse_id=transaction.evse_id,
        auth=RecordAuthOut(
            evco_id=None,
            tag_uid=transaction.id_tag,
            tag_label=None if token is None else token.label,
            tag_description=None if token is None else token.comment,
            tag_type=None if token is None else token.type,
            app_user_id=None if token is None else token.app_user_id,
        ),
        is_roaming=False,
        is_public_sharing=place is not None and place.is_public,
        started_at=transaction.started_at,
        updated_at=transaction.updated_at,
        ended_at=transaction.ended_at,
        consumed=None if consumed is None else float(consumed / 1000),
        price=None if price is None else _price(dict(price), form, separator),
        is_dynamic_price=bool(price and price.get("isDynamic")),
        price_source=None if price is None else "voucher" if voucher is not None else "tariff",
        voucher_code=None if voucher is None else voucher.code,
        voucher_group_id=None if voucher is None else voucher.group_id,
        billing_method=payment_method(transaction),
        billing_details=None,
    )


def _place(place: Place) -> RecordPlaceOut:
    return RecordPlaceOut(
        id=place.id,
        name=place.name,
        street_address=place.address,
        zip_code=place.postal_code,
        city=place.city,
        country=place.country_code,
        type=LOCATION_TYPES[place.parking_type],
        is_public=int(place.is_public),
    )


def _price(price: dict[str, Any], form: Format, separator: DecimalSeparator) -> RecordPriceTextsOut:
    amount, net = Decimal(str(price["amount"])), Decimal(str(price["amountExVat"]))
    per_kwh = price["perKwh"]

    def money(number: Decimal) -> str:
        return _text(number if form is Format.FINANCE else round(number, 2), separator, digits=2)

    return RecordPriceTextsOut(
        currency=price["currency"],
        vat_rate=_text(Decimal(str(price["vatRate"])), separator, digits=2),
        amount=money(amount),
        amount_ex_vat=money(net),
        amount_vat=money(amount - net),
        net_kwh=None if per_kwh is None else _text(Decimal(str(per_kwh)), separator, digits=2),
    )


def _text(number: Decimal, separator: DecimalSeparator, *, digits: int) -> str:
    """Write a number with at least so many digits after the separator, and never with an exponent."""
    least = Decimal(1).scaleb(-digits)
    text = format(number.quantize(least) if number == round(number, digits) else number.normalize(), "f")
    return text.replace(".", separator.value)


_NOON = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)
_LATER = _NOON + timedelta(minutes=34)
_EXAMPLE = LegacyChargeRecordOut(
    id=12345678,
    location=RecordPlaceOut(
        id=1,
        name="Harbour",
        street_address="Havnegade 1",
        zip_code="1058",
        city="København",
        country="DK",
        type=LocationType.public_road,
        is_public=1,
    ),
    evse_id="CB000042*1",
    auth=RecordAuthOut(
        evco_id=None, tag_uid="A7E942F1", tag_label=None, tag_description=None, tag_type="rfid", app_user_id=777
    ),
    is_roaming=False,
    is_public_sharing=True,
    started_at=_NOON,
    updated_at=_LATER,
    ended_at=_LATER,
    consumed=11.42,
    price=RecordPriceTextsOut(
        currency="DKK", vat_rate="0,25", amount="49,96", amount_ex_vat="39,97", amount_vat="9,99", net_kwh="3,50"
    ),
    is_dynamic_price=False,
    price_source="tariff",
    voucher_code=None,
    voucher_group_id=None,
    billing_method=PaymentMethod.UNKNOWN,
    billing_details=None,
)

_AsFormat = Annotated[Format, Query(alias="format")]
_Separator = Annotated[DecimalSeparator, Query(alias="decimalSeparator")]


@router.get(
    "",
    deprecated=True,
    summary="List charge records (v1)",
    responses=answers(SectionOut[LegacyChargeRecordOut](data=[_EXAMPLE], total_elements=1, offset=0, limit=250), 400),
    dependencies=[succeeded_by("/v2/charge-records")],
)
async def list_charge_records(
    database: Store,
    section: Sectioned,
    spans: Annotated[tuple[Span, Span], Depends(times)],
    form: _AsFormat = Format.STANDARD,
    separator: _Separator = DecimalSeparator.COMMA,
) -> SectionOut[LegacyChargeRecordOut]:
    """Charge records, the latest first; with a filter by time, by that time upwards. Amounts have a comma here."""
    started, ended = spans
    found, total = await v1.transactions(database, section, started=started, ended=ended, over_only=True)
    return SectionOut[LegacyChargeRecordOut](
        data=[_show(transaction, form, separator) for transaction in found],
        total_elements=total,
        offset=section.offset,
        limit=section.limit,
    )


@router.get(
    "/{id}",
    deprecated=True,
    summary="Get a charge record (v1)",
    responses=answers(_EXAMPLE, 400, 404),
    dependencies=[succeeded_by("/v2/charge-records/{id}")],
)
async def get_charge_record(
    id: Id,
    database: Store,
    form: _AsFormat = Format.STANDARD,
    separator: _Separator = DecimalSeparator.POINT,
) -> LegacyChargeRecordOut:
    """The charge record of a transaction that is over. Amounts have a point here."""
    return _show(await charge_records.get(database, id), form, separator)
