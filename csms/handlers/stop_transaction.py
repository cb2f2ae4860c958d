"""StopTransaction (OCPP 1.6, 4.10 and 6.49)."""

from decimal import Decimal

from ocpp.v16 import call_result
from ocpp.v16.enums import Reason

from csms.domain.authorization import authorize_token
from csms.domain.transactions import orphan_stop_key, time_oddities
from csms.handlers.context import Context
from csms.handlers.id_tags import MAX_ID_TAG, id_tag_info
from csms.handlers.meter_values import readings_of
from csms.ocpp.payloads import StopTransaction, parse_timestamp
from csms.store.ledger import Stopped


async def answer(request: StopTransaction, context: Context) -> call_result.StopTransaction:
    """
    Record the end of a transaction, or an end without one.

    The charge box has stopped already; whatever is odd in its report, it is kept and
    acknowledged, else it would be repeated for ever (steve#156, steve#292).
    """
    at = parse_timestamp(request.timestamp)
    meter_stop_wh = None if request.meter_stop is None else Decimal(request.meter_stop)
    id_tag = request.id_tag[:MAX_ID_TAG] if request.id_tag else None
    recorded = await context.ledger.stop_transaction(
        Stopped(
            charge_box=context.box.id,
            transaction=request.transaction_id,
            id_tag=id_tag,
            # Absent means Local (6.49).
            reason=request.reason or Reason.local.value,
            meter_stop_wh=meter_stop_wh,
            at=at,
            at_raw=request.timestamp,
            received_at=context.now,
            orphan_key=orphan_stop_key(context.box.id, str(request.transaction_id), request.timestamp, meter_stop_wh),
            readings=readings_of(request.transaction_data, connector=0, transaction=request.transaction_id),
            oddities=tuple(_oddities(request, context)),
        )
    )
    if id_tag is None:
        return call_result.StopTransaction()
    status = authorize_token(recorded.token, now=context.now)
    return call_result.StopTransaction(id_tag_info=id_tag_info(status, recorded.token))


def _oddities(request: StopTransaction, context: Context) -> list[str]:
    found = time_oddities("stop", request.timestamp, parse_timestamp(request.timestamp), context.now)
    if request.meter_stop is None:
        found.append("meter_stop_missing")
    return found
