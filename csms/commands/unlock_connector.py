"""UnlockConnector (OCPP 1.6, 5.18 and 6.53)."""

from ocpp.v16 import call
from ocpp.v16.enums import UnlockStatus

from csms.caller import Caller
from csms.domain.charge_boxes import ChargeBoxKey
from csms.ocpp.payloads import to_wire


async def unlock_connector(caller: Caller, box: ChargeBoxKey, *, connector_id: int) -> UnlockStatus:
    """Ask for the cable to be released."""
    answer = await caller.call(box, "UnlockConnector", to_wire(call.UnlockConnector(connector_id=connector_id)))
    return UnlockStatus(answer["status"])
