"""
How a test makes a charge point answer a command otherwise than it would.

Without an override a command is carried out and answered at once. An override
replaces the answer (then nothing is carried out), withholds it, or delays it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Payload = dict[str, Any]


@dataclass(slots=True)
class Override:
    """
    What to do with the commands of one action.

    Attributes:
        payload: answer this CALLRESULT; the command is not carried out.
        answer: like `payload`, from a function of the command's payload, which may take its time.
        error: answer a CALLERROR with this code; the command is not carried out.
        description: the errorDescription that goes with `error`.
        silent: never answer; the command is not carried out.
        delay_s: real seconds to wait before the answer, whichever it is.
        after_own_calls: carry the command out first and answer when its own messages have been answered
            (field-notes.md F53: StartTransaction before the reply to RemoteStartTransaction).
        times: how many commands to treat so; None for all that come.
    """

    payload: Payload | None = None
    answer: Callable[[Payload], Awaitable[Payload]] | None = None
    error: str | None = None
    description: str = ""
    silent: bool = False
    delay_s: float = 0.0
    after_own_calls: bool = False
    times: int | None = None
