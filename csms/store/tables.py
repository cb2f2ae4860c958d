"""
The tables, as SQLAlchemy sees them.

Migrations in `migrations/` make them; a test compares the two. Energy is in Wh,
power in W, moments are in UTC. Three big tables (`meter_values`, `frames`,
`events`) are partitioned by time: `partitions.py` makes their partitions ahead
and drops them when their retention has passed.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Computed,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Row(DeclarativeBase):
    """What every table has in common: how Python types become columns."""

    type_annotation_map = {  # noqa: RUF012 - read once by SQLAlchemy
        str: Text,
        datetime: DateTime(timezone=True),
        Decimal: Numeric,
        float: Double,
        bytes: LargeBinary,
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        list[str]: ARRAY(Text),
    }


_NOW = text("now()")
_NEVER = "'9999-12-31 23:59:59+00'::timestamptz"


class InstallationRow(Row):
    """The one row that makes this database an installation: its secret keys all hashes."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    secret: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class ApiKeyRow(Row):
    """A key of the REST API; only its keyed hash is stored."""

    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_name_live", "name", unique=True, postgresql_where=text("revoked_at IS NULL")),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    revoked_at: Mapped[datetime | None]


class NodeRow(Row):
    """A process that holds charge boxes, alive while its lease lasts."""

    __tablename__ = "nodes"

    name: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    lease_until: Mapped[datetime]


