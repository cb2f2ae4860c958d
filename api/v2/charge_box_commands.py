"""Commands to a charge box as a whole: reset, reboot, and any other that OCPP 1.6 has."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path
from ocpp.v16.enums import ResetStatus, ResetType

from api.auth import OPERATOR, VIEWER
from api.deps import Calls, Store
from api.openapi import answers
from api.shapes import Id, In, Out
from api.v2.outcomes import CommandErrorOut, ResetOut, hear
from csms import commands
from csms.store import charge_boxes

router = APIRouter(prefix="/v2/chargeboxes/{id}", tags=["Charge boxes"], dependencies=[VIEWER])

_OFFLINE = ResetOut(status=ResetStatus.rejected, error=CommandErrorOut(message="Charge box is not connected"))


class ResetIn(In):
    """Soft ends transactions and restarts the software; Hard restarts the hardware."""

    type: ResetType


class OutcomeOut(Out):
    """
    What became of a command, in full.

    `response` is the payload of the CALLRESULT; `error` has the code, description and details of a CALLERROR.
    """

    outcome: Literal["Answered", "CallError", "Timeout", "Offline"]
    response: dict[str, Any] | None
    error: dict[str, Any] | None
    duration_ms: float


_ANSWERED = OutcomeOut(
    outcome="Answered",
    response={"configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}]},
    error=None,
    duration_ms=38.2,
)


@router.post("/reset", summary="Reset a charge box", dependencies=[OPERATOR], responses=answers(_OFFLINE, 400, 404))
async def reset(id: Id, body: ResetIn, database: Store, caller: Calls) -> ResetOut:
    """Asks for a reset and answers the charge box's own word."""
    box = await charge_boxes.get_key(database, id)
    return ResetOut.of(await hear(commands.reset(caller, box, type=body.type)))


@router.post("/reboot", summary="Reboot a charge box", dependencies=[OPERATOR], responses=answers(_OFFLINE, 400, 404))
async def reboot(id: Id, database: Store, caller: Calls) -> ResetOut:
    """The same as a Soft reset."""
    box = await charge_boxes.get_key(database, id)
    return ResetOut.of(await hear(commands.reset(caller, box, type=ResetType.soft)))


@router.post(
    "/commands/{action}",
    summary="Send any command",
    dependencies=[OPERATOR],
    responses=answers(_ANSWERED, 400, 404, 413),
)
async def send_command(
    id: Id,
    action: Annotated[
        str, Path(description="An action of OCPP 1.6.", json_schema_extra={"enum": sorted(commands.COMMANDS)})
    ],
    database: Store,
    caller: Calls,
    payload: Annotated[
        dict[str, Any] | None,
        Body(description="The request as OCPP 1.6 has it; none is {}.", examples=[{"key": ["HeartbeatInterval"]}]),
    ] = None,
) -> OutcomeOut:
    """
    Sends a request of OCPP 1.6, checked against its schema, and answers what became of it: the charge box's
    answer, its CALLERROR, its silence, or that it is not connected. Beyond Spirii's API.
    """
    box = await charge_boxes.get_key(database, id)
    done = await commands.send(caller, box, action, payload or {})
    return OutcomeOut(
        outcome=done.outcome, response=done.response, error=done.error, duration_ms=round(done.duration_ms, 3)
    )
