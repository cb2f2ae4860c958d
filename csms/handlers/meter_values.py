"""MeterValues (OCPP 1.6, 4.7 and 6.31)."""

from collections.abc import Iterable

from ocpp.v16 import call_result

from csms.domain.metering import Reading, read
from csms.handlers.context import Context
from csms.ocpp.payloads import MeterValue, MeterValues, parse_timestamp
from csms.store.ledger import Metered


async def answer(request: MeterValues, context: Context) -> call_result.MeterValues:
    """Store every reading, whatever is odd in it, linked to its transaction where one can be found."""
    readings = readings_of(request.meter_value, connector=request.connector_id, transaction=request.transaction_id)
    if readings:
        context.session.note_time(readings[-1].at, context.now)
        await context.ledger.add_meter_values(
            Metered(
                charge_box=context.box.id,
                connector=request.connector_id,
                transaction=request.transaction_id,
                readings=readings,
                received_at=context.now,
            )
        )
    return call_result.MeterValues()


def readings_of(meter_values: Iterable[MeterValue], *, connector: int, transaction: int | None) -> tuple[Reading, ...]:
    """Turn the wire's meter values into readings, in the order sent."""
    return tuple(
        read(
            value.sampled_value,
            timestamp=value.timestamp,
            at=parse_timestamp(value.timestamp),
            connector=connector,
            transaction=transaction,
        )
        for value in meter_values
    )
