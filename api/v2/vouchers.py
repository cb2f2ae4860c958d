"""`/v2/vouchers`: codes, and the tokens and app users that have them."""

from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import AliasChoices, Field, StringConstraints

from api.auth import VIEWER, Editor
from api.deps import Store
from api.openapi import answers
from api.paging import CountedOut, sectioned
from api.shapes import Id, In, Line, Out, Reference
from api.times import Iso, Moment
from csms.store import vouchers
from csms.store.pages import Section
from csms.store.vouchers import Filter, Link, NewVoucher, User, Voucher

router = APIRouter(prefix="/v2/vouchers", tags=["Vouchers"], dependencies=[VIEWER])


class VoucherOut(Out):
    """A voucher. Without `maxUsers` any number may have it, without `expiresAt` it is good for ever."""

    id: int
    code: str
    voucher_group_id: int
    max_users: int | None
    expires_at: Iso | None
    created_at: Iso
    updated_at: Iso
    deleted_at: Iso | None


class VoucherLinkOut(Out):
    """A token (`idTagId`) or an app user (`customerId`, as in the `idTag` of transactions) has the voucher."""

    id: int
    voucher_id: int
    created_at: Iso
    customer_id: int | None
    id_tag_id: int | None


_Code = Annotated[Line, StringConstraints(min_length=1, max_length=100)]
_MaxUsers = Annotated[Reference, Field(ge=1, le=65535)]
# The name of v1 is taken as well.
_GROUP_NAMES = AliasChoices("voucherGroupId", "groupId")


class VoucherIn(In):
    """A new voucher. A code belongs to one voucher, in whatever case."""

    code: _Code
    voucher_group_id: Annotated[Reference, Field(validation_alias=_GROUP_NAMES)]
    max_users: _MaxUsers | None = Field(default=None, description="Default: any number.")
    expires_at: Moment | None = Field(default=None, description="Default: never.")

    def new(self) -> NewVoucher:
        """What the store is told."""
        return NewVoucher(self.code, self.voucher_group_id, self.max_users, self.expires_at)


