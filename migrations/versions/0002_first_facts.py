"""
What a fresh installation holds: its secret, the operator as customer 1, the order of connections, a readable view.

Revision: 0002, after 0001.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Ownership of a charge box is the larger number; it must never repeat, so it is a sequence.
    op.execute("CREATE SEQUENCE connection_epochs")
    for table in ("meter_values", "frames", "events"):
        # Takes what no partition takes: a clock in 1970 or 2099.
        op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
    op.execute(
        "INSERT INTO installation (id, secret) VALUES "
        "(1, decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'))"
    )
    op.execute("INSERT INTO customers (id, name, type) VALUES (1, 'Operator', 'CPO')")
    op.execute("ALTER TABLE customers ALTER COLUMN id RESTART WITH 2")
    op.execute(
        """
        CREATE VIEW readings AS
        SELECT m.charge_box_id, m.connector_id, m.transaction_id, m.at, m.received_at,
               s.kind ->> 0 AS measurand, s.kind ->> 1 AS unit, s.kind ->> 2 AS phase,
               s.kind ->> 3 AS context, s.kind ->> 4 AS location, s.kind ->> 5 AS format,
               m.values[s.number] AS value, m.raw
        FROM meter_values m
        JOIN reading_shapes r ON r.id = m.shape_id
        CROSS JOIN LATERAL jsonb_array_elements(r.definition) WITH ORDINALITY AS s(kind, number)
        """
    )


def downgrade() -> None:
    op.execute("DROP VIEW readings")
    for table in ("meter_values", "frames", "events"):
        op.execute(f"DROP TABLE {table}_default")
    op.execute("DROP SEQUENCE connection_epochs")
