"""`/transactions` of v1: what was charged, by number."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.auth import VIEWER
from api.deps import Store
from api.legacy.views import Sectioned, SectionOut, succeeded_by
from api.openapi import answers
from api.shapes import Id, Out
from api.times import Iso, Moment
from api.v2.charging import VoucherGroupOut, VoucherOut, payment_method, price_so_far, show_duration
from csms.domain.location_types import LOCATION_TYPES, LocationType
from csms.domain.settlement import PaymentMethod
from csms.errors import Invalid
from csms.store import readings, transactions, v1
from csms.store.database import Database
from csms.store.pages import Window
from csms.store.readings import Reading
from csms.store.transaction_rows import Place, Transaction
from csms.store.transactions import Span

router = APIRouter(tags=["Legacy v1"], dependencies=[VIEWER])

_AT_ONCE = 500


class LegacyPlaceOut(Out):
    """Where it happened."""

    id: int
    name: str
    street_address: str
    zip_code: str
    city: str
    country: str
    type: LocationType
    is_public: bool


class LegacyPriceOut(Out):
    """What it costs, with VAT; while it runs, so far."""

    per_kwh: float | None
    currency: str
    amount: float


class LegacyDurationOut(Out):
    """In seconds, when it has ended; null where its readings do not tell it."""

    charging: int | None
    idle: int | None


class LegacyUserOut(Out):
    """Who charged: the app user's id, and the idTag."""

    id: int | None
    tag_uid: str | None
    tag_label: str | None


class LegacyPaymentMethodOut(Out):
    """How it is paid."""

    type: PaymentMethod
    label: str


class LegacyTransactionOut(Out):
    """A transaction, ongoing or over."""

    id: int
    evse_id: str | None
    location: LegacyPlaceOut | None
    location_id: int | None
    consumed: float | None
    price: LegacyPriceOut | None
    started_at: Iso | None
    updated_at: Iso
    ended_at: Iso | None
    voucher: VoucherOut | None
    voucher_group: VoucherGroupOut | None
    duration: LegacyDurationOut | None
    user: LegacyUserOut
    payment_method: LegacyPaymentMethodOut


class LegacySampledValueOut(Out):
    """One value, in the unit of the charge box; null where a number cannot carry it."""

    measurand: str
    value: float | None
    unit: str
    phase: str | None


class LegacyMeterValueOut(Out):
    """All values of one moment."""

    timestamp: Iso
    values: list[LegacySampledValueOut]


class LegacyTransactionWithMeterValuesOut(LegacyTransactionOut):
    """A transaction with all that was measured."""

    meter_values: list[LegacyMeterValueOut]


def show_place(place: Place) -> LegacyPlaceOut:
    """Show where something happened."""
    return LegacyPlaceOut(
        id=place.id,
        name=place.name,
        street_address=place.address,
        zip_code=place.postal_code,
        city=place.city,
        country=place.country_code,
        type=LOCATION_TYPES[place.parking_type],
        is_public=place.is_public,
    )


def _show(transaction: Transaction) -> LegacyTransactionOut:
    place, voucher, token = transaction.place, transaction.voucher, transaction.token
    consumed, paid = transaction.consumed_wh, payment_method(transaction)
    return LegacyTransactionOut(
        id=transaction.id,
        evse_id=transaction.evse_id,
        location=None if place is None else show_place(place),
        location_id=None if place is None else place.id,
        consumed=None if consumed is None else float(consumed / 1000),
        price=_price(transaction),
        started_at=transaction.started_at,
        updated_at=transaction.updated_at,
        ended_at=transaction.ended_at,
        voucher=None if voucher is None else VoucherOut(id=voucher.id, code=voucher.code),
        voucher_group=None if voucher is None else VoucherGroupOut(id=voucher.group_id, name=voucher.group_name),
        duration=_duration(transaction),
        user=LegacyUserOut(
            id=None if token is None else token.app_user_id,
            tag_uid=transaction.id_tag,
            tag_label=None if token is None else token.label,
        ),
        payment_method=LegacyPaymentMethodOut(type=paid, label=paid.value),
    )


def _price(transaction: Transaction) -> LegacyPriceOut | None:
    price = price_so_far(transaction)
    if price is None:
        return None
    return LegacyPriceOut(per_kwh=price["perKwh"], currency=price["currency"], amount=price["amount"])


