"""TLS to PostgreSQL: who it is that answers, and what is told when it is somebody else."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
import trustme
from sqlalchemy import text

from deploytrail.stores.base import Recorded
from tests.contract.replicas import replica, why_not
from tests.postgresql.server import PASSWORD, Postgresql
from tests.reports import report


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA) -> Iterator[Postgresql]:
    """One that takes TLS, and proves to be 127.0.0.1."""
    own = Postgresql(certificate=authority.issue_cert("127.0.0.1"))
    if not own.knows_tls:
        pytest.skip("this PostgreSQL was built without TLS, as that of the wheel is: install your system's")
    with own:
        yield own


@pytest.fixture
def root(authority: trustme.CA, tmp_path: Path) -> Path:
    """The certificate of who vouches for the server."""
    return written(authority, tmp_path / "root.pem")


def written(authority: trustme.CA, path: Path) -> Path:
    authority.cert_pem.write_to_path(path)
    return path


def refusal(url: str) -> str:
    """Why there is no connection; nothing secret in that or in the log."""
    with structlog.testing.capture_logs() as logs:
        reason = asyncio.run(why_not(url))
    assert PASSWORD not in f"{reason} {logs}"
    return reason


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_every_connection_to_who_proves_who_it_is_is_encrypted(server: Postgresql, root: Path, mode: str) -> None:
    encrypted = text(
        "SELECT count(*), count(*) FILTER (WHERE ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
        "WHERE application_name = 'deploytrail' AND datname = current_database()"
    )

    async def act() -> None:
        async with replica(f"{server.create_database()}?sslmode={mode}&sslrootcert={root}") as store:
            outcome = await store.record(report())
            every, with_tls = await store._door.read(lambda connection: connection.execute(encrypted).one())

            assert isinstance(outcome, Recorded)
            assert every == with_tls > 1

    asyncio.run(act())


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_a_server_that_somebody_else_vouches_for_is_refused(server: Postgresql, tmp_path: Path, mode: str) -> None:
    other = written(trustme.CA(), tmp_path / "other.pem")

    reason = refusal(f"{server.create_database()}?sslmode={mode}&sslrootcert={other}")

    assert "certificate verify failed" in reason


def test_a_server_of_another_name_is_refused(server: Postgresql, root: Path) -> None:
    url = server.create_database().replace("127.0.0.1", "localhost")

    reason = refusal(f"{url}?sslmode=verify-full&sslrootcert={root}")

    assert "certificate is not valid for 'localhost'" in reason
