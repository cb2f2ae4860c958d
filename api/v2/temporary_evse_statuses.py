"""
`/v2/temporary-evse-statuses`: what drivers and partners are told of an EVSE, for a time.

Only the shared status changes, the one of `/v2/locations` and AFIR. The charge box is
not asked and goes on charging; `/v2/evses` shows what it says.
"""

from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints

from api.auth import VIEWER, Editor
from api.deps import Store
from api.openapi import answers
from api.shapes import Id, In, Line, Out, left_out_when_none
from api.times import Iso, Moment
from csms.domain.status import TemporaryStatus
from csms.store import temporary_evse_statuses
from csms.store.temporary_evse_statuses import TemporaryEvseStatus

router = APIRouter(prefix="/v2/temporary-evse-statuses", tags=["Temporary EVSE statuses"], dependencies=[VIEWER])


class TemporaryEvseStatusOut(Out):
    """A temporary status; without `validTo` it lasts until it is removed."""

    id: int
    temporary_status: TemporaryStatus
    evse_id: str
    valid_from: Iso
    valid_to: Iso | None = left_out_when_none()


_EvseId = Annotated[Line, StringConstraints(min_length=1, max_length=100)]


class TemporaryEvseStatusIn(In):
    """A new temporary status."""

    evse_id: _EvseId
    temporary_status: TemporaryStatus
    valid_from: Moment | None = Field(default=None, description="Default: now.")
    valid_to: Moment | None = Field(default=None, description="Default: until it is removed.")


class TemporaryEvseStatusChangesIn(In):
    """What can be changed; what is left out stays. `validTo` null: until it is removed."""

    temporary_status: TemporaryStatus | None = None
    valid_from: Moment | None = None
    valid_to: Moment | None = None

    def changes(self) -> dict[str, Any]:
        """The new values, by the names of the store."""
        said: dict[str, Any] = {
            "temporary_status": None if self.temporary_status is None else self.temporary_status.value,
            "valid_from": self.valid_from,
        }
        changed = {name: value for name, value in said.items() if value is not None}
        return changed | ({"valid_to": self.valid_to} if "valid_to" in self.model_fields_set else {})


class ActiveOnly(StrEnum):
    """A truth value, which this list documents as text."""

    TRUE = "true"
    FALSE = "false"


def _show(status: TemporaryEvseStatus) -> TemporaryEvseStatusOut:
    return TemporaryEvseStatusOut(
        id=status.id,
        temporary_status=status.status,
        evse_id=status.evse_id,
        valid_from=status.valid_from,
        valid_to=status.valid_to,
    )


_EXAMPLE = TemporaryEvseStatusOut(
    id=42,
    temporary_status=TemporaryStatus.MAINTENANCE,
    evse_id="CB000042*1",
    valid_from=datetime(2025, 4, 23, 10, 0, tzinfo=UTC),
    valid_to=datetime(2025, 4, 23, 12, 0, tzinfo=UTC),
)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Declare a temporary status of an EVSE",
    responses=answers(_EXAMPLE, 400, 404, 413, status=201, description="Created"),
)
async def create_temporary_status(body: TemporaryEvseStatusIn, database: Store, key: Editor) -> TemporaryEvseStatusOut:
    """Begins and ends by itself. Of several in force, the one that began last is shown."""
    made = await temporary_evse_statuses.create(
        database,
        body.evse_id,
        body.temporary_status,
        valid_from=body.valid_from or datetime.now(UTC),
        valid_to=body.valid_to,
        actor=key.name,
    )
    return _show(made)


@router.get(
    "", summary="List temporary statuses", responses=answers([_EXAMPLE.model_dump(mode="json", by_alias=True)], 400)
)
async def list_temporary_statuses(
    database: Store,
    evse_id: Annotated[Line | None, Query(alias="evseId", max_length=100, description="Only of this EVSE.")] = None,
    active_only: Annotated[
        ActiveOnly, Query(alias="activeOnly", description="false: also those that are over, or yet to begin.")
    ] = ActiveOnly.TRUE,
) -> list[TemporaryEvseStatusOut]:
    """Those in force, the newest first; a bare array of 10,000 at most."""
    active_at = datetime.now(UTC) if active_only is ActiveOnly.TRUE else None
    return [
        _show(found) for found in await temporary_evse_statuses.list(database, evse_id=evse_id, active_at=active_at)
    ]


@router.get("/{id}", summary="Get a temporary status", responses=answers(_EXAMPLE, 400, 404))
async def get_temporary_status(id: Id, database: Store) -> TemporaryEvseStatusOut:
    """One temporary status, also one that is over or yet to begin."""
    return _show(await temporary_evse_statuses.get(database, id))


@router.patch("/{id}", summary="Change a temporary status", responses=answers(_EXAMPLE, 400, 404, 413))
async def change_temporary_status(
    id: Id, body: TemporaryEvseStatusChangesIn, database: Store, key: Editor
) -> TemporaryEvseStatusOut:
    """Change what is declared, or when. The EVSE stays the same."""
    return _show(await temporary_evse_statuses.change(database, id, body.changes(), actor=key.name))


@router.delete(
    "/{id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Remove a temporary status",
    responses=answers(None, 400, 404, status=204, description="Removed"),
)
async def remove_temporary_status(id: Id, database: Store, key: Editor) -> Response:
    """The shared status is the technical one again."""
    await temporary_evse_statuses.remove(database, id, actor=key.name)
    return Response(status_code=HTTPStatus.NO_CONTENT)
