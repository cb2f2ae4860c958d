"""SecurityEventNotification (security whitepaper edition 3)."""

from ocpp.v16 import call_result

from csms.handlers.context import Context
from csms.ocpp.payloads import SecurityEventNotification
from csms.store.ledger import Event


async def answer(request: SecurityEventNotification, context: Context) -> call_result.SecurityEventNotification:
    """Keep the event; its time as sent stands beside the moment of receipt."""
    data = {"type": request.type, "timestamp": request.timestamp, "tech_info": request.tech_info}
    await context.ledger.record(Event(context.now, "charge_box.security", context.box.id, data=data))
    return call_result.SecurityEventNotification()
