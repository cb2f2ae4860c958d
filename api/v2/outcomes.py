"""
What became of a command, in the shapes that it is answered in.

That a charge box refuses, is away or stays silent is no HTTP error: the status says
no, and the message says which of these it was. A caller never hears success for a
charge box that did not say so.
"""

from collections.abc import Awaitable
from enum import StrEnum
from typing import Generic, TypeVar

from ocpp.v16.enums import AvailabilityStatus, RemoteStartStopStatus, ResetStatus, UnlockStatus

from api.shapes import Out, left_out_when_none
from csms.errors import CallFailed, CallRefused

Word = TypeVar("Word", bound=StrEnum)

# Codes of a CALLERROR by which a charge box says that it has no such function (OCPP-J 1.6, 4.2.3).
_HAS_NO_SUCH_FUNCTION = {"NotSupported", "NotImplemented"}


class Heard(Generic[Word]):
    """The charge box's word, or why there is none."""

    def __init__(self, word: Word | None, failure: CallFailed | None) -> None:
        self.word = word
        self.failure = failure

    @property
    def has_no_such_function(self) -> bool:
        """Whether the charge box said that it does not know this command."""
        return isinstance(self.failure, CallRefused) and self.failure.code in _HAS_NO_SUCH_FUNCTION


async def hear(answer: Awaitable[Word]) -> Heard[Word]:
    """Await a command; its failures become part of the answer."""
    try:
        return Heard(await answer, None)
    except CallFailed as failure:
        return Heard(None, failure)


class CommandErrorOut(Out):
    """Why a command was not carried out."""

    message: str


class ResetOut(Out):
    """What became of a reset."""

    status: ResetStatus
    error: CommandErrorOut | None = left_out_when_none()

    @classmethod
    def of(cls, heard: Heard[ResetStatus]) -> "ResetOut":
        """Say it."""
        return cls(status=heard.word or ResetStatus.rejected, error=_error(heard, ResetStatus.rejected))


class RemoteOut(Out):
    """What became of a remote start or stop. Accepted means that the charge box will try."""

    status: RemoteStartStopStatus
    error: CommandErrorOut | None = left_out_when_none()

    @classmethod
    def of(cls, heard: Heard[RemoteStartStopStatus]) -> "RemoteOut":
        """Say it."""
        rejected = RemoteStartStopStatus.rejected
        return cls(status=heard.word or rejected, error=_error(heard, rejected))

    @classmethod
    def refused(cls, reason: str) -> "RemoteOut":
        """Say that the charge box was not asked, and why."""
        return cls(status=RemoteStartStopStatus.rejected, error=CommandErrorOut(message=reason))


class UnlockOut(Out):
    """What became of an unlock."""

    status: UnlockStatus
    error: CommandErrorOut | None = left_out_when_none()

    @classmethod
    def of(cls, heard: Heard[UnlockStatus]) -> "UnlockOut":
        """Say it."""
        failed = UnlockStatus.not_supported if heard.has_no_such_function else UnlockStatus.unlock_failed
        return cls(
            status=heard.word or failed, error=_error(heard, UnlockStatus.unlock_failed, UnlockStatus.not_supported)
        )


class AvailabilityOut(Out):
    """What became of a change of availability."""

    status: AvailabilityStatus
    description: str

    @classmethod
    def of(cls, heard: Heard[AvailabilityStatus]) -> "AvailabilityOut":
        """Say it."""
        if heard.word is None:
            return cls(status=AvailabilityStatus.rejected, description=str(heard.failure))
        return cls(status=heard.word, description=_AVAILABILITY[heard.word])


_AVAILABILITY = {
    AvailabilityStatus.accepted: "Connector availability change was applied successfully.",
    AvailabilityStatus.rejected: "Charge box rejected the change.",
    AvailabilityStatus.scheduled: "Connector availability will change when the running transaction has ended.",
}


def _error(heard: Heard[Word], *negative: Word) -> CommandErrorOut | None:
    if heard.failure is not None:
        return CommandErrorOut(message=str(heard.failure))
    if heard.word in negative:
        return CommandErrorOut(message=f"Charge box answered {heard.word}")
    return None
