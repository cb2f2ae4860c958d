"""
Answering commands: what is carried out, what is said, and in which order.

Normally the answer goes first and what follows from it comes after. A test can
have it otherwise (see overrides.py).
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from simulators.commands import Refused, carry_out, refusal
from simulators.frames import Call, CallError, CallResult
from simulators.overrides import Override
from simulators.registration import Standing

if TYPE_CHECKING:
    from simulators.charge_point import ChargePoint

logger = logging.getLogger(__name__)

_NORMAL = Override()
_OWN_CALLS_TIMEOUT_S = 60.0


class Answering:
    """Answers the commands that a charge point receives."""

    def __init__(self, charge_point: ChargePoint) -> None:
        self._charge_point = charge_point
        self._overrides: dict[str, Override] = {}

    def override(self, action: str, override: Override) -> None:
        """Treat the commands of an action so from now on."""
        self._overrides[action] = override

    def restore(self, action: str) -> None:
        """Treat the commands of an action as usual again."""
        self._overrides.pop(action, None)

    async def answer(self, call: Call) -> None:
        """Answer one command, whatever comes of it."""
        charge_point = self._charge_point
        if charge_point.standing is Standing.REJECTED:
            # OCPP 1.6, 4.2: while Rejected, no command is answered.
            charge_point.log.oddities["rejected"] += 1
            return
        if charge_point.standing is Standing.BOOTING:
            charge_point.log.oddities["early"] += 1
        override = self._take(call.action)
        if override.silent:
            return
        if override.error is not None:
            await self._send(CallError(call.unique_id, override.error, override.description), override)
        elif override.payload is not None:
            await self._send(CallResult(call.unique_id, override.payload), override)
        elif override.answer is not None:
            await self._send(CallResult(call.unique_id, await override.answer(call.payload)), override)
        else:
            await self._carry_out(call, override)

    async def _carry_out(self, call: Call, override: Override) -> None:
        try:
            payload, effect = carry_out(self._charge_point, call.action, call.payload)
        except Refused as refused:
            logger.warning("%s: %s", self._charge_point.charge_point_id, refused.description)
            await self._send(refusal(call.unique_id, refused), override)
            return
        answer = CallResult(call.unique_id, payload)
        if not override.after_own_calls:
            await self._send(answer, override)
        if effect is not None:
            await effect()
        if override.after_own_calls:
            await self._charge_point.wait_for(lambda: self._charge_point.idle, timeout_s=_OWN_CALLS_TIMEOUT_S)
            await self._send(answer, override)

    async def _send(self, frame: CallResult | CallError, override: Override) -> None:
        await asyncio.sleep(override.delay_s)
        await self._charge_point.transmit(frame)

    def _take(self, action: str) -> Override:
        override = self._overrides.get(action, _NORMAL)
        if override.times is not None:
            override.times -= 1
            if override.times <= 0:
                self.restore(action)
        return override
