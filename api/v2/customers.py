"""`/v2/customers`: who owns locations and pays for tokens."""

from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query
from pydantic import Field, StringConstraints

from api.auth import VIEWER, CustomerEditor
from api.deps import Store
from api.openapi import answers
from api.paging import Search, SortDirection
from api.shapes import Id, Ids, In, Line, Out, Reference, Separated, left_out_when_none
from api.times import Iso, Moment
from csms.store import customers
from csms.store.customers import CustomerAccount, CustomerType, Filter, NewCustomer, Span
from csms.store.pages import Section

router = APIRouter(prefix="/v2/customers", tags=["Customers"], dependencies=[VIEWER])

Block = TypeVar("Block", bound=In)

_MOST = 1000

_Text = Annotated[Line, StringConstraints(max_length=255)]
_CustomerName = Annotated[Line, StringConstraints(min_length=1, max_length=80)]
_Country = Annotated[
    str, StringConstraints(pattern="^[A-Za-z]{2}$", to_upper=True), Field(description="ISO 3166-1 alpha-2.")
]
_ExternalId = Annotated[Line, StringConstraints(max_length=40)]


class CreatableType(StrEnum):
    """What a new customer can be."""

    PRIVATE = "Private"
    BUSINESS = "Business"
    CPO_SUBSIDIARY = "CPOSubsidiary"


class ContactDetails(In):
    """Whom to talk to."""

    name: _Text | None = left_out_when_none()
    email: _Text | None = left_out_when_none()
    phone: _Text | None = left_out_when_none()


class BillingDetails(In):
    """Where invoices go."""

    payment_method: _Text | None = left_out_when_none(examples=["Invoice"])
    invoice_format: _Text | None = left_out_when_none(examples=["Email"])
    gln: _Text | None = left_out_when_none()
    invoice_email: _Text | None = left_out_when_none()
    vat_number: _Text | None = left_out_when_none()
    address: _Text | None = left_out_when_none()
    city: _Text | None = left_out_when_none()
    zip_code: _Text | None = left_out_when_none()


class PayoutInformation(In):
    """Where money goes."""

    iban: _Text | None = left_out_when_none()
    swift_code: _Text | None = left_out_when_none()
    bank_account_holder_name: _Text | None = left_out_when_none()
    bank_registration_number: _Text | None = left_out_when_none()
    bank_account: _Text | None = left_out_when_none()


class FinancialSetup(In):
    """In which language and currency."""

    language: _Text | None = left_out_when_none(examples=["EN"])
    currency: _Text | None = left_out_when_none(examples=["EUR"])


class BillingSettings(In):
    """How invoices are made up."""

    charge_key_document_aggregation: _Text | None = left_out_when_none(examples=["customer"])
    charge_key_line_aggregation: _Text | None = left_out_when_none(examples=["location"])
    company_car_reimbursement_method: _Text | None = left_out_when_none(examples=["MANUAL"])


class PartyOut(Out):
    """Another customer."""

    id: int
    name: str


class CustomerOut(Out):
    """A customer. `cpo` is the nearest CPO above it, or itself; only the operator has no `owner`."""

    id: int
    name: str
    type: CustomerType
    contact_details: ContactDetails
    billing_details: BillingDetails | None = left_out_when_none()
    cpo: PartyOut | None = left_out_when_none()
    locations: list[int]
    created_at: Iso
    updated_at: Iso
    external_id: str | None = left_out_when_none()
    country: str | None = left_out_when_none()
    payout_information: PayoutInformation | None = left_out_when_none()
    financial_setup: FinancialSetup | None = left_out_when_none()
    billing_settings: BillingSettings | None = left_out_when_none()
    owner: PartyOut | None = left_out_when_none()


class CustomersOut(Out):
    """A section of the customers; `count` is how many match in all."""

    data: list[CustomerOut]
    count: int
    limit: int
    offset: int


class _BlocksIn(In):
    """The blocks that customers have beside their name; each is kept as it was sent."""

    billing_details: BillingDetails | None = None
    payout_information: PayoutInformation | None = None
    financial_setup: FinancialSetup | None = None
    billing_settings: BillingSettings | None = None

    def details(self) -> dict[str, Any]:
        """The blocks that were sent, by their JSON names; null removes one."""
        said = self.model_dump(by_alias=True, exclude_unset=True)
        return {name: said[name] for name in _BLOCKS if name in said}


