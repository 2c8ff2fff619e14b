"""docs/backup.md, run: what was backed up is there again after everything was lost."""

from pathlib import Path

from tests.docs import blocks, run
from tests.http.test_without_cluster import EVENT, started
from tests.postgresql.server import Postgresql
from tests.waiting import wait_until


def test_sqlite(tmp_path: Path) -> None:
    backup, restore = blocks("backup.md", "SQLite")

    with started(f"sqlite:///{tmp_path}/records.db", tmp_path) as operator:
        operator.post(EVENT)
        before = operator.deployments()
        run(backup, tmp_path)
        operator.post(EVENT | {"deployment_id": "after"})
        operator.stop()
        (tmp_path / "keys.json").unlink()
        run(restore, tmp_path)
        operator.start()

        assert operator.deployments() == before
        assert operator.post(EVENT | {"deployment_id": "later"}).status_code == 200


def test_postgresql(tmp_path: Path, postgresql: Postgresql) -> None:
    backup, restore = blocks("backup.md", "PostgreSQL")
    url = postgresql.create_database()
    tools = {"DEPLOYTRAIL_STORE": url, "PATH": str(postgresql.binaries)}

    with started(url, tmp_path) as operator:
        operator.post(EVENT)
        before = operator.deployments()
        run(backup, tmp_path, **tools)
        operator.post(EVENT | {"deployment_id": "after"})
        run(restore, tmp_path, **tools)

        assert wait_until(lambda: operator.deployments() == before)
        assert operator.post(EVENT | {"deployment_id": "later"}).status_code == 200
