"""
What can go wrong on the charge point's side.

SimulatorError
├── FrameError        a frame is not OCPP-J
├── CallFailed        the central system answered with a CALLERROR
├── CallTimedOut      the central system did not answer in time
├── Offline           there is no connection, or it ended before the answer
├── ScenarioError     a scenario file cannot be understood (exit code 2)
└── ScenarioFailed    a scenario did not go as its file says (exit code 1)
"""

from __future__ import annotations

from typing import Any


class SimulatorError(Exception):
    """Whatever the simulators raise on purpose."""


class FrameError(SimulatorError):
    """A frame is not OCPP-J."""


class CallFailed(SimulatorError):
    """The central system answered with a CALLERROR."""

    def __init__(self, action: str, code: str, description: str = "", details: dict[str, Any] | None = None) -> None:
        super().__init__(f"{action} was answered with {code}: {description or 'no description'}")
        self.action = action
        self.code = code
        self.description = description
        self.details = details or {}


class CallTimedOut(SimulatorError):
    """The central system did not answer in time."""

    def __init__(self, action: str, timeout_s: float) -> None:
        super().__init__(f"{action} was not answered within {timeout_s:g} s")
        self.action = action
        self.timeout_s = timeout_s


class Offline(SimulatorError):
    """There is no connection, or it ended before the answer."""

    def __init__(self, action: str) -> None:
        super().__init__(f"{action} was not answered: there is no connection")
        self.action = action


class ScenarioError(SimulatorError):
    """A scenario file cannot be understood; the message begins with file and line."""


class ScenarioFailed(SimulatorError):
    """A scenario did not go as its file says; the message begins with file and line."""
