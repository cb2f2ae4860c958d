"""`/v2/token-groups`: which tokens may charge at which locations, and nobody else."""

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
from api.shapes import Flag, Id, In, Line, Out, Reference, left_out_when_none
from api.times import Iso
from csms.store import token_groups
from csms.store.pages import Section
from csms.store.token_groups import LOCATIONS, TOKENS, Filter, Link, TokenGroup

router = APIRouter(prefix="/v2/token-groups", tags=["Token groups"], dependencies=[VIEWER])


class TokenGroupOut(Out):
    """A token group. Without `customerId` it is the operator's own."""

    id: int
    name: str
    created_at: Iso
    updated_at: Iso
    customer_id: int | None = left_out_when_none()
    disabled: bool


class TokenLinkOut(Out):
    """A token is in a group."""

    token_group_id: int
    token_id: int
    created_at: Iso


class LocationLinkOut(Out):
    """A location is in a group."""

    token_group_id: int
    location_id: int
    created_at: Iso


_GroupName = Annotated[Line, StringConstraints(min_length=1, max_length=20)]


_TokenId = Annotated[Id, Path(alias="tokenId")]
_LocationId = Annotated[Id, Path(alias="locationId")]


class TokenGroupIn(In):
    """A new token group."""

    name: _GroupName
    customer_id: Reference | None = Field(default=None, description="Default: the operator itself.")
    disabled: Flag = False


class TokenGroupChangesIn(In):
    """What can be changed of a token group; what is left out stays. `customerId` null makes it the operator's own."""

    name: _GroupName | None = None
    customer_id: Reference | None = None
    disabled: Flag | None = None

    def columns(self) -> dict[str, Any]:
        """The new values, by the names of the store."""
        said = self.model_dump(exclude_unset=True)
        return {name: value for name, value in said.items() if value is not None or name == "customer_id"}


class TokenGroupSort(StrEnum):
    """What token groups are sorted by."""

    ID = "id"
    NAME = "name"
    CREATED_AT = "createdAt"
    UPDATED_AT = "updatedAt"


def _show(group: TokenGroup) -> TokenGroupOut:
    return TokenGroupOut(
        id=group.id,
        name=group.name,
        created_at=group.created_at,
        updated_at=group.updated_at,
        customer_id=group.customer_id,
        disabled=group.disabled,
    )


def _show_token(link: Link) -> TokenLinkOut:
    return TokenLinkOut(token_group_id=link.token_group_id, token_id=link.member_id, created_at=link.created_at)


def _show_location(link: Link) -> LocationLinkOut:
    return LocationLinkOut(token_group_id=link.token_group_id, location_id=link.member_id, created_at=link.created_at)


_NOON = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)
_EXAMPLE = TokenGroupOut(id=3, name="Taxis", created_at=_NOON, updated_at=_NOON, customer_id=1, disabled=False)
_GONE: dict[str, Any] = {"status": 204, "description": "Done"}


def _filter(
    search: Search = None,
    customer_id: Annotated[Id | None, Query(alias="customerId", ge=1, description="Only of this customer.")] = None,
    disabled: Annotated[bool | None, Query(description="Only disabled ones, or only enabled ones.")] = None,
) -> Filter:
    return Filter(search, customer_id, disabled)


@router.get(
    "", summary="List token groups", responses=answers(CountedOut[TokenGroupOut](data=[_EXAMPLE], count=1), 400)
)
async def list_token_groups(
    database: Store,
    wanted: Annotated[Filter, Depends(_filter)],
    section: Annotated[Section, Depends(sectioned(TokenGroupSort))],
) -> CountedOut[TokenGroupOut]:
    """Token groups, searched by name; `count` is how many match in all."""
    found, count = await token_groups.list(database, wanted, section)
    return CountedOut[TokenGroupOut](data=[_show(group) for group in found], count=count)


@router.get("/{id}", summary="Get a token group", responses=answers(_EXAMPLE, 400, 404))
async def get_token_group(id: Id, database: Store) -> TokenGroupOut:
    """One token group that is not deleted."""
    return _show(await token_groups.get(database, id))


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Create a token group",
    responses=answers(_EXAMPLE, 400, 413, status=201, description="Created"),
)
async def create_token_group(body: TokenGroupIn, database: Store, key: Editor) -> TokenGroupOut:
    """Create a token group; tokens and locations are put into it one by one."""
    made = await token_groups.create(
        database, name=body.name, customer_id=body.customer_id, disabled=body.disabled, actor=key.name
    )
    return _show(made)


