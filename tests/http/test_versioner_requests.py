"""Versioner's deployment events as they are sent, by the number of their check in the contract."""

import json
import re
import uuid

import pytest

from deploytrail.keys.model import Scope
from deploytrail.keys.ring import KeyRing
from deploytrail.record.model import Source, Trigger
from tests.fakes import NOW, SECRET, key
from tests.http.endpoint import Endpoint, rejected
from tests.http.versioner import BUILDS, DEPLOYMENTS, build, deployment, product, refused, told

REQUIRED = ("product_name", "version", "environment_name", "status")


def test_c019_any_opaque_key_is_good_as_it_is() -> None:
    opaque = "sk_mycompany_k1_f00"

    with Endpoint(ring=KeyRing([key(opaque)])) as endpoint:
        answer = endpoint.send(DEPLOYMENTS, deployment(), secret=opaque)

    assert answer.status_code == 200


@pytest.mark.parametrize("path", [DEPLOYMENTS, BUILDS])
def test_c020_and_c100_a_request_without_a_key_is_401_in_the_documents_words(endpoint: Endpoint, path: str) -> None:
    answer = endpoint.send(path, deployment(), secret=None, Content_Type="application/json")

    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid API key"})


@pytest.mark.parametrize("path", [DEPLOYMENTS, BUILDS])
def test_c021_and_c100_a_wrong_key_is_401_and_so_is_a_revoked_one(path: str) -> None:
    ring = KeyRing([key("revoked-soon")])

    with Endpoint(ring=ring) as endpoint:
        wrong = endpoint.send(path, build(environment_name="x"), secret="wrong")
        good = endpoint.send(path, build(environment_name="x"), secret="revoked-soon")
        ring.replace([])
        revoked = endpoint.send(path, build(environment_name="x"), secret="revoked-soon")

    assert (wrong.status_code, good.status_code, revoked.status_code) == (401, 200, 401)
    assert wrong.json() == revoked.json() == {"detail": "Invalid API key"}


@pytest.mark.parametrize("header", ["Token {}", "Basic {}", "{}", "", "Bearer", "Bearer {} more", "X-API-Token {}"])
def test_c022_another_scheme_is_401(endpoint: Endpoint, header: str) -> None:
    answer = endpoint.send(DEPLOYMENTS, deployment(), Authorization=header.format(SECRET))

    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid API key"})


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_c022_the_schemes_case_does_not_matter(endpoint: Endpoint, scheme: str) -> None:
    assert endpoint.send(DEPLOYMENTS, deployment(), Authorization=f"{scheme} {SECRET}").status_code == 200


def test_c023_and_c024_every_active_key_is_good_for_deployments_and_builds() -> None:
    with Endpoint(ring=KeyRing([key("old"), key("new", name="new")])) as endpoint:
        answers = [
            endpoint.send(path, body, secret=secret)
            for secret in ("old", "new")
            for path, body in ((DEPLOYMENTS, deployment()), (BUILDS, build()))
        ]

    assert [answer.status_code for answer in answers] == [200] * 4


def test_c024_a_key_without_the_right_is_403_in_the_public_words() -> None:
    ring = KeyRing([key(environments=["staging"]), key("reads", name="reads", scopes=[Scope.READ])])

    with Endpoint(ring=ring) as endpoint:
        elsewhere = endpoint.send(DEPLOYMENTS, deployment())
        built = endpoint.send(BUILDS, build())
        reading = endpoint.send(DEPLOYMENTS, deployment(), secret="reads")

    assert elsewhere.status_code == 403
    assert elsewhere.json() == {"detail": "You do not have permission to perform this action"}
    assert built.status_code == 200
    assert reading.status_code == 401


@pytest.mark.parametrize("field", REQUIRED)
def test_c025_c027_and_c028_a_missing_field_is_named(endpoint: Endpoint, field: str) -> None:
    counted = rejected("missing-field", "versioner")

    assert refused(endpoint, DEPLOYMENTS, deployment(**{field: ...})) == f"Field '{field}' is required"
    assert rejected("missing-field", "versioner") == counted + 1


