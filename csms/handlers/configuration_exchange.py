"""
After an accepted boot: look at a few configuration keys, and set what is needed.

Once per boot, after a settle time, in small sets. A charge box that refuses or
never answers is left in peace, and the fact is recorded (field-notes.md 45, 48).
"""

import asyncio
from typing import Any

from csms.domain.configuration import QUESTIONS, ConfigurationValue, changes, is_secret
from csms.errors import CallFailed, ChargeBoxOffline
from csms.handlers.context import Context
from csms.store.ledger import Changed


async def run(context: Context) -> None:
    """Exchange configuration with a charge box that has just booted, and record how it went."""
    await asyncio.sleep(context.policy.settle_time_s)
    reported: dict[str, ConfigurationValue] = {}
    unknown: list[str] = []
    made: list[dict[str, str]] = []
    outcome: dict[str, Any] = {"outcome": "done"}
    try:
        for number, keys in enumerate(QUESTIONS):
            await _ask(context, keys, reported, unknown)
            if number == 0:
                for key, value in changes(reported, context.policy.wanted_of(context.box.identity)):
                    made.append({"key": key, "value": value, "status": await _set(context, key, value)})
    except ChargeBoxOffline:
        return
    except CallFailed as error:
        outcome = {"outcome": "left in peace", "reason": str(error)}
    shown = {
        key: {"value": "***" if is_secret(key) else entry.value, "readonly": entry.readonly}
        for key, entry in reported.items()
    }
    record = {**outcome, "keys": shown, "unknown_keys": unknown, "changes": made}
    # Nobody waits for it, so a database that is away just now does not lose it.
    context.ledger.note_changed(Changed(context.box.id, context.now, {"configuration": record}))


async def _ask(
    context: Context, keys: tuple[str, ...], reported: dict[str, ConfigurationValue], unknown: list[str]
) -> None:
    answer = await context.caller.call(context.box, "GetConfiguration", {"key": list(keys)})
    for entry in answer.get("configurationKey") or []:
        reported[entry["key"]] = ConfigurationValue(entry.get("value"), bool(entry.get("readonly", False)))
    unknown += answer.get("unknownKey") or []


async def _set(context: Context, key: str, value: str) -> str:
    answer = await context.caller.call(context.box, "ChangeConfiguration", {"key": key, "value": value})
    return str(answer["status"])