@router.patch("/{id}", summary="Change a token group", responses=answers(_EXAMPLE, 400, 404, 413))
async def change_token_group(id: Id, body: TokenGroupChangesIn, database: Store, key: Editor) -> TokenGroupOut:
    """Change what is said of a token group. A group or customer that does not exist is 404."""
    return _show(await token_groups.change(database, id, body.columns(), actor=key.name))


@router.post("/{id}/enable", summary="Enable a token group", responses=answers(_EXAMPLE, 400, 404))
async def enable_token_group(id: Id, database: Store, key: Editor) -> TokenGroupOut:
    """From now on its locations are for tokens of enabled groups only."""
    return _show(await token_groups.change(database, id, {"disabled": False}, actor=key.name))


@router.post("/{id}/disable", summary="Disable a token group", responses=answers(_EXAMPLE, 400, 404))
async def disable_token_group(id: Id, database: Store, key: Editor) -> TokenGroupOut:
    """From now on it neither keeps others from its locations nor lets its own tokens in there."""
    return _show(await token_groups.change(database, id, {"disabled": True}, actor=key.name))


@router.delete(
    "/{id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Delete a token group",
    responses=answers(None, 400, 404, **_GONE),
)
async def delete_token_group(id: Id, database: Store, key: Editor) -> Response:
    """Delete a token group; its tokens and locations stay, but are in it no more."""
    await token_groups.delete_group(database, id, actor=key.name)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/{id}/locations", summary="List a token group's locations", responses=answers([1, 2, 3], 400, 404))
async def list_locations(id: Id, database: Store) -> list[int]:
    """The ids of the locations in a group, ascending."""
    return list(await token_groups.members(database, LOCATIONS, id))


@router.post(
    "/{id}/locations/{locationId}",
    status_code=HTTPStatus.CREATED,
    summary="Put a location into a token group",
    responses=answers(
        LocationLinkOut(token_group_id=3, location_id=42, created_at=_NOON),
        400,
        404,
        status=201,
        description="It is in the group",
    ),
)
async def add_location(id: Id, location_id: _LocationId, database: Store, key: Editor) -> LocationLinkOut:
    """Put a location into a group: only tokens of its enabled groups charge there. A repeat changes nothing."""
    return _show_location(await token_groups.link(database, LOCATIONS, id, location_id, actor=key.name))


@router.delete(
    "/{id}/locations/{locationId}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Take a location out of a token group",
    responses=answers(None, 400, 404, **_GONE),
)
async def remove_location(id: Id, location_id: _LocationId, database: Store, key: Editor) -> Response:
    """Take a location out of a group; one that is not in it is 404."""
    await token_groups.unlink(database, LOCATIONS, id, location_id, actor=key.name)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/{id}/tokens", summary="List a token group's tokens", responses=answers([1, 2, 3], 400, 404))
async def list_tokens(id: Id, database: Store) -> list[int]:
    """The ids of the tokens in a group, ascending."""
    return list(await token_groups.members(database, TOKENS, id))


@router.post(
    "/{id}/tokens/{tokenId}",
    status_code=HTTPStatus.CREATED,
    summary="Put a token into a token group",
    responses=answers(
        TokenLinkOut(token_group_id=3, token_id=67890, created_at=_NOON),
        400,
        404,
        status=201,
        description="It is in the group",
    ),
)
async def add_token(id: Id, token_id: _TokenId, database: Store, key: Editor) -> TokenLinkOut:
    """Put a token into a group: it may charge at the group's locations at any time. A repeat changes nothing."""
    return _show_token(await token_groups.link(database, TOKENS, id, token_id, actor=key.name))


@router.delete(
    "/{id}/tokens/{tokenId}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Take a token out of a token group",
    responses=answers(None, 400, 404, **_GONE),
)
async def remove_token(id: Id, token_id: _TokenId, database: Store, key: Editor) -> Response:
    """Take a token out of a group; one that is not in it is 404."""
    await token_groups.unlink(database, TOKENS, id, token_id, actor=key.name)
    return Response(status_code=HTTPStatus.NO_CONTENT)
