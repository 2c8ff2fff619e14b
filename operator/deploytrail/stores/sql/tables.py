"""The rows. What is asked for is a column; the whole record is kept beside it as a document."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeEngine

from deploytrail.record.instant import to_utc
from deploytrail.stores.sql.lateness import LATE_IN_POSTGRESQL, LATE_IN_SQLITE

METADATA = MetaData()


class UtcInstant(TypeDecorator[datetime]):
    """A point in time. SQLite has no type for one: there it is a text that sorts as time does."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """See TypeDecorator."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """See TypeDecorator."""
        return to_text(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """See TypeDecorator."""
        return datetime.fromisoformat(value) if isinstance(value, str) else value


def to_text(when: datetime) -> str:
    """Of one width, so that texts compare as times do; both databases read it."""
    return to_utc(when).isoformat(timespec="microseconds")


Identifier = Text().with_variant(Text(collation="C"), "postgresql")
"""Compared byte by byte, so that every database puts records in the same order whatever its locale."""

INSTALLATION = Table(
    "installation",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("began_at", UtcInstant, nullable=False),
)
"""One row: since when this installation records. Whoever changes the schema locks it."""

_UNSUCCESSFUL = text("status IN ('failed', 'aborted', 'unknown')")
"""Ended, and not well: few, so that they have indexes of their own."""

RECORDS = Table(
    "records",
    METADATA,
    Column("id", Identifier, nullable=False),
    Column("kind", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("product", Text, nullable=False),
    Column("version", Text),
    Column("environment", Text),
    Column("status", Text, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("source", Text, nullable=False),
    Column("counted", Boolean),
    Column("type", Text),
    Column("application_uid", Text),
    Column("series", Text),
    Column("attempt", BigInteger),
    Column("created_at", UtcInstant, nullable=False),
    Column("missed_before", BigInteger),
    Column("finished_at", UtcInstant),
    Column("happened_at", UtcInstant, nullable=False),
    Column("document", Text, nullable=False),
    Column("entry", Text),
    PrimaryKeyConstraint("id", "kind", name="records_pkey"),
    UniqueConstraint("series", "attempt", name="records_series_attempt_key"),
    Index("records_newest", "kind", "created_at", "id"),
    Index("records_source", "source", "kind", "created_at", "id"),
    Index("records_product", "product", "created_at", "id"),
    Index("records_place", "product", "environment", "happened_at", "id"),
    Index("records_version", "version", "product"),
    Index(
        "records_environment",
        "environment",
        "created_at",
        "id",
        postgresql_where=text("environment IS NOT NULL"),
        sqlite_where=text("environment IS NOT NULL"),
    ),
    Index(
        "records_unsuccessful",
        "kind",
        "status",
        "created_at",
        "id",
        postgresql_where=_UNSUCCESSFUL,
        sqlite_where=_UNSUCCESSFUL,
    ),
    Index(
        "records_product_unsuccessful",
        "product",
        "status",
        "created_at",
        "id",
        postgresql_where=_UNSUCCESSFUL,
        sqlite_where=_UNSUCCESSFUL,
    ),
    Index(
        "records_uncounted",
        "kind",
        "created_at",
        "id",
        postgresql_where=text("NOT counted"),
        sqlite_where=text("counted = 0"),
    ),
    Index(
        "records_open",
        "kind",
        "created_at",
        "id",
        postgresql_where=text("is_open"),
        sqlite_where=text("is_open = 1"),
    ),
    Index(
        "records_missed",
        "kind",
        "created_at",
        "id",
        postgresql_where=text("missed_before > 0"),
        sqlite_where=text("missed_before > 0"),
    ),
    Index(
        "records_application",
        "application_uid",
        "created_at",
        "id",
        postgresql_where=text("application_uid IS NOT NULL"),
        sqlite_where=text("application_uid IS NOT NULL"),
    ),
    Index(
        "records_late",
        "kind",
        "created_at",
        "id",
        "happened_at",
        "product",
        "environment",
        "status",
        "source",
        postgresql_where=text(LATE_IN_POSTGRESQL),
        sqlite_where=text(LATE_IN_SQLITE),
    ),
)
"""``revision`` counts the writes of a record: two replicas that read the same one cannot both write the next.

