"""Findings of the tracker as reports."""

from dataclasses import replace
from typing import Any

import pytest

from deploytrail.mapping.argocd import chosen, commit_of, repo_url_of, report
from deploytrail.mapping.rules import Rules
from deploytrail.record.admission import admit
from deploytrail.record.identity import argocd_id
from deploytrail.record.lifecycle import Create, decide
from deploytrail.record.model import Repeat, Report, Source, Status, Trigger
from deploytrail.record.rollout import Finding
from deploytrail.record.rollout.snapshot import UNTUNED, Application, AppSource, Dry, Subject, SyncResult
from deploytrail.record.rollout.state import Key, Operation
from deploytrail.record.running import tells
from tests.unit.record.rollout.story import at

COMMIT, OTHER = "c" * 40, "d" * 40
GIT = AppSource("https://git.example.com/acme/shop.git", path="prod", target="main")
OTHER_GIT = AppSource("git@git.example.com:acme/values.git", path="cfg")
VALUES = AppSource("https://git.example.com/acme/values.git", ref="values")
CHART = AppSource("https://charts.example.com", chart="web", target="4.*")
OCI = AppSource("oci://registry.example.com/charts/web", path=".")
APPLICATION = Application("argocd", "web", "uid-1", "argocd")
OPERATION = Operation(
    key=Key(at(0)),
    shown=0,
    subject=Subject("shop", "production"),
    trigger=Trigger.AUTOMATED,
    deployed_by="argocd (automated)",
    phase="Succeeded",
    finished_at=at(2),
    result=SyncResult((COMMIT,), (GIT,), ("r/shop:1.2.3",)),
    history_id=7,
)


def find(status: Status = Status.COMPLETED, **changes: Any) -> Finding:
    return Finding(
        application=APPLICATION,
        operation=replace(OPERATION, **changes),
        tuning=UNTUNED,
        status=status,
        at=at(20),
        settled_at=at(20) if status is Status.COMPLETED else None,
        counted=True,
        reason=None,
        health="Healthy",
    )


def told(finding: Finding, rules: Rules | None = None) -> Report:
    made = report(finding, rules or Rules(), received_at=at(30))
    admit(made, now=at(31))
    return made


def test_a_finding_tells_everything_a_record_holds() -> None:
    made = told(find(), Rules(ui="https://argocd.example.com/base/"))

    assert made.id == argocd_id(uid="uid-1", name="web", started_at=at(0), heals=0)
    assert (made.started_at, made.finished_at, made.settled_at, made.counted) == (at(0), at(2), at(20), True)
    assert (made.telling.source, made.telling.status, made.telling.at) == (Source.ARGOCD, Status.COMPLETED, at(20))
    assert (made.telling.raw_status, made.repeat) == ("Succeeded/Healthy", Repeat.KEEP)
    assert (made.facts.product, made.facts.environment, made.facts.version) == ("shop", "production", "1.2.3")
    assert (made.facts.repository, made.facts.commit) == ("https://git.example.com/acme/shop", COMMIT)
    assert (made.facts.images, made.facts.trigger) == (("r/shop:1.2.3",), Trigger.AUTOMATED)
    assert made.facts.links.ui == "https://argocd.example.com/base/applications/argocd/web"
    assert made.facts.application is not None
    assert (made.facts.application.history_id, made.facts.application.revisions) == (7, (COMMIT,))
    assert made.facts.application.instance == "argocd"


def test_each_argo_cd_of_a_cluster_has_its_own_page() -> None:
    rules = Rules(ui="https://one.example.com", uis={"argocd": "https://two.example.com"})

    assert told(find(), rules).facts.links.ui == "https://two.example.com/applications/argocd/web"
    assert told(find()).facts.links.ui is None


@pytest.mark.parametrize(
    ("renews", "partial"), [pytest.param(True, False, id="new revision"), pytest.param(False, True, id="same")]
)
def test_a_self_heal_that_brings_a_new_revision_is_no_part_of_anything(renews: bool, partial: bool) -> None:
    healed = told(find(key=Key(at(0), 1), trigger=Trigger.SELF_HEAL, partial=True, renews=renews))
    made = decide(None, healed)

    assert healed.facts.partial is partial
    assert isinstance(made, Create)
    assert tells(made.record) is renews


@pytest.mark.parametrize(
    ("sources", "index"),
    [
        ((GIT,), 0),
        ((CHART, VALUES), 1),
        ((VALUES, GIT), 1),
        ((OTHER_GIT, GIT), 0),
        ((CHART, OCI), None),
        ((replace(GIT, ref="x"), OTHER_GIT), 1),
        ((replace(GIT, path=None), VALUES), 0),
        ((), None),
    ],
)
def test_the_first_git_source_with_a_path_stands_for_all(sources: tuple[AppSource, ...], index: int | None) -> None:
    assert chosen(sources) == index


