"""
Charge records, as the API reads them: transactions that are over, with what they come to.

The filter arrives as a tree (`csms.domain.record_filters`) and becomes SQL here, each
value as a bound parameter. Its meaning is MongoDB's: a missing value equals null, and
is unequal to everything else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import asyncpg
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Double,
    SQLColumnExpression,
    Text,
    Uuid,
    and_,
    any_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from csms.domain.location_types import LOCATION_TYPES
from csms.domain.record_filters import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Exists,
    Matches,
    OneOf,
    Operator,
    Value,
)
from csms.errors import Invalid, NotFound
from csms.store import transactions
from csms.store.customers import OPERATOR
from csms.store.database import Database
from csms.store.pages import Page, Window
from csms.store.tables import CustomerRow, EvseRow, LocationRow, TokenRow
from csms.store.transaction_rows import UPDATED_AT, T, Transaction, read
from csms.store.transactions import Key, SortBy, Span, page_keys, page_of

# A regular expression can be made to take for ever.
_TIMEOUT_MS = 5000


class Mode(StrEnum):
    """CPO: what was charged at our charge boxes. EMP: what our tokens charged."""

    CPO = "CPO"
    EMP = "EMP"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list of charge records is narrowed to, and its order."""

    mode: Mode = Mode.CPO
    ongoing: bool = False
    priority: bool = False
    updated: Span = field(default_factory=Span)
    condition: Condition | None = None
    sort_by: SortBy = SortBy.updated_at
    descending: bool = False


async def list(database: Database, window: Window[Key], wanted: Wanted) -> Page[Transaction, Key]:
    """
    Return a page of charge records, with those that run where they are wanted.

    Raises:
        Invalid: a regular expression of the filter cannot be read, or takes too long.
    """
    keys = page_keys(
        window,
        wanted.sort_by,
        _conditions(wanted),
        updated=wanted.updated,
        descending=wanted.descending,
        over_only=not wanted.ongoing,
    )
    async with database.read() as connection:
        if wanted.condition is not None:
            await connection.execute(text(f"SET LOCAL statement_timeout = {_TIMEOUT_MS}"))
        try:
            return page_of(await read(connection, keys), window)
        except DBAPIError as error:
            raise (_refusal(error) or error) from None


async def get(database: Database, transaction_id: int) -> Transaction:
    """Return the charge record of a transaction; raises NotFound, while it runs as well."""
    found = await transactions.get(database, transaction_id)
    if found.settlement is None:
        raise NotFound("charge record", transaction_id)
    return found


def _refusal(error: DBAPIError) -> Invalid | None:
    """What is the filter's own fault, and not the database's."""
    cause = error.orig.__cause__ if error.orig is not None else None
    if isinstance(cause, asyncpg.InvalidRegularExpressionError):
        return Invalid("filter", f"has a regular expression that cannot be read ({cause})")
    if isinstance(cause, asyncpg.QueryCanceledError):
        return Invalid("filter", f"takes more than {_TIMEOUT_MS / 1000:g} s; narrow it, e.g. by updatedAt")
    return None


def _conditions(wanted: Wanted) -> Sequence[ColumnElement[bool]]:
    found: tuple[ColumnElement[bool], ...] = ()
    if wanted.mode is Mode.EMP:
        found += (T.token_id.is_not(None),)
    if wanted.priority:
        found += (TokenRow.priority_charging_enabled.is_(True), LocationRow.allow_priority_charging.is_(True))
    if wanted.condition is not None:
        found += (_sql(wanted.condition, wanted.mode),)
    return found


# The filter ---------------------------------------------------------------------------------------------------------

_METER = func.coalesce(T.meter_stop_wh, T.register_wh)
_LOCATION_TYPE = case(*((LocationRow.parking_type == parking, name.value) for parking, name in LOCATION_TYPES.items()))
_MOMENT = DateTime(timezone=True)


def _nothing(type_: TypeEngine[Any]) -> SQLColumnExpression[Any]:
    """A field that no record has a value in."""
    return cast(null(), type_)


