"""What the doctor makes of facts: how it is, what it says, what it advises."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploytrail.doctor import judging
from deploytrail.doctor.finding import Finding, Level, exit_code, fail, ok, skip, warn
from deploytrail.keys.model import Key, Scope, digest
from deploytrail.kube.crds import crds

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("levels", "code"),
    [([], 0), ([Level.OK, Level.SKIP], 0), ([Level.WARN], 0), ([Level.OK, Level.FAIL], 1)],
)
def test_only_what_fails_makes_it_fail(levels: list[Level], code: int) -> None:
    assert exit_code(Finding("x", level, "y") for level in levels) == code


@pytest.mark.parametrize(
    ("version", "level"),
    [("v1.36.3", "ok"), ("v1.29.0", "ok"), ("v1.28.15-gke.1", "warn"), ("v1.33+", "ok"), ("v2.0.0", "ok")],
)
def test_the_version_of_the_cluster(version: str, level: str) -> None:
    assert judging.judge_server(version).level == level


@pytest.mark.parametrize(
    ("seconds", "level", "words"),
    [
        (0, "ok", "as the API server's"),
        (4, "ok", "as the API server's"),
        (-5, "warn", "behind the API server's by 5s"),
        (59, "warn", "ahead of the API server's by 59s"),
        (60, "fail", "ahead of"),
        (-86_400 * 3, "fail", "by 3d"),
    ],
)
def test_clocks(seconds: int, level: str, words: str) -> None:
    found = judging.judge_clock(NOW + timedelta(seconds=seconds), NOW)

    assert found.level == level
    assert words in found.message


def test_a_clock_that_is_not_told_is_not_judged() -> None:
    assert judging.judge_clock(NOW, None).level == "skip"


def key(name: str, *scopes: Scope, days: float | None = None) -> Key:
    expires = NOW + timedelta(days=days) if days is not None else None
    return Key(name=name, digest=digest(name), scopes=frozenset(scopes), created_at=NOW, expires_at=expires)


@pytest.mark.parametrize(
    ("keys", "level", "words"),
    [
        ([], "warn", "0 in force, none with the scope ingest"),
        ([key("page", Scope.READ)], "warn", "1 in force, none with the scope ingest"),
        ([key("ci", Scope.INGEST)], "ok", "1 in force"),
        ([key("ci", Scope.INGEST, days=15)], "ok", "1 in force"),
        ([key("ci", Scope.INGEST, days=14)], "warn", "soon to end: ci at 2026-12-09T10:00:00Z"),
        ([key("ci", Scope.INGEST, days=-1)], "warn", "0 in force, 1 expired, none with the scope ingest"),
        ([key("ci", Scope.INGEST), key("old", Scope.INGEST, days=-1)], "ok", "1 in force, 1 expired"),
    ],
)
def test_keys(keys: list[Key], level: str, words: str) -> None:
    found = judging.judge_keys(keys, NOW)

    assert found.level == level
    assert words in found.message


@pytest.mark.parametrize(
    ("ago", "level", "words"),
    [
        (None, "warn", "nothing is recorded yet"),
        (timedelta(seconds=-2), "ok", "0s ago"),
        (timedelta(minutes=3), "ok", "3m ago"),
        (timedelta(days=8), "warn", "8d ago"),
    ],
)
def test_the_last_event(ago: timedelta | None, level: str, words: str) -> None:
    found = judging.judge_last_event(NOW - ago if ago is not None else None, NOW)

    assert (found.level, found.message) == (level, words)


@pytest.mark.parametrize(
    ("waiting", "minutes", "delivers", "level"),
    [(7, 60, False, "ok"), (0, None, True, "ok"), (7, 14, True, "ok"), (7, 16, True, "warn")],
)
def test_the_backlog(waiting: int, minutes: int | None, delivers: bool, level: str) -> None:
    since = NOW - timedelta(minutes=minutes) if minutes is not None else None

    assert judging.judge_backlog(waiting, since, NOW, delivers=delivers).level == level


@pytest.mark.parametrize(
    ("found", "newer", "level", "words"),
    [
        ("0004", False, "ok", "schema 0004"),
        (None, False, "warn", "is empty"),
        ("0003", False, "warn", "has the schema 0003, and this version wants 0004"),
        ("0009", True, "fail", "newer Deploytrail"),
    ],
)
def test_the_schema_of_a_database(found: str | None, newer: bool, level: str, words: str) -> None:
    finding = judging.judge_store("SQLite", found=found, wanted="0004", is_newer=newer)

    assert finding.level == level
    assert words in finding.message


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"status": "ready"}, ok("endpoint", "ready at x")),
        (
            503,
            {"status": "not ready", "problems": ["the database is away", "stopping"]},
            fail(
                "endpoint",
                "x is not ready: the database is away; stopping",
                "what it waits for is named; its log tells more",
            ),
        ),
        (
            503,
            {"kind": "Status", "message": "no endpoints available for service"},
            fail(
                "endpoint",
                "x cannot be reached: no endpoints available for service",
                "look at the pods: kubectl describe pods, kubectl logs",
            ),
        ),
        (404, {}, fail("endpoint", "x is not ready: it answers 404", "what it waits for is named; its log tells more")),
    ],
)
def test_the_endpoint(status: int, body: dict[str, Any], expected: Finding) -> None:
    assert judging.judge_endpoint("x", status, body) == expected


@pytest.mark.parametrize(
    ("ready", "version", "level"),
    [(2, "1.0", "ok"), (1, "1.0", "warn"), (0, "1.0", "fail"), (2, "0.9", "warn"), (2, "", "ok")],
)
def test_the_pods(ready: int, version: str, level: str) -> None:
    found = judging.judge_replicas("ns", "trail", wanted=2, ready=ready, version=version, ours="1.0")

    assert found.level == level


def test_no_pods_are_wanted_while_it_is_scaled_to_none() -> None:
    found = judging.judge_replicas("ns", "trail", wanted=0, ready=0, version="1.0", ours="1.0")

    assert found.level == "ok"


@pytest.mark.parametrize(
    ("counts", "patterns", "expected"),
    [
        ({"argocd": 3, "team-a": 1}, ["*"], ok("applications", "4: argocd 3, team-a 1")),
        (
            {"argocd": 3, "dev": 2},
            ["argocd"],
            ok("applications", "3: argocd 3; 2 in other namespaces are not followed"),
        ),
        (
            {"dev": 2},
            ["argocd", "team-*"],
            warn(
                "applications",
                "none in argocd, team-*; 2 in other namespaces are not followed",
                "create one, or look at argocd.namespaces and argocd.selector",
            ),
        ),
        (
            {f"n{number}": 1 for number in range(7)},
            ["*"],
            ok("applications", "7: n0 1, n1 1, n2 1, n3 1, n4 1, 2 more namespaces"),
        ),
    ],
)
def test_applications(counts: dict[str, int], patterns: list[str], expected: Finding) -> None:
    assert judging.judge_applications(counts, patterns, "") == expected


def test_argocd_that_is_not_there_is_no_failure() -> None:
    assert judging.judge_argocd(served=False, versions=()).level == "warn"
    assert judging.judge_argocd(served=True, versions=("v3.1.0",)) == ok("argocd", "Argo CD v3.1.0")


def installed() -> list[judging.Seen]:
    return [judging.Seen(each, deepcopy(each)) for each in crds()]


def test_kinds_that_are_as_ours() -> None:
    (found,) = judging.judge_kinds(installed())

    assert found.level == "ok"


def test_a_newer_schema_is_as_good() -> None:
    kinds = installed()
    version = kinds[0].installed["spec"]["versions"][0]  # type: ignore[index]
    version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["surprise"] = {"type": "string"}

    assert [found.level for found in judging.judge_kinds(kinds)] == ["ok"]


def test_a_kind_that_is_not_there() -> None:
    kinds = [judging.Seen(each, None) for each in crds()]

    found = judging.judge_kinds(kinds)

    assert {finding.level for finding in found} == {"fail"}
    assert found[0].message == "deploymentevents.deploytrail.dev is not installed"
    assert found[0].advice == "deploytrail crds | kubectl apply --server-side --force-conflicts -f -"


def test_an_older_schema_is_told_by_what_it_lacks() -> None:
    kinds = installed()
    spec = kinds[0].installed["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]  # type: ignore[index]
    del spec["properties"]["attempt"]
    del spec["x-kubernetes-validations"]

    (found,) = judging.judge_kinds(kinds)

    assert found.level == "fail"
    assert "lacks spec.attempt, spec.attempt.number, spec.attempt.series, spec (a rule)" in found.message


def test_a_version_that_is_not_served() -> None:
    kinds = installed()
    kinds[0].installed["spec"]["versions"][0]["served"] = False  # type: ignore[index]

    assert judging.judge_kinds(kinds)[0].message == "deploymentevents.deploytrail.dev does not serve v1alpha1"


def test_names_that_the_api_server_refused() -> None:
    kinds = installed()
    conditions = [{"type": "NamesAccepted", "status": "False", "message": "dep is taken"}]
    kinds[0].installed["status"] = {"conditions": conditions}  # type: ignore[index]

    assert "dep is taken" in judging.judge_kinds(kinds)[0].message


def test_kinds_known_by_their_names_alone() -> None:
    assert judging.judge_served(["a", "b"], ["a", "b", "c"]).level == "ok"
    assert judging.judge_served(["a", "b"], ["a"]).message == "the API server does not serve b"


def test_what_is_skipped_is_no_failure() -> None:
    assert exit_code([skip("x", "y")]) == 0
