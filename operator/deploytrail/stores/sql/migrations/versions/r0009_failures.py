"""Indexes for what was looked for among all that there is.

What failed of one product, or in one place, gets one of its own; that of late records holds what tells them apart, so
that no row has to be read to know that it is another's.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

LATE = "CASE WHEN happened_at - created_at BETWEEN interval '-01:00:00' AND interval '01:00:00' THEN 0 ELSE 1 END = 1"
LATE_IN_SQLITE = "abs(julianday(happened_at) - julianday(created_at)) > 1.0 / 24"
UNSUCCESSFUL = "status IN ('failed', 'aborted', 'unknown')"


def upgrade() -> None:
    """Make the indexes."""
    op.create_index(
        "records_product_unsuccessful",
        "records",
        ["product", "status", "created_at", "id"],
        postgresql_where=sa.text(UNSUCCESSFUL),
        sqlite_where=sa.text(UNSUCCESSFUL),
    )
    op.drop_index("records_late", "records")
    op.create_index(
        "records_late",
        "records",
        ["kind", "created_at", "id", "happened_at", "product", "environment", "status", "source"],
        postgresql_where=sa.text(LATE),
        sqlite_where=sa.text(LATE_IN_SQLITE),
    )
