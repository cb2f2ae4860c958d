"""RemoteStartTransaction (OCPP 1.6, 5.11 and 6.33)."""

from ocpp.v16 import call
from ocpp.v16.enums import RemoteStartStopStatus

from csms.caller import Caller
from csms.domain.charge_boxes import ChargeBoxKey
from csms.ocpp.payloads import to_wire


async def remote_start_transaction(
    caller: Caller, box: ChargeBoxKey, *, connector_id: int, id_tag: str
) -> RemoteStartStopStatus:
    """Ask to start on a connector. Accepted means that it will try, not that energy flows."""
    request = call.RemoteStartTransaction(id_tag=id_tag, connector_id=connector_id)
    answer = await caller.call(box, "RemoteStartTransaction", to_wire(request))
    return RemoteStartStopStatus(answer["status"])
