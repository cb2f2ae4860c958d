"""`/voucher-groups` of v1: groups with what is in them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from fastapi import APIRouter

from api.auth import VIEWER
from api.deps import Store
from api.legacy.views import Sectioned, SectionOut, price_per_kwh, succeeded_by
from api.openapi import answers
from api.shapes import Id, Out
from api.times import Iso
from csms.store import v1, voucher_groups
from csms.store.database import Database
from csms.store.pages import Section
from csms.store.tariffs import Tariff
from csms.store.v1 import GroupContents, VoucherCode
from csms.store.voucher_groups import Filter, VoucherGroup

router = APIRouter(prefix="/voucher-groups", tags=["Legacy v1"], dependencies=[VIEWER])


class GroupVoucherOut(Out):
    """A voucher of a group."""

    id: int
    code: str


class GroupPriceOut(Out):
    """A voucher group's own facts. Spot prices are not kept here; `perKwh` is 0 where sessions are free."""

    id: int
    name: str
    per_kwh: float | None
    currency: str | None
    is_spot_price_based: bool
    spot_price_margin: float | None
    spot_price_margin_pct: float | None
    spot_price_minimum: float | None
    created_at: Iso
    updated_at: Iso


class LegacyVoucherGroupOut(GroupPriceOut):
    """A voucher group with its vouchers, and the ids of the locations where they are good."""

    voucher_count: int
    locations: list[int]
    vouchers: list[GroupVoucherOut]


async def tariffs_of(database: Database, groups: Sequence[VoucherGroup]) -> Mapping[str, Tariff]:
    """The tariffs of these groups by their ids."""
    return await v1.tariffs_among(database, sorted({group.tariff_id for group in groups if group.tariff_id}))


def show_price(group: VoucherGroup, tariffs: Mapping[str, Tariff]) -> GroupPriceOut:
    """Show a group without what is in it."""
    tariff = None if group.tariff_id is None else tariffs.get(group.tariff_id)
    price = price_per_kwh(tariff, now=datetime.now(UTC))
    return GroupPriceOut(
        id=group.id,
        name=group.name,
        per_kwh=0.0 if group.tariff_id is None else None if price is None else price.per_kwh,
        currency=None if price is None else price.currency,
        is_spot_price_based=False,
        spot_price_margin=None,
        spot_price_margin_pct=None,
        spot_price_minimum=None,
        created_at=group.created_at,
        updated_at=group.updated_at,
    )


def _show(group: VoucherGroup, tariffs: Mapping[str, Tariff], contents: GroupContents) -> LegacyVoucherGroupOut:
    return LegacyVoucherGroupOut(
        **dict(show_price(group, tariffs)),
        voucher_count=len(contents.vouchers),
        locations=list(contents.location_ids),
        vouchers=[_show_voucher(voucher) for voucher in contents.vouchers],
    )


def _show_voucher(voucher: VoucherCode) -> GroupVoucherOut:
    return GroupVoucherOut(id=voucher.id, code=voucher.code)


_NOON = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)
PRICE_EXAMPLE = GroupPriceOut(
    id=3,
    name="Hotel guests",
    per_kwh=2.5,
    currency="DKK",
    is_spot_price_based=False,
    spot_price_margin=None,
    spot_price_margin_pct=None,
    spot_price_minimum=None,
    created_at=_NOON,
    updated_at=_NOON,
)
_EXAMPLE = LegacyVoucherGroupOut(
    **dict(PRICE_EXAMPLE), voucher_count=1, locations=[42], vouchers=[GroupVoucherOut(id=67890, code="TT-67890")]
)


@router.get(
    "",
    deprecated=True,
    summary="List voucher groups (v1)",
    responses=answers(SectionOut[LegacyVoucherGroupOut](data=[_EXAMPLE], total_elements=1, offset=0, limit=250), 400),
    dependencies=[succeeded_by("/v2/voucher-groups")],
)
async def list_voucher_groups(database: Store, section: Sectioned) -> SectionOut[LegacyVoucherGroupOut]:
    """Voucher groups that are not deleted, the latest first."""
    found, total = await voucher_groups.list(database, Filter(), Section(section.offset, section.limit))
    tariffs = await tariffs_of(database, found)
    contents = await v1.contents(database, [group.id for group in found])
    return SectionOut[LegacyVoucherGroupOut](
        data=[_show(group, tariffs, contents[group.id]) for group in found],
        total_elements=total,
        offset=section.offset,
        limit=section.limit,
    )


@router.get(
    "/{id}",
    deprecated=True,
    summary="Get a voucher group (v1)",
    responses=answers(_EXAMPLE, 400, 404),
    dependencies=[succeeded_by("/v2/voucher-groups/{id}")],
)
async def get_voucher_group(id: Id, database: Store) -> LegacyVoucherGroupOut:
    """One voucher group that is not deleted."""
    group = await voucher_groups.get(database, id)
    contents = await v1.contents(database, [group.id])
    return _show(group, await tariffs_of(database, [group]), contents[group.id])
