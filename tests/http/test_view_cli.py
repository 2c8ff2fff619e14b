"""``deploytrail get`` and ``watch`` as people run them: a process, a real endpoint, and a way there."""

import contextlib
import csv
import io
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.fakes import SECRET
from tests.http.ci_job import environment
from tests.http.endpoint import Endpoint
from tests.http.kubectl import put_kubectl, services
from tests.http.versioner import BUILDS, DEPLOYMENTS, build, deployment, told
from tests.waiting import wait_until

PAGE = (Path(__file__).parents[2] / "docs/kubectl.md").read_text()
COMMAND = [sys.executable, "-m", "deploytrail"]


@pytest.fixture(scope="module")
def filled() -> Iterator[Endpoint]:
    """Three versions of a shop in production, the last of them failed, and their builds."""
    with Endpoint() as endpoint:
        for number, status in enumerate(("completed", "completed", "failed")):
            event = deployment(product_name="shop", version=f"1.{number}", status=status, deployed_by="alice")
            told(endpoint, DEPLOYMENTS, event | {"completed_at": f"2026-11-20T0{number}:00:00Z"})
            told(endpoint, BUILDS, build(product_name="shop", version=f"1.{number}", built_by="bob"))
        yield endpoint


def variables(endpoint: Endpoint | None, **more: str) -> dict[str, str]:
    known = {"DEPLOYTRAIL_URL": f"http://127.0.0.1:{endpoint.port}"} if endpoint is not None else {}
    return environment(known | {"DEPLOYTRAIL_KEY": SECRET, "COLUMNS": "200"} | more)


def run(known: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], env=known, capture_output=True, text=True, timeout=60, check=False)


def shown(endpoint: Endpoint, *arguments: str) -> str:
    ended = run(variables(endpoint), "get", *arguments)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_what_runs_where_is_a_table(filled: Endpoint) -> None:
    header, *rows = shown(filled, "environments").splitlines()

    assert header.split() == ["ENVIRONMENT", "PRODUCT", "VERSION", "AGE", "BY", "LATEST"]
    [row] = [row.split() for row in rows]
    assert row[:3] == ["production", "shop", "1.1"]
    assert row[-2:] == ["alice", "failed"]


def test_deployments_are_a_table_newest_first(filled: Endpoint) -> None:
    rows = [row.split() for row in shown(filled, "deployments").splitlines()[1:]]

    assert sorted((row[1], row[3]) for row in rows) == [("1.0", "completed"), ("1.1", "completed"), ("1.2", "failed")]


def test_wide_shows_ids_that_can_be_asked_for(filled: Endpoint) -> None:
    header, row = shown(filled, "dep", "--status", "failed", "-o", "wide").splitlines()
    record = row[header.index("ID ") :].split()[0]

    whole = yaml.safe_load(shown(filled, "deployment", record, "-o", "yaml"))

    assert (whole["id"], whole["status"], len(whole["reports"])) == (record, "failed", 1)


def test_every_form_shows_the_same(filled: Endpoint) -> None:
    as_json = json.loads(shown(filled, "builds", "-o", "json"))["items"]
    as_yaml = yaml.safe_load(shown(filled, "bld", "-o", "yaml"))["items"]
    as_csv = list(csv.DictReader(io.StringIO(shown(filled, "build", "-o", "csv"))))

    assert as_json == as_yaml
    assert [each["id"] for each in as_json] == [each["id"] for each in as_csv]
    assert len(as_json) == 3


def test_what_runs_where_can_be_exported(filled: Endpoint) -> None:
    [row] = csv.DictReader(io.StringIO(shown(filled, "env", "-o", "csv")))

    assert (row["version"], row["previous"], row["latest.status"]) == ("1.1", "1.0", "failed")


def test_how_well_changes_are_delivered(filled: Endpoint) -> None:
    header, whole, shop = shown(filled, "dora", "--by", "product", "--since", "2026-11-01").splitlines()
    as_json = json.loads(shown(filled, "dora", "-o", "json"))

    assert header.split()[:2] == ["NAME", "COUNTED"]
    assert (whole.split()[:2], shop.split()[:2]) == (["all", "3"], ["shop", "3"])
    assert "33.3 %" in shop
    assert as_json["total"]["deployments"] == 3


