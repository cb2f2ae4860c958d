"""`/v2/chargeboxes`: the devices that connect to us."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from ocpp.v16.enums import RegistrationStatus
from pydantic import AfterValidator, Field, StringConstraints

from api.auth import VIEWER, Editor
from api.deps import Boxes, Hashing, Knobs, Passwords, Reach, Store
from api.openapi import answers
from api.paging import Opaque, PageOut, paged
from api.shapes import Flag, Id, Ids, In, Line, Name, Out, Reference, left_out_when_none
from api.times import Spaced
from api.v2 import charge_box_models
from api.v2.charge_box_models import ChargeBoxModelOut, show_model
from api.v2.evses import EXAMPLE as EVSE
from api.v2.evses import EvseOut, show_evse
from csms.domain.secrets import new_charge_box_password
from csms.errors import Invalid
from csms.settings import Settings
from csms.store import charge_boxes
from csms.store.charge_boxes import ChargeBox, Filter, NewChargeBox, Password
from csms.store.pages import Window

router = APIRouter(prefix="/v2/chargeboxes", tags=["Charge boxes"], dependencies=[VIEWER])

_CURSORS: Opaque[tuple[int]] = Opaque("chargeboxes", int)


class CustomerRefOut(Out):
    """The customer that owns the location."""

    id: int


class ChargeBoxOut(Out):
    """A charge box. `locationId` and `model` are null only for one that registered itself."""

    id: int
    charge_box_identity: str
    serial_number: str
    is_online: bool
    location_id: int | None
    registration_status: str
    updated_at: Spaced
    created_at: Spaced
    evses: list[EvseOut]
    model: ChargeBoxModelOut | None
    firmware_version: str | None = left_out_when_none()
    customer: CustomerRefOut | None = left_out_when_none()
    last_connection_event_at: Spaced | None = left_out_when_none()
    deleted_at: Spaced | None = left_out_when_none()


class CreatedChargeBoxOut(ChargeBoxOut):
    """A new charge box, with what to type into it. The password is shown this once; null is the state without one."""

    ocpp_password: str | None
    ocpp_url: str


def _identity(text: str) -> str:
    if "/" in text or not text.isprintable() or text in {".", ".."}:
        raise ValueError("must be printable characters without '/'")
    return text


_Identity = Annotated[Line, StringConstraints(max_length=48), AfterValidator(_identity)]
_PasswordText = Annotated[str, StringConstraints(max_length=255)]


class _PasswordIn(In):
    """Fields about the password, beyond Spirii's."""

    ocpp_password: _PasswordText | None = Field(
        default=None, description="A password of your own; hex text means the bytes that it stands for."
    )
    ocpp_password_required: Flag | None = Field(
        default=None, description="false, with no password or an empty one: the charge box needs none."
    )

    @property
    def needs_none(self) -> bool:
        """Whether the charge box is to be let in without a password."""
        return self.ocpp_password_required is False

    def chosen_password(self) -> str | None:
        """
        The password that was chosen, None where none was.

        Raises:
            Invalid: it contradicts `ocppPasswordRequired`.
        """
        if self.needs_none and self.ocpp_password:
            raise Invalid("ocppPassword", "must be empty where ocppPasswordRequired is false")
        if not self.needs_none and self.ocpp_password == "":
            raise Invalid("ocppPassword", "must not be empty, unless ocppPasswordRequired is false")
        return self.ocpp_password or None


class ChargeBoxIn(_PasswordIn):
    """A new charge box. Without an identity it gets one; without a password it gets one as well."""

    serial_number: Name
    location_id: Reference
    model_id: Reference
    charge_box_identity: _Identity | None = None
    registration_status: RegistrationStatus = Field(
        default=RegistrationStatus.accepted, description="How its BootNotification is answered."
    )


class ChargeBoxChangesIn(_PasswordIn):
    """What can be changed of a charge box; what is left out, or null, stays."""

    serial_number: Name | None = None
    location_id: Reference | None = None
    model_id: Reference | None = Field(default=None, description="The connectors take the new model's data.")
    registration_status: RegistrationStatus | None = None

    def password(self, passwords: Passwords) -> Password | None:
        """
        The new password, None where it stays.

        Raises:
            Invalid: one is required and none is named; the answer to a change does not show one.
        """
        chosen = self.chosen_password()
        if self.needs_none:
            return Password(None)
        if chosen is None and self.ocpp_password_required:
            raise Invalid("ocppPassword", "is needed where ocppPasswordRequired is true")
        return None if chosen is None else passwords.hashed(chosen)

    def columns(self) -> dict[str, Any]:
        """The new values, by the names of the store."""
        said = {
            "serial_number": self.serial_number,
            "location_id": self.location_id,
            "model_id": self.model_id,
            "registration_status": None if self.registration_status is None else self.registration_status.value,
        }
        return {name: value for name, value in said.items() if value is not None}


def _shown(box: ChargeBox, boxes: Reach) -> dict[str, Any]:
    return {
        "id": box.key.id,
        "charge_box_identity": box.key.identity,
        "serial_number": box.serial_number,
        "is_online": box.deleted_at is None and boxes.is_online(box.key.id, box.node_name),
        "location_id": box.location_id,
        "registration_status": box.registration_status,
        "updated_at": box.updated_at,
        "created_at": box.created_at,
        "evses": [show_evse(evse) for evse in box.evses],
        "model": None if box.model is None else show_model(box.model),
        "firmware_version": box.firmware_version,
        "customer": None if box.customer_id is None else CustomerRefOut(id=box.customer_id),
        "last_connection_event_at": box.last_connection_event_at,
        "deleted_at": box.deleted_at,
    }


