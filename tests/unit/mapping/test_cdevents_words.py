"""CDEvents' types and outcomes, and package URLs, as tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploytrail.mapping.cdevents import MEANINGS, OUTCOMES, Tells, parse_outcome, parse_type
from deploytrail.mapping.purl import Purl, parse
from deploytrail.record.model import Status

SHA = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"
DIGEST = "sha256:0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427"


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("dev.cdevents.service.deployed.0.2.0", ("service", "deployed")),
        ("dev.cdevents.service.deployed.0.3.0", ("service", "deployed")),
        ("dev.cdevents.pipelinerun.finished.0.2.0", ("pipelinerun", "finished")),
        ("dev.cdevents.pipelineRun.finished.0.3.0-draft", ("pipelinerun", "finished")),
        ("dev.cdeventsx.spinnaker-deployment.started.0.1.0", ("deployment", "started")),
        ("dev.cdevents.environment.created.0.3.0", ("environment", "created")),
        ("dev.cdevents.service.deployed", None),
        ("dev.cdeventsservice.deployed.0.2.0", None),
        ("dev.cdeventsx.deployment.started.0.1.0", None),
        ("com.github.push", None),
        ("", None),
    ],
)
def test_a_type_says_what_it_tells_of(written: str, kind: tuple[str, str] | None) -> None:
    assert parse_type(written) == kind


@pytest.mark.parametrize(
    ("kind", "tells", "status"),
    [
        ("service.deployed", Tells.DEPLOYMENT, Status.COMPLETED),
        ("service.upgraded", Tells.DEPLOYMENT, Status.COMPLETED),
        ("service.rolledback", Tells.DEPLOYMENT, Status.COMPLETED),
        ("service.removed", Tells.NOTE, Status.COMPLETED),
        ("service.published", Tells.NOTE, Status.COMPLETED),
        ("pipelinerun.queued", Tells.RUN, Status.PENDING),
        ("taskrun.started", Tells.RUN, Status.STARTED),
        ("build.finished", Tells.RUN, Status.COMPLETED),
        ("deployment.started", Tells.RUN, Status.STARTED),
        ("artifact.published", Tells.ARTIFACT, Status.COMPLETED),
    ],
)
def test_each_type_has_its_meaning(kind: str, tells: Tells, status: Status) -> None:
    subject, _, predicate = kind.partition(".")

    assert MEANINGS[subject, predicate] == (tells, status)


def test_each_outcome_is_read() -> None:
    assert {word: status for status, words in OUTCOMES.items() for word in words} == {
        word: parse_outcome(word) for word in ("success", "failure", "error", "cancel")
    }
    assert parse_outcome(" Failed ") is Status.FAILED
    assert parse_outcome("maybe") is None


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (
            f"pkg:oci/app@{DIGEST.replace(':', '%3A')}?repository_url=ghcr.io%2Facme%2Fapp&tag=1.2.3",
            Purl(name="app", version="1.2.3", image=f"ghcr.io/acme/app:1.2.3@{DIGEST}"),
        ),
        (
            f"pkg:oci/app@{DIGEST}?repository_url=ghcr.io/acme/app",
            Purl(name="app", version=DIGEST, image=f"ghcr.io/acme/app@{DIGEST}"),
        ),
        ("pkg:docker/acme/app@1.2.3", Purl(name="app", version="1.2.3", image="acme/app:1.2.3")),
        ("pkg:oci/app", Purl(name="app", version=None, image="app")),
        (
            f"pkg:github/acme/shop@{SHA}",
            Purl(name="shop", version=SHA, commit=SHA, repository="https://github.com/acme/shop"),
        ),
        (
            "pkg:gitlab/acme/team/shop@v1.2.3",
            Purl(name="shop", version="v1.2.3", repository="https://gitlab.com/acme/team/shop"),
        ),
        ("pkg:helm/shop@1.2.3?repository_url=https://charts.example.com", Purl(name="shop", version="1.2.3")),
        ("pkg:npm/%40acme/shop@1.2.3#dist", Purl(name="shop", version="1.2.3")),
        ("pkg:oci", None),
        ("pkg:oci/", None),
        ("0e5f3a", None),
        ("", None),
    ],
)
def test_a_package_url_says_what_was_packaged(written: str, found: Purl | None) -> None:
    assert parse(written) == found


@given(st.text() | st.text().map(lambda text: f"pkg:oci/{text}"))
def test_no_text_is_too_odd(written: str) -> None:
    found = parse(written)

    assert found is None or found.name