class CustomerRow(Row):
    """Who owns locations and pays for tokens; number 1 is the operator itself."""

    __tablename__ = "customers"
    __table_args__ = (Index("ix_customers_owner", "owner_id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    type: Mapped[str] = mapped_column(server_default="Business")
    country: Mapped[str | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    external_id: Mapped[str | None]
    # contactDetails, billingDetails, payoutInformation, financialSetup, billingSettings, as given
    details: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class LocationRow(Row):
    """A place with charge boxes."""

    __tablename__ = "locations"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), server_default="1")
    name: Mapped[str]
    address: Mapped[str]
    postal_code: Mapped[str]
    city: Mapped[str]
    country_code: Mapped[str]
    latitude: Mapped[float]
    longitude: Mapped[float]
    publish: Mapped[bool]
    parking_type: Mapped[str] = mapped_column(server_default="ON_STREET")
    facilities: Mapped[list[str]] = mapped_column(server_default="{}")
    opening_times: Mapped[dict[str, Any] | None]
    directions: Mapped[list[Any]] = mapped_column(server_default="[]")
    energy_mix: Mapped[dict[str, Any] | None]
    help_phone: Mapped[str | None]
    time_zone: Mapped[str] = mapped_column(server_default="UTC")
    owner_id: Mapped[int | None]
    # A tariff's id, not a version of it: what is in force is asked for when a transaction starts.
    tariff_id: Mapped[str | None]
    allow_priority_charging: Mapped[bool] = mapped_column(server_default="false")
    billing_reference: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    deleted_at: Mapped[datetime | None]


class ChargeBoxModelRow(Row):
    """A product of a vendor; rows come from `domain/charge_box_models.toml` at every migration."""

    __tablename__ = "charge_box_models"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    vendor: Mapped[str]
    name: Mapped[str]
    description: Mapped[str]
    plug_and_charge_validated: Mapped[bool]
    firmware_management_validated: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class ChargeBoxRow(Row):
    """One device that connects to us; connector 0 of OCPP is this row."""

    __tablename__ = "charge_boxes"
    __table_args__ = (
        Index(
            "ix_charge_boxes_identity_live",
            text("lower(identity)"),
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("ix_charge_boxes_location", "location_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    identity: Mapped[str]
    serial_number: Mapped[str]
    model_id: Mapped[int | None] = mapped_column(ForeignKey("charge_box_models.id"))
    location_id: Mapped[int | None] = mapped_column(ForeignKey("locations.id"))
    registration_status: Mapped[str] = mapped_column(server_default="Accepted")

    password_required: Mapped[bool] = mapped_column(server_default="true")
    password_hash: Mapped[bytes | None]
    password_form: Mapped[str | None]

    # What the last BootNotification said
    vendor: Mapped[str | None]
    model: Mapped[str | None]
    firmware_version: Mapped[str | None]
    boot: Mapped[dict[str, Any] | None]
    booted_at: Mapped[datetime | None]
    firmware_status: Mapped[str | None]
    diagnostics_status: Mapped[str | None]

    # Connector 0
    status: Mapped[str | None]
    error_code: Mapped[str | None]
    error_info: Mapped[str | None]
    vendor_id: Mapped[str | None]
    vendor_error_code: Mapped[str | None]
    status_at: Mapped[datetime | None]

    # Its connection; the larger epoch wins
    node_name: Mapped[str | None]
    connection_epoch: Mapped[int] = mapped_column(BigInteger, server_default="0")
    connected_at: Mapped[datetime | None]
    last_connection_event_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
    ping_policy: Mapped[str] = mapped_column(server_default="observe")
    clock_skew_ms: Mapped[int | None] = mapped_column(BigInteger)

    # What the configuration exchange after the last boot found and did
    configuration: Mapped[dict[str, Any] | None]
    configuration_at: Mapped[datetime | None]

    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    deleted_at: Mapped[datetime | None]


class KnockRow(Row):
    """A connection that was refused, remembered so that an operator can admit the charge box."""

    __tablename__ = "knocks"

    identity: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    remote_address: Mapped[str]
    count: Mapped[int] = mapped_column(BigInteger, server_default="1")
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class DeviationRow(Row):
    """How often a charge box departed from the schema in one way, and the last example."""

    __tablename__ = "deviations"

    charge_box_id: Mapped[int] = mapped_column(ForeignKey("charge_boxes.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    action: Mapped[str]
    path: Mapped[str]
    example: Mapped[str]
    count: Mapped[int] = mapped_column(BigInteger, server_default="1")
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class EvseRow(Row):
    """Serves one vehicle: connector n of OCPP is the EVSE `<identity>*n`."""

    __tablename__ = "evses"
    __table_args__ = (UniqueConstraint("charge_box_id", "connector_id"), Index("ix_evses_evse_id", "evse_id"))

    uid: Mapped[int] = mapped_column(Identity(), primary_key=True)
    charge_box_id: Mapped[int] = mapped_column(ForeignKey("charge_boxes.id"))
    connector_id: Mapped[int]
    evse_id: Mapped[str]
    status: Mapped[str | None]
    error_code: Mapped[str | None]
    error_info: Mapped[str | None]
    vendor_id: Mapped[str | None]
    vendor_error_code: Mapped[str | None]
    status_at: Mapped[datetime | None]
    status_received_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class ConnectorRow(Row):
    """The plug of an EVSE; every EVSE of OCPP 1.6 has one, with id 1."""

    __tablename__ = "connectors"

    evse_uid: Mapped[int] = mapped_column(ForeignKey("evses.uid"), primary_key=True)
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False, server_default="1")
    standard: Mapped[str] = mapped_column(server_default="IEC_62196_T2")
    format: Mapped[str] = mapped_column(server_default="SOCKET")
    power_type: Mapped[str] = mapped_column(server_default="AC_3_PHASE")
    max_electric_power_kw: Mapped[Decimal] = mapped_column(server_default="22")
    max_amperage_a: Mapped[Decimal] = mapped_column(server_default="32")
    max_voltage_v: Mapped[Decimal] = mapped_column(server_default="400")


class TokenRow(Row):
    """Our record of an idTag. A uid stays taken for ever, also after its deletion."""

    __tablename__ = "tokens"
    __table_args__ = (Index("ix_tokens_uid", text("upper(uid)"), unique=True),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), server_default="1")
    type: Mapped[str] = mapped_column(server_default="rfid")
    uid: Mapped[str]
    label: Mapped[str | None]
    app_user_id: Mapped[int | None] = mapped_column(BigInteger)
    parent_id_tag: Mapped[str | None]
    valid_from: Mapped[datetime] = mapped_column(server_default=_NOW)
    expires_at: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(server_default="true")
    roaming_enabled: Mapped[bool] = mapped_column(server_default="true")
    priority_charging_enabled: Mapped[bool] = mapped_column(server_default="false")
    billing_reference: Mapped[str | None]
    comment: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    deleted_at: Mapped[datetime | None]


class TariffRow(Row):
    """One version of a tariff; a change makes a new one, so that a running transaction keeps its own."""

    __tablename__ = "tariffs"

    id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # The tariff in Spirii's form (camelCase), as `csms.domain` reads it
    document: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    deleted_at: Mapped[datetime | None]


class TokenGroupRow(Row):
    """Tokens that may charge at the group's locations, and, while it is enabled, only they."""

    __tablename__ = "token_groups"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    disabled: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    deleted_at: Mapped[datetime | None]


class TokenGroupTokenRow(Row):
    """A token is in a group."""

    __tablename__ = "token_group_tokens"
    __table_args__ = (Index("ix_token_group_tokens_token", "token_id"),)

    token_group_id: Mapped[int] = mapped_column(ForeignKey("token_groups.id"), primary_key=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("tokens.id"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class TokenGroupLocationRow(Row):
    """A location is in a group."""

    __tablename__ = "token_group_locations"
    __table_args__ = (Index("ix_token_group_locations_location", "location_id"),)

    token_group_id: Mapped[int] = mapped_column(ForeignKey("token_groups.id"), primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class TemporaryEvseStatusRow(Row):
    """A status shown instead of the technical one, for a time."""

    __tablename__ = "temporary_evse_statuses"
    __table_args__ = (Index("ix_temporary_evse_statuses_evse", "evse_uid", "valid_to"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    evse_uid: Mapped[int] = mapped_column(ForeignKey("evses.uid"))
    temporary_status: Mapped[str]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class VoucherGroupRow(Row):
    """Vouchers that change the price of a session to the group's tariff, or make it free."""

    __tablename__ = "voucher_groups"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    # None: sessions are free
    tariff_id: Mapped[str | None]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    notes: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    deleted_at: Mapped[datetime | None]


class VoucherGroupLocationRow(Row):
    """A voucher group is good at a location."""

    __tablename__ = "voucher_group_locations"

    voucher_group_id: Mapped[int] = mapped_column(ForeignKey("voucher_groups.id"), primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class VoucherRow(Row):
    """A code that tokens and app users are linked to."""

    __tablename__ = "vouchers"
    __table_args__ = (
        Index("ix_vouchers_group", "voucher_group_id"),
        Index("ix_vouchers_code_live", text("lower(code)"), unique=True, postgresql_where=text("deleted_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    code: Mapped[str]
    voucher_group_id: Mapped[int] = mapped_column(ForeignKey("voucher_groups.id"))
    max_users: Mapped[int | None]
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    deleted_at: Mapped[datetime | None]


class VoucherUserRow(Row):
    """A token, or an app user, is linked to a voucher."""

    __tablename__ = "voucher_users"
    __table_args__ = (
        Index("ix_voucher_users_token", "voucher_id", "token_id", unique=True),
        Index("ix_voucher_users_app_user", "voucher_id", "app_user_id", unique=True),
        Index("ix_voucher_users_of_token", "token_id"),
        Index("ix_voucher_users_of_app_user", "app_user_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    voucher_id: Mapped[int] = mapped_column(ForeignKey("vouchers.id"))
    token_id: Mapped[int | None] = mapped_column(ForeignKey("tokens.id"))
    app_user_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class ChargeRecordRow(Row):
    """
    What a finished transaction comes to: its price, durations and emissions.

    Made in the commit that ends the transaction; priced at once after it. `price` is
    None until then, and for ever where no tariff applied.
    """

    __tablename__ = "charge_records"
    __table_args__ = (
        Index("ix_charge_records_updated", "updated_at", "transaction_id"),
        Index("ix_charge_records_unpriced", "transaction_id", postgresql_where=text("priced_at IS NULL")),
    )

    transaction_id: Mapped[int] = mapped_column(ForeignKey("transactions.id"), primary_key=True, autoincrement=False)
    price: Mapped[dict[str, Any] | None]
    original_price: Mapped[dict[str, Any] | None]
    charging_s: Mapped[float | None]
    idle_s: Mapped[float | None]
    co2_emitted_g: Mapped[float | None]
    payment_method: Mapped[str] = mapped_column(server_default="Unknown")
    payment_status: Mapped[str] = mapped_column(server_default="n/a")
    priced_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class TransactionRow(Row):
    """
    From StartTransaction to StopTransaction, as the charge box reported it.

    `id` is the transactionId of OCPP. Of every moment three forms are kept: as
    sent (`_raw`), as parsed (`_at`), and when it reached us (`_received_at`).
    `ended_at` is set when the transaction is over, `end_cause` says how we know:
    reported, superseded, boot or available. Only `reported` is the charge box's
    own word; the others are replaced by it when it comes late. `ended_at` is a time
    that makes sense, of receipt where the clock was never set; `stopped_at` is the
    charge box's. The two keys are what lists are sorted by: what has no such moment
    comes after everything that has one.
    """

    __tablename__ = "transactions"
    __table_args__ = (
        Index("ix_transactions_open", "charge_box_id", "connector_id", postgresql_where=text("ended_at IS NULL")),
        Index("ix_transactions_open_tag", text("upper(id_tag)"), postgresql_where=text("ended_at IS NULL")),
        Index("ix_transactions_charge_box", "charge_box_id", "id"),
        Index("ix_transactions_created", "created_at", "id"),
        Index("ix_transactions_started", "started_key", "id"),
        Index("ix_transactions_ended", "ended_key", "id"),
        Index("ix_transactions_location", "location_id", "id"),
        Index("ix_transactions_tag", text("upper(id_tag)"), "id"),
        Index("ix_transactions_voucher", "voucher_id", "id", postgresql_where=text("voucher_id IS NOT NULL")),
        # Room on the page, so that the running summary updates in place. That also needs every column that a
        # meter value changes to be in no index: `updated_at` is not. In the order of updates, those that are over
        # come from `charge_records`, whose own `updated_at` is indexed, and the few that run are sorted.
        {"postgresql_with": {"fillfactor": "70"}},
    )

    id: Mapped[int] = mapped_column(Integer, Identity(maxvalue=2**31 - 1), primary_key=True)
    charge_box_id: Mapped[int] = mapped_column(ForeignKey("charge_boxes.id"))
    evse_uid: Mapped[int | None] = mapped_column(ForeignKey("evses.uid"))
    connector_id: Mapped[int | None]
    id_tag: Mapped[str | None]
    token_id: Mapped[int | None] = mapped_column(ForeignKey("tokens.id"))
    oddities: Mapped[list[str]] = mapped_column(server_default="{}")

    # What applied when it started
    session_id: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    location_id: Mapped[int | None] = mapped_column(ForeignKey("locations.id"))
    tariff_id: Mapped[str | None]
    tariff_version: Mapped[int | None]
    voucher_id: Mapped[int | None] = mapped_column(ForeignKey("vouchers.id"))

    # The start
    start_key: Mapped[bytes | None] = mapped_column(unique=True)
    start_answer: Mapped[str | None]
    start_repeats: Mapped[int] = mapped_column(server_default="0")
    clock_trusted: Mapped[bool] = mapped_column(Boolean, server_default="true")
    reservation_id: Mapped[int | None] = mapped_column(BigInteger)
    meter_start_wh: Mapped[Decimal | None]
    started_at: Mapped[datetime | None]
    started_at_raw: Mapped[str | None]
    start_received_at: Mapped[datetime | None]

    # The stop
    stop_key: Mapped[bytes | None] = mapped_column(unique=True)
    stop_match: Mapped[str | None]
    stop_repeats: Mapped[int] = mapped_column(server_default="0")
    stop_transaction_id: Mapped[str | None]
    stop_id_tag: Mapped[str | None]
    stop_reason: Mapped[str | None]
    meter_stop_wh: Mapped[Decimal | None]
    stopped_at: Mapped[datetime | None]
    stopped_at_raw: Mapped[str | None]
    stop_received_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_cause: Mapped[str | None]

    # The running summary of its meter values
    register_wh: Mapped[Decimal | None]
    power_w: Mapped[float | None]
    highest_power_w: Mapped[float | None]
    soc_start: Mapped[float | None]
    soc: Mapped[float | None]
    last_reading_at: Mapped[datetime | None]
    last_evidence_at: Mapped[datetime]

    started_key: Mapped[datetime] = mapped_column(
        Computed(
            f"COALESCE(CASE WHEN clock_trusted THEN started_at ELSE start_received_at END, {_NEVER})", persisted=True
        )
    )
    ended_key: Mapped[datetime] = mapped_column(Computed(f"COALESCE(ended_at, {_NEVER})", persisted=True))
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class ReadingShapeRow(Row):
    """The list of (measurand, unit, phase, context, location, format) that a reading's values stand for."""

    __tablename__ = "reading_shapes"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    digest: Mapped[bytes] = mapped_column(unique=True)
    definition: Mapped[list[Any]]


class MeterValueRow(Row):
    """
    One reading moment: its shape and an array of values in the shape's order.

    `digest` makes a repeat of the same reading the same row. `raw` holds the texts
    of values that a number cannot carry (signed data, nonsense) and the timestamp
    as sent where it says more than `at`.
    """

    __tablename__ = "meter_values"
    __table_args__ = (
        Index("ix_meter_values_transaction", "transaction_id", "at"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    charge_box_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    digest: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    received_at: Mapped[datetime]
    transaction_id: Mapped[int | None]
    shape_id: Mapped[int]
    connector_id: Mapped[int] = mapped_column(SmallInteger)
    link: Mapped[int] = mapped_column(SmallInteger)
    values: Mapped[list[float]] = mapped_column(ARRAY(Double))
    raw: Mapped[dict[str, Any] | None]


class FrameRow(Row):
    """One frame of the journal, masked. `direction`: `<` from the charge box, `>` to it."""

    __tablename__ = "frames"
    __table_args__ = (
        Index("ix_frames_charge_box", "charge_box_id", "at", "id"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    charge_box_id: Mapped[int]
    direction: Mapped[str]
    action: Mapped[str | None]
    unique_id: Mapped[str | None]
    body: Mapped[str]


class EventRow(Row):
    """What happened, in order; `actor` is the API key's name where a person did it."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_charge_box", "charge_box_id", "id"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    kind: Mapped[str]
    charge_box_id: Mapped[int | None]
    transaction_id: Mapped[int | None]
    actor: Mapped[str | None]
    data: Mapped[dict[str, Any]]


PARTITIONED = {"meter_values": "month", "frames": "day", "events": "month"}
