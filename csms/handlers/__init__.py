"""
Charge box → us: one file per action, and HANDLERS, the table of contents.

A handler reads its request, decides by the domain, writes through the ledger and
returns the reply. The path around it (gateway/dispatch.py) does validation,
errors, encoding and the journal.

To add an action: a file here with `answer(request, context)`, and its row below.
The typed request stands in `csms/ocpp/payloads.py`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from csms.handlers import (
    authorize,
    boot_notification,
    data_transfer,
    diagnostics_status_notification,
    firmware_status_notification,
    heartbeat,
    log_status_notification,
    meter_values,
    security_event_notification,
    sign_certificate,
    signed_firmware_status_notification,
    start_transaction,
    status_notification,
    stop_transaction,
)
from csms.handlers.context import Context

Handler = Callable[[Any, Context], Awaitable[object]]

HANDLERS: Mapping[str, Handler] = {
    # Core
    "Authorize": authorize.answer,
    "BootNotification": boot_notification.answer,
    "DataTransfer": data_transfer.answer,
    "Heartbeat": heartbeat.answer,
    "MeterValues": meter_values.answer,
    "StartTransaction": start_transaction.answer,
    "StatusNotification": status_notification.answer,
    "StopTransaction": stop_transaction.answer,
    # Firmware Management
    "DiagnosticsStatusNotification": diagnostics_status_notification.answer,
    "FirmwareStatusNotification": firmware_status_notification.answer,
    # Security
    "LogStatusNotification": log_status_notification.answer,
    "SecurityEventNotification": security_event_notification.answer,
    "SignCertificate": sign_certificate.answer,
    "SignedFirmwareStatusNotification": signed_firmware_status_notification.answer,
}
