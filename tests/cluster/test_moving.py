"""docs/moving.md, followed: from the store kubernetes to PostgreSQL without losing what is reported meanwhile."""

import asyncio
import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploytrail.record.query import Query
from tests.argocd.shapes import Setup
from tests.argocd.steps import Steps
from tests.cluster.charted import ROOT
from tests.cluster.test_chart_stores import create_secret
from tests.cluster.trail import Trail
from tests.contract.replicas import replica
from tests.controlplane.build import program
from tests.controlplane.cluster import Cluster
from tests.controlplane.processes import Server
from tests.http.endpoint import event
from tests.operator_process import deploytrail
from tests.waiting import wait_until

PAGE = ROOT / "docs/moving.md"


@pytest.fixture
def own(crds: Cluster, argocd: None, tmp_path: Path) -> Iterator[Trail]:
    with Trail(crds, tmp_path) as trail:
        yield trail
        assert trail.end() == []


def steps() -> list[list[str]]:
    """The commands of the page's numbered steps."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return [[line for line in block.splitlines() if line.startswith("deploytrail store ")] for block in blocks]


def follow(commands: list[str], trail: Trail, url: str, folder: Path) -> str:
    """Run them as a shell would, with our cluster and database in the places of the page's; returns what they say."""
    said = ""
    for command in commands:
        line = command.replace("--namespace deploytrail", f"--namespace {trail.namespace}")
        environment = os.environ | {"DEPLOYTRAIL_STORE": url, "DEPLOYTRAIL_KUBECONFIG": str(trail.cluster.kubeconfig)}
        environment["PATH"] = f"{ROOT / '.venv/bin'}:{environment['PATH']}"
        done = subprocess.run(["sh", "-c", line], cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        said += done.stderr
    return said


def test_the_page_moves_everything(own: Trail, postgresql_url: str, tmp_path: Path) -> None:
    first, switch, last = steps()
    old = own.run()
    for n in range(3):
        assert old.post(event(deployment_id=f"before-{n}")).is_success

    assert "3 records added" in follow(first, own, postgresql_url, tmp_path)
    assert old.post(event(deployment_id="between")).is_success
    assert switch == []
    create_secret(own.cluster, own.namespace, "trail-db", url=postgresql_url)
    own.guard(postgresql_url.rpartition("@")[0].rpartition(":")[2])
    own.release.install("crds.install=false", 'store={"type":"postgresql","secret":{"name":"trail-db"}}')
    new = own.run()
    assert new.post(event(deployment_id="after")).is_success
    assert old.stop() == 0
    assert "1 records added" in follow(last, own, postgresql_url, tmp_path)

    wait_until(lambda: len(new.deployments()) == 5)
    raw = new.get(f"/api/v1/deployments/{new.deployments()[-1]['id']}").json()
    assert raw["source"] == "hivel"
    assert new.post(event(deployment_id="before-0")).is_success  # told again: known
    assert len(new.deployments()) == 5


def test_what_the_operator_saw_has_the_ids_that_a_replay_gives_it_wherever_it_is_moved(
    own: Trail, postgresql_url: str, tmp_path: Path
) -> None:
    operator, recording = own.run(), tmp_path / "recording.json"
    where = ("--store=kubernetes", f"--namespace={own.namespace}", f"--kubeconfig={own.cluster.kubeconfig}")
    with recorded(own, recording):
        shop, cart = (Steps(own.applications, Setup(name=name, namespace=own.argocd)) for name in ("shop", "cart"))
        wait_until(lambda: newest(own) <= versions(recording))  # what was over before would be no news to a replay
        for steps, version in ((shop, 2), (shop, 3), (cart, 2)):
            steps.deploy(version)
        wait_until(lambda: [bool(item["finished_at"]) for item in operator.deployments()] == [True] * 3)
        wait_until(lambda: newest(own) <= versions(recording))

    replayed = deploytrail("replay", recording)
    replayed.check_returncode()
    for source, target in ((where, postgresql_url), ((f"--store={postgresql_url}",), f"sqlite:///{tmp_path}/trail.db")):
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.jsonl"
        deploytrail("store", "export", "--output", file, *source).check_returncode()
        deploytrail("store", "import", file, f"--store={target}").check_returncode()

    expected = {(row["product"], row["id"]) for row in map(json.loads, replayed.stdout.splitlines())}
    assert len(expected) == 3
    assert {(item["product"], item["id"]) for item in operator.deployments()} == expected
    for url in (postgresql_url, f"sqlite:///{tmp_path}/trail.db"):
        assert asyncio.run(kept(url)) == expected


@contextmanager
def recorded(trail: Trail, file: Path) -> Iterator[None]:
    """Meanwhile kubectl writes into this file what happens to Applications, as docs/replay.md has people do."""
    watch = ("get", "applications.argoproj.io", "-n", trail.argocd, "-w", "-o", "json", "--output-watch-events")
    recorder = Server([str(program("kubectl")), f"--kubeconfig={trail.cluster.kubeconfig}", *watch], file)
    recorder.start()
    try:
        yield
    finally:
        recorder.stop()


def newest(trail: Trail) -> set[str]:
    """The versions of all Applications as they are now."""
    applications = trail.cluster.get("applications.argoproj.io", "-n", trail.argocd)["items"]
    return {each["metadata"]["resourceVersion"] for each in applications}


def versions(recording: Path) -> set[str]:
    """The versions of whatever was recorded so far."""
    return set(re.findall(r'"resourceVersion":\s*"(\d+)"', recording.read_text()))


async def kept(url: str) -> set[tuple[str, str]]:
    """Product and id of all deployments in a database."""
    async with replica(url) as store:
        return {(record.product, record.id) for record in (await store.find(Query(limit=100))).items}


def added(done: subprocess.CompletedProcess[str]) -> int:
    """How many records an import says it added."""
    (number,) = re.findall(r"lines: (\d+) records added", done.stderr)
    return int(number)


def test_an_export_is_gone_on_with_and_an_import_says_what_is_missing(own: Trail, tmp_path: Path) -> None:
    operator = own.run()
    for n in range(5):
        assert operator.post(event(deployment_id=f"one-{n}")).is_success
    where = ("--store=kubernetes", f"--namespace={own.namespace}", f"--kubeconfig={own.cluster.kubeconfig}")
    file, into = tmp_path / "trail.jsonl", f"--store=sqlite:///{tmp_path}/trail.db"
    deploytrail("store", "export", "--output", file, *where).check_returncode()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])

    cut = deploytrail("store", "import", file, into)
    again = deploytrail("store", "export", "--output", file, *where)
    resumed = deploytrail("store", "export", "--output", file, "--resume", *where)
    imported = deploytrail("store", "import", file, into)
    once_more = deploytrail("store", "export", "--output", file, "--resume", *where)

    assert (cut.returncode, again.returncode, resumed.returncode, imported.returncode) == (1, 2, 0, 0)
    assert "the export is not whole" in cut.stderr
    assert "is there already: take another name, or go on with it by --resume" in again.stderr
    assert file.read_bytes() == whole
    assert added(cut) + added(imported) == 5  # what the half held was taken in
    assert added(cut) > 0
    assert "nothing to do: the export is whole" in once_more.stderr
