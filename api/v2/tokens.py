"""`/v2/tokens`: what drivers identify themselves with."""

from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Discriminator, Field, StringConstraints, Tag

from api.auth import VIEWER, Editor
from api.deps import Store
from api.openapi import answers
from api.paging import CountedOut
from api.shapes import Flag, Id, In, Line, Out, Reference
from api.times import Iso, Moment
from csms.store import customers, tokens
from csms.store.tokens import NewToken, Token

router = APIRouter(prefix="/v2/tokens", tags=["Tokens"], dependencies=[VIEWER])


class TokenType(StrEnum):
    """rfid: a card; virtual: an app; vehicleId: the vehicle itself, by its MAC address or VIN."""

    RFID = "rfid"
    VIRTUAL = "virtual"
    VEHICLE_ID = "vehicleId"


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
        token_group_ids=[],
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
    token_group_ids=[],
)


@router.get("", summary="List tokens", responses=answers(CountedOut[TokenOut](data=[_EXAMPLE], count=1), 400))
async def list_tokens(
    database: Store,
    offset: Annotated[int, Query(ge=0, le=2**31, description="How many to leave out.")] = 0,
    limit: Annotated[int, Query(ge=1, description="Rows in a page; above 1000 is 1000.")] = 500,
) -> CountedOut[TokenOut]:
    """All tokens, by descending id; `count` is how many there are in all."""
    found, count = await tokens.list(database, offset=offset, limit=min(limit, 1000))
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
