"""
The ways to refuse a call, in OCPP-J's own words (4.2.3, table 7).

The handler path raises OcppError; the edge turns it into one CALLERROR.
"""

from enum import StrEnum
from typing import Any


class ErrorCode(StrEnum):
    """
    The error codes of OCPP-J 1.6.

    Two of them are misprinted in the specification, and charge boxes know the misprints: `FormationViolation` and
    `OccurenceConstraintViolation` stay as they are (errata sheet 5.1 and 5.2, "do not fix").
    """

    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    INTERNAL_ERROR = "InternalError"
    PROTOCOL_ERROR = "ProtocolError"
    SECURITY_ERROR = "SecurityError"
    FORMATION_VIOLATION = "FormationViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    OCCURENCE_CONSTRAINT_VIOLATION = "OccurenceConstraintViolation"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"
    GENERIC_ERROR = "GenericError"


class OcppError(Exception):
    """
    A call, or the answer to one, that cannot be accepted.

    Attributes:
        code: what a CALLERROR would say.
        description: a sentence for people. It names fields and never quotes their values, which may be secret; on the
            wire it is cut to 255 characters.
        details: a JSON object for machines, empty unless there is something to add.
    """

    def __init__(self, code: ErrorCode, description: str = "", details: dict[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {description}" if description else str(code))
        self.code = code
        self.description = description
        self.details = details or {}
