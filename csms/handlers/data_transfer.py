"""DataTransfer from a charge box (OCPP 1.6, 4.3 and 6.15)."""

from ocpp.v16 import call_result
from ocpp.v16.enums import DataTransferStatus

from csms.handlers.context import Context
from csms.ocpp.payloads import DataTransfer


async def answer(request: DataTransfer, context: Context) -> call_result.DataTransfer:
    """No vendor's messages are understood here, and saying so is the truth; the journal keeps them."""
    return call_result.DataTransfer(status=DataTransferStatus.unknown_vendor_id)
