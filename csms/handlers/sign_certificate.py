"""SignCertificate (security whitepaper edition 3)."""

from ocpp.v16 import call_result
from ocpp.v16.enums import GenericStatus

from csms.handlers.context import Context
from csms.ocpp.payloads import SignCertificate


async def answer(request: SignCertificate, context: Context) -> call_result.SignCertificate:
    """There is no signing authority here, and the charge box is told so."""
    return call_result.SignCertificate(status=GenericStatus.rejected)