_BLOCKS = ("contactDetails", "billingDetails", "payoutInformation", "financialSetup", "billingSettings")


class CustomerIn(_BlocksIn):
    """A new customer."""

    name: _CustomerName
    country: _Country
    contact_details: ContactDetails
    owner_id: Reference
    type: CreatableType
    external_id: _ExternalId | None = None

    def new(self) -> NewCustomer:
        """What the store is told."""
        return NewCustomer(
            name=self.name,
            type=CustomerType(self.type),
            country=self.country,
            owner_id=self.owner_id,
            external_id=self.external_id,
            details={name: block for name, block in self.details().items() if block is not None},
        )


class CustomerChangesIn(_BlocksIn):
    """
    What can be changed of a customer; what is left out stays.

    A block replaces the one that was there as a whole. null removes `externalId` and blocks
    other than `contactDetails`; everything else stays.
    """

    name: _CustomerName | None = None
    country: _Country | None = None
    contact_details: ContactDetails | None = None
    owner_id: Reference | None = None
    type: CreatableType | None = None
    external_id: _ExternalId | None = None

    def columns(self) -> dict[str, Any]:
        """The new values, by the names of the store."""
        names = self.model_fields_set & {"name", "country", "owner_id", "type", "external_id"}
        said = {name: getattr(self, name) for name in names}
        return {name: value for name, value in said.items() if value is not None or name == "external_id"}

    def details(self) -> dict[str, Any]:
        """The blocks that were sent, by their JSON names; null removes one."""
        said = super().details()
        return {name: value for name, value in said.items() if value is not None or name != "contactDetails"}


class CustomerSort(StrEnum):
    """What customers are sorted by."""

    ID = "id"
    NAME = "name"
    TYPE = "type"
    OWNER_NAME = "ownerName"
    CPO_NAME = "cpoName"
    CREATED_AT = "createdAt"
    UPDATED_AT = "updatedAt"


def _show(customer: CustomerAccount) -> CustomerOut:
    blocks = customer.details
    return CustomerOut(
        id=customer.id,
        name=customer.name,
        type=customer.type,
        contact_details=ContactDetails.model_validate(blocks.get("contactDetails") or {}),
        billing_details=_block(BillingDetails, blocks.get("billingDetails")),
        cpo=_party(customer.cpo),
        locations=list(customer.location_ids),
        created_at=customer.created_at,
        updated_at=customer.updated_at,
        external_id=customer.external_id,
        country=customer.country,
        payout_information=_block(PayoutInformation, blocks.get("payoutInformation")),
        financial_setup=_block(FinancialSetup, blocks.get("financialSetup")),
        billing_settings=_block(BillingSettings, blocks.get("billingSettings")),
        owner=_party(customer.owner),
    )


def _block(kind: type[Block], said: object) -> Block | None:
    return None if said is None else kind.model_validate(said)


def _party(customer: customers.Customer | None) -> PartyOut | None:
    return None if customer is None else PartyOut(id=customer.id, name=customer.name)


_NOON = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)
_EXAMPLE = CustomerOut(
    id=128650,
    name="Harbour Hotel",
    type=CustomerType.BUSINESS,
    contact_details=ContactDetails(name="Ada Jensen", email="ada@harbour.example", phone="+4512345678"),
    billing_details=BillingDetails(payment_method="Invoice", invoice_format="Email", city="København"),
    cpo=PartyOut(id=1, name="Operator"),
    locations=[42, 43],
    created_at=_NOON,
    updated_at=_NOON,
    external_id="HH-1",
    country="DK",
    financial_setup=FinancialSetup(language="EN", currency="EUR"),
    owner=PartyOut(id=1, name="Operator"),
)


def _created(
    at: Annotated[Moment | None, Query(alias="createdAt", description="Created in this millisecond.")] = None,
    since: Annotated[Moment | None, Query(alias="createdAtFrom", description="Created then or later.")] = None,
    until: Annotated[Moment | None, Query(alias="createdAtTo", description="Created before.")] = None,
) -> Span:
    return Span(at, since, until)


