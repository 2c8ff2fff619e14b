"""An index for what failed of one product, or in one place: it was looked for among all that the product ever did."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

UNSUCCESSFUL = "status IN ('failed', 'aborted', 'unknown')"


def upgrade() -> None:
    """Make the index."""
    op.create_index(
        "records_product_unsuccessful",
        "records",
        ["product", "status", "created_at", "id"],
        postgresql_where=sa.text(UNSUCCESSFUL),
        sqlite_where=sa.text(UNSUCCESSFUL),
    )
