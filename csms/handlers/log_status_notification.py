"""LogStatusNotification (security whitepaper edition 3)."""

from ocpp.v16 import call_result

from csms.handlers.context import Context
from csms.ocpp.payloads import LogStatusNotification
from csms.store.ledger import Changed, Event


async def answer(request: LogStatusNotification, context: Context) -> call_result.LogStatusNotification:
    """Keep the status on the charge box, and its history in the event log."""
    event = Event(context.now, "diagnostics.status", context.box.id, data={"status": request.status})
    await context.ledger.change(Changed(context.box.id, context.now, {"diagnostics_status": request.status}, event))
    return call_result.LogStatusNotification()
