"""Authorize (OCPP 1.6, 4.1 and 6.1)."""

from ocpp.v16 import call_result

from csms.domain.authorization import authorize
from csms.handlers.context import Context
from csms.handlers.id_tags import id_tag_info
from csms.ocpp.payloads import Authorize


async def answer(request: Authorize, context: Context) -> call_result.Authorize:
    """Say whether an idTag may charge. Nothing is recorded: what counts is the start that may follow."""
    presented = await context.look_up(request.id_tag)
    status = authorize(presented, now=context.now)
    return call_result.Authorize(id_tag_info=id_tag_info(status, presented.token))
