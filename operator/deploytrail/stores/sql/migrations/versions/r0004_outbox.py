"""What is to be delivered. It begins empty: what was recorded before is history, and nobody waits for its news."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

IDENTIFIER = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "outbox",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False),
        sa.Column("record_id", IDENTIFIER, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("heard_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="outbox_pkey"),
        sa.UniqueConstraint("record_id", "event_type", "position", name="outbox_event_key"),
        sqlite_autoincrement=True,
    )
