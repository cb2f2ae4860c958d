"""FirmwareStatusNotification (OCPP 1.6, 4.5 and 6.19)."""

from ocpp.v16 import call_result

from csms.handlers.context import Context
from csms.ocpp.payloads import FirmwareStatusNotification
from csms.store.ledger import Changed, Event


async def answer(request: FirmwareStatusNotification, context: Context) -> call_result.FirmwareStatusNotification:
    """Keep the status on the charge box, and its history in the event log."""
    event = Event(context.now, "firmware.status", context.box.id, data={"status": request.status})
    await context.ledger.change(Changed(context.box.id, context.now, {"firmware_status": request.status}, event))
    return call_result.FirmwareStatusNotification()
