"""What the errors of databases and their drivers mean to us."""

from collections.abc import Iterator

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from deploytrail.telemetry import mask


class Outrun(Exception):
    """Somebody else wrote the same rows first: read, judge and write again."""


class Poison(Exception):
    """The database takes none of these rows, because of at least one of them."""


class Away(Exception):
    """The database cannot be used now; the message says why, without values or credentials."""


class Slow(Exception):
    """What was asked took too long. The database is there, and others may have what they ask for.

    The message goes on after the name of the database.
    """


_FASTER = frozenset({"40001", "40P01", "23505"})
"""Serialization failure, deadlock, unique violation."""

_CANCELLED = "57014"
"""By the time that a statement may take, or by an administrator."""

_REFUSED = ("22", "23", "54")
"""SQLSTATE classes: data exception, integrity violation, a limit of the program exceeded."""


def meaning(error: Exception) -> Exception:
    """The error in our words; one that is no database's is returned as it is."""
    state = next((found for each in _chain(error) if (found := getattr(each, "sqlstate", None))), None)
    if state in _FASTER:
        return Outrun()
    if state == _CANCELLED:
        return Slow("took too long over it")
    if isinstance(error, PoolTimeoutError):
        return Slow("is busy with what others ask")
    if (
        isinstance(error, TimeoutError) and error.errno is None
    ):  # with a number it is the kernel's, and the end of a line
        return Slow("took too long over it")
    if state is not None and state.startswith(_REFUSED):
        return Poison(_told(error))
    if state is None and isinstance(error, DataError | IntegrityError | OverflowError | UnicodeError):
        return Poison(_told(error))
    if state is not None or isinstance(error, SQLAlchemyError | OSError | TimeoutError):
        return Away(_told(error))
    return error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = getattr(error, "orig", None) or error.__cause__


def _told(error: Exception) -> str:
    """The first line of the innermost error: those around it repeat it, and may quote the statement."""
    *_, innermost = _chain(error)
    lines = str(innermost).splitlines()
    return mask(lines[0]) if lines else type(innermost).__name__
