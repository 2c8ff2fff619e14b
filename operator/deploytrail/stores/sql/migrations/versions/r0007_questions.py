"""Indexes for questions by time and by source, whose cost grew with the history."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

LATE = "CASE WHEN happened_at - created_at BETWEEN interval '-01:00:00' AND interval '01:00:00' THEN 0 ELSE 1 END = 1"
LATE_IN_SQLITE = "abs(julianday(happened_at) - julianday(created_at)) > 1.0 / 24"


def upgrade() -> None:
    """Make the indexes."""
    op.create_index("records_source", "records", ["source", "kind", "created_at", "id"])
    op.create_index(
        "records_late",
        "records",
        ["kind", "created_at", "id", "happened_at"],
        postgresql_where=sa.text(LATE),
        sqlite_where=sa.text(LATE_IN_SQLITE),
    )
