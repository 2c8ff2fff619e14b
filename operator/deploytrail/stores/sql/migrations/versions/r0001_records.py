"""Records, and the bodies of their reports.

Frozen: what was released is never edited, what comes next is another file.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

IDENTIFIER = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "records",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("version", sa.Text),
        sa.Column("environment", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("counted", sa.Boolean),
        sa.Column("type", sa.Text),
        sa.Column("application_uid", sa.Text),
        sa.Column("series", sa.Text),
        sa.Column("attempt", sa.BigInteger),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.Column("happened_at", INSTANT, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", "kind", name="records_pkey"),
        sa.UniqueConstraint("series", "attempt", name="records_series_attempt_key"),
    )
    op.create_index("records_newest", "records", ["kind", "created_at", "id"])
    op.create_index(
        "records_place", "records", ["product", "environment", "finished_at"], postgresql_include=["status"]
    )
    op.create_index(
        "records_open",
        "records",
        ["kind", "created_at", "id"],
        postgresql_where=sa.text("is_open"),
        sqlite_where=sa.text("is_open = 1"),
    )
    op.create_index(
        "records_application",
        "records",
        ["application_uid", "created_at", "id"],
        postgresql_where=sa.text("application_uid IS NOT NULL"),
        sqlite_where=sa.text("application_uid IS NOT NULL"),
    )
    op.create_table(
        "payloads",
        sa.Column("record_id", IDENTIFIER, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("record_id", "kind", "position", name="payloads_pkey"),
        sa.ForeignKeyConstraint(
            ["record_id", "kind"], ["records.id", "records.kind"], name="payloads_record_fkey", ondelete="CASCADE"
        ),
    )