class VoucherChangesIn(In):
    """What can be changed of a voucher; what is left out stays. null clears `maxUsers` and `expiresAt`."""

    code: _Code | None = None
    voucher_group_id: Annotated[Reference | None, Field(validation_alias=_GROUP_NAMES)] = None
    max_users: _MaxUsers | None = None
    expires_at: Moment | None = None

    def columns(self) -> dict[str, Any]:
        """The new values, by the names of the store."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value for name, value in said.items() if value is not None or name in _CLEARED_BY_NULL}


_CLEARED_BY_NULL = frozenset({"max_users", "expires_at"})


class VoucherSort(StrEnum):
    """What vouchers are sorted by."""

    ID = "id"
    CODE = "code"
    CREATED_AT = "createdAt"
    UPDATED_AT = "updatedAt"
    EXPIRES_AT = "expiresAt"


def _show(voucher: Voucher) -> VoucherOut:
    return VoucherOut(
        id=voucher.id,
        code=voucher.code,
        voucher_group_id=voucher.voucher_group_id,
        max_users=voucher.max_users,
        expires_at=voucher.expires_at,
        created_at=voucher.created_at,
        updated_at=voucher.updated_at,
        deleted_at=None,
    )


def _show_link(link: Link) -> VoucherLinkOut:
    return VoucherLinkOut(
        id=link.id,
        voucher_id=link.voucher_id,
        created_at=link.created_at,
        customer_id=link.app_user_id,
        id_tag_id=link.token_id,
    )


_NOON = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)
_EXAMPLE = VoucherOut(
    id=67890,
    code="TT-67890",
    voucher_group_id=3,
    max_users=100,
    expires_at=datetime(2026, 6, 3, 12, 0, tzinfo=UTC),
    created_at=_NOON,
    updated_at=_NOON,
    deleted_at=None,
)
_TOKEN_LINK = VoucherLinkOut(id=5, voucher_id=67890, created_at=_NOON, customer_id=None, id_tag_id=12345)
_APP_USER_LINK = VoucherLinkOut(id=6, voucher_id=67890, created_at=_NOON, customer_id=777, id_tag_id=None)
_GONE: dict[str, Any] = {"status": 204, "description": "Done"}
_LINKED: dict[str, Any] = {"status": 201, "description": "It has the voucher"}

_TokenId = Annotated[Id, Path(alias="tokenId")]
_AppUserId = Annotated[Id, Path(alias="appUserId")]


def _filter(
    group_id: Annotated[Id | None, Query(alias="groupId", description="Only of this voucher group.")] = None,
    voucher_group_id: Annotated[Id | None, Query(alias="voucherGroupId", description="The same as groupId.")] = None,
    code: Annotated[
        Line | None, Query(max_length=100, description="Only the one with this code, in whatever case.")
    ] = None,
    updated_after: Annotated[
        Moment | None, Query(alias="updatedAfter", description="Only those that changed after this moment.")
    ] = None,
) -> Filter:
    return Filter(group_id if group_id is not None else voucher_group_id, code, updated_after)


@router.get("", summary="List vouchers", responses=answers(CountedOut[VoucherOut](data=[_EXAMPLE], count=1), 400))
async def list_vouchers(
    database: Store,
    wanted: Annotated[Filter, Depends(_filter)],
    section: Annotated[Section, Depends(sectioned(VoucherSort))],
) -> CountedOut[VoucherOut]:
    """Vouchers that are not deleted; `count` is how many match in all."""
    found, count = await vouchers.list(database, wanted, section)
    return CountedOut[VoucherOut](data=[_show(voucher) for voucher in found], count=count)


@router.get("/{id}", summary="Get a voucher", responses=answers(_EXAMPLE, 400, 404))
async def get_voucher(id: Id, database: Store) -> VoucherOut:
    """One voucher that is not deleted."""
    return _show(await vouchers.get(database, id))


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Create a voucher",
    responses=answers(_EXAMPLE, 400, 409, 413, status=201, description="Created"),
)
async def create_voucher(body: VoucherIn, database: Store, key: Editor) -> VoucherOut:
    """Create a voucher; tokens and app users are linked to it one by one."""
    return _show(await vouchers.create(database, body.new(), actor=key.name))


@router.patch("/{id}", summary="Change a voucher", responses=answers(_EXAMPLE, 400, 404, 409, 413))
async def change_voucher(id: Id, body: VoucherChangesIn, database: Store, key: Editor) -> VoucherOut:
    """Change what is said of a voucher. With fewer `maxUsers` than it has, those who came last lose it."""
    return _show(await vouchers.change(database, id, body.columns(), actor=key.name))


@router.delete(
    "/{id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Delete a voucher",
    responses=answers(None, 400, 404, **_GONE),
)
async def delete_voucher(id: Id, database: Store, key: Editor) -> Response:
    """Delete a voucher: no session that begins from now on has it."""
    await vouchers.delete_voucher(database, id, actor=key.name)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/{id}/tokens", summary="List a voucher's tokens", responses=answers([1, 2, 3], 400, 404))
async def list_tokens(id: Id, database: Store) -> list[int]:
    """The ids of the tokens that have a voucher, ascending."""
    return list(await vouchers.users(database, User.TOKEN, id))


@router.post(
    "/{id}/tokens/{tokenId}",
    status_code=HTTPStatus.CREATED,
    summary="Give a voucher to a token",
    responses=answers(_TOKEN_LINK, 400, 404, 409, **_LINKED),
)
async def add_token(id: Id, token_id: _TokenId, database: Store, key: Editor) -> VoucherLinkOut:
    """Let the sessions of a token have a voucher from now on. A repeat changes nothing; a full voucher is 409."""
    return _show_link(await vouchers.link(database, User.TOKEN, id, token_id, actor=key.name))


@router.delete(
    "/{id}/tokens/{tokenId}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Take a voucher from a token",
    responses=answers(None, 400, 404, **_GONE),
)
async def remove_token(id: Id, token_id: _TokenId, database: Store, key: Editor) -> Response:
    """Take a voucher from a token; one that does not have it is 404."""
    await vouchers.unlink(database, User.TOKEN, id, token_id, actor=key.name)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/{id}/app-users", summary="List a voucher's app users", responses=answers([777, 778], 400, 404))
async def list_app_users(id: Id, database: Store) -> list[int]:
    """The ids of the app users that have a voucher, ascending."""
    return list(await vouchers.users(database, User.APP_USER, id))


@router.post(
    "/{id}/app-users/{appUserId}",
    status_code=HTTPStatus.CREATED,
    summary="Give a voucher to an app user",
    responses=answers(_APP_USER_LINK, 400, 404, 409, **_LINKED),
)
async def add_app_user(id: Id, app_user_id: _AppUserId, database: Store, key: Editor) -> VoucherLinkOut:
    """Let the sessions of all tokens of an app user have a voucher. A repeat changes nothing; a full one is 409."""
    return _show_link(await vouchers.link(database, User.APP_USER, id, app_user_id, actor=key.name))


@router.delete(
    "/{id}/app-users/{appUserId}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Take a voucher from an app user",
    responses=answers(None, 400, 404, **_GONE),
)
async def remove_app_user(id: Id, app_user_id: _AppUserId, database: Store, key: Editor) -> Response:
    """Take a voucher from an app user; one who does not have it is 404."""
    await vouchers.unlink(database, User.APP_USER, id, app_user_id, actor=key.name)
    return Response(status_code=HTTPStatus.NO_CONTENT)
