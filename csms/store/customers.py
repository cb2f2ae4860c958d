"""Customers: who owns locations and pays for tokens. Number 1 is the operator itself."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.errors import Invalid, NotFound
from csms.store.tables import CustomerRow

OPERATOR = 1


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as others refer to it."""

    id: int
    name: str


async def require(connection: AsyncConnection, customer_id: int) -> Customer:
    """Return the customer that a new location or token names; raises Invalid (`customerId`) when there is none."""
    found = await find(connection, customer_id)
    if found is None:
        raise Invalid("customerId", f"there is no customer {customer_id}")
    return found


async def require_for_change(connection: AsyncConnection, customer_id: int) -> Customer:
    """Return the customer that a changed token or token group names; raises NotFound, as documented for changes."""
    found = await find(connection, customer_id)
    if found is None:
        raise NotFound("customer", customer_id)
    return found


async def find(connection: AsyncConnection, customer_id: int) -> Customer | None:
    """Find a customer."""
    query = select(CustomerRow.id, CustomerRow.name).where(CustomerRow.id == literal(customer_id, BigInteger()))
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Customer(row.id, row.name)
