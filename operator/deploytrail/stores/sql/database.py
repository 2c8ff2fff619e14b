"""What either database can do, and the one that a URL names."""

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import Connection

from deploytrail.errors import Misconfigured
from deploytrail.stores.sql.postgresql import PostgresqlDatabase
from deploytrail.stores.sql.schema import ready
from deploytrail.stores.sql.sqlite import SqliteDatabase

T = TypeVar("T")

SQLITE = "sqlite:///"
POSTGRESQL = ("postgresql://", "postgres://")
OLDEST_SQLITE = (3, 35)
"""The first that tells which rows it wrote."""

UNREADABLE = (
    "the store's URL cannot be read: percent-encode what is neither a letter nor a digit in its user and its password, "
    "such as %40 for @, %3A for :, %2F for / and %5B for ["
)

_HOST = r"(\[[^][@]+\]|[^][@:,]+)(:[0-9]+)?"
_AUTHORITY = re.compile(rf"([^@]*@)?({_HOST}(,{_HOST})*)?")

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
SSL_FILES = ("sslrootcert", "sslcert", "sslkey")


class Database(Protocol):
    """Connections to one database. Methods raise whatever its driver raises; the door knows what that means."""

    @property
    def name(self) -> str:
        """How a sentence calls it; without credentials."""

    async def open(self, then: Callable[[Connection], None] = ready) -> None:
        """Connect, bring the schema up to date, and do what comes ``then`` before others may go on.

        May be called again after it failed.
        """

    async def close(self) -> None:
        """Let go of every connection."""

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Do the work in a transaction of its own, and return once that is durable. One at a time."""

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Do the work on a connection that sees whatever is committed. It writes nothing."""

    async def ping(self) -> None:
        """Fail if nothing could be written now."""


def database_of(url: str) -> Database:
    """The database behind a URL, not opened yet. Misconfigured never quotes the URL: it may hold a password."""
    if url.startswith(SQLITE):
        return SqliteDatabase(_path(url.removeprefix(SQLITE)))
    if not url.startswith(POSTGRESQL):
        raise Misconfigured("a SQL store is sqlite:///path or postgresql://user@host/database")
    options = _options(url)
    if options.get("sslmode", ["prefer"])[-1] not in SSL_MODES:
        raise Misconfigured(f"sslmode of the store is one of {', '.join(SSL_MODES)}")
    for name in SSL_FILES:
        for path in options.get(name, ()):
            if not Path(path).is_file():
                raise Misconfigured(f"{name} of the store is {path}, and there is no such file")
    return PostgresqlDatabase(url)


def _options(url: str) -> dict[str, list[str]]:
    """What the URL says after its question mark. A password with signs that mean something makes another URL of it."""
    try:
        parts = urlsplit(url)
        options = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
    except ValueError:
        raise Misconfigured(UNREADABLE) from None  # it quotes the URL
    if not _AUTHORITY.fullmatch(parts.netloc) or "@" in parts.path or parts.fragment:
        raise Misconfigured(UNREADABLE)
    return options


def _path(name: str) -> Path:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise Misconfigured(f"this Python has SQLite {sqlite3.sqlite_version}, and the store needs 3.35 or newer")
    if not name or name == ":memory:" or "?" in name:
        raise Misconfigured("the SQLite store needs a file and takes no options: sqlite:///deploytrail.db")
    return Path(name)
