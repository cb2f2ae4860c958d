"""
Charge records: each is made in the commit that ends its transaction, and priced after it.

What is due for a price is a row without `priced_at`; `csms.settlement` finds it there,
whichever node ended the transaction and whatever became of that node since.
"""

from collections.abc import Iterable

from csms.store.ledger.lane import Connection

# The price of what was corrected is no longer true: better none than that.
_DUE = """
INSERT INTO charge_records (transaction_id) SELECT unnest($1::int[])
ON CONFLICT (transaction_id) DO UPDATE
SET price = NULL, original_price = NULL, charging_s = NULL, idle_s = NULL, co2_emitted_g = NULL, priced_at = NULL,
    updated_at = now()
"""


async def due(connection: Connection, transactions: Iterable[int]) -> None:
    """Make the charge records of transactions that have ended, or let them be priced anew."""
    # In the order of the key, so that two writers cannot lock each other out.
    ordered = sorted(set(transactions))
    if ordered:
        await connection.execute(_DUE, ordered)
