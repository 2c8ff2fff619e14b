"""The body is what Versioner's document says."""

import pytest

from deploytrail.errors import Misconfigured
from deploytrail.reporting.body import Kind, build_body, describe
from deploytrail.reporting.facts import find
from tests.ci import GITLAB, SHA

FACTS = find({}, GITLAB)


def test_a_deployment_has_the_documents_fields() -> None:
    assert build_body(Kind.DEPLOYMENT, FACTS, "completed", {"region": "eu"}) == {
        "product_name": "shop",
        "version": SHA,
        "environment_name": "production",
        "status": "completed",
        "deployed_by": "alice",
        "scm_branch": "main",
        "scm_sha": SHA,
        "scm_repository": "https://gitlab.example.com/acme/web/shop",
        "build_url": "https://gitlab.example.com/acme/web/shop/-/jobs/50041",
        "build_number": "42",
        "source_system": "gitlab",
        "invoke_id": "50041",
        "extra_metadata": {"region": "eu"},
    }


def test_a_build_has_no_environment_and_a_builder() -> None:
    deployment = build_body(Kind.DEPLOYMENT, FACTS, "completed", {})

    build = build_body(Kind.BUILD, FACTS, "completed", {})

    assert build.keys() == deployment.keys() - {"environment_name", "deployed_by"} | {"built_by"}
    assert build["built_by"] == "alice"


def test_what_is_not_known_is_not_there() -> None:
    facts = find({"product": "shop", "version": "1", "environment": "test"}, {})

    assert build_body(Kind.DEPLOYMENT, facts, "started", {}) == {
        "product_name": "shop",
        "version": "1",
        "environment_name": "test",
        "status": "started",
    }


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        (Kind.DEPLOYMENT, "product"),
        (Kind.DEPLOYMENT, "version"),
        (Kind.DEPLOYMENT, "environment"),
        (Kind.BUILD, "product"),
        (Kind.BUILD, "version"),
    ],
)
def test_what_every_event_needs_is_asked_for(kind: Kind, missing: str) -> None:
    facts = {field: value for field, value in FACTS.items() if field != missing}

    with pytest.raises(Misconfigured, match=f"the {missing} is not known: say --{missing}, or set DEPLOYTRAIL_"):
        build_body(kind, facts, "started", {})


def test_a_build_needs_no_environment() -> None:
    build_body(Kind.BUILD, find({"environment": ""}, GITLAB), "started", {})


def test_an_event_is_described_in_a_few_words() -> None:
    facts = find({"version": "1.2.3"}, GITLAB)

    assert describe(Kind.DEPLOYMENT, build_body(Kind.DEPLOYMENT, facts, "failed", {})) == (
        "deployment of shop 1.2.3 to production: failed"
    )
    assert describe(Kind.BUILD, build_body(Kind.BUILD, facts, "completed", {})) == "build of shop 1.2.3: completed"


@pytest.mark.parametrize(("kind", "path"), [(Kind.DEPLOYMENT, "/deployment-events/"), (Kind.BUILD, "/build-events/")])
def test_each_kind_has_its_path(kind: Kind, path: str) -> None:
    assert kind.path == path
