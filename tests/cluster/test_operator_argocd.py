"""What Argo CD does becomes records, one per deployment: with one replica watching, and with two at once."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.argocd.applications import Applications, ClusterApplications
from tests.argocd.controller import UNFINISHED, Player
from tests.argocd.pace import Pace
from tests.argocd.scenarios import SCENARIOS, dry_run, image, revision
from tests.argocd.shapes import Setup
from tests.argocd.steps import Steps
from tests.argocd.stream import play_stream
from tests.cluster.trail import Trail, Verdict, verdicts
from tests.controlplane.cluster import Cluster
from tests.controlplane.server import ControlPlane
from tests.waiting import wait_until

CAPTURED = Path(__file__).parents[1] / "golden/argocd/captured"
ARGOCD = "argocd (automated)"
PACE = Pace(speed=6)
READING = frozenset({"get", "list", "watch"})

EXPECTED: dict[str, list[Verdict]] = {
    "healthy_rollout": [("completed", True, "automated", ARGOCD)],
    "failed_sync": [("failed", True, "manual", "alice")],
    "degraded_rollout": [("failed", True, "automated", ARGOCD)],
    "superseded": [("unknown", False, "automated", ARGOCD), ("completed", True, "automated", ARGOCD)],
    "dry_run": [("completed", True, "manual", "alice")],
    "self_heal_after_sync": [("completed", True, "automated", ARGOCD), ("completed", False, "self-heal", ARGOCD)],
    "rollback": [("completed", True, "manual", "alice"), ("completed", True, "rollback", "alice")],
    "deletion": [("unknown", False, "automated", ARGOCD)],
}
"""Of the dry run only what comes after it: the record of a real sync."""

STREAMS = {
    "api": "04-manual-sync-failed-apply",
    "geo": "07-auto-sync-retried-then-succeeded",
    "cart": "10-rollback",
    "gone3": "33-deletion-during-operation",
    "froz": "46-blocked-by-sync-window",
}
"""Application → what was recorded of it on a running Argo CD."""

WORDS = {"completed": "success", "aborted": "canceled"}


@pytest.fixture(scope="module", params=[1, 2], ids=["one replica", "two replicas"])
def played(
    request: pytest.FixtureRequest, crds: Cluster, argocd: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trail]:
    """An installation that has seen every play, all of them at once."""
    # On a busy machine seconds pass between two writes of a play, and a stale Healthy must not settle in them.
    folder = tmp_path_factory.mktemp("trail")
    with Trail(crds, folder, settle="15s") as trail, ThreadPoolExecutor(32) as stage:
        trail.start(*(trail.replica() for _ in range(request.param)))
        plays = [stage.submit(play, trail) for play in every_play()]
        for play in plays:
            play.result()
        yield trail
        assert trail.end() == []


def every_play() -> Iterator[Callable[[Trail], None]]:
    def scene(name: str) -> Callable[[Trail], None]:
        return lambda trail: act(trail, SCENES[name], name)

    def recording(name: str) -> Callable[[Trail], None]:
        return lambda trail: replay(trail, CAPTURED / f"{name}.watch.jsonl")

    yield elsewhere
    yield from map(scene, SCENES)
    yield from map(recording, STREAMS.values())


def act(trail: Trail, scene: Callable[[Applications, Setup, Pace], None], name: str) -> None:
    with ClusterApplications(trail.cluster.kubeconfig, trail.argocd) as applications:
        scene(applications, Setup(name=name.replace("_", "-"), namespace=trail.argocd), PACE)


def elsewhere(trail: Trail) -> None:
    """A whole rollout in a namespace that is not to be followed, over before most of the others have begun."""
    with ClusterApplications(trail.cluster.kubeconfig, trail.namespace) as applications:
        Steps(applications, Setup(name="elsewhere", namespace=trail.namespace)).deploy(2)


def replay(trail: Trail, stream: Path) -> None:
    with ClusterApplications(trail.cluster.kubeconfig, trail.argocd) as applications:
        play_stream(stream, applications, namespace=trail.argocd, pace=Pace(speed=10), shift_to_now="end")


def rehearsal(applications: Applications, setup: Setup, pace: Pace) -> None:
    """A dry run, then the real thing: once that is recorded, the dry run has been seen, too."""
    dry_run(applications, setup, pace)
    Player(applications, setup, pace).sync(revision(setup, 3), by="alice", images=[image(setup, 3)])


def deletion(applications: Applications, setup: Setup, pace: Pace) -> None:
    """Deleted while a sync still rolls out."""
    player = Player(applications, setup, pace)
    player.create(revision(setup, 1), [image(setup, 1)], cascade=True)
    player.sync(revision(setup, 2), images=[image(setup, 2)], health=UNFINISHED)
    player.delete()


SCENES = SCENARIOS | {"dry_run": rehearsal, "deletion": deletion}


@pytest.mark.parametrize("scenario", EXPECTED)
def test_a_play_gives_the_records_it_must_and_no_other(played: Trail, scenario: str) -> None:
    product = scenario.replace("_", "-")

    def as_expected() -> None:
        for replica in played.replicas:
            assert verdicts(replica.deployments(product=product)) == Counter(EXPECTED[scenario])

    wait_until(as_expected)
    assert len(records(played, product)) == len(EXPECTED[scenario])


@pytest.mark.parametrize("product", STREAMS)
def test_a_recorded_stream_gives_the_records_that_were_declared(played: Trail, product: str) -> None:
    declared = json.loads((CAPTURED / f"{STREAMS[product]}.expected.json").read_text())["records"]

    def as_declared() -> None:
        items = sorted(played.replicas[0].deployments(product=product), key=lambda item: item["started_at"])
        for item, record in zip(map(in_hivels_words, items), declared, strict=True):
            same = item.keys() & record.keys()
            assert {name: item[name] for name in same} == {name: record[name] for name in same}

    wait_until(as_declared)
    assert len(records(played, product)) == len(declared)


def test_an_application_in_a_namespace_that_is_not_followed_gives_no_record(played: Trail) -> None:
    wait_until(lambda: completed(played, "rollback"))

    assert played.replicas[0].deployments(product="elsewhere") == []


def test_a_record_is_named_after_its_operation_and_says_what_was_deployed(played: Trail) -> None:
    (item,) = wait_until(lambda: completed(played, "healthy-rollout"))

    setup = Setup(name="healthy-rollout", namespace=played.argocd)
    (record,) = records(played, "healthy-rollout")
    assert record["metadata"]["name"] == item["id"]
    assert re.fullmatch(r"healthy-rollout-\d{8}-\d{6}-[a-z2-7]{16}", item["id"])
    assert (item["version"], item["commit"]) == ("2.0.0", revision(setup, 2))
    assert (item["environment"], item["repository"]) == ("production", "https://git.example.com/acme/shop-deploy")
    assert item["images"] == [image(setup, 2)]
    assert item["started_at"] <= item["finished_at"] <= item["settled_at"]
    assert [state["status"] for state in item["history"]] == ["started", "completed"]


def test_a_record_has_its_status_conditions_and_history_like_an_applied_one(played: Trail) -> None:
    def settled() -> dict[str, Any]:
        (record,) = records(played, "healthy-rollout")
        assert record["status"]["observedGeneration"] == record["metadata"]["generation"]
        assert record["status"]["phase"] == "Succeeded"
        return record

    status = wait_until(settled)["status"]

    assert status["eventType"] == "deployment.completed"
    assert {each["type"]: each["status"] for each in status["conditions"]} == {"Recorded": "True", "Settled": "True"}
    assert [state["status"] for state in status["history"]] == ["started", "completed"]


def test_nothing_was_ever_written_to_an_application(played: Trail, control_plane: ControlPlane) -> None:
    def asked(verbs: frozenset[str]) -> list[dict[str, Any]]:
        entries = control_plane.audited("applications", verbs)
        return [entry for entry in entries if entry["user"]["username"] == played.user]

    wait_until(lambda: completed(played, "rollback"))

    assert {entry["verb"] for entry in asked(READING)} >= {"list", "watch"}
    assert asked(frozenset({"create", "update", "patch", "delete", "deletecollection"})) == []


def records(trail: Trail, product: str) -> list[dict[str, Any]]:
    return [record for record in trail.records() if record["spec"]["product"] == product]


def completed(trail: Trail, product: str) -> list[dict[str, Any]]:
    items = trail.replicas[0].deployments(product=product)
    assert items
    assert {item["status"] for item in items} == {"completed"}
    return items


def in_hivels_words(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": WORDS.get(item["status"], item["status"]),
        **{name: item[name] for name in ("version", "commit", "deployed_by", "trigger", "partial", "counted")},
    }