@pytest.mark.parametrize(
    ("result", "commit", "repo_url"),
    [
        (SyncResult((COMMIT,), (GIT,)), COMMIT, GIT.repo_url),
        (SyncResult(("f" * 64,), (GIT,)), "f" * 64, GIT.repo_url),
        (SyncResult(("main",), (GIT,)), None, GIT.repo_url),
        (SyncResult((COMMIT[:7],), (GIT,)), None, GIT.repo_url),
        (SyncResult((COMMIT.upper(),), (GIT,)), None, GIT.repo_url),
        (SyncResult((), (GIT,)), None, GIT.repo_url),
        (SyncResult(("4.12.0",), (CHART,)), None, CHART.repo_url),
        (SyncResult((COMMIT,), (CHART,)), None, CHART.repo_url),
        (SyncResult(("sha256:" + "a" * 64,), (OCI,)), None, OCI.repo_url),
        (SyncResult(("4.2.7", COMMIT), (CHART, VALUES)), COMMIT, VALUES.repo_url),
        (SyncResult((OTHER, COMMIT), (OTHER_GIT, GIT)), OTHER, OTHER_GIT.repo_url),
        (SyncResult(("4.2.7",), (CHART, GIT)), None, GIT.repo_url),
        (SyncResult((COMMIT,), (GIT,), dry=Dry("https://d/r", OTHER)), OTHER, "https://d/r"),
        (SyncResult((COMMIT,), (GIT,), dry=Dry("https://d/r")), COMMIT, "https://d/r"),
        (SyncResult((COMMIT,)), None, None),
    ],
)
def test_only_a_full_hash_from_a_git_source_is_a_commit(
    result: SyncResult, commit: str | None, repo_url: str | None
) -> None:
    assert (commit_of(result), repo_url_of(result)) == (commit, repo_url)


def test_a_team_is_told_and_remembered() -> None:
    made = told(find(Status.STARTED, phase="Running", subject=Subject("shop", "production", team="payments")))

    assert made.facts.metadata["team"] == "payments"
    assert "team" not in told(find()).facts.metadata


@pytest.mark.parametrize(
    ("finding", "version"),
    [
        (find(subject=Subject("shop", "production", "2026.3")), "2026.3"),
        (find(result=SyncResult(("4.12.0",), (CHART,), ("r/shop:1.2.3",))), "4.12.0"),
        (find(result=SyncResult(("4.2.7", COMMIT), (CHART, VALUES))), "4.2.7"),
        (find(result=SyncResult((COMMIT,), (GIT,), ("r/web:9", "r/proxy:1"))), "9"),
        (find(result=SyncResult((COMMIT,), (GIT,)), images=("r/shop:3",)), "3"),
        (find(result=SyncResult((COMMIT,), (GIT,)), images=("r/shop:3", "r/shop:2")), "ccccccc"),
        (find(result=SyncResult((COMMIT,), (GIT,))), "ccccccc"),
        (find(result=SyncResult(("sha256:abc",), (OCI,))), "sha256:abc"),
        (find(Status.FAILED, phase="Failed", result=SyncResult(("main",), (GIT,))), None),
        (find(Status.FAILED, phase="Failed", result=SyncResult((COMMIT,), (GIT,)), images=("r/shop:2",)), "ccccccc"),
        (find(Status.STARTED, result=SyncResult((COMMIT,), (GIT,), ("r/shop:4",))), "4"),
        (find(Status.STARTED, result=SyncResult((COMMIT,), (GIT,)), images=("r/shop:2",)), None),
        (find(Status.STARTED, phase="Running", result=SyncResult()), None),
    ],
    ids=[
        "by annotation", "chart", "chart among sources", "image like the application", "image once settled",
        "old and new image", "commit", "digest", "branch that never resolved", "old image after a failure",
        "image before the verdict", "not before it is certain", "running",
    ],
)  # fmt: skip
def test_the_version_is_the_best_name_of_what_was_deployed(finding: Finding, version: str | None) -> None:
    assert told(finding).facts.version == version


def test_the_same_finding_from_another_replica_is_the_same_report() -> None:
    here = report(find(), Rules(), received_at=at(30))
    there = report(replace(find(message="random path 2", images=("x",)), reason="r"), Rules(), received_at=at(99))

    assert here.telling.fingerprint == there.telling.fingerprint


@pytest.mark.parametrize(
    "other",
    [
        find(Status.FAILED),
        find(Status.STARTED),
        find(finished_at=at(3)),
        replace(find(), settled_at=at(21)),
        replace(find(), counted=False),
        find(result=SyncResult((OTHER,), (GIT,))),
    ],
)
def test_another_finding_is_another_report(other: Finding) -> None:
    here = report(find(), Rules(), received_at=at(30))

    assert here.telling.fingerprint != report(other, Rules(), received_at=at(30)).telling.fingerprint


def test_more_images_than_a_resource_holds_are_cut() -> None:
    images = tuple(f"r/image-{number}:1" for number in range(1200))

    assert len(told(find(result=SyncResult((COMMIT,), (GIT,), images))).facts.images) == 1000
