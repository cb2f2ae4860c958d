"""
The tables of the first release.

Revision: 0001.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key_hash"),
    )
    op.create_index(
        "ix_api_keys_name_live", "api_keys", ["name"], unique=True, postgresql_where=sa.text("revoked_at IS NULL")
    )
    op.create_table(
        "charge_box_models",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("plug_and_charge_validated", sa.Boolean(), nullable=False),
        sa.Column("firmware_management_validated", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), server_default="Business", nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["customers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_customers_owner", "customers", ["owner_id"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("charge_box_id", sa.Integer(), nullable=True),
        sa.Column("transaction_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", "at"),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_events_charge_box", "events", ["charge_box_id", "id"], unique=False)
    op.create_table(
        "frames",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("charge_box_id", sa.Integer(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("unique_id", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", "at"),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_frames_charge_box", "frames", ["charge_box_id", "at", "id"], unique=False)
    op.create_table(
        "installation",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "knocks",
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("remote_address", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("identity"),
    )
    op.create_table(
        "meter_values",
        sa.Column("charge_box_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_id", sa.Integer(), nullable=True),
        sa.Column("shape_id", sa.Integer(), nullable=False),
        sa.Column("connector_id", sa.SmallInteger(), nullable=False),
        sa.Column("link", sa.SmallInteger(), nullable=False),
        sa.Column("values", sa.ARRAY(sa.Double()), nullable=False),
        sa.Column("raw", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("charge_box_id", "at", "digest"),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_meter_values_transaction", "meter_values", ["transaction_id", "at"], unique=False)
    op.create_table(
        "nodes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "reading_shapes",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "tariffs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", "version"),
    )
    op.create_table(
        "locations",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", sa.Integer(), server_default="1", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("postal_code", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("country_code", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("publish", sa.Boolean(), nullable=False),
        sa.Column("parking_type", sa.Text(), server_default="ON_STREET", nullable=False),
        sa.Column("facilities", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("opening_times", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("directions", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("energy_mix", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("help_phone", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("tariff_id", sa.Text(), nullable=True),
        sa.Column("allow_priority_charging", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("billing_reference", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "token_groups",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("disabled", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", sa.Integer(), server_default="1", nullable=False),
        sa.Column("type", sa.Text(), server_default="rfid", nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("app_user_id", sa.BigInteger(), nullable=True),
        sa.Column("parent_id_tag", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("roaming_enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("priority_charging_enabled", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("billing_reference", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_tokens_uid", "tokens", [sa.literal_column("upper(uid)")], unique=True)
    op.create_table(
        "voucher_groups",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tariff_id", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "charge_boxes",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("serial_number", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=True),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("registration_status", sa.Text(), server_default="Accepted", nullable=False),
        sa.Column("password_required", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("password_hash", sa.LargeBinary(), nullable=True),
        sa.Column("password_form", sa.Text(), nullable=True),
        sa.Column("vendor", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("firmware_version", sa.Text(), nullable=True),
        sa.Column("boot", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("booted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("firmware_status", sa.Text(), nullable=True),
        sa.Column("diagnostics_status", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_info", sa.Text(), nullable=True),
        sa.Column("vendor_id", sa.Text(), nullable=True),
        sa.Column("vendor_error_code", sa.Text(), nullable=True),
        sa.Column("status_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("node_name", sa.Text(), nullable=True),
        sa.Column("connection_epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_connection_event_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ping_policy", sa.Text(), server_default="observe", nullable=False),
        sa.Column("clock_skew_ms", sa.BigInteger(), nullable=True),
        sa.Column("configuration", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("configuration_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["locations.id"],
        ),
        sa.ForeignKeyConstraint(
            ["model_id"],
            ["charge_box_models.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_charge_boxes_identity_live",
        "charge_boxes",
        [sa.literal_column("lower(identity)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index("ix_charge_boxes_location", "charge_boxes", ["location_id"], unique=False)
    op.create_table(
        "token_group_locations",
        sa.Column("token_group_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["locations.id"],
        ),
        sa.ForeignKeyConstraint(
            ["token_group_id"],
            ["token_groups.id"],
        ),
        sa.PrimaryKeyConstraint("token_group_id", "location_id"),
    )
    op.create_index("ix_token_group_locations_location", "token_group_locations", ["location_id"], unique=False)
    op.create_table(
        "token_group_tokens",
        sa.Column("token_group_id", sa.Integer(), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_group_id"],
            ["token_groups.id"],
        ),
        sa.ForeignKeyConstraint(
            ["token_id"],
            ["tokens.id"],
        ),
        sa.PrimaryKeyConstraint("token_group_id", "token_id"),
    )
    op.create_index("ix_token_group_tokens_token", "token_group_tokens", ["token_id"], unique=False)
    op.create_table(
        "voucher_group_locations",
        sa.Column("voucher_group_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["locations.id"],
        ),
        sa.ForeignKeyConstraint(
            ["voucher_group_id"],
            ["voucher_groups.id"],
        ),
        sa.PrimaryKeyConstraint("voucher_group_id", "location_id"),
    )
    op.create_table(
        "vouchers",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("voucher_group_id", sa.Integer(), nullable=False),
        sa.Column("max_users", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["voucher_group_id"],
            ["voucher_groups.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_vouchers_group", "vouchers", ["voucher_group_id"], unique=False)
    op.create_index(
        "ix_vouchers_code_live",
        "vouchers",
        [sa.literal_column("lower(code)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "deviations",
        sa.Column("charge_box_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("example", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["charge_box_id"],
            ["charge_boxes.id"],
        ),
        sa.PrimaryKeyConstraint("charge_box_id", "kind"),
    )
    op.create_table(
        "evses",
        sa.Column("uid", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("charge_box_id", sa.Integer(), nullable=False),
        sa.Column("connector_id", sa.Integer(), nullable=False),
        sa.Column("evse_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_info", sa.Text(), nullable=True),
        sa.Column("vendor_id", sa.Text(), nullable=True),
        sa.Column("vendor_error_code", sa.Text(), nullable=True),
        sa.Column("status_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["charge_box_id"],
            ["charge_boxes.id"],
        ),
        sa.PrimaryKeyConstraint("uid"),
        sa.UniqueConstraint("charge_box_id", "connector_id"),
    )
    op.create_index("ix_evses_evse_id", "evses", ["evse_id"], unique=False)
    op.create_table(
        "voucher_users",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("voucher_id", sa.Integer(), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=True),
        sa.Column("app_user_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"],
            ["tokens.id"],
        ),
        sa.ForeignKeyConstraint(
            ["voucher_id"],
            ["vouchers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_voucher_users_of_app_user", "voucher_users", ["app_user_id"], unique=False)
    op.create_index("ix_voucher_users_of_token", "voucher_users", ["token_id"], unique=False)
    op.create_index("ix_voucher_users_app_user", "voucher_users", ["voucher_id", "app_user_id"], unique=True)
    op.create_index("ix_voucher_users_token", "voucher_users", ["voucher_id", "token_id"], unique=True)
    op.create_table(
        "connectors",
        sa.Column("evse_uid", sa.Integer(), nullable=False),
        sa.Column("id", sa.SmallInteger(), server_default="1", autoincrement=False, nullable=False),
        sa.Column("standard", sa.Text(), server_default="IEC_62196_T2", nullable=False),
        sa.Column("format", sa.Text(), server_default="SOCKET", nullable=False),
        sa.Column("power_type", sa.Text(), server_default="AC_3_PHASE", nullable=False),
        sa.Column("max_electric_power_kw", sa.Numeric(), server_default="22", nullable=False),
        sa.Column("max_amperage_a", sa.Numeric(), server_default="32", nullable=False),
        sa.Column("max_voltage_v", sa.Numeric(), server_default="400", nullable=False),
        sa.ForeignKeyConstraint(
            ["evse_uid"],
            ["evses.uid"],
        ),
        sa.PrimaryKeyConstraint("evse_uid", "id"),
    )
    op.create_table(
        "temporary_evse_statuses",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("evse_uid", sa.Integer(), nullable=False),
        sa.Column("temporary_status", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["evse_uid"],
            ["evses.uid"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_temporary_evse_statuses_evse", "temporary_evse_statuses", ["evse_uid", "valid_to"], unique=False
    )
    op.create_table(
        "transactions",
        sa.Column("id", sa.Integer(), sa.Identity(always=False, maxvalue=2147483647), nullable=False),
        sa.Column("charge_box_id", sa.Integer(), nullable=False),
        sa.Column("evse_uid", sa.Integer(), nullable=True),
        sa.Column("connector_id", sa.Integer(), nullable=True),
        sa.Column("id_tag", sa.Text(), nullable=True),
        sa.Column("token_id", sa.Integer(), nullable=True),
        sa.Column("oddities", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("session_id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("tariff_id", sa.Text(), nullable=True),
        sa.Column("tariff_version", sa.Integer(), nullable=True),
        sa.Column("voucher_id", sa.Integer(), nullable=True),
        sa.Column("start_key", sa.LargeBinary(), nullable=True),
        sa.Column("start_answer", sa.Text(), nullable=True),
        sa.Column("start_repeats", sa.Integer(), server_default="0", nullable=False),
        sa.Column("clock_trusted", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("reservation_id", sa.BigInteger(), nullable=True),
        sa.Column("meter_start_wh", sa.Numeric(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at_raw", sa.Text(), nullable=True),
        sa.Column("start_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_key", sa.LargeBinary(), nullable=True),
        sa.Column("stop_match", sa.Text(), nullable=True),
        sa.Column("stop_repeats", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stop_transaction_id", sa.Text(), nullable=True),
        sa.Column("stop_id_tag", sa.Text(), nullable=True),
        sa.Column("stop_reason", sa.Text(), nullable=True),
        sa.Column("meter_stop_wh", sa.Numeric(), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at_raw", sa.Text(), nullable=True),
        sa.Column("stop_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_cause", sa.Text(), nullable=True),
        sa.Column("register_wh", sa.Numeric(), nullable=True),
        sa.Column("power_w", sa.Double(), nullable=True),
        sa.Column("highest_power_w", sa.Double(), nullable=True),
        sa.Column("soc_start", sa.Double(), nullable=True),
        sa.Column("soc", sa.Double(), nullable=True),
        sa.Column("last_reading_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_evidence_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "started_key",
            sa.DateTime(timezone=True),
            sa.Computed(
                "COALESCE(CASE WHEN clock_trusted THEN started_at ELSE start_received_at END, "
                "'9999-12-31 23:59:59+00'::timestamptz)",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column(
            "ended_key",
            sa.DateTime(timezone=True),
            sa.Computed("COALESCE(ended_at, '9999-12-31 23:59:59+00'::timestamptz)", persisted=True),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["charge_box_id"],
            ["charge_boxes.id"],
        ),
        sa.ForeignKeyConstraint(
            ["evse_uid"],
            ["evses.uid"],
        ),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["locations.id"],
        ),
        sa.ForeignKeyConstraint(
            ["token_id"],
            ["tokens.id"],
        ),
        sa.ForeignKeyConstraint(
            ["voucher_id"],
            ["vouchers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("start_key"),
        sa.UniqueConstraint("stop_key"),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index("ix_transactions_charge_box", "transactions", ["charge_box_id", "id"], unique=False)
    op.create_index("ix_transactions_created", "transactions", ["created_at", "id"], unique=False)
    op.create_index("ix_transactions_ended", "transactions", ["ended_key", "id"], unique=False)
    op.create_index("ix_transactions_location", "transactions", ["location_id", "id"], unique=False)
    op.create_index(
        "ix_transactions_open",
        "transactions",
        ["charge_box_id", "connector_id"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_transactions_open_tag",
        "transactions",
        [sa.literal_column("upper(id_tag)")],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_transactions_started", "transactions", ["started_key", "id"], unique=False)
    op.create_index("ix_transactions_tag", "transactions", [sa.literal_column("upper(id_tag)"), "id"], unique=False)
    op.create_index(
        "ix_transactions_voucher",
        "transactions",
        ["voucher_id", "id"],
        unique=False,
        postgresql_where=sa.text("voucher_id IS NOT NULL"),
    )
    op.create_table(
        "charge_records",
        sa.Column("transaction_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("price", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("original_price", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("charging_s", sa.Double(), nullable=True),
        sa.Column("idle_s", sa.Double(), nullable=True),
        sa.Column("co2_emitted_g", sa.Double(), nullable=True),
        sa.Column("payment_method", sa.Text(), server_default="Unknown", nullable=False),
        sa.Column("payment_status", sa.Text(), server_default="n/a", nullable=False),
        sa.Column("priced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["transactions.id"],
        ),
        sa.PrimaryKeyConstraint("transaction_id"),
    )
    op.create_index(
        "ix_charge_records_unpriced",
        "charge_records",
        ["transaction_id"],
        unique=False,
        postgresql_where=sa.text("priced_at IS NULL"),
    )
    op.create_index("ix_charge_records_updated", "charge_records", ["updated_at", "transaction_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_charge_records_updated", table_name="charge_records")
    op.drop_index(
        "ix_charge_records_unpriced", table_name="charge_records", postgresql_where=sa.text("priced_at IS NULL")
    )
    op.drop_table("charge_records")
    op.drop_index(
        "ix_transactions_voucher", table_name="transactions", postgresql_where=sa.text("voucher_id IS NOT NULL")
    )
    op.drop_index("ix_transactions_tag", table_name="transactions")
    op.drop_index("ix_transactions_started", table_name="transactions")
    op.drop_index("ix_transactions_open_tag", table_name="transactions", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index("ix_transactions_open", table_name="transactions", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index("ix_transactions_ended", table_name="transactions")
    op.drop_index("ix_transactions_location", table_name="transactions")
    op.drop_index("ix_transactions_created", table_name="transactions")
    op.drop_index("ix_transactions_charge_box", table_name="transactions")
    op.drop_table("transactions")
    op.drop_index("ix_temporary_evse_statuses_evse", table_name="temporary_evse_statuses")
    op.drop_table("temporary_evse_statuses")
    op.drop_table("connectors")
    op.drop_index("ix_voucher_users_token", table_name="voucher_users")
    op.drop_index("ix_voucher_users_app_user", table_name="voucher_users")
    op.drop_index("ix_voucher_users_of_token", table_name="voucher_users")
    op.drop_index("ix_voucher_users_of_app_user", table_name="voucher_users")
    op.drop_table("voucher_users")
    op.drop_index("ix_evses_evse_id", table_name="evses")
    op.drop_table("evses")
    op.drop_table("deviations")
    op.drop_index("ix_vouchers_code_live", table_name="vouchers", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_index("ix_vouchers_group", table_name="vouchers")
    op.drop_table("vouchers")
    op.drop_table("voucher_group_locations")
    op.drop_index("ix_token_group_tokens_token", table_name="token_group_tokens")
    op.drop_table("token_group_tokens")
    op.drop_index("ix_token_group_locations_location", table_name="token_group_locations")
    op.drop_table("token_group_locations")
    op.drop_index("ix_charge_boxes_location", table_name="charge_boxes")
    op.drop_index(
        "ix_charge_boxes_identity_live", table_name="charge_boxes", postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.drop_table("charge_boxes")
    op.drop_table("voucher_groups")
    op.drop_index("ix_tokens_uid", table_name="tokens")
    op.drop_table("tokens")
    op.drop_table("token_groups")
    op.drop_table("locations")
    op.drop_table("tariffs")
    op.drop_table("reading_shapes")
    op.drop_table("nodes")
    op.drop_index("ix_meter_values_transaction", table_name="meter_values")
    op.drop_table("meter_values")
    op.drop_table("knocks")
    op.drop_table("installation")
    op.drop_index("ix_frames_charge_box", table_name="frames")
    op.drop_table("frames")
    op.drop_index("ix_events_charge_box", table_name="events")
    op.drop_table("events")
    op.drop_index("ix_customers_owner", table_name="customers")
    op.drop_table("customers")
    op.drop_table("charge_box_models")
    op.drop_index("ix_api_keys_name_live", table_name="api_keys", postgresql_where=sa.text("revoked_at IS NULL"))
    op.drop_table("api_keys")
