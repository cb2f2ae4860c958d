"""`/v2/tokens`: what drivers identify themselves with."""

from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Discriminator, Field, StringConstraints, Tag

from api.auth import VIEWER, Editor
from api.deps import Store
from api.openapi import answers
from api.paging import CountedOut, Search, sectioned
from api.shapes import Flag, Id, In, Line, Out, Reference
from api.times import Iso, Moment
from csms.store import customers, tokens
from csms.store.pages import Section
from csms.store.tokens import Filter, NewToken, Token

router = APIRouter(prefix="/v2/tokens", tags=["Tokens"], dependencies=[VIEWER])


class TokenType(StrEnum):
    """rfid: a card; virtual: an app; vehicleId: the vehicle itself, by its MAC address or VIN."""

    RFID = "rfid"
    VIRTUAL = "virtual"
    VEHICLE_ID = "vehicleId"


class TokenSort(StrEnum):
    """What tokens are sorted by."""

    ID = "id"
    CREATED_AT = "createdAt"
    UPDATED_AT = "updatedAt"
    VALID_FROM = "validFrom"
    EXPIRES_AT = "expiresAt"


class IdentifierOut(Out):
    """What the charge box sees (`uid`, OCPP's idTag), and what is printed on it (`label`)."""

    type: TokenType
    uid: str
    label: str | None
    app_user_id: int | None


class TokenOut(Out):
    """A token."""

    id: int
    customer_id: int
    identifier: IdentifierOut
    created_at: Iso
    updated_at: Iso
    valid_from: Iso
    expires_at: Iso | None
    is_active: bool
    roaming_enabled: bool
    priority_charging_enabled: bool
    billing_reference: str | None
    comment: str | None
    token_group_ids: list[int]


_Note = Annotated[Line, StringConstraints(max_length=100)]


class IdentifierIn(In):
    """A uid has 20 characters at most (OCPP 1.6, idTag), is compared without case, and is never used again."""

    type: TokenType
    uid: Annotated[Line, StringConstraints(min_length=1, max_length=20)]
    label: Annotated[Line, StringConstraints(max_length=100)] | None = None
    app_user_id: Reference | None = None


class TokenIn(In):
    """A new token. Without a customer the operator itself pays for it."""

    customer_id: Reference | None = None
    identifier: IdentifierIn
    valid_from: Moment | None = Field(default=None, description="Default: now.")
    expires_at: Moment | None = None
    is_active: Flag = True
    roaming_enabled: Flag = True
    priority_charging_enabled: Flag = False
    billing_reference: _Note | None = None
    comment: _Note | None = None

    def new(self) -> NewToken:
        """What the store is told."""
        return NewToken(
            customer_id=customers.OPERATOR if self.customer_id is None else self.customer_id,
            type=self.identifier.type.value,
            uid=self.identifier.uid,
            label=self.identifier.label,
            app_user_id=self.identifier.app_user_id,
            valid_from=self.valid_from,
            expires_at=self.expires_at,
            is_active=self.is_active,
            roaming_enabled=self.roaming_enabled,
            priority_charging_enabled=self.priority_charging_enabled,
            billing_reference=self.billing_reference,
            comment=self.comment,
        )


class IdentifierChangesIn(In):
    """Of an identifier only the app user can change; the rest of it is not read."""

    app_user_id: Reference | None = None


class TokenChangesIn(In):
    """
    What can be changed of a token; what is left out stays.

    null clears `expiresAt` (then it never expires), `billingReference`, `comment` and
    `identifier.appUserId`; everything else stays.
    """

    customer_id: Reference | None = None
    identifier: IdentifierChangesIn | None = None
    valid_from: Moment | None = None
    expires_at: Moment | None = None
    is_active: Flag | None = None
    roaming_enabled: Flag | None = None
    priority_charging_enabled: Flag | None = None
    billing_reference: _Note | None = None
    comment: _Note | None = None

    def columns(self) -> dict[str, Any]:
        """The new values, by the names of the store."""
        said = {name: getattr(self, name) for name in self.model_fields_set - {"identifier"}}
        if self.identifier is not None and self.identifier.model_fields_set:
            said["app_user_id"] = self.identifier.app_user_id
        return {name: value for name, value in said.items() if value is not None or name in _CLEARED_BY_NULL}


_CLEARED_BY_NULL = frozenset({"expires_at", "billing_reference", "comment", "app_user_id"})


def _form(body: object) -> str:
    return "(many)" if isinstance(body, list) else "(one)"


# The tags are in parentheses, so that no error takes them for fields.
_OneOrMany = Annotated[
    Annotated[TokenIn, Tag("(one)")] | Annotated[list[TokenIn], Field(min_length=1, max_length=1000), Tag("(many)")],
    Discriminator(_form),
]


