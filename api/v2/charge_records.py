"""`/v2/charge-records`: what transactions that are over come to, for billing and reports."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BeforeValidator, Field

from api.auth import VIEWER
from api.deps import Store
from api.openapi import answers
from api.paging import Opaque, PageOut, SortDirection, paged
from api.shapes import Id, Out, left_out_when_none
from api.times import Iso, Moment
from api.v2.charging import (
    AuthOut,
    CompanyOut,
    DurationOut,
    IdTagOut,
    VoucherGroupOut,
    VoucherOut,
    payment_method,
    price_so_far,
    show_auth,
    show_company,
    show_duration,
)
from csms.domain.location_types import LOCATION_TYPES, LocationType
from csms.domain.record_filters import MAX_LENGTH, parse
from csms.domain.settlement import PaymentMethod
from csms.store import charge_records
from csms.store.charge_records import Mode, Wanted
from csms.store.pages import Window
from csms.store.transaction_rows import Place, Transaction
from csms.store.transactions import SortBy, Span

router = APIRouter(prefix="/v2/charge-records", tags=["Charge records"], dependencies=[VIEWER])

_CURSORS: Opaque[tuple[datetime, int]] = Opaque("charge-records", datetime, int)


class RecordPaymentStatus(StrEnum):
    """How far a payment has come; n/a where none is taken."""

    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"
    EXPIRED = "expired"
    NONE = "n/a"
    PAID = "paid"
    PENDING = "pending"
    FAILED = "failed"


class RecordLocationOut(Out):
    """Where it happened. `crmId`, `crmCustomerId` and `appUserId` belong to Spirii's own systems, and are null."""

    id: int
    name: str
    address: str
    zip_code: str
    city: str
    timezone: str
    is_public: bool
    crm_id: str | None = None
    crm_customer_id: str | None = None
    is_eligible_for_refund: bool = False
    app_user_id: int | None = None
    country: str
    type: LocationType


class RecordPriceOut(Out):
    """
    The price and how it came about; `vatRate` is a fraction.

    `tariffs` holds the tariff as it was then, by its id; `breakdown` the cost lines (energy in kWh, times in
    hours, `billed` after stepSize) and the totals by kind. Spirii's tariff ids are numbers here and UUIDs
    elsewhere; here it is the id of `/v2/tariffs` in both places.
    """

    amount_ex_vat: float
    currency: str
    vat_rate: float
    amount: float
    per_kwh: float | None
    is_dynamic: bool
    spot_price_margin: float | None = left_out_when_none()
    spot_price_minimum: float | None = left_out_when_none()
    roaming_tariff_id: int | None = left_out_when_none()
    roaming_tariff_product_id: str | None = left_out_when_none()
    tariff_id: str | None
    tariff_name: str | None
    tariffs: dict[str, Any]
    breakdown: dict[str, Any]


class StartPriceOut(Out):
    """The tariff that applied when the transaction started."""

    tariff_id: str
    tariff_version: int
    tariff_name: str | None
    currency: str | None


class CardOut(Out):
    """The card of an app payment; none is taken here."""

    brand: str
    last_four: int
    customer_id: str
    vat_id: str


class MerchantOut(Out):
    """Who took the payment."""

    name: str
    address: str
    tax_id: str


class PaymentMetadataOut(Out):
    """What a payment terminal told; none is connected here."""

    payment_status: str
    masked_pan: str
    merchant_id: str
    merchant_info: MerchantOut
    terminal_id: str
    terminal_serial_number: str
    external_session_id: str
    session_id: int
    paid_at: Iso


class RoamingDetailsOut(Out):
    """How it roamed; nothing roams here."""

    type: str


class ChargeRecordOut(Out):
    """
    A charge record. It has the id of its transaction, and is there as soon as that is over.

    `price` is null where no tariff applied, and for the moment until it is worked out.
    `originalPrice` is by the location's own tariff, before a voucher.
    """

    transaction_id: int
    session_id: str
    evse_id: str | None
    charge_box_id: int
    location: RecordLocationOut | None
    consumed: float | None = Field(description="In kWh; null where the meter does not tell.")
    price: RecordPriceOut | None
    original_price: RecordPriceOut | None
    start_price: StartPriceOut | None
    card: CardOut | None = None
    started_at: Iso | None
    ended_at: Iso | None
    duration: DurationOut | None
    co2_emitted: float | None = Field(description="In grams.")
    payment_method: PaymentMethod
    payment_status: RecordPaymentStatus
    payment_metadata: PaymentMetadataOut | None = None
    auth: AuthOut
    is_roaming: bool
    roaming_details: RoamingDetailsOut | None = None
    operator_id: int
    company_id: int | None
    company: CompanyOut | None
    role: Mode
    is_priority: bool
    voucher: VoucherOut | None = left_out_when_none()
    voucher_group: VoucherGroupOut | None = left_out_when_none()
    created_at: Iso
    updated_at: Iso