``entry`` is what judging needs of a deployment that DORA counts, see accounts; null of everything else.
"""

PAYLOADS = Table(
    "payloads",
    METADATA,
    Column("record_id", Identifier, nullable=False),
    Column("kind", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("record_id", "kind", "position", name="payloads_pkey"),
    ForeignKeyConstraint(
        ["record_id", "kind"], ["records.id", "records.kind"], name="payloads_record_fkey", ondelete="CASCADE"
    ),
)
"""The body of the report at ``position`` among a record's tellings, as it came."""

VERSIONS = Table(
    "versions",
    METADATA,
    Column("id", Identifier, nullable=False),
    Column("product", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("commit", Text, nullable=False),
    Column("first_seen_at", UtcInstant, nullable=False),
    Column("source", Text, nullable=False),
    Column("record", Text, nullable=False),
    PrimaryKeyConstraint("id", name="versions_pkey"),
    UniqueConstraint("product", "version", name="versions_product_version_key"),
)
"""A version has one commit for ever: the constraint holds it, whatever was read before."""

PREFERENCES = Table(
    "preferences",
    METADATA,
    Column("id", Identifier, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("channel_id", Text, nullable=False),
    Column("created_at", UtcInstant, nullable=False),
    Column("created_by", Text, nullable=False),
    PrimaryKeyConstraint("id", name="preferences_pkey"),
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), autoincrement=True, nullable=False),
    Column("record_id", Identifier, nullable=False),
    Column("position", Integer, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("heard_at", UtcInstant, nullable=False),
    PrimaryKeyConstraint("sequence", name="outbox_pkey"),
    UniqueConstraint("record_id", "event_type", "position", name="outbox_event_key"),
    sqlite_autoincrement=True,
)
"""What is to be delivered, see base.Outbox. It outlives the record, whose end is no reason to stay silent."""

TOTALS = Table(
    "totals",
    METADATA,
    Column("product", Identifier, nullable=False),
    Column("environment", Identifier, nullable=False),
    Column("name", Text, nullable=False),
    Column("value", BigInteger, nullable=False),
    PrimaryKeyConstraint("product", "environment", "name", name="totals_pkey"),
)
"""What record.totals counts of every deployment that there ever was, those that were removed since among them."""

PRODUCTS = Table(
    "products",
    METADATA,
    Column("product", Identifier, nullable=False),
    Column("has_builds", Boolean, nullable=False),
    PrimaryKeyConstraint("product", name="products_pkey"),
)
"""Whoever changes the deployments or builds of a product locks its row first, so that the counts follow one by one.

Without builds, nobody has to look for those of a version.
"""

PLACES = Table(
    "places",
    METADATA,
    Column("product", Identifier, nullable=False),
    Column("environment", Identifier, nullable=False),
    Column("standing", Text, nullable=False),
    PrimaryKeyConstraint("product", "environment", name="places_pkey"),
    Index("places_environment", "environment", "product"),
)
"""What runs where, see standings: the newest deployment, the one that runs, and the other version before it."""

TALLIES = Table(
    "tallies",
    METADATA,
    Column("dimension", Identifier, nullable=False),
    Column("grain", Identifier, nullable=False),
    Column("name", Identifier, nullable=False),
    Column("environment", Identifier, nullable=False),
    Column("start", Identifier, nullable=False),
    Column("counts", Text, nullable=False),
    PrimaryKeyConstraint("dimension", "grain", "name", "environment", "start", name="tallies_pkey"),
)
"""DORA's counts (record.dora.counting) by day and by month, which ``start`` begins; counts as a JSON object."""

ROLLUPS = Table(
    "rollups",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("rules", Text, nullable=False),
)
"""One row: by which rules the counts are made. None while they are not made yet."""
