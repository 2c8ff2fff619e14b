"""The whole product as one process with one file: no cluster anywhere near."""

import signal
from datetime import timedelta
from pathlib import Path

import httpx

from tests.operator_process import INGEST, Operator, deploytrail
from tests.postgresql.server import PASSWORD, Postgresql
from tests.waiting import wait_until

EVENT = {
    "deployment_id": "build-1",
    "event_type": "completed",
    "status": "success",
    "start_time": "2026-03-02T12:00:00Z",
    "end_time": "2026-03-02T12:01:00Z",
    "repo_url": "https://git.example/acme/web",
    "environment": "production",
    "branch": "main",
}


SOON = timedelta(seconds=8)
"""Until a database that hangs has to be given up, on a busy machine; a statement may take ten seconds."""


def with_key(folder: Path) -> tuple[str, str]:
    """A keys file and its only key."""
    file = folder / "keys.json"
    made = deploytrail("keys", "create", "ci", "--scope", "ingest", "--scope", "read", "--keys-file", file)
    return str(file), made.stdout.strip()


def started(store: str, folder: Path, **more: str) -> Operator:
    keys_file, key = with_key(folder)
    settings = {"DEPLOYTRAIL_STORE": store, "DEPLOYTRAIL_SOURCES": "http", "DEPLOYTRAIL_KEYS_FILE": keys_file}
    return Operator(settings | more, folder, key=key)


def test_a_file_is_enough_and_outlives_a_kill(tmp_path: Path) -> None:
    with started(f"sqlite:///{tmp_path}/deploytrail.db", tmp_path) as operator:
        answers = [operator.post(EVENT).status_code, operator.post(EVENT).status_code]
        operator.kill()
        operator.start()

        found = operator.deployments()

        assert answers == [200, 200]
        assert [(each["product"], each["status"]) for each in found] == [("acme/web", "completed")]
        assert operator.stop() == 0


def test_who_is_told_to_stop_answers_a_while_and_sends_everybody_elsewhere(tmp_path: Path) -> None:
    with started(f"sqlite:///{tmp_path}/deploytrail.db", tmp_path, DEPLOYTRAIL_DRAIN="5s") as operator:
        kept = httpx.Client(base_url=operator.url, headers={"X-API-Token": operator.key})
        before = kept.post(INGEST, json=EVENT)

        operator.process.send(signal.SIGTERM)
        wait_until(lambda: operator.get("/readyz").status_code == 503)
        after, alive, unready = kept.post(INGEST, json=EVENT), operator.get("/healthz"), operator.get("/readyz")

        assert (before.status_code, before.headers.get("Connection")) == (200, None)
        assert (after.status_code, after.headers.get("Connection")) == (200, "close")
        assert (alive.status_code, unready.json()["problems"]) == (200, ["stopping"])
        assert operator.process.wait(20) == 0


def test_a_database_that_goes_away_is_a_503_and_comes_back(
    tmp_path: Path, postgresql: Postgresql, postgresql_url: str
) -> None:
    with started(postgresql_url, tmp_path) as operator:
        try:
            postgresql.kill()
            refused = operator.post(EVENT)
            unready = operator.get("/readyz")
        finally:
            postgresql.start()
        wait_until(lambda: operator.get("/readyz").is_success)
        taken = operator.post(EVENT)
        log = operator.process.log.read_text()

    assert (refused.status_code, taken.status_code) == (503, 200)
    assert int(refused.headers["Retry-After"]) > 0
    assert "PostgreSQL database is away since" in unready.text
    assert PASSWORD not in log + refused.text + unready.text


def test_a_database_that_hangs_is_a_503_in_seconds_and_comes_back(
    tmp_path: Path, postgresql: Postgresql, postgresql_url: str
) -> None:
    with started(postgresql_url, tmp_path) as operator:
        before = operator.post(EVENT)
        with postgresql.frozen():
            uncertain = operator.post(EVENT | {"deployment_id": "build-2"})
            refused = operator.post(EVENT | {"deployment_id": "build-3"})
            unready = operator.get("/readyz")
        wait_until(lambda: operator.get("/readyz").is_success)
        again = [operator.post(EVENT | {"deployment_id": f"build-{n}"}).status_code for n in (1, 2, 3)]
        found = operator.deployments()

    assert (before.status_code, uncertain.status_code, refused.status_code) == (200, 503, 503)
    assert uncertain.elapsed < SOON
    assert "PostgreSQL database is away since" in unready.text
    assert again == [200, 200, 200]
    assert len(found) == 3


def test_without_a_cluster_a_keys_file_is_asked_for(tmp_path: Path) -> None:
    ended = deploytrail("run", "--store", f"sqlite:///{tmp_path}/deploytrail.db", "--sources", "http")

    assert ended.returncode != 0
    assert "--keys-file" in ended.stderr


def test_help_shows_no_store_but_the_default() -> None:
    shown = deploytrail("run", "--help", DEPLOYTRAIL_STORE=f"postgresql://me:{PASSWORD}@db/x").stdout

    assert "env: DEPLOYTRAIL_STORE; default: kubernetes" in " ".join(shown.split())
    assert PASSWORD not in shown


def test_a_file_that_cannot_be_made_is_told_while_http_answers(tmp_path: Path) -> None:
    operator = started(f"sqlite:///{tmp_path}/missing/deploytrail.db", tmp_path)
    try:
        operator.start(ready=False)

        told = operator.get("/readyz")

        assert told.status_code == 503
        assert "SQLite database is away since" in told.text
        assert operator.post(EVENT).status_code == 503
    finally:
        operator.stop()
