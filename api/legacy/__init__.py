"""The deprecated v1 API: thin views over the same data, each pointing to its successor in v2."""

from api.legacy import charge_records, evses, locations, transactions, voucher_groups, vouchers

ROUTERS = (
    locations.router,
    evses.router,
    transactions.router,
    charge_records.router,
    vouchers.router,
    voucher_groups.router,
)
