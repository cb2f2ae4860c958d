"""`/vouchers` of v1: codes with their groups."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.auth import VIEWER
from api.deps import Store
from api.legacy.views import Sectioned, SectionOut, succeeded_by
from api.legacy.voucher_groups import PRICE_EXAMPLE, GroupPriceOut, show_price, tariffs_of
from api.openapi import answers
from api.shapes import Id, Line, Out
from api.times import Iso, Moment
from csms.store import v1, voucher_groups, vouchers
from csms.store.database import Database
from csms.store.pages import Section
from csms.store.vouchers import Filter, Voucher

router = APIRouter(prefix="/vouchers", tags=["Legacy v1"], dependencies=[VIEWER])


class LegacyVoucherOut(Out):
    """A voucher with its group, and the ids of the locations where it is good."""

    id: int
    group_id: int
    code: str
    max_users: int | None
    created_at: Iso
    updated_at: Iso
    expires_at: Iso | None
    locations: list[int]
    group: GroupPriceOut


async def _show_all(database: Database, found: Sequence[Voucher]) -> list[LegacyVoucherOut]:
    groups = await voucher_groups.among(database, sorted({voucher.voucher_group_id for voucher in found}))
    tariffs = await tariffs_of(database, [*groups.values()])
    contents = await v1.contents(database, [*groups])
    return [
        LegacyVoucherOut(
            id=voucher.id,
            group_id=voucher.voucher_group_id,
            code=voucher.code,
            max_users=voucher.max_users,
            created_at=voucher.created_at,
            updated_at=voucher.updated_at,
            expires_at=voucher.expires_at,
            locations=list(contents[voucher.voucher_group_id].location_ids),
            group=show_price(groups[voucher.voucher_group_id], tariffs),
        )
        for voucher in found
    ]


_NOON = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)
_EXAMPLE = LegacyVoucherOut(
    id=67890,
    group_id=3,
    code="TT-67890",
    max_users=100,
    created_at=_NOON,
    updated_at=_NOON,
    expires_at=None,
    locations=[42],
    group=PRICE_EXAMPLE,
)


def _filter(
    group_id: Annotated[Id | None, Query(alias="groupId", description="Only of this voucher group.")] = None,
    code: Annotated[
        Line | None, Query(max_length=100, description="Only the one with this code, in whatever case.")
    ] = None,
    updated_after: Annotated[
        Moment | None, Query(alias="updatedAfter", description="Only those that changed after this moment.")
    ] = None,
) -> Filter:
    return Filter(group_id, code, updated_after)


@router.get(
    "",
    deprecated=True,
    summary="List vouchers (v1)",
    responses=answers(SectionOut[LegacyVoucherOut](data=[_EXAMPLE], total_elements=1, offset=0, limit=250), 400),
    dependencies=[succeeded_by("/v2/vouchers")],
)
async def list_vouchers(
    database: Store, section: Sectioned, wanted: Annotated[Filter, Depends(_filter)]
) -> SectionOut[LegacyVoucherOut]:
    """Vouchers that are not deleted, the latest first."""
    found, total = await vouchers.list(database, wanted, Section(section.offset, section.limit))
    return SectionOut[LegacyVoucherOut](
        data=await _show_all(database, found), total_elements=total, offset=section.offset, limit=section.limit
    )


@router.get(
    "/{id}",
    deprecated=True,
    summary="Get a voucher (v1)",
    responses=answers(_EXAMPLE, 400, 404),
    dependencies=[succeeded_by("/v2/vouchers/{id}")],
)
async def get_voucher(id: Id, database: Store) -> LegacyVoucherOut:
    """One voucher that is not deleted."""
    return (await _show_all(database, [await vouchers.get(database, id)]))[0]
