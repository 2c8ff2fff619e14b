"""What a store's URL may be, and that nothing of it is told to anybody."""

from traceback import format_exception

import pytest

from deploytrail.errors import Misconfigured
from deploytrail.stores.sql.database import database_of

SECRET = "s3cret-passw0rd"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:///deploytrail.db", "SQLite"),
        ("postgresql://user:pw@db.example/trail?sslmode=verify-full", "PostgreSQL"),
        ("postgres://one:5432,two:5433/trail", "PostgreSQL"),
        ("postgresql:///trail?host=/run/postgresql", "PostgreSQL"),
        ("postgresql://user:p%40ss%5B%E2%84%80@[::1]:5432/trail", "PostgreSQL"),
        ("postgresql://user@%2Frun%2Fpostgresql/trail", "PostgreSQL"),
    ],
)
def test_a_url_names_a_database(url: str, name: str) -> None:
    assert database_of(url).name == name


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite://", "sqlite:///path"),
        ("sqlite:///", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("sqlite:///trail.db?mode=ro", "takes no options"),
        (f"mysql://user:{SECRET}@db/trail", "sqlite:///path or postgresql://"),
        (f"postgresql://user:{SECRET}@db/trail?sslmode=maybe", "sslmode of the store is one of"),
        (f"postgresql://user:{SECRET}@db/trail?sslrootcert=/no/root.pem", "sslrootcert of the store is /no/root.pem"),
    ],
)
def test_a_url_that_is_none_is_refused_without_being_quoted(url: str, sentence: str) -> None:
    with pytest.raises(Misconfigured, match=sentence) as refused:
        database_of(url)

    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("odd", ["℀", "[", "[]", "@", "/", "#", "?", "\uff20"])
def test_a_password_that_is_not_percent_encoded_is_refused_without_being_quoted(odd: str) -> None:
    with pytest.raises(Misconfigured, match="percent-encode") as refused:
        database_of(f"postgresql://user:{SECRET}{odd}{SECRET}@db.example/trail")

    assert SECRET not in "".join(format_exception(refused.value))


@pytest.mark.parametrize(
    "rest", ["db:port/trail", "db/trail?sslmode", "one,,two/trail", "u:1/2@db/trail", "u:1#2@db/trail"]
)
def test_a_url_that_cannot_be_read_is_refused(rest: str) -> None:
    with pytest.raises(Misconfigured, match="cannot be read"):
        database_of(f"postgresql://{rest}")