def _duration(transaction: Transaction) -> LegacyDurationOut | None:
    duration = show_duration(transaction)
    return None if duration is None else LegacyDurationOut(charging=duration.charging, idle=duration.idle)


def _show_reading(reading: Reading) -> LegacyMeterValueOut:
    values = [
        LegacySampledValueOut(measurand=value.measurand, value=value.value, unit=value.unit, phase=value.phase)
        for value in reading.values
    ]
    return LegacyMeterValueOut(timestamp=reading.at, values=values)


_NOON = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)
_LATER = _NOON + timedelta(minutes=34)
_EXAMPLE = LegacyTransactionOut(
    id=12345678,
    evse_id="CB000042*1",
    location=LegacyPlaceOut(
        id=1,
        name="Harbour",
        street_address="Havnegade 1",
        zip_code="1058",
        city="København",
        country="DK",
        type=LocationType.public_road,
        is_public=True,
    ),
    location_id=1,
    consumed=11.42,
    price=LegacyPriceOut(per_kwh=3.5, currency="DKK", amount=49.96),
    started_at=_NOON,
    updated_at=_LATER,
    ended_at=_LATER,
    voucher=None,
    voucher_group=None,
    duration=LegacyDurationOut(charging=1980, idle=60),
    user=LegacyUserOut(id=777, tag_uid="A7E942F1", tag_label=None),
    payment_method=LegacyPaymentMethodOut(type=PaymentMethod.UNKNOWN, label="Unknown"),
)
_SECTION = SectionOut[LegacyTransactionOut](data=[_EXAMPLE], total_elements=1, offset=0, limit=250)
_WITH_METER_VALUES = LegacyTransactionWithMeterValuesOut(
    **dict(_EXAMPLE),
    meter_values=[
        LegacyMeterValueOut(
            timestamp=_NOON,
            values=[
                LegacySampledValueOut(measurand="Energy.Active.Import.Register", value=100_420.0, unit="Wh", phase=None)
            ],
        )
    ],
)


def times(
    started_at: Annotated[Moment | None, Query(alias="startedAt", description="Started then or later.")] = None,
    ended_at: Annotated[Moment | None, Query(alias="endedAt", description="Ended then or later.")] = None,
) -> tuple[Span, Span]:
    """Read the filter by time: from a start, or from an end, not both."""
    if started_at is not None and ended_at is not None:
        raise Invalid("endedAt", "cannot be sent together with startedAt")
    return Span(since=started_at), Span(since=ended_at)


_responses = answers(_SECTION, 400)


@router.get(
    "/transactions",
    deprecated=True,
    summary="List transactions (v1)",
    responses=_responses,
    dependencies=[succeeded_by("/v2/transactions")],
)
@router.get(
    "/v1/transactions",
    deprecated=True,
    summary="List transactions (v1)",
    responses=_responses,
    dependencies=[succeeded_by("/v2/transactions")],
)
async def list_transactions(
    database: Store, section: Sectioned, spans: Annotated[tuple[Span, Span], Depends(times)]
) -> SectionOut[LegacyTransactionOut]:
    """Transactions, the latest first; with a filter by time, by that time upwards."""
    started, ended = spans
    found, total = await v1.transactions(database, section, started=started, ended=ended)
    return SectionOut[LegacyTransactionOut](
        data=[_show(transaction) for transaction in found],
        total_elements=total,
        offset=section.offset,
        limit=section.limit,
    )


@router.get(
    "/transactions/{id}",
    deprecated=True,
    summary="Get a transaction (v1)",
    responses=answers(_WITH_METER_VALUES, 400, 404),
    dependencies=[succeeded_by("/v2/transactions/{id}")],
)
async def get_transaction(id: Id, database: Store) -> LegacyTransactionWithMeterValuesOut:
    """One transaction with all its meter values."""
    shown = _show(await transactions.get(database, id))
    return LegacyTransactionWithMeterValuesOut(**dict(shown), meter_values=await _meter_values(database, id))


async def _meter_values(database: Database, transaction_id: int) -> list[LegacyMeterValueOut]:
    shown: list[LegacyMeterValueOut] = []
    window: Window[tuple[datetime, int]] | None = Window(_AT_ONCE)
    while window is not None:
        page = await readings.list(database, transaction_id, window)
        shown += [_show_reading(reading) for reading in page.items]
        window = None if page.next is None else Window(_AT_ONCE, after=page.next)
    return shown