def test_how_well_changes_are_delivered_can_be_exported(filled: Endpoint) -> None:
    exported = shown(filled, "dora", "--by", "product", "--since", "2026-11-01", "-o", "csv")

    whole, shop = csv.DictReader(io.StringIO(exported))
    assert [(each["name"], each["deployments"]) for each in (whole, shop)] == [("", "3"), ("shop", "3")]


def test_filters_and_limits_hold(filled: Endpoint) -> None:
    ended = run(variables(filled), "get", "deployments", "--limit", "2", "--since", "10000d", "-o", "json")

    assert len(json.loads(ended.stdout)["items"]) == 2
    assert "--limit shows more" in ended.stderr
    assert json.loads(shown(filled, "deployments", "--version", "1.2", "-o", "json"))["items"][0]["status"] == "failed"


def test_nothing_found_is_said_and_no_failure(filled: Endpoint) -> None:
    ended = run(variables(filled), "get", "deployments", "--product", "none")

    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr == "No deployments found.\n"


@pytest.mark.parametrize(
    ("arguments", "more", "code", "sentence"),
    [
        (["deployments", "nothing"], {}, 1, "There is no such deployment"),
        (["deployments", "../../keys"], {}, 1, "404"),
        (["deployments"], {"DEPLOYTRAIL_KEY": "dtk_00000000_wrong"}, 1, "Invalid API key"),
        (["deployments", "--status", "broken"], {}, 1, "422"),
        (["deployments"], {"DEPLOYTRAIL_KEY": ""}, 2, "deploytrail keys create NAME --scope read"),
        (["deployments"], {"DEPLOYTRAIL_URL": "nonsense"}, 2, "is not where a Deploytrail is"),
        (["deployments", "a", "b"], {}, 2, "one ID or none"),
        (["deployments", "a", "-o", "csv"], {}, 2, "no list"),
        (["deployments", "--limit", "1001", "-o", "csv"], {}, 2, "at most 1000"),
        (["pods"], {}, 2, "No such command"),
        (["deployments"], {"DEPLOYTRAIL_URL": "http://127.0.0.1:1"}, 3, "refused"),
    ],
)
def test_what_goes_wrong_is_said_in_a_sentence(
    filled: Endpoint, arguments: list[str], more: dict[str, str], code: int, sentence: str
) -> None:
    ended = run(variables(filled, **more), "get", *arguments)

    assert ended.returncode == code, ended.stderr
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def through(folder: Path, *, port: int, found: str = services("trail")) -> tuple[dict[str, str], Path]:
    """The environment of somebody who has kubectl and no URL, and the note of what kubectl was asked."""
    log = put_kubectl(folder / "bin", port=port, found=found)
    return variables(None, PATH=f"{folder / 'bin'}:{os.environ['PATH']}"), log


def test_without_a_url_kubectl_finds_the_way(filled: Endpoint, tmp_path: Path) -> None:
    known, log = through(tmp_path, port=filled.port)

    ended = run(known, "get", "env", "--context", "there", "--kubeconfig", "/k")

    assert ended.returncode == 0, ended.stderr
    assert "shop" in ended.stdout
    asked, forwarded = map(json.loads, log.read_text().splitlines())
    assert asked[:4] == ["--kubeconfig=/k", "--context=there", "get", "services"]
    assert {"--all-namespaces", "--selector=deploytrail.dev/endpoint=true"} <= set(asked)
    assert {"port-forward", "--namespace=trails", "service/trail", ":80"} <= set(forwarded)


