"""Deployment to DeploymentEvent and back, and the status computed from it."""

from datetime import timedelta
from typing import Any

import pytest

from deploytrail.errors import Rejected
from deploytrail.kube.conditions import accepted, duration, refused
from deploytrail.kube.forms import ANNOTATION, BUILD, DEPLOYMENT, Form
from deploytrail.kube.objects import SERIES, from_object, is_record, to_object
from deploytrail.record.identity import quanta_series
from deploytrail.record.lifecycle import decide
from deploytrail.record.model import ApplicationRef, Attempt, Build, Deployment, Links, Record, Source, Status, Trigger
from tests.reports import NOON, build, note, report

CREATED = "2026-03-02T12:00:00Z"


def full() -> Deployment:
    told = report(
        body='{"a": 1}',
        finished_at=NOON,
        reason="because",
        counted=False,
        repository="https://github.com/acme/web",
        commit="a" * 40,
        images=("web:1.2.3",),
        trigger=Trigger.ROLLBACK,
        partial=True,
        links=Links(logs="https://logs"),
        pull_requests=("71",),
        application=ApplicationRef(namespace="argocd", name="web", uid="u", history_id=3, revisions=("a" * 40,)),
        metadata={"deep": {"list": [1, None, "x"]}},
    )
    return decide(None, told).record


def full_build() -> Build:
    told = build(
        body="{}", commit="a" * 40, built_by="ci", links=Links(build="https://ci"), metadata={"coverage": None}
    )
    marked = told.model_copy(
        update={"version_conflict": "b" * 40, "attempt": Attempt(series="abcdefgh", number=3), "reason": "why"}
    )
    return decide(None, marked).record


def full_note() -> Record:
    series = quanta_series(key="shop", kind="comment", content="", window=timedelta(0))
    return decide(None, note(series, "two\nlines", environment="production", metadata={"icon": "x"})).record


def stored(record: Record) -> dict[str, Any]:
    made = to_object(record, namespace="home")
    made["metadata"] |= {"uid": "1", "resourceVersion": "1", "generation": 1, "creationTimestamp": CREATED}
    return made


def applied(status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    spec = {"product": "web", "environment": "production", "status": "completed"} | spec
    metadata = {"name": "mine", "namespace": "team", "uid": "2", "generation": 1, "creationTimestamp": CREATED}
    return {"metadata": metadata, "spec": spec} | ({"status": status} if status else {})


@pytest.mark.parametrize(("record", "form"), [(full(), DEPLOYMENT), (full_build(), BUILD), (full_note(), ANNOTATION)])
def test_a_record_survives_the_way_through_the_cluster_unchanged(record: Record, form: Form[Record]) -> None:
    assert from_object(stored(record), form, home="home") == record


def test_an_object_can_be_selected_by_its_application_and_its_series() -> None:
    assert stored(full())["metadata"]["labels"]["deploytrail.dev/application-uid"] == "u"
    assert stored(full_build())["metadata"]["labels"][SERIES] == "abcdefgh"


def test_an_annotation_that_somebody_applied_is_none() -> None:
    with pytest.raises(Rejected, match="made by Deploytrail alone"):
        from_object(stored(full_note()), ANNOTATION, home="elsewhere")


def test_a_build_that_somebody_applied_is_a_report_by_kubectl() -> None:
    made = from_object(applied(version="2.0.0", builtBy="ann"), BUILD, home="home")

    assert (made.source, made.version, made.built_by, made.status) == (Source.KUBECTL, "2.0.0", "ann", Status.COMPLETED)
    assert made.resource is not None


def test_the_same_object_in_another_namespace_is_not_a_record_of_ours() -> None:
    assert is_record(stored(full()), DEPLOYMENT, home="home")
    assert not is_record(stored(full()), DEPLOYMENT, home="elsewhere")


def test_what_somebody_applied_is_a_report_by_kubectl() -> None:
    made = from_object(applied(finishedAt="2026-03-02T11:00:00Z"), DEPLOYMENT, home="home")

    assert (made.source, made.trigger, made.status) == (Source.KUBECTL, Trigger.KUBECTL, Status.COMPLETED)
    assert made.history == ((Status.COMPLETED, NOON - timedelta(hours=1)),)


def test_states_that_an_applied_event_went_through_are_remembered_in_its_status() -> None:
    before = {"history": [{"status": "started", "at": "2026-03-02T11:00:00Z"}]}

    made = from_object(applied(before, finishedAt=CREATED), DEPLOYMENT, home="home")

    assert [status for status, _ in made.history] == [Status.STARTED, Status.COMPLETED]


def test_an_object_that_no_schema_checked_is_refused_by_field() -> None:
    with pytest.raises(Rejected, match=r"spec\.status") as refusal:
        from_object(
            applied(status=None) | {"spec": {"product": "a", "environment": "b", "status": "x"}},
            DEPLOYMENT,
            home="home",
        )

    assert refusal.value.field == "status"


def test_two_replicas_compute_the_same_status() -> None:
    obj = stored(full())

    assert accepted(obj, full()) == accepted(obj, full())
    assert accepted(obj, full())["conditions"] == [
        {
            "type": "Recorded",
            "status": "True",
            "reason": "Recorded",
            "message": f"Recorded as {full().id}.",
            "lastTransitionTime": CREATED,
            "observedGeneration": 1,
        },
        {
            "type": "Settled",
            "status": "True",
            "reason": "Succeeded",
            "message": "because",
            "lastTransitionTime": CREATED,
            "observedGeneration": 1,
        },
    ]


def test_a_condition_that_still_holds_keeps_its_time() -> None:
    before = {"conditions": [{"type": "Recorded", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}

    status = accepted(applied(before), from_object(applied(), DEPLOYMENT, home="home"))

    assert status["conditions"][0]["lastTransitionTime"] == "2026-01-01T00:00:00Z"


def test_a_refusal_takes_away_what_an_earlier_spec_had_left() -> None:
    status = refused(applied(), Rejected("no good", reason="invalid-field"), now=NOON)

    assert status["phase"] == "Rejected"
    assert status["history"] is None
    assert status["conditions"][0]["message"] == "no good."


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, None), (0, "0s"), (48, "48s"), (90, "1m30s"), (3600, "1h0m0s"), (3723.4, "1h2m3s"), (90061, "25h1m1s")],
)
def test_a_duration_is_written_as_go_writes_it(value: float | None, text: str | None) -> None:
    assert duration(None if value is None else timedelta(seconds=value)) == text


def test_a_build_has_conditions_that_speak_of_builds() -> None:
    obj = stored(full_build())

    status = accepted(obj, full_build())

    recorded, settled = status["conditions"]
    assert (status["buildId"], status["eventType"]) == (full_build().id, "build.completed")
    assert recorded["message"].endswith(f"Its version was first seen with another commit, {'b' * 40}.")
    assert settled["message"] == "why"
