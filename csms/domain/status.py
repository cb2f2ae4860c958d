"""
What a charge box says about a connector, in the words that the API shares.

OCPP 1.6 describes the connector (what is it doing?), OCPI the EVSE (can I use
it?). One table answers; two of its rows surprise: Preparing already counts as
CHARGING, because the place is taken, and a suspended session as BLOCKED, because
the place is taken and no energy flows.

An EVSE has two statuses. The technical one is what the charge box said; `/v2/evses`
and `/v2/chargeboxes` show it, for they are about machines. The shared one is what
drivers and partners are told; `/v2/locations` and AFIR show it. The two differ while
a temporary status is in force, which changes nothing but what is told.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from ocpp.v16.enums import ChargePointStatus


class EvseStatus(StrEnum):
    """The status of an EVSE as OCPI 2.3.0 (module Locations, enum Status) and the REST API name it."""

    AVAILABLE = "AVAILABLE"
    BLOCKED = "BLOCKED"
    CHARGING = "CHARGING"
    INOPERATIVE = "INOPERATIVE"
    OUTOFORDER = "OUTOFORDER"
    PLANNED = "PLANNED"
    REMOVED = "REMOVED"
    RESERVED = "RESERVED"
    UNKNOWN = "UNKNOWN"


FROM_OCPP: Mapping[str, EvseStatus] = MappingProxyType(
    {
        ChargePointStatus.available: EvseStatus.AVAILABLE,
        ChargePointStatus.preparing: EvseStatus.CHARGING,
        ChargePointStatus.charging: EvseStatus.CHARGING,
        ChargePointStatus.finishing: EvseStatus.CHARGING,
        ChargePointStatus.suspended_ev: EvseStatus.BLOCKED,
        ChargePointStatus.suspended_evse: EvseStatus.BLOCKED,
        ChargePointStatus.reserved: EvseStatus.RESERVED,
        ChargePointStatus.faulted: EvseStatus.OUTOFORDER,
        ChargePointStatus.unavailable: EvseStatus.INOPERATIVE,
    }
)
"""OCPP 1.6 ChargePointStatus (section 7.7) → OCPI status. Total over the OCPP enum."""


class TemporaryStatus(StrEnum):
    """What an EVSE can be declared to be for a time."""

    MAINTENANCE = "MAINTENANCE"
    COMMISSIONING = "COMMISSIONING"
    BLOCKED = "BLOCKED"
    RESERVED = "RESERVED"


FROM_TEMPORARY: Mapping[TemporaryStatus, EvseStatus] = MappingProxyType(
    {
        TemporaryStatus.MAINTENANCE: EvseStatus.INOPERATIVE,
        TemporaryStatus.COMMISSIONING: EvseStatus.PLANNED,
        TemporaryStatus.BLOCKED: EvseStatus.BLOCKED,
        TemporaryStatus.RESERVED: EvseStatus.RESERVED,
    }
)
"""Temporary status → OCPI status, as partners are told it. Total over the enum."""


@dataclass(frozen=True, slots=True)
class Override:
    """A temporary status of an EVSE, in force from `valid_from` until `valid_to` (exclusive; None: until removed)."""

    id: int
    status: TemporaryStatus
    valid_from: datetime
    valid_to: datetime | None

    def is_in_force(self, now: datetime) -> bool:
        """Tell whether it counts at this moment."""
        return self.valid_from <= now and (self.valid_to is None or now < self.valid_to)


def technical_status(ocpp_status: str | None, *, deleted: bool = False) -> EvseStatus:
    """
    Say the last reported connector status in OCPI's words.

    An offline charge box keeps its last status: the status says what was last
    known of the EVSE, and `isOnline` says beside it how much that is worth. Turning
    it into UNKNOWN would destroy one fact to repeat the other.

    Args:
        ocpp_status: the status of the last StatusNotification, or None when there was none yet.
        deleted: whether the charge box was removed; nothing else matters then.

    Returns:
        REMOVED when deleted; UNKNOWN when nothing was reported, or a word that OCPP 1.6 does not
        have; else the row of the table. PLANNED is never returned: no charge box can report it.
    """
    if deleted:
        return EvseStatus.REMOVED
    if ocpp_status is None:
        return EvseStatus.UNKNOWN
    return FROM_OCPP.get(ocpp_status, EvseStatus.UNKNOWN)


def shared_status(
    ocpp_status: str | None, overrides: Iterable[Override], *, now: datetime, deleted: bool = False
) -> EvseStatus:
    """
    Say what drivers and partners are told of an EVSE.

    Of several overrides in force the one that began last counts, so that a short one
    may lie inside a long one; of two that began together, the one that was made last.

    Args:
        ocpp_status: as for `technical_status`, which is the answer while no override is in force.
        overrides: those of this EVSE; ended and future ones may be among them.
        now: the moment that it is told.
        deleted: as for `technical_status`; what is gone is REMOVED, whatever was declared of it.
    """
    in_force = [override for override in overrides if override.is_in_force(now)]
    if deleted or not in_force:
        return technical_status(ocpp_status, deleted=deleted)
    latest = max(in_force, key=lambda override: (override.valid_from, override.id))
    return FROM_TEMPORARY[latest.status]
