"""RemoteStopTransaction (OCPP 1.6, 5.12 and 6.35)."""

from ocpp.v16 import call
from ocpp.v16.enums import RemoteStartStopStatus

from csms.caller import Caller
from csms.domain.charge_boxes import ChargeBoxKey
from csms.ocpp.payloads import to_wire


async def remote_stop_transaction(caller: Caller, box: ChargeBoxKey, *, transaction_id: int) -> RemoteStartStopStatus:
    """Ask to stop a transaction. Its end is only known by its StopTransaction."""
    request = call.RemoteStopTransaction(transaction_id=transaction_id)
    answer = await caller.call(box, "RemoteStopTransaction", to_wire(request))
    return RemoteStartStopStatus(answer["status"])
