"""Heartbeat (OCPP 1.6, 4.6 and 6.29)."""

from ocpp.v16 import call_result

from csms.handlers.context import Context
from csms.ocpp.payloads import Heartbeat, format_timestamp


async def answer(request: Heartbeat, context: Context) -> call_result.Heartbeat:
    """Tell the time. Nothing is written: when a box was last heard is flushed for everyone together (steve#61)."""
    return call_result.Heartbeat(current_time=format_timestamp(context.now))
