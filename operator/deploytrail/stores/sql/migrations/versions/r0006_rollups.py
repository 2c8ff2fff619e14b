"""Counts that follow the records, and what runs where.

They begin empty: the first start after this one fills them (see recount), because how depends on settings.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

IDENTIFIER = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
UNSUCCESSFUL = "status IN ('failed', 'aborted', 'unknown')"


def _create(name: str, columns: list[str], where: str, in_sqlite: str | None = None) -> None:
    op.create_index(name, "records", columns, postgresql_where=sa.text(where), sqlite_where=sa.text(in_sqlite or where))


def upgrade() -> None:
    """Make the tables."""
    op.add_column("records", sa.Column("entry", sa.Text))
    op.drop_index("records_place", "records")
    op.create_index("records_place", "records", ["product", "environment", "happened_at", "id"])
    op.create_index("records_product", "records", ["product", "created_at", "id"])
    op.create_index("records_version", "records", ["version", "product"])
    _create("records_environment", ["environment", "created_at", "id"], "environment IS NOT NULL")
    _create("records_unsuccessful", ["kind", "status", "created_at", "id"], UNSUCCESSFUL)
    _create("records_uncounted", ["kind", "created_at", "id"], "NOT counted", "counted = 0")
    op.create_table(
        "products",
        sa.Column("product", IDENTIFIER, nullable=False),
        sa.Column("has_builds", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("product", name="products_pkey"),
    )
    op.create_table(
        "places",
        sa.Column("product", IDENTIFIER, nullable=False),
        sa.Column("environment", IDENTIFIER, nullable=False),
        sa.Column("standing", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("product", "environment", name="places_pkey"),
    )
    op.create_index("places_environment", "places", ["environment", "product"])
    op.create_table(
        "tallies",
        sa.Column("dimension", IDENTIFIER, nullable=False),
        sa.Column("grain", IDENTIFIER, nullable=False),
        sa.Column("name", IDENTIFIER, nullable=False),
        sa.Column("environment", IDENTIFIER, nullable=False),
        sa.Column("start", IDENTIFIER, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("dimension", "grain", "name", "environment", "start", name="tallies_pkey"),
    )
    op.create_table(
        "rollups",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rules", sa.Text, nullable=False),
    )
