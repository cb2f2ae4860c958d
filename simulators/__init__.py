"""
Simulated OCPP 1.6J charge points: black boxes that import neither csms nor api.

`ChargePoint` is one of them, with a programmable interface for tests;
`python -m simulators` runs one or a thousand from the command line.
"""

from simulators.books import Books, Delivery, Reading, TransactionRecord
from simulators.charge_point import ChargePoint
from simulators.errors import CallFailed, CallTimedOut, Offline, ScenarioError, ScenarioFailed, SimulatorError
from simulators.options import Options
from simulators.overrides import Override
from simulators.vehicle import Vehicle

__all__ = [
    "Books",
    "CallFailed",
    "CallTimedOut",
    "ChargePoint",
    "Delivery",
    "Offline",
    "Options",
    "Override",
    "Reading",
    "ScenarioError",
    "ScenarioFailed",
    "SimulatorError",
    "TransactionRecord",
    "Vehicle",
]
