"""Customers: who owns locations and pays for tokens. Number 1 is the operator itself."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.errors import Invalid
from csms.store.tables import CustomerRow

OPERATOR = 1


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as others refer to it."""

    id: int
    name: str


async def require(connection: AsyncConnection, customer_id: int) -> Customer:
    """Return the customer that a new location or token names; raises Invalid (`customerId`) when there is none."""
    found = (
        await connection.execute(
            select(CustomerRow.id, CustomerRow.name).where(CustomerRow.id == literal(customer_id, BigInteger()))
        )
    ).one_or_none()
    if found is None:
        raise Invalid("customerId", f"there is no customer {customer_id}")
    return Customer(found.id, found.name)