def show(box: ChargeBox, boxes: Reach) -> ChargeBoxOut:
    """Show a charge box."""
    return ChargeBoxOut(**_shown(box, boxes))


def _url(identity: str, request: Request, settings: Settings, boxes: Reach) -> str:
    """The URL to type into the charger; without a public one, this process as the request reached it."""
    host = request.url.hostname or "localhost"
    here = f"ws://{f'[{host}]' if ':' in host else host}:{boxes.ocpp_port}/ocpp"
    return f"{(settings.public_ocpp_url or here).rstrip('/')}/{quote(identity, safe='')}"


EXAMPLE = ChargeBoxOut(
    id=42,
    charge_box_identity="CB000042",
    serial_number="SN-000001",
    is_online=True,
    location_id=1,
    registration_status="Accepted",
    updated_at=datetime(2025, 1, 27, 9, 38, 41, tzinfo=UTC),
    created_at=datetime(2025, 1, 27, 9, 38, 41, tzinfo=UTC),
    evses=[EVSE],
    model=charge_box_models.EXAMPLE,
    firmware_version="1.4.2",
    customer=CustomerRefOut(id=1),
    last_connection_event_at=datetime(2025, 1, 27, 9, 40, 2, tzinfo=UTC),
)
_CREATED = CreatedChargeBoxOut(
    **dict(EXAMPLE),
    ocpp_password="3f9a1c0e5b7d2468ace013579bdf2468ace01357",
    ocpp_url="ws://csms.example.com:9000/ocpp/CB000042",
)
_PAGE = PageOut[ChargeBoxOut](data=[EXAMPLE], next_page_cursor=None, previous_page_cursor=None)


def _filter(
    ids: Annotated[Ids | None, Query(description="Only these.")] = None,
    location_ids: Annotated[Ids | None, Query(alias="locationIds", description="Only at these locations.")] = None,
    customer_ids: Annotated[
        Ids | None, Query(alias="customerIds", description="Only at locations of these customers.")
    ] = None,
    identity: Annotated[
        Line | None, Query(alias="chargeBoxIdentity", max_length=255, description="In whatever case.")
    ] = None,
    serial_number: Annotated[
        Line | None, Query(alias="serialNumber", max_length=255, description="In whatever case.")
    ] = None,
    is_online: Annotated[bool | None, Query(alias="isOnline", description="Connected now, or not.")] = None,
) -> Filter:
    return Filter(ids, location_ids, customer_ids, identity, serial_number, is_online)


@router.get("", summary="List charge boxes", responses=answers(_PAGE, 400))
async def list_charge_boxes(
    database: Store,
    boxes: Boxes,
    window: Annotated[Window[tuple[int]], Depends(paged(_CURSORS))],
    wanted: Annotated[Filter, Depends(_filter)],
) -> PageOut[ChargeBoxOut]:
    """All charge boxes that are not deleted, by ascending id."""
    page = await charge_boxes.list(database, window, wanted, boxes.presence)
    return PageOut[ChargeBoxOut].of(page, _CURSORS, lambda box: show(box, boxes))


@router.get("/{id}", summary="Get a charge box", responses=answers(EXAMPLE, 400, 404))
async def get_charge_box(id: Id, database: Store, boxes: Boxes) -> ChargeBoxOut:
    """One charge box. A deleted one can still be read; it has `deletedAt`, and its EVSEs are REMOVED."""
    return show(await charge_boxes.get(database, id), boxes)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Create a charge box",
    responses=answers(_CREATED, 400, 409, 413, status=201, description="Created"),
)
async def create_charge_box(
    body: ChargeBoxIn,
    request: Request,
    database: Store,
    boxes: Boxes,
    settings: Knobs,
    passwords: Hashing,
    key: Editor,
) -> CreatedChargeBoxOut:
    """
    Register a charge box before it ever connects. It has the EVSEs and connectors of its model at once.

    The answer has, this once, the password and the URL to type into the charger. The fields `ocppPassword`,
    `ocppPasswordRequired` and `registrationStatus` are beyond Spirii's API.
    """
    chosen = body.chosen_password()
    password = None if body.needs_none else chosen or new_charge_box_password()
    new = NewChargeBox(
        identity=body.charge_box_identity,
        serial_number=body.serial_number,
        location_id=body.location_id,
        model_id=body.model_id,
        registration_status=body.registration_status.value,
        password=Password(None) if password is None else passwords.hashed(password),
    )
    box = await charge_boxes.create(database, new, actor=key.name)
    url = _url(box.key.identity, request, settings, boxes)
    return CreatedChargeBoxOut(**_shown(box, boxes), ocpp_password=password, ocpp_url=url)


@router.patch("/{id}", summary="Change a charge box", responses=answers(EXAMPLE, 400, 404, 413))
async def change_charge_box(
    id: Id, body: ChargeBoxChangesIn, database: Store, boxes: Boxes, passwords: Hashing, key: Editor
) -> ChargeBoxOut:
    """
    Change what is said of a charge box. Beyond Spirii's API.

    A new registration status or password ends its connection: it counts when the charge box connects and boots again.
    """
    password = body.password(passwords)
    box = await charge_boxes.change(database, id, body.columns(), password=password, actor=key.name)
    if password is not None or body.registration_status is not None:
        await boxes.changed(id)
    return show(box, boxes)


@router.delete(
    "/{id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Delete a charge box",
    responses=answers(None, 400, 404, status=204, description="Deleted"),
)
async def delete_charge_box(id: Id, database: Store, boxes: Boxes, key: Editor) -> Response:
    """Delete a charge box softly: its connection ends, its identity becomes free, its transactions stay."""
    await charge_boxes.delete(database, id, actor=key.name)
    await boxes.changed(id)
    return Response(status_code=HTTPStatus.NO_CONTENT)
