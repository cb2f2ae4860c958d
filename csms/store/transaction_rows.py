"""
A transaction with everything that is shown of it: how it is read, one or a page at a time.

Transactions and charge records show the same facts, so both are read here: first the
keys of a page, from an index, then all that belongs to them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import FromClause, Integer, Row, Select, any_, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from csms.domain.charge_boxes import ChargeBoxKey
from csms.domain.settlement import AppliedTariff, consumed_wh
from csms.store.customers import OPERATOR, Customer
from csms.store.tables import (
    ChargeBoxRow,
    ChargeRecordRow,
    CustomerRow,
    EvseRow,
    LocationRow,
    TariffRow,
    TokenRow,
    TransactionRow,
    VoucherGroupRow,
    VoucherRow,
)


@dataclass(frozen=True, slots=True)
class Times:
    """One moment in its three forms: as the charge box sent it, as parsed, and when it reached us."""

    sent: str | None
    parsed: datetime | None
    received: datetime | None


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """Our record of the idTag that started a transaction."""

    id: int
    type: str
    label: str | None
    customer: Customer
    app_user_id: int | None
    billing_reference: str | None
    comment: str | None
    has_priority: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a transaction happened: the location that its charge box had when it began."""

    id: int
    name: str
    address: str
    postal_code: str
    city: str
    country_code: str
    time_zone: str
    parking_type: str
    is_public: bool
    allows_priority: bool
    customer: Customer


