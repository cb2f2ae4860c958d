"""StartTransaction (OCPP 1.6, 4.8 and 6.45)."""

from decimal import Decimal

from ocpp.v16 import call_result

from csms.domain.transactions import start_key, time_oddities
from csms.handlers.context import Context
from csms.handlers.id_tags import MAX_ID_TAG, id_tag_info
from csms.ocpp.payloads import StartTransaction, parse_timestamp
from csms.store.ledger import Started


async def answer(request: StartTransaction, context: Context) -> call_result.StartTransaction:
    """
    Record the transaction, and say whether it may go on.

    Recorded for every idTag, a refused one included: the charge box may have been
    offline, and then the energy is already delivered. A repeat, under whatever
    unique id and connection, gets the first answer (law 4).
    """
    at = parse_timestamp(request.timestamp)
    meter_start_wh = None if request.meter_start is None else Decimal(request.meter_start)
    recorded = await context.ledger.start_transaction(
        Started(
            charge_box=context.box.id,
            identity=context.box.identity,
            connector=_connector(request.connector_id),
            id_tag=request.id_tag[:MAX_ID_TAG],
            meter_start_wh=meter_start_wh,
            at=at,
            at_raw=request.timestamp,
            received_at=context.now,
            key=start_key(
                context.box.id,
                request.connector_id,
                request.id_tag,
                request.timestamp,
                meter_start_wh,
                context.unique_id,
            ),
            reservation_id=_reservation(request.reservation_id),
            oddities=tuple(_oddities(request, context)),
        )
    )
    return call_result.StartTransaction(
        transaction_id=recorded.transaction_id, id_tag_info=id_tag_info(recorded.answer, recorded.token)
    )


def _connector(number: int) -> int:
    """A connector that cannot be is kept as -1; the journal has what was sent."""
    return number if 0 <= number < 2**15 else -1


def _reservation(number: int | None) -> int | None:
    return number if number is not None and -(2**63) <= number < 2**63 else None


def _oddities(request: StartTransaction, context: Context) -> list[str]:
    found = time_oddities("start", request.timestamp, parse_timestamp(request.timestamp), context.now)
    if request.meter_start is None:
        found.append("meter_start_missing")
    if not request.id_tag:
        found.append("id_tag_missing")
    if len(request.id_tag) > MAX_ID_TAG:
        found.append("id_tag_cut")
    if _connector(request.connector_id) <= 0:
        found.append("connector_impossible")
    return found
