"""How a database gets its tables: forward only, by one process at a time, in the transaction that holds the lock."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, insert, select

from deploytrail.stores.sql.tables import INSTALLATION
from deploytrail.stores.sql.troubles import Away


def ready(connection: Connection) -> None:
    """Nothing more to do than to upgrade."""


def lay_ground(connection: Connection, *, now: datetime) -> None:
    """Make the one row that is there before any migration, if this is the first start of all.

    Two that do so at once can get in each other's way: then one of them fails and comes again.
    """
    INSTALLATION.create(connection, checkfirst=True)
    if connection.scalar(select(func.count()).select_from(INSTALLATION)) == 0:
        connection.execute(insert(INSTALLATION).values(id=1, began_at=now))


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the schema up to date. The row is locked until the caller commits, so that others wait."""
    connection.execute(select(INSTALLATION).with_for_update()).all()
    config = _config()
    config.attributes["connection"] = connection
    progress = progress_of(connection)
    if progress.is_newer:
        raise Away(f"its schema {progress.found} was made by a newer Deploytrail: run that, or one still newer")
    command.upgrade(config, revision)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the schema of a database is."""

    found: str | None
    """Its revision; None where none was ever made."""
    wanted: str
    """The newest that this Deploytrail knows."""
    is_newer: bool
    """Whether it was made by a Deploytrail that knows more."""


def progress_of(connection: Connection) -> Progress:
    """Look, and change nothing."""
    scripts = ScriptDirectory.from_config(_config())
    found = MigrationContext.configure(connection).get_current_revision()
    known = [script.revision for script in scripts.walk_revisions()]
    return Progress(found, known[0], is_newer=found is not None and found not in known)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
