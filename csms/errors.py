"""
What can go wrong, in the words of charging.

An error carries data and prints a sentence; it knows no protocol. The edges
translate: `api/errors.py` to HTTP, `csms/gateway/dispatch.py` to OCPP-J.

    CsmsError
     ├─ ConfigurationError      a setting is wrong (names the variable)
     ├─ StoreUnavailable        the database cannot be reached just now
     ├─ NotFound                there is no such thing
     ├─ Conflict                it exists already, or is in use
     ├─ Invalid                 a field has a value that cannot be
     └─ CallFailed              a charge box gave no good answer
         ├─ ChargeBoxOffline    it is not connected
         ├─ CallQueueFull       too many calls wait for it already
         ├─ CallTimeout         it did not answer in time
         └─ CallRefused         it answered with a CALLERROR, or with nonsense
"""

from collections.abc import Mapping
from typing import Any


class CsmsError(Exception):
    """Everything that this system raises on purpose."""


class ConfigurationError(CsmsError):
    """A setting is wrong; the sentence names the variable and what to do."""

    def __init__(self, setting: str, reason: str) -> None:
        super().__init__(f"{setting}: {reason}")
        self.setting = setting
        self.reason = reason


class StoreUnavailable(CsmsError):
    """The database cannot be reached just now; nothing was acknowledged."""

    def __init__(self, reason: str = "the database cannot be reached") -> None:
        super().__init__(reason)


class NotFound(CsmsError):
    """There is no such thing."""

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"there is no {kind} {key}")
        self.kind = kind
        self.key = key


class Conflict(CsmsError):
    """It exists already, or is still in use."""


class Invalid(CsmsError):
    """A field has a value that cannot be accepted.

    Args:
        field: the field's path in the words of the caller, e.g. `identifier.uid`.
        reason: why, as a sentence without the field's name.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class CallFailed(CsmsError):
    """A charge box gave no good answer to a call."""


class ChargeBoxOffline(CallFailed):
    """The charge box is not connected."""

    def __init__(self, charge_box_id: str, reason: str = "Charge box is not connected") -> None:
        super().__init__(reason)
        self.charge_box_id = charge_box_id


class CallQueueFull(CallFailed):
    """Too many calls wait for this charge box already."""

    def __init__(self, charge_box_id: str, waiting: int) -> None:
        super().__init__(f"{waiting} calls wait for charge box '{charge_box_id}' already; try again later")
        self.charge_box_id = charge_box_id
        self.waiting = waiting


class CallTimeout(CallFailed):
    """The charge box did not answer in time."""

    def __init__(self, charge_box_id: str, action: str, timeout_s: float) -> None:
        super().__init__(f"charge box '{charge_box_id}' did not answer {action} within {timeout_s:g} s")
        self.charge_box_id = charge_box_id
        self.action = action
        self.timeout_s = timeout_s


class CallRefused(CallFailed):
    """The charge box answered a call with a CALLERROR, or with an answer that has no meaning."""

    def __init__(
        self, charge_box_id: str, action: str, code: str, description: str, details: Mapping[str, Any]
    ) -> None:
        text = f": {description}" if description else ""
        super().__init__(f"charge box '{charge_box_id}' answered {action} with {code}{text}")
        self.charge_box_id = charge_box_id
        self.action = action
        self.code = code
        self.description = description
        self.details = details
