"""What transactions and charge records show alike: who charged, where, for how long, at which price."""

from datetime import UTC, datetime
from typing import Any

from api.shapes import Out, left_out_when_none
from csms.domain.settlement import AppliedTariff, PaymentMethod, so_far
from csms.errors import Invalid
from csms.store.customers import Customer
from csms.store.transaction_rows import Transaction


class PartyOut(Out):
    """The operator of the system, or a customer of it, as others refer to it."""

    id: int
    name: str
    crm_id: str | None = left_out_when_none()


class CompanyOut(Out):
    """Who owns the location, or pays for the token."""

    id: int
    name: str


class IdTagCustomerOut(Out):
    """The customer that pays for the token; persons only have the two names."""

    id: int
    first_name: str | None = left_out_when_none()
    last_name: str | None = left_out_when_none()
    operator: PartyOut | None = left_out_when_none()
    company: CompanyOut | None = left_out_when_none()
    family_tree_company_ids: list[str] | None = left_out_when_none()


class IdTagOut(Out):
    """
    The idTag that was presented; all but `uid` is known only where it is one of our tokens.

    The `crm…` ids belong to Spirii's own CRM, and none of them is known here.
    """

    uid: str | None
    id: int | None = left_out_when_none()
    type: str | None = left_out_when_none()
    label: str | None = left_out_when_none()
    customer_id: int | None = left_out_when_none()
    operator_id: int | None = left_out_when_none()
    company_id: int | None = left_out_when_none()
    family_tree_company_ids: list[str] | None = left_out_when_none()
    crm_customer_id: str | None = left_out_when_none()
    comment: str | None = left_out_when_none()
    billing_reference: str | None = left_out_when_none()
    customer_crm_customer_id: str | None = left_out_when_none()
    company_crm_customer_id: str | None = left_out_when_none()
    operator: PartyOut | None = left_out_when_none()
    company: CompanyOut | None = left_out_when_none()
    customer: IdTagCustomerOut | None = left_out_when_none()


class AuthOut(Out):
    """How the driver identified themselves."""

    type: str | None = left_out_when_none()
    id_tag: IdTagOut


class DurationOut(Out):
    """In seconds, when the transaction has ended; null where its readings do not tell it."""

    charging: int | None
    idle: int | None
    total: int | None


class VoucherOut(Out):
    """The voucher that applied when the transaction began."""

    id: int
    code: str


class VoucherGroupOut(Out):
    """The group of that voucher."""

    id: int
    name: str


def show_auth(transaction: Transaction) -> AuthOut:
    """Show who charged."""
    token = transaction.token
    if token is None:
        return AuthOut(id_tag=IdTagOut(uid=transaction.id_tag))
    operator = PartyOut(id=transaction.operator.id, name=transaction.operator.name)
    company = show_company(token.customer)
    family = [str(token.customer.id)]
    return AuthOut(
        type=token.type,
        id_tag=IdTagOut(
            uid=transaction.id_tag,
            id=token.id,
            type=token.type,
            label=token.label,
            customer_id=token.customer.id,
            operator_id=operator.id,
            company_id=company.id,
            family_tree_company_ids=family,
            comment=token.comment,
            billing_reference=token.billing_reference,
            operator=operator,
            company=company,
            customer=IdTagCustomerOut(
                id=token.customer.id, operator=operator, company=company, family_tree_company_ids=family
            ),
        ),
    )


def show_company(customer: Customer) -> CompanyOut:
    """Show a customer as the company that it is."""
    return CompanyOut(id=customer.id, name=customer.name)


def show_duration(transaction: Transaction) -> DurationOut | None:
    """Show how long it took; None while it runs."""
    if transaction.ended_at is None or transaction.duration_s is None:
        return None
    settled = transaction.settlement
    return DurationOut(
        charging=_whole(None if settled is None else settled.charging_s),
        idle=_whole(None if settled is None else settled.idle_s),
        total=round(transaction.duration_s),
    )


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)


def payment_method(transaction: Transaction) -> PaymentMethod:
    """How it is paid; while it runs, whether anybody has to."""
    if transaction.settlement is not None:
        return PaymentMethod(transaction.settlement.payment_method)
    return PaymentMethod.FREE if _is_free(transaction) else PaymentMethod.UNKNOWN


def _is_free(transaction: Transaction) -> bool:
    refused = transaction.start_answer not in (None, "Accepted")
    return refused or (transaction.voucher is not None and transaction.tariff is None)


def price_so_far(transaction: Transaction, *, in_detail: bool = False) -> dict[str, Any] | None:
    """The price of one that is over, from its charge record; of one that runs, what it has come to so far."""
    if transaction.ended_at is not None:
        settled = transaction.settlement
        return None if settled is None or settled.price is None else dict(settled.price)
    if _is_free(transaction) or transaction.place is None:
        return None
    try:
        return so_far(
            transaction.tariff,
            started_at=transaction.started_at,
            last_reading_at=transaction.last_reading_at,
            meter_start_wh=transaction.meter_start_wh,
            register_wh=transaction.register_wh,
            time_zone=transaction.place.time_zone,
            now=datetime.now(UTC),
            in_detail=in_detail,
        )
    except Invalid:
        # The tariff cannot be read; settlement will say so in the log, once.
        return None


def show_tariff(tariff: AppliedTariff | None) -> dict[str, Any] | None:
    """Show the tariff that applies, in the form of `/v2/tariffs/{id}`."""
    return None if tariff is None else {"id": tariff.id, "version": tariff.version, **tariff.document}
