"""Everything that can be chosen about a simulated charge point when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

PasswordForm = Literal["text", "hex", "decoded"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """
    The make of a charge point.

    Attributes:
        password: for Basic authentication; None sends no Authorization header.
        password_form: what is sent of it: `text` as it stands, `hex` the hexadecimal text of its bytes,
            `decoded` the bytes that it spells in hexadecimal (field-notes.md E38).
        subprotocol: what the handshake offers; None offers none.
        connectors: how many.
        phases, max_power_w: of each connector.
        meter_start_wh: what each meter shows at first.
        vendor, model, firmware, serial: for BootNotification.
        configuration: initial values of configuration keys, read-only ones included.
        time_scale: simulated seconds per real second for vehicles, meters, meter value intervals and
            ConnectionTimeOut. Heartbeats, retries, reconnects and timestamps stay in real time.
        clock_offset: how far its clock is ahead of the truth.
        call_timeout_s: real seconds to wait for an answer.
        retry_same_id: repeat a transaction message under its old unique id; else under a new one.
        unknown_transaction_id: sent in a stop whose start was given up (field-notes.md B13).
        boot_on_reconnect: send BootNotification on every connection, not only after a boot.
        boot_retry_s: wait this long where the central system gives no interval.
        reboot_s: real seconds that a reboot takes.
        reconnect_min_s, reconnect_max_s: bounds of the exponential back-off, before jitter.
        connect_delay_s: real seconds to wait before the first connection.
        frame_log: how many of the last frames are kept for inspection.
        seed: makes jitter and noise repeatable, together with the identity.
    """

    password: str | None = None
    password_form: PasswordForm = "text"
    subprotocol: str | None = "ocpp1.6"
    connectors: int = 1
    phases: int = 3
    max_power_w: float = 22_000
    meter_start_wh: int = 0
    vendor: str = "Simulators"
    model: str = "Box One"
    firmware: str = "1.0.0"
    serial: str | None = None
    configuration: Mapping[str, Any] = field(default_factory=dict)
    time_scale: float = 1.0
    clock_offset: timedelta = timedelta(0)
    call_timeout_s: float = 30.0
    retry_same_id: bool = False
    unknown_transaction_id: int = -1
    boot_on_reconnect: bool = False
    boot_retry_s: float = 10.0
    reboot_s: float = 0.2
    reconnect_min_s: float = 1.0
    reconnect_max_s: float = 60.0
    connect_delay_s: float = 0.0
    frame_log: int = 100
    seed: int | None = None

    def boot_payload(self, charge_point_id: str) -> dict[str, str]:
        """The BootNotification; the identity serves as serial number where none is given."""
        return {
            "chargePointVendor": self.vendor,
            "chargePointModel": self.model,
            "chargePointSerialNumber": self.serial or charge_point_id[:25],
            "firmwareVersion": self.firmware,
        }
