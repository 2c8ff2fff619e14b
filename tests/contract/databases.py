"""The databases of SQL stores, worked on behind the stores' backs."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, text

from deploytrail.stores.sql import schema
from deploytrail.stores.sql.database import database_of
from tests.reports import NOON


async def write(url: str, *works: Callable[[Connection], Any]) -> None:
    """Work on a database, each in a transaction; it need not have been opened before."""
    database = database_of(url)
    try:
        for work in works:
            await database.write(work)
    finally:
        await database.close()


def ground(connection: Connection) -> None:
    """What is there before any migration."""
    schema.lay_ground(connection, now=NOON)


def refuse_poison(connection: Connection) -> None:
    """Have the database refuse one product, as it would refuse a value that it cannot hold."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE records ADD CONSTRAINT poison CHECK (product <> 'poison')"))
        return
    connection.exec_driver_sql(
        "CREATE TRIGGER poison BEFORE INSERT ON records WHEN NEW.product = 'poison' "
        "BEGIN SELECT RAISE(ABORT, 'poison'); END"
    )
