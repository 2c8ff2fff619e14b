"""``deploytrail report`` as a CI job runs it: a process with that system's variables, and a server that answers."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.ci import GITHUB, GITLAB, SHA
from tests.http.ci_job import environment, report
from tests.strict_versioner import KEY, Answer, Versioner

AWAY = Answer(503, {"detail": "the store is away"}, {"Retry-After": "0"})
REFUSED = Answer(409, {"detail": "Version 1.2.3 already exists with different SHA"})


@pytest.fixture
def server() -> Iterator[Versioner]:
    with Versioner() as running:
        yield running


def job(server: Versioner | None, variables: Mapping[str, str] = GITLAB) -> dict[str, str]:
    """The environment of a job that knows a server."""
    known = {"DEPLOYTRAIL_URL": server.url, "DEPLOYTRAIL_KEY": KEY} if server is not None else {}
    return environment(variables, **known)


def test_one_line_reports_a_deployment(server: Versioner) -> None:
    ended = report(job(server), "deployment", "--status", "success")

    assert ended.returncode == 0
    assert ended.stdout == "00000000-0000-0000-0000-000000000001\n"
    assert ended.stderr == f"deploytrail: reported deployment of shop {SHA} to production: completed\n"
    [(path, body)] = server.taken
    assert path == "/deployment-events/"
    assert body["deployed_by"] == "alice"


def test_one_line_reports_a_build(server: Versioner) -> None:
    ended = report(job(server, GITHUB), "build", "--status", "failure", "--metadata", "error=Compilation failed")

    assert ended.returncode == 0
    [(path, body)] = server.taken
    assert path == "/build-events/"
    assert body["status"] == "failed"
    assert body["built_by"] == "hubot"
    assert body["extra_metadata"] == {"error": "Compilation failed"}


def test_every_field_can_be_said_by_a_flag(server: Versioner, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "more.json").write_text('{"tests": 12}')
    said = {
        "product": "shop",
        "version": "1.2.3",
        "environment": "production",
        "commit": "abc123",
        "branch": "main",
        "repository": "github.com/acme/shop",
        "build-number": "7",
        "build-url": "https://ci.example.com/7",
        "actor": "alice",
        "source-system": "make",
        "invoke-id": "run-7",
        "metadata-file": "more.json",
        "url": server.url,
        "key-file": "key",
        "timeout": "5",
    }
    flags = [part for name, value in said.items() for part in (f"--{name}", value)]

    ended = report(environment({}), "deployment", "--status", "started", *flags, folder=tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert server.taken[0][1] == {
        "product_name": "shop",
        "version": "1.2.3",
        "environment_name": "production",
        "status": "started",
        "deployed_by": "alice",
        "scm_branch": "main",
        "scm_sha": "abc123",
        "scm_repository": "https://github.com/acme/shop",
        "build_url": "https://ci.example.com/7",
        "build_number": "7",
        "source_system": "make",
        "invoke_id": "run-7",
        "extra_metadata": {"tests": 12},
    }


def test_a_dry_run_sends_nothing_and_shows_no_key(server: Versioner) -> None:
    ended = report(job(server), "deployment", "--status", "success", "--dry-run")

    assert ended.returncode == 0
    assert json.loads(ended.stdout)["body"]["status"] == "completed"
    assert KEY not in ended.stdout + ended.stderr
    assert server.bodies == []


def test_a_store_that_was_away_for_a_moment_is_asked_again() -> None:
    with Versioner(AWAY, AWAY) as server:
        ended = report(job(server), "deployment", "--status", "success")

    assert ended.returncode == 0
    assert ended.stderr.count("the store is away; trying again in") == 2
    assert len(server.bodies) == 3
    assert len(set(server.bodies)) == 1


def test_what_is_refused_ends_with_1_and_the_servers_own_sentence() -> None:
    with Versioner(REFUSED) as server:
        ended = report(job(server), "deployment", "--status", "success", "--version", "1.2.3")

    assert ended.returncode == 1
    assert ended.stderr == "deploytrail: refused with 409: Version 1.2.3 already exists with different SHA\n"


def test_a_wrong_key_ends_with_1_and_is_not_repeated(server: Versioner) -> None:
    wrong = "dtk_ffffffff_bm90LXRoaXMtb25l"

    ended = report(job(server) | {"DEPLOYTRAIL_KEY": wrong}, "deployment", "--status", "success")

    assert (ended.returncode, ended.stderr) == (1, "deploytrail: refused with 401: Invalid API key\n")
    assert wrong not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--status", "done"], "'done' is no status"),
        (["--status", "success", "--environment", ""], "the environment is not known"),
        (["--status", "success", "--url", "ftp://example.com"], "is not where a Deploytrail is"),
        (["--status", "success", "--key-file", "missing"], "missing cannot be read"),
        (["--status", "success", "--metadata", "nothing"], "KEY=VALUE"),
        (["--status", "success", "--no-such-flag"], "No such option"),
        ([], "Missing option '--status'"),
    ],
)
def test_what_is_said_wrongly_ends_with_2(server: Versioner, arguments: list[str], sentence: str) -> None:
    ended = report(job(server), "deployment", *arguments)

    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert server.bodies == []


def test_nobody_there_ends_with_3_in_time() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = job(None) | {
            "DEPLOYTRAIL_URL": f"http://127.0.0.1:{unused.getsockname()[1]}",
            "DEPLOYTRAIL_KEY": KEY,
        }
        ended = report(nobody, "deployment", "--status", "success", "--timeout", "1")

    assert ended.returncode == 3
    assert "took no report in" in ended.stderr
    assert "Connection refused" in ended.stderr


def test_a_server_that_never_answers_ends_with_3_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        ended = report(
            job(None) | {"DEPLOYTRAIL_URL": url, "DEPLOYTRAIL_KEY": KEY},
            "build",
            "--status",
            "success",
            "--timeout",
            "0.5",
        )

    assert ended.returncode == 3
    assert "timed out" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "change", "sentence"),
    [
        (["--status", "success", "--timeout", "0.2"], {"DEPLOYTRAIL_URL": "http://127.0.0.1:9"}, "took no report"),
        (["--status", "success"], {"DEPLOYTRAIL_KEY": "wrong"}, "refused with 401"),
        (["--status", "success"], {"DEPLOYTRAIL_KEY": ""}, "there is no key"),
        (["--status", "success"], {"DEPLOYTRAIL_URL": ""}, "not known where to report to"),
        (["--status", "success"], {"CI_ENVIRONMENT_NAME": ""}, "the environment is not known"),
        (["--status", ""], {}, "is no status"),
    ],
)
def test_a_deployment_that_fails_open_is_never_broken(
    server: Versioner, arguments: list[str], change: dict[str, str], sentence: str
) -> None:
    ended = report(job(server) | change, "deployment", "--fail-open", *arguments)

    assert ended.returncode == 0
    assert ended.stderr.startswith("deploytrail: warning: nothing was reported: ")
    assert sentence in ended.stderr


def test_exit_codes_are_documented_where_they_are_asked_for() -> None:
    ended = report(job(None), "--help")

    for line in ("0  reported", "1  refused", "2  used or configured wrongly", "3  not reached"):
        assert line in ended.stdout


def execute(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return report(environment, "exec", *arguments)


def test_a_command_is_reported_from_start_to_end(server: Versioner) -> None:
    ended = execute(job(server), "--", "sh", "-c", "cat; echo deployed; echo careful >&2")

    assert (ended.returncode, ended.stdout) == (0, "deployed\n")
    assert "careful\n" in ended.stderr
    assert server.statuses == ["started", "completed"]
    started, completed = (body for _, body in server.taken)
    assert started["invoke_id"] == completed["invoke_id"] == "50041"
    assert completed["extra_metadata"].keys() == {"deployment_duration_seconds"}


def test_a_command_is_started_after_it_was_reported(server: Versioner) -> None:
    look = f"from urllib.request import urlopen; print(urlopen('{server.url}').read().decode())"

    ended = execute(job(server), "--", sys.executable, "-c", look)

    assert ended.stdout == '["started"]\n'


def test_a_command_that_fails_is_reported_with_its_code_and_keeps_it(server: Versioner) -> None:
    ended = execute(job(server), "--metadata", "region=eu", "sh", "-c", "exit 42")

    assert ended.returncode == 42
    assert server.statuses == ["started", "failed"]
    metadata = server.taken[1][1]["extra_metadata"]
    assert metadata["region"] == "eu"
    assert metadata["exit_code"] == 42
    assert metadata["error"] == "sh ended with exit code 42"


def test_a_build_can_be_wrapped_too(server: Versioner) -> None:
    ended = execute(job(server, GITHUB), "--kind", "build", "--", "true")

    assert ended.returncode == 0
    assert [path for path, _ in server.taken] == ["/build-events/", "/build-events/"]
    assert "build_duration_seconds" in server.taken[1][1]["extra_metadata"]


def test_outside_of_ci_both_reports_are_of_one_deployment(server: Versioner) -> None:
    flags = ["--product", "shop", "--version", "1", "--environment", "test"]

    execute(job(server, {}), *flags, "--", "true")

    assert len({body["invoke_id"] for _, body in server.taken}) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_job_that_is_cancelled_is_aborted(server: Versioner, number: signal.Signals) -> None:
    command = [
        sys.executable,
        "-m",
        "deploytrail",
        "report",
        "exec",
        "--",
        "sh",
        "-c",
        "echo running; exec tail -f /dev/null",
    ]
    with subprocess.Popen(
        command, env=job(server), stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as wrapper:
        assert wrapper.stdout is not None
        assert wrapper.stdout.readline() == "running\n"
        wrapper.send_signal(number)
        code = wrapper.wait(60)

    assert code == 128 + number
    assert server.statuses == ["started", "aborted"]
    assert server.taken[1][1]["extra_metadata"]["error"] == f"sh was ended by {number.name}"


def test_a_job_that_is_cancelled_while_it_reports_never_starts_its_command(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        variables = job(None) | {
            "DEPLOYTRAIL_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "DEPLOYTRAIL_KEY": KEY,
        }
        command = [sys.executable, "-m", "deploytrail", "report", "exec", "--", "touch", str(tmp_path / "started")]
        with subprocess.Popen(
            command, env=variables, start_new_session=True, stderr=subprocess.PIPE, text=True
        ) as wrapper:
            connection, _ = silent.accept()
            wrapper.send_signal(signal.SIGTERM)
            second, _ = silent.accept()
            wrapper.send_signal(signal.SIGTERM)
            _, said = wrapper.communicate(timeout=60)
        connection.close()
        second.close()

    assert wrapper.returncode == 128 + signal.SIGTERM
    assert not (tmp_path / "started").exists()
    assert "aborted was not reported: a signal came before there was an answer" in said


@pytest.mark.parametrize(
    "change",
    [{"DEPLOYTRAIL_KEY": "wrong"}, {"DEPLOYTRAIL_KEY": ""}, {"CI_ENVIRONMENT_NAME": ""}],
    ids=["refused", "no-key", "no-environment"],
)
@pytest.mark.parametrize("code", [0, 7])
def test_a_command_never_fails_because_reporting_does(server: Versioner, change: dict[str, str], code: int) -> None:
    ended = execute(job(server) | change, "--", "sh", "-c", f"echo ran; exit {code}")

    assert (ended.returncode, ended.stdout) == (code, "ran\n")
    assert "deploytrail: warning: " in ended.stderr


@pytest.mark.parametrize(
    ("change", "code"), [({"DEPLOYTRAIL_KEY": "wrong"}, 1), ({"DEPLOYTRAIL_KEY": ""}, 2)], ids=["refused", "no-key"]
)
def test_strictly_nothing_runs_that_cannot_be_reported(server: Versioner, change: dict[str, str], code: int) -> None:
    ended = execute(job(server) | change, "--strict", "--", "echo", "ran")

    assert (ended.returncode, ended.stdout) == (code, "")


@pytest.mark.parametrize(("own", "code"), [(0, 1), (7, 7)])
def test_strictly_an_end_that_cannot_be_reported_is_a_failure_unless_there_is_one(own: int, code: int) -> None:
    with Versioner(Answer(200, {"id": "1"}), REFUSED) as server:
        ended = execute(job(server), "--strict", "--", "sh", "-c", f"exit {own}")

    assert ended.returncode == code
    assert "already exists with different SHA" in ended.stderr


def test_a_dry_run_of_a_command_runs_it_and_leaves_its_output_alone(server: Versioner) -> None:
    ended = execute(job(server), "--dry-run", "--", "echo", "ran")

    assert (ended.returncode, ended.stdout) == (0, "ran\n")
    assert '"status": "started"' in ended.stderr
    assert '"status": "completed"' in ended.stderr
    assert server.bodies == []


def test_a_command_that_does_not_exist_has_failed(server: Versioner) -> None:
    ended = execute(job(server), "--", "no-such-command-anywhere")

    assert ended.returncode == 127
    assert server.statuses == ["started", "failed"]


def test_a_flag_of_the_command_is_the_commands(server: Versioner) -> None:
    ended = execute(job(server), "echo", "--status", "--help", "--", "-x")

    assert ended.stdout == "--status --help -- -x\n"
