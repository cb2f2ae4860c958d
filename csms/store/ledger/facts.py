"""
The facts that handlers hand to the ledger, and what the ledger says of them once they are committed.

Moments are aware and in UTC; energy is in Wh. `charge_box` is our number of it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from ocpp.v16.enums import AuthorizationStatus

from csms.domain.authorization import Token
from csms.domain.metering import Reading
from csms.domain.transactions import StopMatch


@dataclass(frozen=True, slots=True)
class Connected:
    """A charge box opened a connection to this node."""

    charge_box: int
    node_name: str
    remote_address: str
    at: datetime
    password_form: str | None = None


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A connection ended; it only counts while no newer one (larger epoch) has begun. `heard_at`: its last frame."""

    charge_box: int
    epoch: int
    at: datetime
    heard_at: datetime
    cause: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class Booted:
    """What a BootNotification said."""

    charge_box: int
    vendor: str
    model: str
    firmware_version: str | None
    boot: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class StatusReported:
    """What a StatusNotification said. `status` is None when no status of OCPP could be read."""

    charge_box: int
    identity: str
    connector: int
    status: str | None
    error_code: str | None
    info: str | None
    vendor_id: str | None
    vendor_error_code: str | None
    at: datetime | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Started:
    """What a StartTransaction said, with the moment in its three forms."""

    charge_box: int
    identity: str
    connector: int
    id_tag: str
    meter_start_wh: Decimal | None
    at: datetime | None
    at_raw: str | None
    received_at: datetime
    key: bytes
    reservation_id: int | None = None
    oddities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StartRecorded:
    """A start as it stands in the ledger: for a repeat, with the first answer."""

    transaction_id: int
    answer: AuthorizationStatus
    token: Token | None
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    """What a StopTransaction said, with the moment in its three forms and the readings of transactionData."""

    charge_box: int
    transaction: int
    id_tag: str | None
    reason: str
    meter_stop_wh: Decimal | None
    at: datetime | None
    at_raw: str | None
    received_at: datetime
    orphan_key: bytes
    readings: tuple[Reading, ...] = ()
    oddities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StopRecorded:
    """A stop as it stands in the ledger. `token` is that of its idTag, if it had one."""

    transaction_id: int
    match: StopMatch
    token: Token | None
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class Metered:
    """Readings of one MeterValues request. `transaction` is the id as sent, None when none usable was."""

    charge_box: int
    connector: int
    transaction: int | None
    readings: tuple[Reading, ...]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Changed:
    """New values of columns of a charge box (names of `ChargeBoxRow`), e.g. its firmware status."""

    charge_box: int
    at: datetime
    columns: dict[str, Any]
    event: "Event | None" = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for the event log."""

    at: datetime
    kind: str
    charge_box: int | None = None
    transaction: int | None = None
    data: dict[str, Any] = field(default_factory=dict)
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class FramePassed:
    """One frame of the journal, already masked. `direction`: `<` from the charge box, `>` to it."""

    charge_box: int
    at: datetime
    direction: str
    action: str | None
    unique_id: str | None
    body: str


@dataclass(frozen=True, slots=True)
class Deviated:
    """An accepted departure from the schema."""

    charge_box: int
    at: datetime
    kind: str
    action: str
    path: str
    example: str


@dataclass(frozen=True, slots=True)
class Knocked:
    """A connection that was refused before it began."""

    identity: str
    reason: str
    remote_address: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """When a charge box was last heard, and how far its clock seems to be off (ms, positive: ahead)."""

    charge_box: int
    at: datetime
    clock_skew_ms: int | None = None
