"""`/v2/transactions`: what was charged, as the charge boxes reported it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from ocpp.v16.enums import ChargePointStatus
from pydantic import Field

from api.auth import VIEWER
from api.deps import Store
from api.openapi import answers
from api.paging import Dated, PageOut, paged
from api.shapes import Id, Out, left_out_when_none
from api.times import Iso
from api.v2.charging import (
    AuthOut,
    CompanyOut,
    DurationOut,
    IdTagOut,
    payment_method,
    price_so_far,
    show_auth,
    show_company,
    show_duration,
    show_tariff,
)
from api.v2.transaction_query import read_filter
from csms.domain.location_types import LOCATION_TYPES, LocationType
from csms.domain.settlement import PaymentMethod
from csms.domain.transactions import EndCause
from csms.store import transactions
from csms.store.pages import Window
from csms.store.transaction_rows import Place, Times, Transaction
from csms.store.transactions import Filter

router = APIRouter(prefix="/v2/transactions", tags=["Transactions"], dependencies=[VIEWER])

_CURSORS = Dated()


class PaymentStatus(StrEnum):
    """How far a payment has come; n/a where none is taken."""

    SUCCEEDED = "succeeded"
    UNKNOWN = "unknown"
    MOBILEPAY = "mobilepay"
    CANCELED = "canceled"
    EXPIRED = "expired"
    NONE = "n/a"
    PAID = "paid"
    PENDING = "pending"


class ChargingStatus(StrEnum):
    """Charging: its connector says nothing else. Suspended: the vehicle or the charge box pauses. Ended: it is over."""

    CHARGING = "Charging"
    SUSPENDED = "Suspended"
    ENDED = "Ended"


class StateOfChargeOut(Out):
    """The vehicle's battery in percent: `current` while it charges, `stop` when it has ended."""

    start: float | None
    current: float | None = left_out_when_none()
    stop: float | None = left_out_when_none()


class ChargingDetailsOut(Out):
    """`consumed` in kWh, meters in Wh, power in kW; null where the charge box did not say it."""

    consumed: float | None
    meter_start: float | None
    meter_stop: float | None
    co2_emitted: float | None = Field(description="In grams; null until it is over, and without the setting.")
    highest_power_drawn: float | None
    power: float | None
    vehicle_state_of_charge: StateOfChargeOut | None
    status: ChargingStatus


class TransactionPriceOut(Out):
    """
    The price; `vatRate` is a fraction, `perKwh` the tariff's price of energy at the start.

    While the transaction runs, what it has come to by its last reading.
    """

    amount: float
    amount_ex_vat: float
    currency: str
    vat_rate: float
    is_dynamic: bool
    per_kwh: float | None


class TransactionLocationOut(Out):
    """Where it happened. `crmId` and `crmCustomerId` belong to Spirii's own CRM, and are null."""

    id: int
    name: str
    address: str
    zip_code: str
    city: str
    crm_id: str | None = None
    crm_customer_id: str | None = None
    is_eligible_for_refund: bool = False
    country_code: str
    type: LocationType


class ReportedTimesOut(Out):
    """One moment: as the charge box sent it, as it was parsed, and when it reached us."""

    sent: str | None
    parsed: Iso | None
    received: Iso | None


class ReportedOut(Out):
    """
    What the charge box itself said, beyond Spirii's API.

    `endCause` is null while the transaction runs; `reported` is the charge box's own word, the others are
    inferred: `superseded` by the next start on its connector, by a `boot`, or because it became `available`.
    """

    start: ReportedTimesOut
    stop: ReportedTimesOut
    start_answer: str | None
    stop_reason: str | None
    stop_match: str | None
    end_cause: str | None
    meter_start_wh: float | None
    meter_stop_wh: float | None
    last_reading_at: Iso | None
    oddities: list[str]
    start_repeats: int
    stop_repeats: int


