"""`/v2/voucher-groups`: what vouchers change, and where."""

from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field, StringConstraints

from api.auth import VIEWER, Editor
from api.deps import Store
from api.openapi import answers
from api.paging import CountedOut, Search, sectioned
from api.shapes import Id, In, Line, Out, Reference
from api.times import Iso
from csms.store import customers, voucher_groups
from csms.store.pages import Section
from csms.store.voucher_groups import Filter, Link, NewVoucherGroup, VoucherGroup

router = APIRouter(prefix="/v2/voucher-groups", tags=["Voucher groups"], dependencies=[VIEWER])


class PricingOut(Out):
    """The tariff in place of the location's; without one sessions are free."""

    tariff_id: str | None


class VoucherGroupOut(Out):
    """A voucher group. `companyId` is its customer; without one it is the operator's own."""

    id: int
    name: str
    pricing: PricingOut
    company_id: int | None
    customer_id: int | None
    operator_id: int
    notes: str | None
    created_at: Iso
    updated_at: Iso
    deleted_at: Iso | None


class VoucherGroupLocationOut(Out):
    """A group is good at a location."""

    voucher_group_id: int
    location_id: int
    created_at: Iso


_GroupName = Annotated[Line, StringConstraints(min_length=1, max_length=30)]
_Notes = Annotated[Line, StringConstraints(max_length=30)]
_LocationId = Annotated[Id, Path(alias="locationId")]


class PricingIn(In):
    """The tariff in place of the location's; without one sessions are free."""

    tariff_id: Annotated[Line, StringConstraints(min_length=1, max_length=64)] | None = None


class VoucherGroupIn(In):
    """A new voucher group."""

    name: _GroupName
    pricing: PricingIn
    customer_id: Reference | None = Field(default=None, description="Default: the operator itself.")
    notes: _Notes | None = None

    def new(self) -> NewVoucherGroup:
        """What the store is told."""
        return NewVoucherGroup(self.name, self.pricing.tariff_id, self.customer_id, self.notes)


class VoucherGroupChangesIn(In):
    """
    What can be changed of a voucher group; what is left out stays.

    null clears `notes`, `customerId` (then it is the operator's own) and `pricing.tariffId`
    (then sessions are free).
    """

    name: _GroupName | None = None
    pricing: PricingIn | None = None
    customer_id: Reference | None = None
    notes: _Notes | None = None

    def columns(self) -> dict[str, Any]:
        """The new values, by the names of the store."""
        said = {name: getattr(self, name) for name in self.model_fields_set - {"pricing"}}
        if self.pricing is not None and self.pricing.model_fields_set:
            said["tariff_id"] = self.pricing.tariff_id
        return {name: value for name, value in said.items() if value is not None or name != "name"}


class VoucherGroupSort(StrEnum):
    """What voucher groups are sorted by."""

    ID = "id"
    NAME = "name"
    CREATED_AT = "createdAt"
    UPDATED_AT = "updatedAt"


def _show(group: VoucherGroup) -> VoucherGroupOut:
    return VoucherGroupOut(
        id=group.id,
        name=group.name,
        pricing=PricingOut(tariff_id=group.tariff_id),
        company_id=group.customer_id,
        customer_id=group.customer_id,
        operator_id=customers.OPERATOR,
        notes=group.notes,
        created_at=group.created_at,
        updated_at=group.updated_at,
        deleted_at=None,
    )


def _show_link(link: Link) -> VoucherGroupLocationOut:
    return VoucherGroupLocationOut(
        voucher_group_id=link.voucher_group_id, location_id=link.location_id, created_at=link.created_at
    )


_NOON = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)
_EXAMPLE = VoucherGroupOut(
    id=3,
    name="Hotel guests",
    pricing=PricingOut(tariff_id="2606f342-6d43-4f0f-9c2a-6b8b8f6f8a11"),
    company_id=None,
    customer_id=None,
    operator_id=1,
    notes="Until autumn",
    created_at=_NOON,
    updated_at=_NOON,
    deleted_at=None,
)
_GONE: dict[str, Any] = {"status": 204, "description": "Done"}


def _filter(
    search: Search = None,
    customer_id: Annotated[Id | None, Query(alias="customerId", description="Only of this customer.")] = None,
) -> Filter:
    return Filter(search, customer_id)


@router.get(
    "", summary="List voucher groups", responses=answers(CountedOut[VoucherGroupOut](data=[_EXAMPLE], count=1), 400)
)
async def list_voucher_groups(
    database: Store,
    wanted: Annotated[Filter, Depends(_filter)],
    section: Annotated[Section, Depends(sectioned(VoucherGroupSort))],
) -> CountedOut[VoucherGroupOut]:
    """Voucher groups that are not deleted, with and without a company; `count` is how many match in all."""
    found, count = await voucher_groups.list(database, wanted, section)
    return CountedOut[VoucherGroupOut](data=[_show(group) for group in found], count=count)


@router.get("/{id}", summary="Get a voucher group", responses=answers(_EXAMPLE, 400, 404))
async def get_voucher_group(id: Id, database: Store) -> VoucherGroupOut:
    """One voucher group that is not deleted."""
    return _show(await voucher_groups.get(database, id))


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Create a voucher group",
    responses=answers(_EXAMPLE, 400, 413, status=201, description="Created"),
)
async def create_voucher_group(body: VoucherGroupIn, database: Store, key: Editor) -> VoucherGroupOut:
    """Create a voucher group; it is good where locations are put into it."""
    return _show(await voucher_groups.create(database, body.new(), actor=key.name))


@router.patch("/{id}", summary="Change a voucher group", responses=answers(_EXAMPLE, 400, 404, 413))
async def change_voucher_group(id: Id, body: VoucherGroupChangesIn, database: Store, key: Editor) -> VoucherGroupOut:
    """Change what is said of a voucher group; sessions that run keep what applied when they began."""
    return _show(await voucher_groups.change(database, id, body.columns(), actor=key.name))


@router.delete(
    "/{id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Delete a voucher group",
    responses=answers(None, 400, 404, **_GONE),
)
async def delete_voucher_group(id: Id, database: Store, key: Editor) -> Response:
    """Delete a voucher group and its vouchers."""
    await voucher_groups.delete_group(database, id, actor=key.name)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/{id}/locations", summary="List a voucher group's locations", responses=answers([1, 2, 3], 400, 404))
async def list_locations(id: Id, database: Store) -> list[int]:
    """The ids of the locations where the group's vouchers are good, ascending."""
    return list(await voucher_groups.locations(database, id))


@router.post(
    "/{id}/locations/{locationId}",
    status_code=HTTPStatus.CREATED,
    summary="Put a location into a voucher group",
    responses=answers(
        VoucherGroupLocationOut(voucher_group_id=3, location_id=42, created_at=_NOON),
        400,
        404,
        status=201,
        description="It is in the group",
    ),
)
async def add_location(id: Id, location_id: _LocationId, database: Store, key: Editor) -> VoucherGroupLocationOut:
    """Make the group's vouchers good at a location. A repeat changes nothing."""
    return _show_link(await voucher_groups.link(database, id, location_id, actor=key.name))


@router.delete(
    "/{id}/locations/{locationId}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Take a location out of a voucher group",
    responses=answers(None, 400, 404, **_GONE),
)
async def remove_location(id: Id, location_id: _LocationId, database: Store, key: Editor) -> Response:
    """Take a location out of a group; one that is not in it is 404."""
    await voucher_groups.unlink(database, id, location_id, actor=key.name)
    return Response(status_code=HTTPStatus.NO_CONTENT)
