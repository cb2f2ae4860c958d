"""SignedFirmwareStatusNotification (security whitepaper edition 3)."""

from ocpp.v16 import call_result

from csms.handlers.context import Context
from csms.ocpp.payloads import SignedFirmwareStatusNotification
from csms.store.ledger import Changed, Event


async def answer(
    request: SignedFirmwareStatusNotification, context: Context
) -> call_result.SignedFirmwareStatusNotification:
    """Keep the status on the charge box, and its history in the event log."""
    event = Event(context.now, "firmware.status", context.box.id, data={"status": request.status})
    await context.ledger.change(Changed(context.box.id, context.now, {"firmware_status": request.status}, event))
    return call_result.SignedFirmwareStatusNotification()