def _updated(
    at: Annotated[Moment | None, Query(alias="updatedAt", description="Changed in this millisecond.")] = None,
    since: Annotated[Moment | None, Query(alias="updatedAtFrom", description="Changed then or later.")] = None,
    until: Annotated[Moment | None, Query(alias="updatedAtTo", description="Changed before.")] = None,
) -> Span:
    return Span(at, since, until)


_Types = Annotated[list[CustomerType], Separated]


def _filter(
    created: Annotated[Span, Depends(_created)],
    updated: Annotated[Span, Depends(_updated)],
    search: Annotated[
        Search, Query(description="The id, or a part of the name or the external id in whatever case.")
    ] = None,
    ids: Annotated[Ids | None, Query(description="Only these.")] = None,
    types: Annotated[_Types | None, Query(description="Only of these types.")] = None,
    owner_id: Annotated[Id | None, Query(alias="ownerId", description="Only those that this one owns.")] = None,
    ancestor_id: Annotated[
        Id | None, Query(alias="ancestorOwnerId", description="Only those below this one, at whatever distance.")
    ] = None,
    cpo_id: Annotated[Id | None, Query(alias="cpoId", description="Only those of this CPO, itself included.")] = None,
) -> Filter:
    return Filter(search, ids, types, owner_id, ancestor_id, cpo_id, created, updated)


def _asked(
    wanted: Annotated[Filter, Depends(_filter)],
    by: Annotated[
        CustomerSort | None,
        Query(alias="sortBy", description="Default: id; with a filter by time, the time that is filtered by."),
    ] = None,
    direction: Annotated[
        SortDirection | None,
        Query(alias="sortDirection", description="Default: desc; with createdAtFrom or updatedAtFrom asc."),
    ] = None,
    offset: Annotated[int, Query(ge=0, le=2**31, description="How many to leave out.")] = 0,
    limit: Annotated[int, Query(ge=1, description=f"Rows in a page; above {_MOST} is {_MOST}.")] = 50,
) -> tuple[Filter, Section]:
    if by is None and not wanted.created.is_open:
        by = CustomerSort.CREATED_AT
    if by is None and not wanted.updated.is_open:
        by = CustomerSort.UPDATED_AT
    is_since = wanted.created.since is not None or wanted.updated.since is not None
    upwards = is_since if direction is None else direction is SortDirection.ASC
    return wanted, Section(offset, min(limit, _MOST), (by or CustomerSort.ID).name.lower(), not upwards)


@router.get(
    "",
    summary="List customers",
    responses=answers(CustomersOut(data=[_EXAMPLE], count=1, limit=50, offset=0), 400),
)
async def list_customers(database: Store, asked: Annotated[tuple[Filter, Section], Depends(_asked)]) -> CustomersOut:
    """Customers, the operator itself among them."""
    wanted, section = asked
    found, count = await customers.list(database, wanted, section)
    data = [_show(customer) for customer in found]
    return CustomersOut(data=data, count=count, limit=section.limit, offset=section.offset)


@router.get("/{id}", summary="Get a customer", responses=answers(_EXAMPLE, 400, 404))
async def get_customer(id: Id, database: Store) -> CustomerOut:
    """One customer."""
    return _show(await customers.get(database, id))


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Create a customer",
    responses=answers(_EXAMPLE, 400, 401, 413, status=201, description="Created"),
)
async def create_customer(body: CustomerIn, database: Store, key: CustomerEditor) -> CustomerOut:
    """Create a customer below its owner. That the key may not is 401 here, not 403."""
    return _show(await customers.create(database, body.new(), actor=key.name))


@router.put("/{id}", summary="Change a customer", responses=answers(_EXAMPLE, 400, 401, 404, 413))
async def change_customer(id: Id, body: CustomerChangesIn, database: Store, key: CustomerEditor) -> CustomerOut:
    """Change what is said of a customer. That the key may not is 401 here, not 403."""
    return _show(await customers.change(database, id, body.columns(), body.details(), actor=key.name))
