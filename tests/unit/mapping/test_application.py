"""Application objects as Snapshots."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploytrail.mapping.application import parse_duration, snapshot
from deploytrail.mapping.rules import Rules
from deploytrail.record.rollout import Snapshot
from deploytrail.record.rollout.snapshot import UNTUNED, Application, AppSource, Dry, Hydration, Request, SyncResult
from tests.unit.mapping.applications import COMMIT, OTHER, SOURCE, application

RULES = Rules()
GIT = AppSource("https://git.example.com/acme/shop.git", path="prod", target="main")


def read(rules: Rules = RULES, **changes: Any) -> Snapshot:
    seen = snapshot(application(**changes), rules)
    assert seen is not None
    return seen


def result(**changes: Any) -> SyncResult:
    state = read(**changes).state
    assert state is not None
    return state.result()


def test_an_application_says_who_it_is_and_how_it_is() -> None:
    seen = read()

    assert seen.application == Application("argocd", "web", "uid-1", "argocd")
    assert (seen.health, seen.health_changed_at) == ("Healthy", datetime(2026, 3, 2, 9, 0, 2, tzinfo=UTC))
    assert seen.reconciled_at == datetime(2026, 3, 2, 9, 0, 3, tzinfo=UTC)
    assert (seen.sync_status, seen.sync_revisions) == ("Synced", (COMMIT,))
    assert (seen.generation, seen.deleting, seen.deleted, seen.request) == (7, False, False, None)
    assert seen.images == ("registry.example.com/shop/web:1.2.3",)


@pytest.mark.parametrize("missing", ["name", "uid"])
def test_an_object_without_a_name_or_a_uid_is_no_application(missing: str) -> None:
    assert snapshot(application(**{f"metadata__{missing}": None}), RULES) is None


def test_the_first_write_brings_empty_texts_where_one_expects_absence() -> None:
    empty = {"health": {}, "sync": {"status": "", "comparedTo": {}}, "summary": {}, "sourceHydrator": {}}

    seen = read(status=empty, operation={"sync": {"revision": COMMIT}})

    assert (seen.health, seen.sync_status, seen.sync_revisions, seen.state) == (None, None, (), None)
    assert seen.request == Request(revisions=(COMMIT,))


def test_a_deletion_is_seen_before_and_when_it_is_over() -> None:
    deleting = read(metadata__deletionTimestamp="2026-03-02T10:00:00Z")
    deleted = snapshot(application(), RULES, deleted=True)

    assert (deleting.deleting, deleting.deleted) == (True, False)
    assert deleted is not None
    assert (deleted.deleting, deleted.deleted) == (True, True)


def test_a_request_is_read_with_all_that_tells_its_kind() -> None:
    seen = read(
        operation={
            "initiatedBy": {"username": " alice ", "automated": False},
            "retry": {"limit": 5},
            "sync": {
                "revision": COMMIT,
                "dryRun": True,
                "resources": [{"kind": "ConfigMap"}, {"kind": "Service"}],
                "manifests": ["kind: ConfigMap"],
                "autoHealAttemptsCount": 2,
            },
        }
    )

    assert seen.request == Request("alice", False, (COMMIT,), 2, True, True, 2, 5)


@pytest.mark.parametrize(
    ("sync", "revisions"),
    [
        ({"revision": COMMIT}, (COMMIT,)),
        ({"revision": ""}, ()),
        ({}, ()),
        ({"revision": "", "revisions": ["4.2.7", COMMIT]}, ("4.2.7", COMMIT)),
        ({"revisions": ["", COMMIT]}, ("", COMMIT)),
        ({"revisions": ["", ""]}, ()),
        ({"revisions": [None, 7]}, ()),
    ],
)
def test_revisions_of_one_source_and_of_several_are_read_alike(sync: object, revisions: tuple[str, ...]) -> None:
    assert read(operation={"sync": sync, "info": []}).request == Request(revisions=revisions)


def test_a_result_is_read_from_what_was_synced() -> None:
    resources = [
        {"kind": "ConfigMap", "hookPhase": "Failed"},
        {"kind": "Deployment", "images": ["web:1", "side:2"]},
        {"kind": "Job", "name": "m", "hookType": "PreSync", "hookPhase": "Succeeded", "images": ["web:1"]},
        {"kind": "Job", "group": "batch", "name": "smoke", "hookType": "PostSync", "hookPhase": "Failed"},
    ]

    found = result(status__operationState__syncResult={"revision": OTHER, "source": SOURCE, "resources": resources})

    assert found == SyncResult((OTHER,), (GIT,), ("web:1", "side:2"), "PostSync hook batch/Job/smoke", None)


@pytest.mark.parametrize(
    "changes",
    [
        {"status__operationState__syncResult": {"revision": COMMIT, "source": {"repoURL": ""}}},
        {
            "status__operationState__syncResult": {"revision": COMMIT},
            "status__operationState__operation": {"sync": {"revision": COMMIT}},
        },
    ],
    ids=["from the request", "from spec"],
)
def test_an_absent_source_is_the_one_that_was_asked_for(changes: dict[str, Any]) -> None:
    assert result(**changes).sources == (GIT,)


def test_several_sources_go_before_one() -> None:
    chart = {"repoURL": "https://charts.example.com", "chart": "web", "targetRevision": "4.*"}
    synced = {"revision": "", "revisions": ["4.2.7", COMMIT], "source": {"repoURL": ""}, "sources": [chart, SOURCE]}

    found = result(status__operationState__syncResult=synced)

    assert found.sources == (AppSource("https://charts.example.com", chart="web", target="4.*"), GIT)
    assert found.revisions == ("4.2.7", COMMIT)


@pytest.mark.parametrize(
    "url",
    [
        "https://alice:s3cret@git.example.com/acme/shop.git",
        "https://git.example.com/acme/shop.git?private_token=s3cret",
        "https://git.example.com/acme/shop.git#s3cret",
        "https://alice:s3cret@git.example.com/acme/shop.git?token=s3cret&x=y#s3cret",
    ],
)
def test_no_credential_comes_through(url: str) -> None:
    secret = {"repoURL": url, "path": "prod"}
    seen = read(
        spec__source=secret,
        spec__sourceHydrator={"drySource": secret},
        status__operationState__syncResult={"revision": COMMIT, "source": secret},
        status__operationState__message=f"cannot reach {url}: 401",
    )

    assert seen.state is not None
    assert "s3cret" not in f"{seen.state.message} {seen.state.result()}"
    assert "cannot reach https://git.example.com/acme/shop.git" in seen.state.message
    assert seen.state.result().sources[0].repo_url == "https://git.example.com/acme/shop.git"


@pytest.mark.parametrize("before", range(460, 500))
def test_a_url_that_is_cut_off_shows_nothing_of_its_password(before: int) -> None:
    seen = read(status__operationState__message="x" * before + " https://alice:s3cret@git.example.com")

    assert seen.state is not None
    assert "alice" not in seen.state.message


def test_a_long_message_is_cut() -> None:
    seen = read(status__operationState__message="x" * 100_000)

    assert seen.state is not None
    assert len(seen.state.message) == 500


@pytest.mark.parametrize("name", ["lastSuccessfulOperation", "currentOperation"])
def test_the_hydrator_says_which_dry_commit_was_rendered(name: str) -> None:
    found = result(
        spec__sourceHydrator={"drySource": {"repoURL": "https://git.example.com/acme/dry.git"}},
        status__sourceHydrator={name: {"drySHA": OTHER, "hydratedSHA": COMMIT}},
    )

    assert found.dry == Dry("https://git.example.com/acme/dry.git", OTHER)


def test_an_application_tells_of_its_hydrations() -> None:
    seen = read(
        status__sourceHydrator={
            "currentOperation": {"phase": "Hydrating", "drySHA": OTHER},
            "lastSuccessfulOperation": {"drySHA": OTHER, "hydratedSHA": COMMIT},
        }
    )

    assert seen.hydrations == (Hydration(COMMIT, OTHER),)


def test_a_dry_commit_of_another_rendering_is_not_taken() -> None:
    found = result(
        spec__sourceHydrator={"drySource": {"repoURL": "https://git.example.com/acme/dry.git"}},
        status__sourceHydrator={"lastSuccessfulOperation": {"drySHA": OTHER, "hydratedSHA": "e" * 40}},
    )

    assert found.dry == Dry("https://git.example.com/acme/dry.git", None)


def test_history_is_read_oldest_first_and_without_what_cannot_be_told_apart() -> None:
    def entry(number: int, started: str | None, deployed: str | None) -> dict[str, Any]:
        by = {"username": "alice"} if number else {"automated": True}
        return {"id": number, "deployStartedAt": started, "deployedAt": deployed, "revision": OTHER, "initiatedBy": by}

    history = [
        entry(1, "2026-03-02T08:00:00Z", "2026-03-02T08:00:09Z"),
        entry(0, "2026-03-02T07:00:00Z", "2026-03-02T06:59:59Z"),
        entry(2, None, "2026-03-02T08:30:00Z"),
        entry(3, "2026-03-02T08:40:00Z", "soon"),
    ]

    first, second = read(status__history=[*history, "?"]).history

    assert (first.id, first.automated, first.username, first.deployed_at) == (0, True, None, first.started_at)
    assert (second.id, second.automated, second.username) == (1, False, "alice")
    assert second.deployed_at - second.started_at == timedelta(seconds=9)
    assert second.result() == SyncResult((OTHER,), (GIT,))


@pytest.mark.parametrize(
    ("destination", "environment"),
    [
        ({"name": "prod-eu", "namespace": "web-prod"}, "prod-eu"),
        ({"server": "https://kubernetes.default.svc", "namespace": "web-prod"}, "web-prod"),
        ({"server": "https://10.0.0.1:6443", "namespace": ""}, "10.0.0.1"),
        ({"server": "https://kubernetes.default.svc"}, "in-cluster"),
        ({"server": "https://[broken"}, "in-cluster"),
        ({}, "in-cluster"),
    ],
)
def test_the_environment_is_the_cluster_by_name_else_the_namespace(destination: object, environment: str) -> None:
    assert read(spec__destination=destination).subject.environment == environment


@pytest.mark.parametrize(
    ("rules", "environment"),
    [
        (Rules(clusters={"in-cluster": "production"}), "production"),
        (Rules(clusters={"https://kubernetes.default.svc": "production"}), "production"),
        (Rules(projects={"shop": "production"}), "production"),
        (Rules(namespaces={"web-prod": "production"}), "production"),
        (Rules(namespaces={"*-prod": "production", "*": "other"}), "production"),
        (Rules(namespaces={"*": "other", "web-prod": "production"}), "production"),
        (Rules(clusters={"eu": "europe"}, projects={"bank": "x"}, namespaces={"api-*": "y"}), "web-prod"),
        (
            Rules(clusters={"in-cluster": "one"}, projects={"shop": "two"}, namespaces={"web-prod": "three"}),
            "one",
        ),
        (Rules(projects={"shop": "two"}, namespaces={"web-prod": "three"}), "two"),
    ],
)
def test_configured_maps_go_before_the_destination(rules: Rules, environment: str) -> None:
    assert read(rules).subject.environment == environment


def test_an_empty_project_is_the_default_one() -> None:
    assert read(Rules(projects={"default": "production"}), spec__project="").subject.environment == "production"


def test_annotations_go_before_labels_and_labels_before_maps() -> None:
    seen = read(
        Rules(namespaces={"web-prod": "mapped"}),
        metadata__labels={"deploytrail.dev/environment": "labelled", "deploytrail.dev/product": "labelled"},
        metadata__annotations={"deploytrail.dev/product": "shop", "deploytrail.dev/version": "2026.3"},
    )

    assert (seen.subject.product, seen.subject.environment, seen.subject.version) == ("shop", "labelled", "2026.3")


def test_a_team_is_named_by_label_or_annotation() -> None:
    assert read(metadata__labels={"deploytrail.dev/team": "payments"}).subject.team == "payments"
    assert read().subject.team is None


def test_the_product_is_the_application_unless_somebody_says_otherwise() -> None:
    assert read().subject.product == "web"
    assert read(metadata__annotations={"deploytrail.dev/product": "  "}).subject.product == "web"


def test_tuning_is_read_from_annotations() -> None:
    seen = read(
        metadata__annotations={
            "deploytrail.dev/settle": "90s",
            "deploytrail.dev/deadline": "1h30m",
            "deploytrail.dev/ignore": "true",
            "deploytrail.dev/track-partial": "no",
        }
    )

    assert (seen.tuning.settle, seen.tuning.deadline) == (timedelta(seconds=90), timedelta(minutes=90))
    assert (seen.tuning.ignored, seen.tuning.track_partial, seen.problems) == (True, False, ())


def test_an_annotation_that_is_not_understood_has_no_effect_and_is_told() -> None:
    seen = read(metadata__annotations={"deploytrail.dev/deadline": "soon", "deploytrail.dev/ignore": "maybe"})

    assert seen.tuning == UNTUNED
    assert seen.problems == (
        "deploytrail.dev/deadline: 'soon' is not understood and has no effect",
        "deploytrail.dev/ignore: 'maybe' is not understood and has no effect",
    )


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("30s", 30), ("1h30m", 5400), ("2d", 172_800), ("0s", 0), ("1.5s", 1.5), ("250ms", 0.25)],
)
def test_durations_are_written_as_in_go(written: str, seconds: float) -> None:
    assert parse_duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize("written", ["", "30", "-30s", "1 h", "h", "366d", "1e9s", "30seconds"])
def test_anything_else_is_no_duration(written: str) -> None:
    assert parse_duration(written) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("2026-03-02T09:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PLACES = [
    "metadata__namespace",
    "metadata__annotations",
    "metadata__labels",
    "metadata__generation",
    "metadata__deletionTimestamp",
    "spec",
    "spec__destination",
    "spec__source",
    "spec__sources",
    "spec__sourceHydrator",
    "operation",
    "operation__sync",
    "operation__sync__revisions",
    "operation__initiatedBy",
    "operation__retry",
    "status",
    "status__health",
    "status__sync",
    "status__summary",
    "status__history",
    "status__operationState",
    "status__operationState__syncResult",
    "status__operationState__syncResult__resources",
    "status__operationState__startedAt",
    "status__sourceHydrator",
]


@given(place=st.sampled_from(PLACES), odd=JSON)
def test_odd_input_never_raises(place: str, odd: Any) -> None:
    seen = snapshot(application(**{place: odd}), RULES)

    assert seen is not None
    assert seen.subject.environment
    if seen.state is not None:
        assert isinstance(seen.state.result(), SyncResult)
    for entry in seen.history:
        assert isinstance(entry.result(), SyncResult)
