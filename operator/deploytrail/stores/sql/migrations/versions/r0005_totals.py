"""How many deployments there were, and before which others are known to be lost: both counted from what is there."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

IDENTIFIER = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BOUNDS = (5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600)

MISSED = {
    "postgresql": "(document::json->>'missed_before')::bigint",
    "sqlite": "json_extract(document, '$.missed_before')",
}
SECONDS = {
    "postgresql": "round(extract(epoch FROM finished_at - (document::json->>'started_at')::timestamptz), 3)",
    "sqlite": "round((julianday(finished_at) - julianday(json_extract(document, '$.started_at'))) * 86400, 3)",
}


def upgrade() -> None:
    """Make the table and the column, and fill them."""
    op.create_table(
        "totals",
        sa.Column("product", IDENTIFIER, nullable=False),
        sa.Column("environment", IDENTIFIER, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("product", "environment", "name", name="totals_pkey"),
    )
    op.add_column("records", sa.Column("missed_before", sa.BigInteger))
    dialect = op.get_bind().dialect.name
    _note_missed(sa.literal_column(MISSED[dialect]))
    op.create_index(
        "records_missed",
        "records",
        ["kind", "created_at", "id"],
        postgresql_where=sa.text("missed_before > 0"),
        sqlite_where=sa.text("missed_before > 0"),
    )
    _count(sa.literal_column(SECONDS[dialect]))


RECORDS = sa.table(
    "records", *map(sa.column, ("kind", "product", "environment", "source", "status", "is_open", "missed_before"))
)
TOTALS = sa.table("totals", *map(sa.column, ("product", "environment", "name", "value")))
DEPLOYMENT = RECORDS.c.kind == "deployment"


def _note_missed(missed: Any) -> None:
    watched = RECORDS.c.source == "argocd"  # nobody else knows of what it missed
    op.execute(RECORDS.update().where(DEPLOYMENT, watched, missed > 0).values(missed_before=missed))


def _count(seconds: Any) -> None:
    ended = sa.select(RECORDS.c.product, RECORDS.c.environment, seconds.label("took"))
    timed = ended.where(DEPLOYMENT, sa.not_(RECORDS.c.is_open), seconds.is_not(None)).subquery("timed")
    bucket = sa.case(
        *((timed.c.took <= bound, sa.literal_column(f"'took-{number}'")) for number, bound in enumerate(BOUNDS)),
        else_=sa.literal_column(f"'took-{len(BOUNDS)}'"),
    )
    whole = sa.cast(sa.func.sum(sa.func.round(timed.c.took)), sa.BigInteger)
    known = (RECORDS.c.product, RECORDS.c.environment)
    for counted in (
        sa.select(*known, RECORDS.c.status, sa.func.count()).where(DEPLOYMENT).group_by(*known, RECORDS.c.status),
        sa.select(timed.c.product, timed.c.environment, bucket, sa.func.count()).group_by(sa.text("1, 2, 3")),
        sa.select(timed.c.product, timed.c.environment, sa.literal_column("'seconds'"), whole).group_by(
            sa.text("1, 2")
        ),
        sa.select(*known, sa.literal_column("'missed'"), sa.cast(sa.func.sum(RECORDS.c.missed_before), sa.BigInteger))
        .where(RECORDS.c.missed_before > 0)
        .group_by(*known),
    ):
        op.execute(TOTALS.insert().from_select(["product", "environment", "name", "value"], counted))
