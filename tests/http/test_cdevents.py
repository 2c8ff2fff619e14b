"""CDEvents in every form of CloudEvents' HTTP binding, with events written after its specification."""

import itertools
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from deploytrail.record.model import Source, Status, Trigger
from tests.fakes import SECRET
from tests.http.apis import product
from tests.http.endpoint import Endpoint

PATH = "/api/hooks/cdevents"
SHA = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"
DIGEST = "sha256:0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427"
IMAGE = f"pkg:oci/web@{DIGEST.replace(':', '%3A')}?repository_url=ghcr.io/acme/web&tag=1.2.3"

_numbers = itertools.count(1)


def event(kind: str, subject: str, *, line: str = "0.4.1", at: str = "12:00", **more: Any) -> dict[str, Any]:
    """An event of either line: 0.5 calls the version by another name, and its subjects have no type."""
    custom = {"customData": more.pop("custom")} if "custom" in more else {}
    old = line.startswith("0.4")
    context = {
        "version" if old else "specversion": line,
        "id": f"271069a8-fc18-44f1-b38f-{next(_numbers):012}",
        "source": "https://ci.example.com/acme",
        "type": f"dev.cdevents.{kind}.{'0.2.0' if old else '0.3.0'}",
        "timestamp": f"2026-03-20T{at}:00Z",
    }
    name = {"type": kind.partition(".")[0]} if old else {}
    return {"context": context, "subject": {"id": subject, **name, "content": more}, **custom}


def deployed(name: str, **more: Any) -> dict[str, Any]:
    return event("service.deployed", name, environment={"id": "production"}, artifactId=IMAGE, **more)


def enveloped(told: dict[str, Any]) -> CloudEvent:
    """As the specification binds it: the attributes are those of the context."""
    context = told["context"]
    attributes = {
        "specversion": "1.0",
        "id": context["id"],
        "source": context["source"],
        "type": context["type"],
        "subject": told["subject"]["id"],
        "time": datetime.fromisoformat(context["timestamp"]),
        "datacontenttype": "application/json",
    }
    return CloudEvent(attributes, told)


def post(endpoint: Endpoint, content: bytes, **headers: str) -> httpx.Response:
    with endpoint.client() as client:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.post(PATH, content=content, headers={"Authorization": f"Bearer {SECRET}"} | said)


def bare(endpoint: Endpoint, told: dict[str, Any]) -> httpx.Response:
    return post(endpoint, json.dumps(told).encode(), Content_Type="application/json")


def binary(endpoint: Endpoint, told: dict[str, Any]) -> httpx.Response:
    message = to_binary_event(enveloped(told))
    return post(endpoint, message.body, **message.headers)


def structured(endpoint: Endpoint, told: dict[str, Any]) -> httpx.Response:
    message = to_structured_event(enveloped(told))
    return post(endpoint, message.body, **message.headers)


def batched(endpoint: Endpoint, *told: dict[str, Any]) -> httpx.Response:
    events = [json.loads(to_structured_event(enveloped(each)).body) for each in told]
    return post(endpoint, json.dumps(events).encode(), Content_Type="application/cloudevents-batch+json; charset=UTF-8")


@pytest.mark.parametrize("send", [bare, binary, structured, batched])
@pytest.mark.parametrize("line", ["0.4.1", "0.5.0"])
def test_a_deployed_service_is_recorded_in_whatever_form_it_comes(endpoint: Endpoint, send: Any, line: str) -> None:
    name = product()

    answer = send(endpoint, deployed(name, line=line))

    [stored] = endpoint.deployments(name)
    assert (answer.status_code, answer.json()) == (200, {"id": stored.id})
    assert (stored.environment, stored.version, stored.status) == ("production", "1.2.3", Status.COMPLETED)
    assert stored.images == (f"ghcr.io/acme/web:1.2.3@{DIGEST}",)
    assert stored.finished_at == datetime(2026, 3, 20, 12, tzinfo=UTC)
    assert (stored.source, stored.trigger) == (Source.CDEVENTS, Trigger.API)
    assert stored.metadata == {"artifactId": IMAGE}


def test_the_same_event_in_every_form_is_one_record(endpoint: Endpoint) -> None:
    name = product()
    told = deployed(name)

    answers = [send(endpoint, told) for send in (structured, bare, batched, binary)]

    [stored] = endpoint.deployments(name)
    assert {answer.text for answer in answers} == {answers[0].text}
    assert len(stored.tellings) == 1


