"""pytest's fixtures of PostgreSQL: one server per run, a database per test. tests/conftest.py loads them."""

from collections.abc import Iterator

import pytest

from tests.postgresql.server import Postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """The server of this run."""
    with Postgresql() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql: Postgresql) -> str:
    """An empty database."""
    return postgresql.create_database()
