"""
What a charge box says about a connector, in the words that the API shares.

OCPP 1.6 describes the connector (what is it doing?), OCPI the EVSE (can I use
it?). One table answers; two of its rows surprise: Preparing already counts as
CHARGING, because the place is taken, and a suspended session as BLOCKED, because
the place is taken and no energy flows.
"""

from collections.abc import Mapping
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


def shared_status(ocpp_status: str | None, *, deleted: bool = False) -> EvseStatus:
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
