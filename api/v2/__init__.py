"""The v2 API: one file per resource, with its shapes, its routes, and how one becomes the other."""

from api.v2 import (
    afir,
    charge_box_commands,
    charge_box_health,
    charge_box_models,
    charge_records,
    chargeboxes,
    customers,
    evse_commands,
    evses,
    locations,
    messages,
    meter_values,
    tariffs,
    temporary_evse_statuses,
    token_groups,
    tokens,
    transactions,
    unknown,
)

# Fixed paths (`/chargeboxes/models`) come before those with an id in the same place.
ROUTERS = (
    charge_box_models.router,
    unknown.router,
    chargeboxes.router,
    charge_box_commands.router,
    messages.router,
    charge_box_health.router,
    evses.router,
    evse_commands.router,
    locations.router,
    tariffs.router,
    temporary_evse_statuses.router,
    tokens.router,
    token_groups.router,
    customers.router,
    transactions.router,
    meter_values.router,
    afir.router,
    charge_records.router,
)