# Each field of the filter: the expression that it stands for, and the type that its values are sent as.
_FIELDS: Mapping[str, tuple[SQLColumnExpression[Any], TypeEngine[Any]]] = MappingProxyType(
    {
        "operatorId": (literal(OPERATOR, BigInteger()), BigInteger()),
        "companyId": (CustomerRow.id, BigInteger()),
        "company.id": (CustomerRow.id, BigInteger()),
        "auth.idTag.id": (T.token_id, BigInteger()),
        "auth.idTag.operatorId": (case((T.token_id.is_not(None), OPERATOR)), BigInteger()),
        "auth.idTag.companyId": (TokenRow.customer_id, BigInteger()),
        "auth.idTag.customerId": (TokenRow.customer_id, BigInteger()),
        "auth.idTag.crmCustomerId": (_nothing(Text()), Text()),
        "auth.type": (TokenRow.type, Text()),
        "transactionId": (T.id, BigInteger()),
        "location.country": (LocationRow.country_code, Text()),
        "location.isPublic": (LocationRow.publish, Boolean()),
        "location.crmCustomerId": (_nothing(Text()), Text()),
        "auth.idTag.uid": (T.id_tag, Text()),
        "startedAt": (func.nullif(T.started_key, transactions.NEVER), _MOMENT),
        "endedAt": (T.ended_at, _MOMENT),
        "updatedAt": (UPDATED_AT, _MOMENT),
        "createdAt": (T.created_at, _MOMENT),
        "isRoaming": (false(), Boolean()),
        "location.appUserId": (_nothing(BigInteger()), BigInteger()),
        "location.id": (T.location_id, BigInteger()),
        "location.type": (_LOCATION_TYPE, Text()),
        "consumed": (case((T.meter_start_wh <= _METER, (_METER - T.meter_start_wh) / 1000)), Double()),
        "evseId": (EvseRow.evse_id, Text()),
        "sessionId": (T.session_id, Uuid()),
        "paymentMetadata.externalSessionId": (_nothing(Text()), Text()),
        "roamingDetails.type": (_nothing(Text()), Text()),
        "voucher.id": (T.voucher_id, BigInteger()),
        "chargeBoxId": (T.charge_box_id, BigInteger()),
    }
)


def _sql(condition: Condition, mode: Mode) -> ColumnElement[bool]:
    match condition:
        case AllOf(parts):
            return and_(true(), *(_sql(part, mode) for part in parts))
        case AnyOf(parts):
            return or_(false(), *(_sql(part, mode) for part in parts))
        case Compare(field, operator, value):
            return _compare(*_field(field, mode), operator, value)
        case OneOf(field, values, negated):
            return _one_of(*_field(field, mode), values, negated=negated)
        case Exists(field, wanted):
            column, _ = _field(field, mode)
            return column.is_not(None) if wanted else column.is_(None)
        case Matches(field, pattern):
            column, type_ = _field(field, mode)
            return column.regexp_match(literal(pattern, type_))


def _field(name: str, mode: Mode) -> tuple[SQLColumnExpression[Any], TypeEngine[Any]]:
    if name == "role":
        return literal(mode.value, Text()), Text()
    return _FIELDS[name]


def _compare(
    column: SQLColumnExpression[Any], type_: TypeEngine[Any], operator: Operator, value: Value
) -> ColumnElement[bool]:
    if value is None:
        return column.is_(None) if operator is Operator.eq else column.is_not(None)
    operand = literal(value, type_)
    match operator:
        case Operator.eq:
            return column == operand
        case Operator.ne:
            return column.is_distinct_from(operand)
        case Operator.gt:
            return column > operand
        case Operator.gte:
            return column >= operand
        case Operator.lt:
            return column < operand
        case Operator.lte:
            return column <= operand


def _one_of(
    column: SQLColumnExpression[Any], type_: TypeEngine[Any], values: Sequence[Value], *, negated: bool
) -> ColumnElement[bool]:
    known = [value for value in values if value is not None]
    among = column == any_(literal(known, ARRAY(type_)))
    if negated:
        among = ~func.coalesce(among, false())
        return and_(among, column.is_not(None)) if None in values else among
    return or_(among, column.is_(None)) if None in values else among