@pytest.mark.parametrize(
    ("kind", "trigger"),
    [
        ("service.deployed", Trigger.API),
        ("service.upgraded", Trigger.API),
        ("service.rolledback", Trigger.ROLLBACK),
    ],
)
def test_each_deployment_of_a_service_is_one_of_its_own(endpoint: Endpoint, kind: str, trigger: Trigger) -> None:
    name = product()

    for _ in range(2):
        bare(endpoint, event(kind, name, environment={"id": "production"}, artifactId=f"pkg:github/acme/web@{SHA}"))

    first, second = endpoint.deployments(name)
    assert first.id != second.id
    assert (first.trigger, first.commit, first.repository) == (trigger, SHA, "https://github.com/acme/web")


@pytest.mark.parametrize("kind", ["service.removed", "service.published"])
def test_what_happens_to_a_service_besides_is_noted(endpoint: Endpoint, kind: str) -> None:
    name = product()

    assert bare(endpoint, event(kind, name, environment={"id": "production"})).status_code == 200

    [noted] = endpoint.annotations(name)
    assert (noted.content, noted.environment) == (kind.replace(".", " "), "production")
    assert not endpoint.deployments(name)


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("success", Status.COMPLETED),
        ("failure", Status.FAILED),
        ("error", Status.FAILED),
        ("cancel", Status.ABORTED),
        (None, Status.COMPLETED),
    ],
)
@pytest.mark.parametrize(("run", "named"), [("pipelinerun", "pipelineName"), ("taskrun", "taskName")])
def test_a_run_is_one_build_with_its_states_in_any_order(
    endpoint: Endpoint, run: str, named: str, outcome: str | None, status: Status
) -> None:
    name, number = product(), f"run-{next(_numbers)}"
    ended = {"outcome": outcome, "errors": "exit code 1"} if outcome else {}
    told = [
        event(f"{run}.started", number, at="12:01", **{named: name, "uri": "https://ci.example.com/7"}),
        event(f"{run}.finished", number, at="12:04", **{named: name, **ended}),
    ]

    for each in reversed(told):
        assert bare(endpoint, each).status_code == 200

    [stored] = endpoint.builds(name)
    assert (stored.status, stored.version, stored.duration) == (status, number, timedelta(minutes=3))
    assert stored.links.build == "https://ci.example.com/7"


def test_a_run_that_says_where_it_deploys_is_a_deployment(endpoint: Endpoint) -> None:
    name, number = product(), f"run-{next(_numbers)}"
    custom = {"product": name, "version": "2.0", "environment": "staging", "deployed_by": "alice", "ticket": "OPS-7"}

    for kind, at in (("queued", "12:00"), ("started", "12:01"), ("finished", "12:05")):
        more = {"outcome": "failure", "errors": "no space left"} if kind == "finished" else {}
        bare(endpoint, event(f"pipelinerun.{kind}", number, at=at, custom=custom, pipelineName="deploy", **more))

    [stored] = endpoint.deployments(name)
    assert (stored.status, stored.reason, stored.version) == (Status.FAILED, "no space left", "2.0")
    assert (stored.environment, stored.deployed_by) == ("staging", "alice")
    assert stored.metadata == {"ticket": "OPS-7"}
    assert [state for state, _ in stored.history] == [Status.PENDING, Status.STARTED, Status.FAILED]


def test_a_tools_own_deployment_events_are_one_deployment(endpoint: Endpoint) -> None:
    name, number = product(), f"deployment-{next(_numbers)}"
    content: dict[str, Any] = {"environment": {"id": "production"}, "service": name, "artifactId": IMAGE}

    told_more: tuple[tuple[str, dict[str, Any]], ...] = (("started", {}), ("finished", {"outcome": "success"}))
    for kind, more in told_more:
        told = event(f"deployment.{kind}", number, **content | more)
        told["context"]["type"] = f"dev.cdeventsx.mytool-deployment.{kind}.0.1.0"
        assert bare(endpoint, told).status_code == 200

    [stored] = endpoint.deployments(name)
    assert (stored.status, stored.version) == (Status.COMPLETED, "1.2.3")


def test_a_build_is_recorded_once_it_says_of_what(endpoint: Endpoint) -> None:
    name, number = product(), f"build-{next(_numbers)}"
    silent, custom = event("build.started", number), {"product": name, "version": "1.2.3", "commit": SHA}

    ignored = bare(endpoint, silent)
    bare(endpoint, event("build.queued", number, at="12:00", custom=custom))
    bare(endpoint, event("build.started", number, at="12:01", custom=custom))
    bare(endpoint, event("build.finished", number, at="12:03", custom=custom | {"outcome": "failure"}))

    [stored] = endpoint.builds(name)
    assert ignored.json() == {"ignored": "the event does not say which version of what is built"}
    assert (stored.status, stored.version, stored.commit) == (Status.FAILED, "1.2.3", SHA)
    assert stored.duration == timedelta(minutes=2)


