"""Reset (OCPP 1.6, 5.14 and 6.39)."""

from ocpp.v16 import call
from ocpp.v16.enums import ResetStatus, ResetType

from csms.caller import Caller
from csms.domain.charge_boxes import ChargeBoxKey
from csms.ocpp.payloads import to_wire


async def reset(
    caller: Caller,
    box: ChargeBoxKey,
    *,
    type: ResetType,
) -> ResetStatus:
    """Ask for a restart: Soft ends transactions in order first, Hard need not."""
    answer = await caller.call(box, "Reset", to_wire(call.Reset(type=type)))
    return ResetStatus(answer["status"])
