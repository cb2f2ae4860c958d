"""
Us → charge box: one file per action, and COMMANDS.

A command is a function that returns the charge box's own word, or raises the one
CallFailed that says why there is none. It cannot know whether the charge box hangs
on this process or on another. `send` is for everything that has no function. Whoever
acts for a person calls through a `RecordedCaller`.

To add an action: a file here, and its row below.
"""

from csms.commands.change_availability import change_availability
from csms.commands.recorded import RecordedCaller
from csms.commands.remote_start_transaction import remote_start_transaction
from csms.commands.remote_stop_transaction import remote_stop_transaction
from csms.commands.reset import reset
from csms.commands.send import COMMANDS, Outcome, send
from csms.commands.unlock_connector import unlock_connector

__all__ = [
    "COMMANDS",
    "Outcome",
    "RecordedCaller",
    "change_availability",
    "remote_start_transaction",
    "remote_stop_transaction",
    "reset",
    "send",
    "unlock_connector",
]