def test_c026_every_optional_field_is_recorded(endpoint: Endpoint) -> None:
    body = deployment(
        deployed_by="john.doe",
        scm_branch="main",
        scm_sha="abc123def456",
        scm_repository="github.com/mycompany/my-service",
        build_url="https://github.com/mycompany/my-service/actions/runs/123",
        build_number="456",
        source_system="github",
        invoke_id="789",
        extra_metadata={"deployment_method": "terraform"},
    )

    told(endpoint, DEPLOYMENTS, body)

    [stored] = endpoint.deployments(body["product_name"])
    assert stored.deployed_by == "john.doe"
    assert (stored.branch, stored.commit) == ("main", "abc123def456")
    assert stored.repository == "https://github.com/mycompany/my-service"
    assert stored.links.build == "https://github.com/mycompany/my-service/actions/runs/123"
    assert stored.metadata == {
        "build_number": "456",
        "source_system": "github",
        "invoke_id": "789",
        "deployment_method": "terraform",
    }
    assert (stored.source, stored.trigger) == (Source.VERSIONER, Trigger.API)


@pytest.mark.parametrize("field", ["deployed_by", "scm_branch", "scm_sha", "scm_repository", "build_url"])
def test_c026_an_optional_field_of_another_type_is_named(endpoint: Endpoint, field: str) -> None:
    assert refused(endpoint, DEPLOYMENTS, deployment(**{field: ["x"]})) == f"Field '{field}' must be a string"


def test_c026_an_optional_field_that_a_variable_left_empty_was_not_told(endpoint: Endpoint) -> None:
    empty = dict.fromkeys(("deployed_by", "scm_branch", "scm_sha", "scm_repository", "build_url", "invoke_id"), "")
    body = deployment(**empty)

    answer = told(endpoint, DEPLOYMENTS, body)

    [stored] = endpoint.deployments(body["product_name"])
    assert (stored.deployed_by, stored.branch, stored.commit, stored.repository) == (None,) * 4
    assert answer.json()["deployed_by"] is None


def test_c029_of_several_missing_fields_the_first_is_named(endpoint: Endpoint) -> None:
    for at, first in enumerate(REQUIRED):
        body = deployment(**dict.fromkeys(REQUIRED[at:], ...), scm_sha=5)
        assert refused(endpoint, DEPLOYMENTS, body) == f"Field '{first}' is required"


@pytest.mark.parametrize("field", REQUIRED)
@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_c030_a_required_field_must_say_something(endpoint: Endpoint, field: str, blank: str) -> None:
    assert f"'{field}'" in refused(endpoint, DEPLOYMENTS, deployment(**{field: blank}))


@pytest.mark.parametrize("field", REQUIRED)
@pytest.mark.parametrize("value", [1.10, 1, True, [], {}, ["x"]])
def test_c031_a_required_field_of_another_type_is_never_coerced(endpoint: Endpoint, field: str, value: object) -> None:
    assert refused(endpoint, DEPLOYMENTS, deployment(**{field: value})) == f"Field '{field}' must be a string"


@pytest.mark.parametrize("value", ["text", ["x"], 5, True])
@pytest.mark.parametrize("path", [DEPLOYMENTS, BUILDS])
def test_c032_and_c100_extra_metadata_must_be_an_object(endpoint: Endpoint, path: str, value: object) -> None:
    body = deployment(extra_metadata=value)

    assert refused(endpoint, path, body) == "Field 'extra_metadata' must be an object"


def test_c033_extra_metadata_keeps_any_json(endpoint: Endpoint) -> None:
    told_of = {
        "deployment_duration_seconds": 120,
        "rollback_enabled": True,
        "ratio": 0.5,
        "bytes": 1e20,
        "nothing": None,
        "nested": {"list": [1, "two", {"three": 3}]},
    }
    body = deployment(extra_metadata=told_of)

    told(endpoint, DEPLOYMENTS, body)

    [shown] = endpoint.get("/api/v1/deployments", product=body["product_name"]).json()["items"]
    assert shown["metadata"] == told_of


