"""DiagnosticsStatusNotification (OCPP 1.6, 4.4 and 6.17)."""

from ocpp.v16 import call_result

from csms.handlers.context import Context
from csms.ocpp.payloads import DiagnosticsStatusNotification
from csms.store.ledger import Changed, Event


async def answer(request: DiagnosticsStatusNotification, context: Context) -> call_result.DiagnosticsStatusNotification:
    """Keep the status on the charge box, and its history in the event log."""
    event = Event(context.now, "diagnostics.status", context.box.id, data={"status": request.status})
    await context.ledger.change(Changed(context.box.id, context.now, {"diagnostics_status": request.status}, event))
    return call_result.DiagnosticsStatusNotification()
