"""C015: a key, wherever a client puts it, is in nothing that we write: log, metric, error, answer, record."""

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes import StoreBroken
from tests.http.canaries import SECRETS, SHAPED, plant, plant_raw
from tests.http.endpoint import HIVEL_PATH, Endpoint, event

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Written:
    """All that a process wrote while secrets were planted in it, and all that it answered."""

    answers: list[httpx.Response]
    torn: list[bytes]
    metrics: str
    log: str
    kept: dict[str, Any]


@pytest.fixture(scope="module", params=["memory", "away", "broken"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    log = tmp_path_factory.mktemp("served") / "stderr"
    command = [sys.executable, "-m", "tests.http.served", request.param]
    paths = os.pathsep.join([str(ROOT / "operator"), str(ROOT)])
    with (
        log.open("wb") as stderr,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": paths},
            text=True,
        ) as served,
    ):
        assert served.stdout is not None
        port = int(served.stdout.readline())
        answers, torn = plant(port), plant_raw(port)
        metrics = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
        kept, _ = served.communicate(timeout=60)
    return Written(answers, torn, metrics, log.read_text(), json.loads(kept))


def test_c015_the_secrets_were_good_for_something_and_refused_otherwise(written: Written) -> None:
    codes = {answer.status_code for answer in written.answers}

    assert {401, 403, 404, 405, 415, 422} <= codes
    assert codes & {200, 503, 500}
    assert {answer[:12] for answer in written.torn} >= {b"HTTP/1.1 400", b"HTTP/1.1 401", b"HTTP/1.1 431"}


@pytest.mark.parametrize("secret", SECRETS)
def test_c015_no_secret_is_in_the_log_of_the_process(written: Written, secret: str) -> None:
    assert secret not in written.log


@pytest.mark.parametrize("secret", SECRETS)
def test_c015_no_secret_is_in_a_metric(written: Written, secret: str) -> None:
    assert secret not in written.metrics
    assert secret.lower() not in written.metrics.lower()


@pytest.mark.parametrize("secret", SECRETS)
def test_c015_no_secret_is_in_a_refusal_or_any_head_of_an_answer(written: Written, secret: str) -> None:
    refused = [answer for answer in written.answers if answer.status_code >= 400]
    assert len(refused) > 100
    for answer in written.answers:
        assert secret not in str(answer.headers)
    for answer in refused:
        assert secret not in answer.text
    for torn in written.torn:
        assert secret.encode() not in torn


@pytest.mark.parametrize("secret", SECRETS)
def test_c015_no_secret_is_in_what_is_kept_of_keys(written: Written, secret: str) -> None:
    assert written.kept["uses"].keys() >= {"boss", "imported"}
    assert secret not in json.dumps(written.kept["keys"])
    assert secret not in json.dumps(written.kept["uses"])


@pytest.mark.parametrize("written", ["memory"], indirect=True)
def test_c015_no_record_holds_the_key_it_was_reported_with(written: Written) -> None:
    recorded = json.dumps(written.kept["deployments"])

    assert len(written.kept["deployments"]) > 10
    for secret in SECRETS:
        assert secret not in recorded
    assert "sent with ***" in recorded


def test_c015_a_key_shaped_secret_in_a_field_is_neither_logged_nor_kept(logged: io.StringIO) -> None:
    with Endpoint() as endpoint:
        for field in ("environment", "branch", "image", "commit_hash", "status", "build_number", "repo_url"):
            assert endpoint.post(event(**{field: SHAPED})).status_code == 200
        kept = [deployment.model_dump_json() for deployment in endpoint.stored()]

    assert "deployment_recorded" in logged.getvalue()
    assert SHAPED not in logged.getvalue()
    assert SHAPED not in "".join(kept)


def test_a_defect_is_one_log_line_without_what_was_sent(logged: io.StringIO) -> None:
    with Endpoint(StoreBroken()) as endpoint:
        told, asked = (
            endpoint.post(event(team="c0nfidential")),
            endpoint.get("/api/v1/deployments?product=c0nfidential"),
        )

    lines = [line for line in logged.getvalue().splitlines() if "RuntimeError" in line]
    assert told.status_code == asked.status_code == 500
    assert told.json() == {"message": "Internal server error", "error": "The event could not be stored"}
    assert asked.json() == {"detail": "Internal server error"}
    assert len(lines) == 2
    assert "fakes.py" in lines[0]
    assert "c0nfidential" not in logged.getvalue()


def test_nothing_logs_requests_one_by_one(logged: io.StringIO) -> None:
    with Endpoint() as endpoint:
        endpoint.post(event(), secret="wrong")
        endpoint.get("/healthz")

    assert "healthz" not in logged.getvalue()
    assert HIVEL_PATH not in logged.getvalue()