def test_c034_failure_details_can_be_asked_for_afterwards(endpoint: Endpoint) -> None:
    details = {"error": "Connection timeout", "error_code": "TIMEOUT", "stack_trace": "at x\nat y", "exit_code": 1}
    body = deployment(status="failed", extra_metadata=details)

    told(endpoint, DEPLOYMENTS, body)

    [shown] = endpoint.get("/api/v1/deployments", product=body["product_name"], status="failed").json()["items"]
    assert shown["metadata"] == details
    assert shown["reason"] == "Connection timeout"


@pytest.mark.parametrize("sha", ["abc123", "abc123def456", "ABC123", "r4711", "a" * 40])
def test_c035_a_commit_of_any_length_is_accepted(endpoint: Endpoint, sha: str) -> None:
    body = deployment(scm_sha=sha)

    told(endpoint, DEPLOYMENTS, body)

    [stored] = endpoint.deployments(body["product_name"])
    assert stored.commit == sha


@pytest.mark.parametrize("version", ["1.2.3-rc.1+build.5", "a" * 40, "abc1234", "456", "v1", "2026-11-21 nightly"])
def test_c036_and_c042_a_version_may_look_like_anything(endpoint: Endpoint, version: str) -> None:
    assert told(endpoint, DEPLOYMENTS, deployment(version=version)).json()["version"] == version


@pytest.mark.parametrize(
    "repository",
    [
        "github.com/mycompany/my-service",
        "https://github.com/mycompany/my-service.git",
        "git@github.com:mycompany/my-service.git",
        "ssh://git@github.com/mycompany/my-service",
    ],
)
def test_c037_a_repository_may_be_written_in_many_ways(endpoint: Endpoint, repository: str) -> None:
    body = deployment(scm_repository=repository)

    told(endpoint, DEPLOYMENTS, body)

    [stored] = endpoint.deployments(body["product_name"])
    assert stored.repository == "https://github.com/mycompany/my-service"


def test_c037_a_repository_without_a_host_is_kept(endpoint: Endpoint) -> None:
    body = deployment(scm_repository="mycompany/my-service")

    told(endpoint, DEPLOYMENTS, body)

    assert endpoint.deployments(body["product_name"])[0].repository == "mycompany/my-service"


def test_c038_to_c041_one_event_creates_product_environment_and_version(endpoint: Endpoint) -> None:
    body = deployment(environment_name="never heard of", version="0.0.1-first", scm_sha="abc123")

    told(endpoint, DEPLOYMENTS, body)

    [shown] = endpoint.get("/api/v1/deployments", product=body["product_name"]).json()["items"]
    assert (shown["environment"], shown["version"]) == ("never heard of", "0.0.1-first")


@pytest.mark.parametrize("name", ["My Service", "Ümlaut/服务", "a  b", "UPPER.lower_0"])
def test_c042_names_are_taken_as_they_are(endpoint: Endpoint, name: str) -> None:
    answer = told(endpoint, DEPLOYMENTS, deployment(product_name=name, environment_name=name)).json()

    assert (answer["product_name"], answer["environment_name"]) == (name, name)
    assert endpoint.deployments(name)[0].environment == name


def test_c043_what_official_clients_send_beside_it_never_fails(endpoint: Endpoint) -> None:
    body = deployment(
        deploy_url="https://ci.example.com/deploy/5",
        deployed_by_email="jane@example.com",
        deployed_by_name="Jane",
        completed_at="2026-11-21T11:59:00Z",
        skip_preflight_checks=True,
    )

    told(endpoint, DEPLOYMENTS, body)

    [stored] = endpoint.deployments(body["product_name"])
    assert stored.links.build == "https://ci.example.com/deploy/5"
    assert stored.deployed_by == "Jane"
    assert stored.metadata["deployed_by_email"] == "jane@example.com"
    assert stored.metadata["skip_preflight_checks"] is True


@pytest.mark.parametrize("odd", ["yesterday", "", 5, [], {}, True])
def test_c043_nor_does_it_fail_when_it_is_odd(endpoint: Endpoint, odd: object) -> None:
    fields = ("deploy_url", "deployed_by_email", "deployed_by_name", "completed_at", "skip_preflight_checks")

    told(endpoint, DEPLOYMENTS, deployment(**dict.fromkeys(fields, odd)))


