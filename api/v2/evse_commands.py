"""Commands to a connector: start, stop, unlock, availability."""

from typing import Annotated

from fastapi import APIRouter
from ocpp.v16.enums import AvailabilityStatus, AvailabilityType, RemoteStartStopStatus, UnlockStatus
from pydantic import StringConstraints

from api.auth import EDITOR, VIEWER
from api.deps import Calls, Store
from api.openapi import answers
from api.shapes import Id, In, Line, Reference
from api.times import iso
from api.v2.evses import ConnectorId
from api.v2.outcomes import AvailabilityOut, RemoteOut, UnlockOut, hear
from csms import commands
from csms.domain.charge_boxes import ChargeBoxKey
from csms.domain.transactions import EndCause
from csms.errors import Invalid, NotFound
from csms.store import evses, tokens, transactions
from csms.store.database import Database

router = APIRouter(prefix="/v2/evses/{uid}/connectors/{connectorId}", tags=["EVSEs"], dependencies=[VIEWER, EDITOR])

_ACCEPTED = RemoteOut(status=RemoteStartStopStatus.accepted)


class RemoteStartIn(In):
    """Who starts: an idTag as it is, or the id of a token. Exactly one of them."""

    id_tag: Annotated[Line, StringConstraints(min_length=1, max_length=20)] | None = None
    token_id: Reference | None = None


class RemoteStopIn(In):
    """The transaction to stop."""

    transaction_id: Reference


class AvailabilityIn(In):
    """Whether the connector is to be used."""

    type: AvailabilityType


@router.post("/remote-start-transaction", summary="Start a transaction", responses=answers(_ACCEPTED, 400, 404))
async def remote_start(
    uid: Id, connector_id: ConnectorId, body: RemoteStartIn, database: Store, caller: Calls
) -> RemoteOut:
    """
    Asks the charge box to start a transaction, also before a vehicle is connected.

    Accepted is the charge box's word that it will try; the transaction exists when it reports its start.
    """
    evse = await evses.get_connector(database, uid, connector_id)
    id_tag = await _id_tag(body, database)
    start = commands.remote_start_transaction(caller, evse.charge_box, connector_id=evse.connector_id, id_tag=id_tag)
    return RemoteOut.of(await hear(start))


@router.post("/remote-stop-transaction", summary="Stop a transaction", responses=answers(_ACCEPTED, 400, 404))
async def remote_stop(
    uid: Id, connector_id: ConnectorId, body: RemoteStopIn, database: Store, caller: Calls
) -> RemoteOut:
    """
    Asks the charge box to stop a transaction. 404 when it has no such transaction.

    One that the charge box itself reported as ended is Rejected without asking; one of which we only inferred
    the end is asked for, since it may still run.
    """
    evse = await evses.get_connector(database, uid, connector_id)
    if (over := await _why_over(evse.charge_box, body.transaction_id, database)) is not None:
        return RemoteOut.refused(over)
    stop = commands.remote_stop_transaction(caller, evse.charge_box, transaction_id=body.transaction_id)
    return RemoteOut.of(await hear(stop))


@router.post(
    "/unlock",
    summary="Unlock a connector",
    responses=answers(UnlockOut(status=UnlockStatus.unlocked), 400, 404),
)
async def unlock(uid: Id, connector_id: ConnectorId, database: Store, caller: Calls) -> UnlockOut:
    """Asks for the cable to be released. A charge box that says it cannot is NotSupported."""
    evse = await evses.get_connector(database, uid, connector_id)
    answer = commands.unlock_connector(caller, evse.charge_box, connector_id=evse.connector_id)
    return UnlockOut.of(await hear(answer))


_SCHEDULED = AvailabilityOut(
    status=AvailabilityStatus.scheduled,
    description="Connector availability will change when the running transaction has ended.",
)


@router.post("/change-availability", summary="Change the availability", responses=answers(_SCHEDULED, 400, 404))
async def change_availability(
    uid: Id, connector_id: ConnectorId, body: AvailabilityIn, database: Store, caller: Calls
) -> AvailabilityOut:
    """Makes the connector usable or not. Scheduled: when the running transaction has ended."""
    evse = await evses.get_connector(database, uid, connector_id)
    answer = commands.change_availability(caller, evse.charge_box, connector_id=evse.connector_id, type=body.type)
    return AvailabilityOut.of(await hear(answer))


async def _id_tag(body: RemoteStartIn, database: Database) -> str:
    if (body.id_tag is None) == (body.token_id is None):
        raise Invalid("idTag", "send either idTag or tokenId")
    if body.id_tag is not None:
        return body.id_tag
    try:
        return (await tokens.get(database, body.token_id or 0)).uid
    except NotFound as error:
        raise Invalid("tokenId", str(error)) from None


async def _why_over(box: ChargeBoxKey, transaction_id: int, database: Database) -> str | None:
    """Say why a transaction needs no stop; raises NotFound when the charge box never had it."""
    transaction = await transactions.get(database, transaction_id)
    if transaction.charge_box.id != box.id:
        raise NotFound("transaction", f"{transaction_id} of charge box {box.identity}")
    if transaction.end_cause != EndCause.reported or transaction.ended_at is None:
        return None
    return f"Transaction {transaction_id} ended at {iso(transaction.ended_at)}; the charge box was not asked"
