"""BootNotification (OCPP 1.6, 4.2 and 6.3)."""

import msgspec
from ocpp.v16 import call_result
from ocpp.v16.enums import RegistrationStatus

from csms.handlers import configuration_exchange
from csms.handlers.context import Context
from csms.ocpp.payloads import BootNotification, format_timestamp
from csms.store.ledger import Booted


async def answer(request: BootNotification, context: Context) -> call_result.BootNotification:
    """
    Keep what the charge box says of itself; its registration status is the operator's decision.

    Accepted, the interval is that of Heartbeats; else it is when to boot again.
    """
    said = {key: value for key, value in msgspec.to_builtins(request).items() if value is not None}
    registration = await context.ledger.boot(
        Booted(
            charge_box=context.box.id,
            vendor=request.charge_point_vendor,
            model=request.charge_point_model,
            firmware_version=request.firmware_version,
            boot=said,
            at=context.now,
        )
    )
    status = RegistrationStatus(registration)
    accepted = status is RegistrationStatus.accepted
    context.session.registration, context.session.booted = registration, True
    if accepted:
        context.after_reply(lambda: configuration_exchange.run(context))
    return call_result.BootNotification(
        current_time=format_timestamp(context.now),
        interval=context.policy.interval_for(context.box.identity)
        if accepted
        else context.policy.pending_retry_interval_s,
        status=status,
    )