def _show(transaction: Transaction, role: Mode = Mode.CPO) -> ChargeRecordOut:
    place, settled, voucher = transaction.place, transaction.settlement, transaction.voucher
    consumed = transaction.consumed_wh
    price = price_so_far(transaction, in_detail=True)
    original = price if settled is None else settled.original_price
    return ChargeRecordOut(
        transaction_id=transaction.id,
        session_id=str(transaction.session_id),
        evse_id=transaction.evse_id,
        charge_box_id=transaction.charge_box.id,
        location=None if place is None else _location(place),
        consumed=None if consumed is None else float(consumed / 1000),
        price=None if price is None else RecordPriceOut.model_validate(price),
        original_price=None if original is None else RecordPriceOut.model_validate(original),
        start_price=_start_price(transaction),
        started_at=transaction.started_at,
        ended_at=transaction.ended_at,
        duration=show_duration(transaction),
        co2_emitted=None if settled is None else settled.co2_emitted_g,
        payment_method=payment_method(transaction),
        payment_status=RecordPaymentStatus.NONE if settled is None else RecordPaymentStatus(settled.payment_status),
        auth=show_auth(transaction),
        is_roaming=False,
        operator_id=transaction.operator.id,
        company_id=None if place is None else place.customer.id,
        company=None if place is None else show_company(place.customer),
        role=role,
        is_priority=transaction.has_priority,
        voucher=None if voucher is None else VoucherOut(id=voucher.id, code=voucher.code),
        voucher_group=None if voucher is None else VoucherGroupOut(id=voucher.group_id, name=voucher.group_name),
        created_at=transaction.created_at,
        updated_at=transaction.updated_at,
    )


def _location(place: Place) -> RecordLocationOut:
    return RecordLocationOut(
        id=place.id,
        name=place.name,
        address=place.address,
        zip_code=place.postal_code,
        city=place.city,
        timezone=place.time_zone,
        is_public=place.is_public,
        country=place.country_code,
        type=LOCATION_TYPES[place.parking_type],
    )


def _start_price(transaction: Transaction) -> StartPriceOut | None:
    tariff = transaction.tariff
    if tariff is None:
        return None
    return StartPriceOut(
        tariff_id=tariff.id,
        tariff_version=tariff.version,
        tariff_name=tariff.name,
        currency=tariff.document.get("currency"),
    )


_NOON = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)
_LATER = _NOON + timedelta(minutes=34)
_TARIFF = "58652fe8-d840-4aa4-bb4f-3ebd944df9d6"
_PRICE = RecordPriceOut(
    amount_ex_vat=39.97,
    currency="DKK",
    vat_rate=0.25,
    amount=49.96,
    per_kwh=3.5,
    is_dynamic=False,
    tariff_id=_TARIFF,
    tariff_name="3.50 kr. per kWh",
    tariffs={
        _TARIFF: {
            "version": 1,
            "currency": "DKK",
            "elements": [{"priceComponents": [{"type": "ENERGY", "price": 3.5, "stepSize": 1, "vat": 0.25}]}],
        }
    },
    breakdown={
        "energyKwh": 11.42,
        "chargingSeconds": 1980,
        "idleSeconds": 60,
        "limitedBy": None,
        "totals": {"ENERGY": {"amount": 49.96, "amountExVat": 39.97}},
        "lines": [
            {
                "type": "ENERGY",
                "tariffId": _TARIFF,
                "startedAt": "2025-06-03T12:00:00.000Z",
                "endedAt": "2025-06-03T12:33:00.000Z",
                "price": 3.5,
                "vatRate": 0.25,
                "stepSize": 1,
                "quantity": 11.42,
                "billed": 11.42,
                "amount": 49.9625,
                "amountExVat": 39.97,
            }
        ],
    },
)
_EXAMPLE = ChargeRecordOut(
    transaction_id=12345678,
    session_id="0f8e9a3c-5d7b-4e21-a6c8-d0b2f4e6a810",
    evse_id="CB000042*1",
    charge_box_id=42,
    location=RecordLocationOut(
        id=1,
        name="Harbour",
        address="Havnegade 1",
        zip_code="1058",
        city="København",
        timezone="Europe/Copenhagen",
        is_public=True,
        country="DK",
        type=LocationType.public_road,
    ),
    consumed=11.42,
    price=_PRICE,
    original_price=_PRICE,
    start_price=StartPriceOut(tariff_id=_TARIFF, tariff_version=1, tariff_name="3.50 kr. per kWh", currency="DKK"),
    started_at=_NOON,
    ended_at=_LATER,
    duration=DurationOut(charging=1980, idle=60, total=2040),
    co2_emitted=1713,
    payment_method=PaymentMethod.UNKNOWN,
    payment_status=RecordPaymentStatus.NONE,
    auth=AuthOut(type="rfid", id_tag=IdTagOut(uid="A7E942F1", id=67890, type="rfid", customer_id=1)),
    is_roaming=False,
    operator_id=1,
    company_id=1,
    company=CompanyOut(id=1, name="Operator"),
    role=Mode.CPO,
    is_priority=False,
    created_at=_NOON,
    updated_at=_LATER,
)
_PAGE = PageOut[ChargeRecordOut](
    data=[_EXAMPLE], next_page_cursor=_CURSORS.write((_LATER, 12345678)), previous_page_cursor=None
)


