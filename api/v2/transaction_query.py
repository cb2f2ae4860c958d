"""
The query of a list of transactions.

Each time filter has the documented name and, for those who know its siblings' (`…From`,
`…To`), theirs as well.
"""

from typing import Annotated, Any

from fastapi import Depends, Query

from api.shapes import Id, Line
from api.times import Moment
from csms.domain.location_types import PARKING_TYPES, LocationType
from csms.store.transactions import Filter, SortBy, Span, TransactionType


def _since(field: str) -> Any:
    return Query(alias=field, description="From this moment, inclusive.")


def _until(field: str) -> Any:
    return Query(alias=field, description="To this moment, inclusive.")


def _started(
    at: Annotated[Moment | None, _since("startedAt")] = None,
    since: Annotated[Moment | None, _since("startedAtFrom")] = None,
    until: Annotated[Moment | None, _until("startedAtTo")] = None,
) -> Span:
    return Span(at or since, until)


def _updated(
    at: Annotated[Moment | None, _since("updatedAt")] = None,
    since: Annotated[Moment | None, _since("updatedAtFrom")] = None,
    most: Annotated[Moment | None, _until("updatedAtMax")] = None,
    until: Annotated[Moment | None, _until("updatedAtTo")] = None,
) -> Span:
    return Span(at or since, most or until)


def _ended(
    at: Annotated[Moment | None, _since("endedAt")] = None,
    since: Annotated[Moment | None, _since("endedAtFrom")] = None,
    most: Annotated[Moment | None, _until("endedAtMax")] = None,
    until: Annotated[Moment | None, _until("endedAtTo")] = None,
) -> Span:
    return Span(at or since, most or until)


def read_filter(
    started: Annotated[Span, Depends(_started)],
    updated: Annotated[Span, Depends(_updated)],
    ended: Annotated[Span, Depends(_ended)],
    location_id: Annotated[Id | None, Query(alias="locationId", description="Only at this location.")] = None,
    location_type: Annotated[
        LocationType | None, Query(alias="locationType", description="Only at this kind of place.")
    ] = None,
    transaction_type: Annotated[
        TransactionType | None,
        Query(alias="transactionType", description="Without roaming, everything is nonRoaming and nothing the others."),
    ] = None,
    app_user_id: Annotated[Id | None, Query(alias="appUserId", description="Only of this app user's tokens.")] = None,
    voucher_id: Annotated[Id | None, Query(alias="voucherId", description="Only with this voucher.")] = None,
    id_tag: Annotated[
        Line | None, Query(alias="idTagUid", max_length=255, description="Only of this idTag, in whatever case.")
    ] = None,
    evse_id: Annotated[Line | None, Query(alias="evseId", max_length=255, description="Only at this EVSE.")] = None,
    charge_box_id: Annotated[Id | None, Query(alias="chargeBoxId", description="Only of this charge box.")] = None,
    sort_by: Annotated[
        SortBy | None,
        Query(
            alias="sortBy",
            description="Descending. Default: createdAt; with a time filter, its field ascending.",
        ),
    ] = None,
    ongoing: Annotated[bool, Query(description="Only those that run.")] = False,
) -> Filter:
    """Read what a list is narrowed to, and its order."""
    return Filter(
        charge_box_id=charge_box_id,
        evse_id=evse_id,
        location_id=location_id,
        parking_type=None if location_type is None else PARKING_TYPES[location_type],
        id_tag=id_tag,
        app_user_id=app_user_id,
        voucher_id=voucher_id,
        type=transaction_type,
        ongoing=ongoing,
        started=started,
        updated=updated,
        ended=ended,
        sort_by=sort_by,
    )
