"""StatusNotification (OCPP 1.6, 4.9 and 6.47)."""

from ocpp.v16 import call_result
from ocpp.v16.enums import ChargePointStatus

from csms.handlers.context import Context
from csms.ocpp.payloads import StatusNotification, parse_timestamp
from csms.store.ledger import Event, StatusReported

_KNOWN = frozenset(status.value for status in ChargePointStatus)
# A charge box has few connectors; a number beyond this is no reason to make an EVSE.
MAX_CONNECTOR = 255


async def answer(request: StatusNotification, context: Context) -> call_result.StatusNotification:
    """Keep the status, the error and its details. Connector 0 is the charge box itself, apart from its connectors."""
    at = parse_timestamp(request.timestamp)
    context.session.note_time(at, context.now)
    if 0 <= request.connector_id <= MAX_CONNECTOR:
        await context.ledger.set_status(
            StatusReported(
                charge_box=context.box.id,
                identity=context.box.identity,
                connector=request.connector_id,
                status=request.status if request.status in _KNOWN else None,
                error_code=request.error_code,
                info=request.info,
                vendor_id=request.vendor_id,
                vendor_error_code=request.vendor_error_code,
                at=at,
                received_at=context.now,
            )
        )
    else:
        data = {"connector": request.connector_id, "status": request.status, "error_code": request.error_code}
        await context.ledger.record(Event(context.now, "connector.impossible", context.box.id, data=data))
    return call_result.StatusNotification()