def test_kubectl_ends_with_the_command(filled: Endpoint, tmp_path: Path) -> None:
    known, _ = through(tmp_path, port=filled.port)

    run(known, "get", "env")

    assert not [each for each in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path).encode() in _read(each)]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("port", "found", "arguments", "code", "sentence"),
    [
        (1, services(), [], 2, "there is no Service of Deploytrail in the cluster"),
        (1, services("a", "b"), [], 2, "there are several in the cluster: trails/a, trails/b"),
        (1, services(), ["-n", "x"], 2, "in the namespace x"),
        (0, services("a"), [], 3, "pod is not running"),
        (1, services("a"), [], 3, ""),
    ],
)
def test_no_way_is_said_in_a_sentence(
    tmp_path: Path, port: int, found: str, arguments: list[str], code: int, sentence: str
) -> None:
    known, _ = through(tmp_path, port=port, found=found)

    ended = run(known, "get", "env", *arguments)

    assert (ended.returncode, ended.stdout) == (code, ""), ended.stderr
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_kubectl_there_is_no_way(tmp_path: Path) -> None:
    ended = run(variables(None, PATH=str(tmp_path)), "get", "env")

    assert ended.returncode == 2
    assert "say --url" in ended.stderr


def test_kubectl_finds_the_plug_in_under_its_name(filled: Endpoint) -> None:
    plug_in = Path(sys.executable).with_name("kubectl-deploytrail")

    ended = subprocess.run([plug_in, "get", "--help"], capture_output=True, text=True, check=True)

    assert ended.stdout.startswith("Usage: kubectl deploytrail get")


@pytest.mark.parametrize("line", re.findall(r"^kubectl deploytrail (get [^#\n]*)", PAGE, re.MULTILINE))
def test_every_command_of_the_docs_works(filled: Endpoint, line: str) -> None:
    record = json.loads(shown(filled, "deployments", "-o", "json"))["items"][0]["id"]
    arguments = [record if word == "ID" else word for word in shlex.split(line)[1:]]

    assert shown(filled, *arguments)


def test_watching_through_a_pipe_says_each_move_once() -> None:
    with Endpoint() as endpoint:
        told(endpoint, DEPLOYMENTS, deployment(product_name="shop", version="1", status="started"))
        command = [*COMMAND, "watch", "--interval", "0.5"]
        watching = subprocess.Popen(command, env=variables(endpoint), stdout=subprocess.PIPE, text=True)
        assert watching.stdout is not None
        first = watching.stdout.readline().split()
        told(endpoint, DEPLOYMENTS, deployment(product_name="shop", version="2", status="failed"))
        second = watching.stdout.readline().split()
        watching.send_signal(signal.SIGINT)
        rest = watching.communicate(timeout=20)[0]

    assert first[1:5] == ["shop", "1", "production", "started"]
    assert second[1:5] == ["shop", "2", "production", "failed"]
    assert (rest, watching.returncode) == ("", 0)


def test_watching_on_a_terminal_draws_and_goes_on_while_nobody_answers() -> None:
    with Endpoint() as endpoint:
        told(endpoint, DEPLOYMENTS, deployment(product_name="shop", version="1.0.7"))
        ours, theirs = pty.openpty()
        command = [*COMMAND, "watch", "--interval", "0.5"]
        watching = subprocess.Popen(command, env=variables(endpoint, TERM="xterm"), stdout=theirs, stderr=theirs)
        drawn = Screen(ours)
        wait_until(lambda: drawn.shows("1.0.7"))
        told(endpoint, DEPLOYMENTS, deployment(product_name="cart", version="2.0.0", status="failed"))
        wait_until(lambda: drawn.shows("2.0.0"))
        endpoint.ask_to_stop()
        endpoint.join()
        wait_until(lambda: drawn.shows("refused"))
        watching.send_signal(signal.SIGINT)

        assert watching.wait(20) == 0
        os.close(theirs)
        os.close(ours)


class Screen:
    """What was drawn so far."""

    def __init__(self, terminal: int) -> None:
        self._terminal, self._drawn = terminal, b""
        os.set_blocking(terminal, False)

    def shows(self, text: str) -> bool:
        with contextlib.suppress(BlockingIOError):
            self._drawn += os.read(self._terminal, 1 << 20)
        return text.encode() in self._drawn