def test_an_artifact_is_a_build_whatever_is_told_of_it(endpoint: Endpoint) -> None:
    name = product().replace("/", "-")
    purl = f"pkg:oci/{name}@{DIGEST}?tag=1.2.3"

    bare(endpoint, event("artifact.packaged", purl, change={"id": SHA}))
    bare(endpoint, event("artifact.signed", purl, signature="xyz"))
    bare(endpoint, event("artifact.published", purl))

    [stored] = endpoint.builds(name)
    assert (stored.status, stored.version, stored.commit) == (Status.COMPLETED, "1.2.3", SHA)
    assert len(stored.tellings) == 3


@pytest.mark.parametrize(
    "kind", ["environment.created", "incident.detected", "artifact.deleted", "change.merged", "testcaserun.finished"]
)
def test_other_events_are_answered_and_ignored(endpoint: Endpoint, kind: str) -> None:
    before = len(endpoint.recorded())

    answer = structured(endpoint, event(kind, "x"))

    assert (answer.status_code, answer.json()) == (200, {"ignored": "nothing is recorded of events of this type"})
    assert len(endpoint.recorded()) == before


def test_a_cloud_event_that_is_no_cdevent_is_ignored_too(endpoint: Endpoint) -> None:
    told = {"specversion": "1.0", "id": "1", "source": "/a", "type": "com.example.created", "data": "text"}

    answer = post(endpoint, json.dumps(told).encode(), Content_Type="application/cloudevents+json")

    assert (answer.status_code, answer.json()) == (200, {"ignored": "nothing is recorded of events of this type"})


def test_a_batch_is_answered_in_its_order_and_recorded_whole_or_not_at_all(endpoint: Endpoint) -> None:
    one, two, three = product(), product(), product()
    broken = deployed(three)
    del broken["subject"]["content"]["environment"]

    good = batched(endpoint, deployed(one), event("change.merged", "x"), deployed(two))
    bad = batched(endpoint, deployed(three), broken)
    none = batched(endpoint)

    first, second = endpoint.deployments(one)[0].id, endpoint.deployments(two)[0].id
    ignored = {"ignored": "nothing is recorded of events of this type"}
    assert good.json() == {"events": [{"id": first}, ignored, {"id": second}]}
    assert (bad.status_code, bad.json()) == (400, {"error": "subject.content.environment.id is required"})
    assert not endpoint.deployments(three)
    assert (none.status_code, none.json()) == (200, {"events": []})


@pytest.mark.parametrize("content", [b"{}", b"[1]", b"[[]]", b"null", b"[" + b"{}," * 100 + b"{}]"])
def test_what_is_no_batch_is_refused(endpoint: Endpoint, content: bytes) -> None:
    answer = post(endpoint, content, Content_Type="application/cloudevents-batch+json")

    assert answer.status_code in (400, 413)
    assert answer.json().keys() == {"error"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"specversion": "7.0"}, "no CloudEvent: the attribute specversion is missing or wrong"),
        ({"id": 7}, "no CloudEvent: the attribute id is missing or wrong"),
        ({"source": None}, "no CloudEvent: the attribute source is missing or wrong"),
        ({"time": "soon"}, "no CloudEvent: an attribute has the wrong type or form"),
        ({"data": None}, "context is required"),
        ({"data": {"context": {"type": "dev.cdevents.service.deployed.0.2.0"}}}, "context.id is required"),
        ({"data": {"context": 7}}, "context has the wrong type or form"),
    ],
)
def test_what_is_wrong_is_named(endpoint: Endpoint, change: dict[str, Any], error: str) -> None:
    told = json.loads(to_structured_event(enveloped(deployed(product()))).body) | change
    content = json.dumps({name: value for name, value in told.items() if value is not None}).encode()

    answer = post(endpoint, content, Content_Type="application/cloudevents+json")

    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_an_outcome_that_is_none_is_named(endpoint: Endpoint) -> None:
    answer = bare(endpoint, event("pipelinerun.finished", "run", pipelineName=product(), outcome="maybe"))

    assert (answer.status_code, answer.json()) == (400, {"error": "outcome must be success, failure, error or cancel"})


def test_an_event_in_base64_is_refused(endpoint: Endpoint) -> None:
    told = json.loads(to_structured_event(enveloped(deployed(product()))).body)
    told["data_base64"] = b64encode(json.dumps(told.pop("data")).encode()).decode()

    answer = post(endpoint, json.dumps(told).encode(), Content_Type="application/cloudevents+json")

    assert (answer.status_code, answer.json()) == (400, {"error": "the event must stand in data, not in data_base64"})


def test_data_that_is_text_is_no_harm(endpoint: Endpoint) -> None:
    told = deployed(product(), custom="bm8gb2JqZWN0") | {"customDataContentType": "text/plain"}

    assert bare(endpoint, told).status_code == 200