def _any_case(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


_Switch = Annotated[int, Field(ge=0, le=1)]


def _wanted(
    mode: Annotated[
        Mode, BeforeValidator(_any_case), Query(description="CPO: at our charge boxes. EMP: by our tokens.")
    ] = Mode.CPO,
    ongoing: Annotated[_Switch, Query(description="1: also those that run.")] = 0,
    since: Annotated[
        Moment | None, Query(alias="updatedAtFrom", description="Changed at this moment or after.")
    ] = None,
    before: Annotated[Moment | None, Query(alias="updatedAtTo", description="Changed before this moment.")] = None,
    sort_by: Annotated[SortBy, Query(alias="sortBy")] = SortBy.updated_at,
    direction: Annotated[SortDirection, Query(alias="sortDirection")] = SortDirection.ASC,
    conditions: Annotated[
        str | None,
        Query(
            alias="filter",
            max_length=MAX_LENGTH,
            description="JSON in MongoDB's query form, "
            'e.g. `{"location.id": {"$in": [1, 2]}, "startedAt": {"$gte": "2025-01-01T00:00:00Z"}}`.',
        ),
    ] = None,
    children: Annotated[
        _Switch,
        Query(
            alias="includeChildCompanies",
            description="Changes nothing: keys are the operator's, and see all companies.",
        ),
    ] = 0,
    priority: Annotated[_Switch, Query(description="1: only those of tokens with priority there.")] = 0,
) -> Wanted:
    del children
    return Wanted(
        mode=mode,
        ongoing=bool(ongoing),
        priority=bool(priority),
        updated=Span(since=since, before=before),
        condition=parse(conditions) if conditions else None,
        sort_by=sort_by,
        descending=direction is SortDirection.DESC,
    )


@router.get("", summary="List charge records", responses=answers(_PAGE, 400))
async def list_charge_records(
    database: Store,
    window: Annotated[Window[tuple[datetime, int]], Depends(paged(_CURSORS, default=500, maximum=2500))],
    wanted: Annotated[Wanted, Depends(_wanted)],
) -> PageOut[ChargeRecordOut]:
    """
    Charge records, those that changed least recently first: to follow them, go on from the last `updatedAt`.

    `filter` takes the fields operatorId, companyId, company.id, auth.idTag.id, auth.idTag.operatorId,
    auth.idTag.companyId, auth.idTag.customerId, auth.idTag.crmCustomerId, auth.type, transactionId,
    location.country, location.isPublic, location.crmCustomerId, auth.idTag.uid, startedAt, endedAt, updatedAt,
    createdAt, isRoaming, location.appUserId, location.id, location.type, consumed, role, evseId, sessionId,
    paymentMetadata.externalSessionId, roamingDetails.type, voucher.id and chargeBoxId; the operators $gt, $gte,
    $lt, $lte, $eq, $ne, $in, $nin, $exists and $regex; and $or and $and of conditions.
    """
    return await PageOut[ChargeRecordOut].of_many(
        await charge_records.list(database, window, wanted), _CURSORS, lambda found: _show(found, wanted.mode)
    )


@router.get("/{id}", summary="Get a charge record", responses=answers(_EXAMPLE, 400, 404))
async def get_charge_record(id: Id, database: Store) -> ChargeRecordOut:
    """The charge record of a transaction that is over; the id is that of the transaction."""
    return _show(await charge_records.get(database, id))