class TransactionOut(Out):
    """
    A transaction, ongoing or over.

    `startedAt` and `endedAt` are the charge box's times, or those of receipt where its clock was never set.
    `price` and `tariff` are null where no tariff applies.
    """

    id: int
    session_id: str
    charge_box_id: int
    evse_id: str | None
    auth: AuthOut
    charging_details: ChargingDetailsOut
    started_at: Iso | None
    ended_at: Iso | None
    created_at: Iso
    updated_at: Iso
    duration: DurationOut | None
    location: TransactionLocationOut | None
    company: CompanyOut | None
    price: TransactionPriceOut | None
    payment_method: PaymentMethod
    payment_status: PaymentStatus
    is_priority: bool
    voucher_id: int | None
    app_user_id: int | None
    is_roaming: bool
    tariff: dict[str, Any] | None
    reported: ReportedOut


def _show(transaction: Transaction) -> TransactionOut:
    place = transaction.place
    settled = transaction.settlement
    price = price_so_far(transaction)
    return TransactionOut(
        id=transaction.id,
        session_id=str(transaction.session_id),
        charge_box_id=transaction.charge_box.id,
        evse_id=transaction.evse_id,
        auth=show_auth(transaction),
        charging_details=_charging_details(transaction),
        started_at=transaction.started_at,
        ended_at=transaction.ended_at,
        created_at=transaction.created_at,
        updated_at=transaction.updated_at,
        duration=show_duration(transaction),
        location=None if place is None else _location(place),
        company=None if place is None else show_company(place.customer),
        price=None if price is None else TransactionPriceOut.model_validate(price),
        payment_method=payment_method(transaction),
        payment_status=PaymentStatus.NONE if settled is None else PaymentStatus(settled.payment_status),
        is_priority=transaction.has_priority,
        voucher_id=None if transaction.voucher is None else transaction.voucher.id,
        app_user_id=None if transaction.token is None else transaction.token.app_user_id,
        is_roaming=False,
        tariff=show_tariff(transaction.tariff),
        reported=_reported(transaction),
    )


def _charging_details(transaction: Transaction) -> ChargingDetailsOut:
    consumed = transaction.consumed_wh
    return ChargingDetailsOut(
        consumed=None if consumed is None else float(consumed / 1000),
        meter_start=_number(transaction.meter_start_wh),
        meter_stop=_number(transaction.meter_stop_wh),
        co2_emitted=None if transaction.settlement is None else transaction.settlement.co2_emitted_g,
        highest_power_drawn=_kw(transaction.highest_power_w),
        power=_kw(transaction.power_w),
        vehicle_state_of_charge=_state_of_charge(transaction),
        status=_status(transaction),
    )


def _status(transaction: Transaction) -> ChargingStatus:
    if transaction.ended_at is not None:
        return ChargingStatus.ENDED
    suspended = transaction.evse_status in {ChargePointStatus.suspended_ev, ChargePointStatus.suspended_evse}
    return ChargingStatus.SUSPENDED if suspended else ChargingStatus.CHARGING


def _state_of_charge(transaction: Transaction) -> StateOfChargeOut | None:
    if transaction.soc_start is None and transaction.soc is None:
        return None
    ended = transaction.ended_at is not None
    return StateOfChargeOut(
        start=transaction.soc_start,
        current=None if ended else transaction.soc,
        stop=transaction.soc if ended else None,
    )


def _reported(transaction: Transaction) -> ReportedOut:
    return ReportedOut(
        start=_times(transaction.start_times),
        stop=_times(transaction.stop_times),
        start_answer=transaction.start_answer,
        stop_reason=transaction.stop_reason,
        stop_match=transaction.stop_match,
        end_cause=transaction.end_cause,
        meter_start_wh=_number(transaction.meter_start_wh),
        # Where the end is inferred, the meter is that of the last reading; nobody reported it as a stop.
        meter_stop_wh=_number(transaction.meter_stop_wh) if transaction.end_cause == EndCause.reported else None,
        last_reading_at=transaction.last_reading_at,
        oddities=list(transaction.oddities),
        start_repeats=transaction.start_repeats,
        stop_repeats=transaction.stop_repeats,
    )


def _times(times: Times) -> ReportedTimesOut:
    return ReportedTimesOut(sent=times.sent, parsed=times.parsed, received=times.received)


