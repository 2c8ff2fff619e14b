"""What a driver's error means: again, not these rows, or not now."""

import sqlite3

import pytest
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from deploytrail.stores.sql.troubles import Away, Outrun, Poison, Slow, meaning


class Told(Exception):
    """An error of PostgreSQL's with its SQLSTATE."""

    def __init__(self, sqlstate: str, message: str = "") -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "means"),
    [
        (Told("40001"), Outrun),
        (Told("40P01"), Outrun),
        (Told("23505"), Outrun),
        (Told("22P05"), Poison),
        (Told("23503"), Poison),
        (Told("54000"), Poison),
        (Told("53100"), Away),
        (Told("57P01"), Away),
        (Told("25006"), Away),
        (DataError("INSERT", {}, sqlite3.DataError("string or blob too big")), Poison),
        (IntegrityError("INSERT", {}, sqlite3.IntegrityError("FOREIGN KEY constraint failed")), Poison),
        (OverflowError("Python int too large to convert to SQLite INTEGER"), Poison),
        (OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full")), Away),
        (ConnectionRefusedError(111, "Connect call failed"), Away),
        (TimeoutError(), Slow),
        (TimeoutError(110, "Connection timed out"), Away),
        (PoolTimeoutError("QueuePool limit of size 6 overflow 0 reached"), Slow),
        (Told("57014", "canceling statement due to statement timeout"), Slow),
        (ZeroDivisionError(), ZeroDivisionError),
    ],
)
def test_every_error_has_a_meaning(error: Exception, means: type[Exception]) -> None:
    assert type(meaning(error)) is means


def test_the_reason_is_the_innermost_first_line_without_credentials() -> None:
    inner = sqlite3.OperationalError("cannot reach postgresql://me:s3cret@db/x\nDETAIL: more")

    told = str(meaning(OperationalError("INSERT INTO records", {"rows": "what was sent"}, inner)))

    assert told == "cannot reach postgresql://***@db/x"
