"""How a database gets its tables: forward only, by one process at a time, in the transaction that holds the lock."""

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
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise Away(f"its schema {found} was made by a newer Deploytrail: run that, or one still newer")
    command.upgrade(config, revision)