def test_c044_completed_at_is_the_events_time_and_receipt_is_it_without(endpoint: Endpoint) -> None:
    with_time = told(endpoint, DEPLOYMENTS, deployment(completed_at="2026-11-20T10:00:00+02:00")).json()
    without = told(endpoint, DEPLOYMENTS, deployment()).json()

    assert with_time["deployed_at"] == "2026-11-20T08:00:00Z"
    assert without["deployed_at"] == "2026-11-21T12:00:00Z"


def test_c077_a_reserved_word_is_no_status_of_the_document(endpoint: Endpoint) -> None:
    assert "status" in refused(endpoint, DEPLOYMENTS, deployment(status="preflight_failed"))


def test_c078_to_c082_the_answer_is_the_documents_with_more_ids(endpoint: Endpoint) -> None:
    body = deployment(deployed_by="john.doe")

    answer = endpoint.send(DEPLOYMENTS, body)

    shown = answer.json()
    assert answer.status_code == 200
    assert {name: shown[name] for name in ("product_name", "version", "environment_name", "status", "deployed_by")} == {
        "product_name": body["product_name"],
        "version": "1.2.3",
        "environment_name": "production",
        "status": "completed",
        "deployed_by": "john.doe",
    }
    for name in ("id", "product_id", "version_id", "environment_id"):
        assert str(uuid.UUID(shown[name])) == shown[name]


def test_c081_deployed_by_is_null_when_it_was_not_told(endpoint: Endpoint) -> None:
    assert told(endpoint, DEPLOYMENTS, deployment()).json()["deployed_by"] is None


GO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@pytest.mark.parametrize("status", ["pending", "started", "success", "failed", "aborted"])
@pytest.mark.parametrize("completed_at", [None, "2026-11-21T11:59:00.123456Z", 1763715540])
def test_c080_c083_and_c084_gos_json_reads_every_time_and_the_id_is_there(
    endpoint: Endpoint, status: str, completed_at: object
) -> None:
    deployed = told(endpoint, DEPLOYMENTS, deployment(status=status, completed_at=completed_at)).json()
    built = told(endpoint, BUILDS, build(status=status, completed_at=completed_at, started_at=completed_at)).json()

    assert deployed["id"]
    assert built["id"]
    for answer in (deployed, built):
        times = [value for name, value in answer.items() if name.endswith("_at") and value is not None]
        assert times
        for value in times:
            assert GO_TIME.fullmatch(value)
            assert value.endswith("Z")


def test_c082_ids_are_those_of_the_names_wherever_they_are_told(endpoint: Endpoint) -> None:
    name = product()

    staging = told(endpoint, DEPLOYMENTS, deployment(product_name=name, environment_name="staging")).json()
    production = told(endpoint, DEPLOYMENTS, deployment(product_name=name)).json()
    built = told(endpoint, BUILDS, build(product_name=name)).json()

    assert staging["product_id"] == production["product_id"] == built["product_id"]
    assert staging["version_id"] == production["version_id"] == built["version_id"]
    assert staging["environment_id"] != production["environment_id"]
    assert len({staging["id"], production["id"], built["id"]}) == 3


def test_c179_a_versioner_event_is_kept_with_who_told_it_and_when(endpoint: Endpoint) -> None:
    body = deployment(status=" SUCCESS ")
    text = json.dumps(body, indent=1)

    endpoint.send(DEPLOYMENTS, text.encode())

    [stored] = endpoint.deployments(body["product_name"])
    [telling] = stored.tellings
    assert (telling.body, telling.raw_status, telling.reporter, telling.received_at) == (text, " SUCCESS ", "ci", NOW)
    assert telling.source is Source.VERSIONER


def test_a_text_too_long_is_refused_by_versioners_name_for_it(endpoint: Endpoint) -> None:
    assert refused(endpoint, DEPLOYMENTS, deployment(environment_name="x" * 600)) == (
        "environment_name is longer than 512 characters"
    )
    assert refused(endpoint, DEPLOYMENTS, deployment(scm_sha="x" * 5000)) == "scm_sha is longer than 4096 characters"
    assert refused(endpoint, DEPLOYMENTS, deployment(completed_at="2036-01-01T00:00:00Z")).startswith(
        "completed_at 2036-01-01T00:00:00Z lies in the future"
    )