@dataclass(frozen=True, slots=True)
class AppliedVoucher:
    """The voucher that applied when a transaction began, and its group."""

    id: int
    code: str
    group_id: int
    group_name: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a transaction that ended came to; prices are JSON, durations in seconds. Nothing before it is priced."""

    price: Mapping[str, Any] | None
    original_price: Mapping[str, Any] | None
    charging_s: float | None
    idle_s: float | None
    co2_emitted_g: float | None
    payment_method: str
    payment_status: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """
    A transaction. Energy is in Wh, power in W, state of charge in percent.

    `ended_at` is None while it runs, `settlement` too. `evse_status` is OCPP's word for
    its connector now. `operator` is who runs this system.
    """

    id: int
    session_id: UUID
    charge_box: ChargeBoxKey
    evse_id: str | None
    evse_status: str | None
    connector_id: int | None
    id_tag: str | None
    token: PresentedToken | None
    place: Place | None
    voucher: AppliedVoucher | None
    operator: Customer
    tariff: AppliedTariff | None
    settlement: Settlement | None

    started_at: datetime | None
    ended_at: datetime | None
    created_at: datetime
    updated_at: datetime

    meter_start_wh: Decimal | None
    meter_stop_wh: Decimal | None
    register_wh: Decimal | None
    power_w: float | None
    highest_power_w: float | None
    soc_start: float | None
    soc: float | None
    last_reading_at: datetime | None

    start_times: Times
    stop_times: Times
    start_answer: str | None
    start_repeats: int
    stop_repeats: int
    stop_match: str | None
    stop_reason: str | None
    stop_id_tag: str | None
    end_cause: str | None
    oddities: Sequence[str]

    @property
    def meter_wh(self) -> Decimal | None:
        """What the meter says at the end, or said last."""
        return self.meter_stop_wh if self.meter_stop_wh is not None else self.register_wh

    @property
    def consumed_wh(self) -> Decimal | None:
        """The energy so far, or None where the meter does not tell."""
        return consumed_wh(self.meter_start_wh, self.meter_wh)

    @property
    def duration_s(self) -> float | None:
        """From start to end in seconds; None while it runs, or where the times do not tell."""
        if self.started_at is None or self.ended_at is None or self.ended_at < self.started_at:
            return None
        return (self.ended_at - self.started_at).total_seconds()

    @property
    def has_priority(self) -> bool:
        """Whether its token has priority at its location."""
        return bool(self.token and self.token.has_priority and self.place and self.place.allows_priority)


T = TransactionRow
Payer = aliased(CustomerRow, name="payer")
_Operator = aliased(CustomerRow, name="operator")

# What is over was changed last when it was settled; what runs, by its last reading.
UPDATED_AT = func.coalesce(ChargeRecordRow.updated_at, T.updated_at)

_COLUMNS = (
    *(column for column in T.__table__.columns if column.name not in ("updated_at", "started_at", "ended_key")),
    T.started_at.label("start_parsed_at"),
    UPDATED_AT.label("updated_at"),
    ChargeBoxRow.identity,
    EvseRow.evse_id,
    EvseRow.status.label("evse_status"),
    TokenRow.type.label("token_type"),
    TokenRow.label.label("token_label"),
    TokenRow.app_user_id,
    TokenRow.billing_reference,
    TokenRow.comment,
    TokenRow.priority_charging_enabled,
    Payer.id.label("payer_id"),
    Payer.name.label("payer_name"),
    LocationRow.name.label("location_name"),
    LocationRow.address,
    LocationRow.postal_code,
    LocationRow.city,
    LocationRow.country_code,
    LocationRow.time_zone,
    LocationRow.parking_type,
    LocationRow.publish,
    LocationRow.allow_priority_charging,
    CustomerRow.id.label("customer_id"),
    CustomerRow.name.label("customer_name"),
    _Operator.id.label("operator_id"),
    _Operator.name.label("operator_name"),
    VoucherRow.code.label("voucher_code"),
    VoucherGroupRow.id.label("voucher_group_id"),
    VoucherGroupRow.name.label("voucher_group_name"),
    ChargeRecordRow.transaction_id.label("record_id"),
    ChargeRecordRow.price,
    ChargeRecordRow.original_price,
    ChargeRecordRow.charging_s,
    ChargeRecordRow.idle_s,
    ChargeRecordRow.co2_emitted_g,
    ChargeRecordRow.payment_method,
    ChargeRecordRow.payment_status,
)


def joined(base: FromClause) -> FromClause:
    """Join to transactions what they name; all of it by its key, so that what a query does not use costs nothing."""
    return (
        base.outerjoin(ChargeBoxRow, ChargeBoxRow.id == T.charge_box_id)
        .outerjoin(EvseRow, EvseRow.uid == T.evse_uid)
        .outerjoin(TokenRow, TokenRow.id == T.token_id)
        .outerjoin(Payer, Payer.id == TokenRow.customer_id)
        .outerjoin(LocationRow, LocationRow.id == T.location_id)
        .outerjoin(CustomerRow, CustomerRow.id == LocationRow.customer_id)
        .outerjoin(VoucherRow, VoucherRow.id == T.voucher_id)
        .outerjoin(VoucherGroupRow, VoucherGroupRow.id == VoucherRow.voucher_group_id)
    )


async def read(connection: AsyncConnection, keys: Select[*tuple[Any, ...]]) -> Sequence[tuple[Any, Transaction]]:
    """
    Read transactions.

    Args:
        connection: where.
        keys: their `id` and `sort_key`, in order.

    Returns:
        (sort key, transaction) each, in the order of the keys.
    """
    # In two steps, so that no plan can join a million rows before it sorts them.
    sort_key_of = {row.id: row.sort_key for row in await connection.execute(keys)}
    if not sort_key_of:
        return []
    base = T.__table__.outerjoin(ChargeRecordRow, ChargeRecordRow.transaction_id == T.id)
    source = joined(base).outerjoin(_Operator, _Operator.id == OPERATOR)
    query = select(*_COLUMNS).select_from(source).where(T.id == any_(literal([*sort_key_of], ARRAY(Integer))))
    rows = (await connection.execute(query)).all()
    tariffs = await _tariffs(connection, {(row.tariff_id, row.tariff_version) for row in rows if row.tariff_id})
    found = {
        row.id: replace(_transaction(row), tariff=tariffs.get((row.tariff_id, row.tariff_version))) for row in rows
    }
    return [(sort_key, found[number]) for number, sort_key in sort_key_of.items()]


async def _tariffs(
    connection: AsyncConnection, wanted: set[tuple[str, int]]
) -> Mapping[tuple[str, int], AppliedTariff]:
    """Each version once: a page of transactions has few tariffs."""
    if not wanted:
        return {}
    query = select(TariffRow.id, TariffRow.version, TariffRow.document)
    rows = await connection.execute(query.where(tuple_(TariffRow.id, TariffRow.version).in_(sorted(wanted))))
    return {(row.id, row.version): AppliedTariff(*row) for row in rows}


def _transaction(row: Row[*tuple[Any, ...]]) -> Transaction:
    return Transaction(
        id=row.id,
        session_id=row.session_id,
        charge_box=ChargeBoxKey(row.charge_box_id, row.identity),
        evse_id=row.evse_id,
        evse_status=row.evse_status,
        connector_id=row.connector_id,
        id_tag=row.id_tag,
        token=_token(row),
        place=_place(row),
        voucher=_voucher(row),
        operator=Customer(row.operator_id, row.operator_name),
        tariff=None,
        settlement=_settlement(row),
        started_at=row.start_parsed_at if row.clock_trusted else row.start_received_at,
        ended_at=row.ended_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        meter_start_wh=row.meter_start_wh,
        meter_stop_wh=row.meter_stop_wh,
        register_wh=row.register_wh,
        power_w=row.power_w,
        highest_power_w=row.highest_power_w,
        soc_start=row.soc_start,
        soc=row.soc,
        last_reading_at=row.last_reading_at,
        start_times=Times(row.started_at_raw, row.start_parsed_at, row.start_received_at),
        stop_times=Times(row.stopped_at_raw, row.stopped_at, row.stop_received_at),
        start_answer=row.start_answer,
        start_repeats=row.start_repeats,
        stop_repeats=row.stop_repeats,
        stop_match=row.stop_match,
        stop_reason=row.stop_reason,
        stop_id_tag=row.stop_id_tag,
        end_cause=row.end_cause,
        oddities=row.oddities,
    )


def _token(row: Row[*tuple[Any, ...]]) -> PresentedToken | None:
    if row.token_id is None:
        return None
    return PresentedToken(
        row.token_id,
        row.token_type,
        row.token_label,
        Customer(row.payer_id, row.payer_name),
        row.app_user_id,
        row.billing_reference,
        row.comment,
        row.priority_charging_enabled,
    )


def _place(row: Row[*tuple[Any, ...]]) -> Place | None:
    if row.location_id is None:
        return None
    return Place(
        row.location_id,
        row.location_name,
        row.address,
        row.postal_code,
        row.city,
        row.country_code,
        row.time_zone,
        row.parking_type,
        row.publish,
        row.allow_priority_charging,
        Customer(row.customer_id, row.customer_name),
    )


def _voucher(row: Row[*tuple[Any, ...]]) -> AppliedVoucher | None:
    if row.voucher_id is None:
        return None
    return AppliedVoucher(row.voucher_id, row.voucher_code, row.voucher_group_id, row.voucher_group_name)


def _settlement(row: Row[*tuple[Any, ...]]) -> Settlement | None:
    if row.record_id is None:
        return None
    return Settlement(
        row.price,
        row.original_price,
        row.charging_s,
        row.idle_s,
        row.co2_emitted_g,
        row.payment_method,
        row.payment_status,
    )