def _location(place: Place) -> TransactionLocationOut:
    return TransactionLocationOut(
        id=place.id,
        name=place.name,
        address=place.address,
        zip_code=place.postal_code,
        city=place.city,
        country_code=place.country_code,
        type=LOCATION_TYPES[place.parking_type],
    )


def _number(number: Decimal | None) -> float | None:
    return None if number is None else float(number)


def _kw(power_w: float | None) -> float | None:
    return None if power_w is None else round(power_w / 1000, 6)


_NOON = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)
_LATER = _NOON + timedelta(minutes=34)
_EXAMPLE = TransactionOut(
    id=12345678,
    session_id="0f8e9a3c-5d7b-4e21-a6c8-d0b2f4e6a810",
    charge_box_id=42,
    evse_id="CB000042*1",
    auth=AuthOut(id_tag=IdTagOut(uid="A7E942F1", id=67890, type="rfid", customer_id=1)),
    charging_details=ChargingDetailsOut(
        consumed=11.42,
        meter_start=100_000,
        meter_stop=111_420,
        co2_emitted=1713,
        highest_power_drawn=21.9,
        power=None,
        vehicle_state_of_charge=StateOfChargeOut(start=41, stop=72),
        status=ChargingStatus.ENDED,
    ),
    started_at=_NOON,
    ended_at=_LATER,
    created_at=_NOON,
    updated_at=_LATER,
    duration=DurationOut(charging=1980, idle=60, total=2040),
    location=TransactionLocationOut(
        id=1,
        name="Harbour",
        address="Havnegade 1",
        zip_code="1058",
        city="København",
        country_code="DK",
        type=LocationType.public_road,
    ),
    company=CompanyOut(id=1, name="Operator"),
    price=TransactionPriceOut(
        amount=49.96, amount_ex_vat=39.97, currency="DKK", vat_rate=0.25, is_dynamic=False, per_kwh=3.5
    ),
    payment_method=PaymentMethod.UNKNOWN,
    payment_status=PaymentStatus.NONE,
    is_priority=False,
    voucher_id=None,
    app_user_id=None,
    is_roaming=False,
    tariff={
        "id": "58652fe8-d840-4aa4-bb4f-3ebd944df9d6",
        "version": 1,
        "currency": "DKK",
        "elements": [{"priceComponents": [{"type": "ENERGY", "price": 3.5, "stepSize": 1, "vat": 0.25}]}],
    },
    reported=ReportedOut(
        start=ReportedTimesOut(sent="2025-06-03T12:00:00Z", parsed=_NOON, received=_NOON),
        stop=ReportedTimesOut(sent="2025-06-03T12:34:00Z", parsed=_LATER, received=_LATER),
        start_answer="Accepted",
        stop_reason="Local",
        stop_match="id",
        end_cause="reported",
        meter_start_wh=100_000,
        meter_stop_wh=111_420,
        last_reading_at=_LATER,
        oddities=[],
        start_repeats=0,
        stop_repeats=0,
    ),
)
_PAGE = PageOut[TransactionOut](
    data=[_EXAMPLE], next_page_cursor="2025-06-03T12:00:00.000000Z-12345678", previous_page_cursor=None
)


@router.get("", summary="List transactions", responses=answers(_PAGE, 400))
async def list_transactions(
    database: Store,
    window: Annotated[Window[tuple[datetime, int]], Depends(paged(_CURSORS, default=500, maximum=2500))],
    wanted: Annotated[Filter, Depends(read_filter)],
) -> PageOut[TransactionOut]:
    """
    Ongoing and past transactions, the latest first. With a time filter and no `sortBy`, sorted by that time upwards.

    A cursor belongs to the order that it came with: send the same filters with it.
    """
    return await PageOut[TransactionOut].of_many(await transactions.list(database, window, wanted), _CURSORS, _show)


@router.get("/{id}", summary="Get a transaction", responses=answers(_EXAMPLE, 400, 404))
async def get_transaction(id: Id, database: Store) -> TransactionOut:
    """One transaction; while it runs, with what its meter values said so far."""
    return _show(await transactions.get(database, id))
