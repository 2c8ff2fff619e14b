"""Versioner's build events, by the number of their check in the contract."""

from datetime import UTC, datetime

import pytest

from deploytrail.record.model import Source
from tests.http.endpoint import Endpoint
from tests.http.versioner import BUILDS, build, refused, told


@pytest.mark.parametrize("field", ["product_name", "version", "status"])
def test_c095_and_c100_a_missing_field_of_a_build_is_named(endpoint: Endpoint, field: str) -> None:
    assert refused(endpoint, BUILDS, build(**{field: ...})) == f"Field '{field}' is required"
    assert refused(endpoint, BUILDS, build(**{field: 5})) == f"Field '{field}' must be a string"
    assert f"'{field}'" in refused(endpoint, BUILDS, build(**{field: " "}))


def test_c096_every_optional_field_of_a_build_is_recorded(endpoint: Endpoint) -> None:
    body = build(
        built_by="github-actions",
        scm_branch="main",
        scm_sha="abc123def456",
        scm_repository="github.com/mycompany/my-service",
        build_url="https://github.com/mycompany/my-service/actions/runs/123",
        build_number="456",
        source_system="github",
        invoke_id="789",
        extra_metadata={
            "docker_image": "mycompany/my-service:1.2.3",
            "test_coverage": "85%",
            "committed_at": "2026-01-02T03:04:05+01:00",
        },
    )

    told(endpoint, BUILDS, body)

    [stored] = endpoint.builds(body["product_name"])
    assert (stored.built_by, stored.branch, stored.commit) == ("github-actions", "main", "abc123def456")
    assert stored.repository == "https://github.com/mycompany/my-service"
    assert stored.links.build == "https://github.com/mycompany/my-service/actions/runs/123"
    assert stored.images == ("mycompany/my-service:1.2.3",)
    assert stored.metadata["test_coverage"] == "85%"
    assert stored.committed_at == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)
    assert stored.metadata["invoke_id"] == "789"
    assert stored.source is Source.VERSIONER


def test_c078_and_c097_the_answer_is_the_documents(endpoint: Endpoint) -> None:
    body = build()

    answer = endpoint.send(BUILDS, body)

    shown = answer.json()
    assert answer.status_code == 200
    assert (shown["product_name"], shown["version"], shown["status"]) == (body["product_name"], "1.2.3", "completed")
    assert shown["created_at"] == "2026-11-21T12:00:00Z"
    assert shown["id"]
    assert not {"deployed_at", "environment_name"} & shown.keys()


def test_c098_what_official_clients_send_and_read_beside_it(endpoint: Endpoint) -> None:
    body = build(
        status="failed",
        built_by_email="jane@example.com",
        built_by_name="Jane",
        started_at="2026-11-21T10:00:00Z",
        completed_at="2026-11-21T10:03:00Z",
        error_message="Compilation failed",
        error_code="E1",
    )

    answer = told(endpoint, BUILDS, body).json()

    [stored] = endpoint.builds(body["product_name"])
    assert (answer["started_at"], answer["completed_at"]) == ("2026-11-21T10:00:00Z", "2026-11-21T10:03:00Z")
    assert {"product_id", "version_id"} <= answer.keys()
    assert (stored.built_by, stored.reason) == ("Jane", "Compilation failed")
    assert stored.metadata["error_code"] == "E1"
    assert stored.duration is not None
    assert stored.duration.total_seconds() == 180


@pytest.mark.parametrize("path", ["/version-events/", "/version-events"])
def test_c099_the_alias_of_the_overview_page_records_builds(endpoint: Endpoint, path: str) -> None:
    body = build()

    alias = told(endpoint, path, body).json()

    assert told(endpoint, BUILDS, body).json() == alias
    assert len(endpoint.builds(body["product_name"])) == 1


def test_states_of_one_build_are_one_build(endpoint: Endpoint) -> None:
    body = build()

    answered = {
        told(endpoint, BUILDS, body | {"status": status}).json()["id"] for status in ("pending", "building", "built")
    }

    assert len(answered) == 1
    assert len(endpoint.builds(body["product_name"])) == 1
