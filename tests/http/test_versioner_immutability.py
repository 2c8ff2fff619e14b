"""A version is one commit for ever, by the number of its check in the contract."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from deploytrail.record.model import Status
from tests.http.endpoint import Endpoint, event, rejected
from tests.http.versioner import BUILDS, DEPLOYMENTS, build, deployment, product, told

TAKEN = {"detail": "Version 1.2.3 already exists with different SHA"}


def test_c101_the_documents_two_builds_with_different_commits(endpoint: Endpoint) -> None:
    body, counted = build(), rejected("conflict", "versioner")

    first = endpoint.send(BUILDS, body | {"scm_sha": "abc123"})
    second = endpoint.send(BUILDS, body | {"scm_sha": "def456"})

    assert first.status_code == 200
    assert (second.status_code, second.json()) == (409, TAKEN)
    assert rejected("conflict", "versioner") == counted + 1


def test_c102_a_refused_event_leaves_no_trace(endpoint: Endpoint) -> None:
    name = product()
    told(endpoint, BUILDS, build(product_name=name, scm_sha="abc123", status="started"))

    for status in ("completed", "failed"):
        answer = endpoint.send(BUILDS, build(product_name=name, scm_sha="def456", status=status))
        assert answer.status_code == 409

    [stored] = endpoint.builds(name)
    assert (stored.status, stored.commit, len(stored.tellings)) == (Status.STARTED, "abc123", 1)
    assert told(endpoint, BUILDS, build(product_name=name, scm_sha="abc123")).status_code == 200


def test_c103_the_first_commit_seen_sets_it(endpoint: Endpoint) -> None:
    body = build()

    told(endpoint, BUILDS, body | {"status": "started"})
    told(endpoint, BUILDS, body | {"status": "completed", "scm_sha": "abc123"})

    [stored] = endpoint.builds(body["product_name"])
    assert stored.commit == "abc123"
    assert endpoint.send(BUILDS, body | {"scm_sha": "def456"}).status_code == 409


def test_c104_the_same_commit_again_or_none_is_welcome_and_it_stays(endpoint: Endpoint) -> None:
    body = build(scm_sha="abc123")

    for again in (body, body | {"status": "failed"}, {**body, "scm_sha": None, "status": "aborted"}):
        told(endpoint, BUILDS, again)

    assert endpoint.builds(body["product_name"])[0].commit == "abc123"
    assert endpoint.send(BUILDS, body | {"scm_sha": "def456"}).status_code == 409


def test_c105_each_product_has_versions_of_its_own(endpoint: Endpoint) -> None:
    told(endpoint, BUILDS, build(scm_sha="abc123"))
    told(endpoint, BUILDS, build(scm_sha="def456"))


def test_c106_a_deployment_of_another_commit_is_409_too(endpoint: Endpoint) -> None:
    body = deployment(scm_sha="abc123", environment_name="staging")
    told(endpoint, DEPLOYMENTS, body)

    answer = endpoint.send(DEPLOYMENTS, body | {"scm_sha": "def456", "environment_name": "production"})

    assert (answer.status_code, answer.json()) == (409, TAKEN)
    assert len(endpoint.deployments(body["product_name"])) == 1


def test_c107_a_version_made_by_a_deployment_binds_its_builds(endpoint: Endpoint) -> None:
    name = product()
    told(endpoint, DEPLOYMENTS, deployment(product_name=name, scm_sha="abc123"))

    answer = endpoint.send(BUILDS, build(product_name=name, scm_sha="def456"))

    assert (answer.status_code, answer.json()) == (409, TAKEN)
    assert not endpoint.builds(name)


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ("abc123", "ABC123", 200),
        ("abc123", "abc123def456", 200),
        ("abc123def456", "abc123", 200),
        ("abc123def456", "abc1", 200),
        ("abc123def456", "abc124", 409),
        ("abc123", "abc12f", 409),
    ],
)
def test_c108_an_abbreviation_is_the_same_commit_whatever_the_case(
    endpoint: Endpoint, first: str, second: str, code: int
) -> None:
    body = build(scm_sha=first)
    told(endpoint, BUILDS, body)

    assert endpoint.send(BUILDS, body | {"scm_sha": second}).status_code == code


def test_c108_a_longer_spelling_completes_the_commit(endpoint: Endpoint) -> None:
    body = build()
    for sha in ("abc1", "abc123def456", "abc1"):
        told(endpoint, BUILDS, body | {"scm_sha": sha})

    assert endpoint.send(BUILDS, body | {"scm_sha": "abc1234"}).status_code == 409


@pytest.mark.parametrize("path", [BUILDS, DEPLOYMENTS])
def test_c109_of_many_first_commits_at_once_exactly_one_wins(endpoint: Endpoint, path: str) -> None:
    body = deployment()

    def tell(number: int) -> int:
        return endpoint.send(path, body | {"scm_sha": f"{number:04d}aaaa"}).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(tell, range(8)))

    assert sorted(codes) == [200] + [409] * 7


@pytest.mark.parametrize("status", ["pending", "started", "success", "failed", "aborted"])
@pytest.mark.parametrize("path", [BUILDS, DEPLOYMENTS])
def test_c110_a_conflict_is_one_whatever_the_status(endpoint: Endpoint, path: str, status: str) -> None:
    body = deployment(scm_sha="abc123")
    told(endpoint, path, body)

    assert endpoint.send(path, body | {"scm_sha": "def456", "status": status}).status_code == 409


def test_a_version_is_immutable_over_all_apis_and_hivels_deployment_is_marked(endpoint: Endpoint) -> None:
    name = product()
    told(endpoint, BUILDS, build(product_name=name, version="v1.2.3", scm_sha="abc123"))
    told_of = event(repo_url=name, image="company/api:v1.2.3", commit_hash="def456def456")

    answer = endpoint.post(told_of)

    [stored] = endpoint.stored(told_of["deployment_id"])
    assert answer.status_code == 200
    assert stored.version_conflict == "abc123"
