"""ChangeAvailability (OCPP 1.6, 5.2 and 6.7)."""

from ocpp.v16 import call
from ocpp.v16.enums import AvailabilityStatus, AvailabilityType

from csms.caller import Caller
from csms.domain.charge_boxes import ChargeBoxKey
from csms.ocpp.payloads import to_wire


async def change_availability(
    caller: Caller,
    box: ChargeBoxKey,
    *,
    connector_id: int,
    type: AvailabilityType,
) -> AvailabilityStatus:
    """Ask to take a connector (0: the charge box) into or out of service. Scheduled: after the transaction."""
    request = call.ChangeAvailability(connector_id=connector_id, type=type)
    answer = await caller.call(box, "ChangeAvailability", to_wire(request))
    return AvailabilityStatus(answer["status"])