def _show(token: Token) -> TokenOut:
    return TokenOut(
        id=token.id,
        customer_id=token.customer_id,
        identifier=IdentifierOut(
            type=TokenType(token.type), uid=token.uid, label=token.label, app_user_id=token.app_user_id
        ),
        created_at=token.created_at,
        updated_at=token.updated_at,
        valid_from=token.valid_from,
        expires_at=token.expires_at,
        is_active=token.is_active,
        roaming_enabled=token.roaming_enabled,
        priority_charging_enabled=token.priority_charging_enabled,
        billing_reference=token.billing_reference,
        comment=token.comment,
        token_group_ids=list(token.group_ids),
    )


_NOON = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)
_EXAMPLE = TokenOut(
    id=67890,
    customer_id=1,
    identifier=IdentifierOut(type=TokenType.RFID, uid="A7E942F1", label="DK.CSMS.V03198", app_user_id=None),
    created_at=_NOON,
    updated_at=_NOON,
    valid_from=_NOON,
    expires_at=None,
    is_active=True,
    roaming_enabled=True,
    priority_charging_enabled=False,
    billing_reference="Van 246",
    comment=None,
    token_group_ids=[1, 2, 5],
)


def _filter(
    search: Annotated[Search, Query(description="The id, or a part of the label or the uid in whatever case.")] = None,
    type: Annotated[TokenType | None, Query(description="Only of this type.")] = None,
    customer_id: Annotated[Id | None, Query(alias="customerId", ge=1, description="Only of this customer.")] = None,
    is_active: Annotated[bool | None, Query(alias="isActive", description="Only active ones, or only others.")] = None,
    roaming_enabled: Annotated[
        bool | None, Query(alias="roamingEnabled", description="Only those that may roam, or only others.")
    ] = None,
    priority: Annotated[bool | None, Query(description="Only those with priority charging, or only others.")] = None,
    valid_from: Annotated[
        Moment | None, Query(alias="validFrom", description="Only those that are valid from then on, or from later.")
    ] = None,
    expires_from: Annotated[
        Moment | None, Query(alias="expiresFrom", description="Only those that expire then, or later, but not never.")
    ] = None,
) -> Filter:
    return Filter(search, type, customer_id, is_active, roaming_enabled, priority, valid_from, expires_from)


@router.get("", summary="List tokens", responses=answers(CountedOut[TokenOut](data=[_EXAMPLE], count=1), 400))
async def list_tokens(
    database: Store,
    wanted: Annotated[Filter, Depends(_filter)],
    section: Annotated[Section, Depends(sectioned(TokenSort))],
) -> CountedOut[TokenOut]:
    """Tokens that are not deleted; `count` is how many match in all."""
    found, count = await tokens.list(database, wanted, section)
    return CountedOut[TokenOut](data=[_show(token) for token in found], count=count)


@router.get("/{id}", summary="Get a token", responses=answers(_EXAMPLE, 400, 404))
async def get_token(id: Id, database: Store) -> TokenOut:
    """One token that is not deleted."""
    return _show(await tokens.get(database, id))


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Create tokens",
    responses=answers(_EXAMPLE, 400, 409, 413, status=201, description="Created; an array for an array"),
)
async def create_tokens(body: _OneOrMany, database: Store, key: Editor) -> TokenOut | list[TokenOut]:
    """Create one token or an array of them, all or none. They count at charge boxes at once."""
    wanted = body if isinstance(body, list) else [body]
    made = [_show(token) for token in await tokens.create(database, [one.new() for one in wanted], actor=key.name)]
    return made if isinstance(body, list) else made[0]


@router.patch("/{id}", summary="Change a token", responses=answers(_EXAMPLE, 400, 404, 413))
async def change_token(id: Id, body: TokenChangesIn, database: Store, key: Editor) -> TokenOut:
    """Change what is said of a token. A token or customer that does not exist is 404."""
    return _show(await tokens.change(database, id, body.columns(), actor=key.name))


@router.post("/{id}/enable", summary="Enable a token", responses=answers(_EXAMPLE, 400, 404))
async def enable_token(id: Id, database: Store, key: Editor) -> TokenOut:
    """Let a token charge again, at once."""
    return _show(await tokens.change(database, id, {"is_active": True}, kind="enabled", actor=key.name))


@router.post("/{id}/disable", summary="Disable a token", responses=answers(_EXAMPLE, 400, 404))
async def disable_token(id: Id, database: Store, key: Editor) -> TokenOut:
    """Let a token start nothing more; what it charges now goes on."""
    return _show(await tokens.change(database, id, {"is_active": False}, kind="disabled", actor=key.name))


@router.delete(
    "/{id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Delete a token",
    responses=answers(None, 400, 404, status=204, description="Deleted"),
)
async def delete_token(id: Id, database: Store, key: Editor) -> Response:
    """Delete a token for ever: it charges no more, and its uid can never be used again."""
    await tokens.delete(database, id, actor=key.name)
    return Response(status_code=HTTPStatus.NO_CONTENT)
