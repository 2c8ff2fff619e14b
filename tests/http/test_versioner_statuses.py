"""Versioner's status words, by the number of their check in the contract."""

import pytest

from tests.http.endpoint import Endpoint, rejected
from tests.http.versioner import BUILDS, DEPLOYMENTS, build, deployment, refused, told

DEPLOYMENT_WORDS = {
    "c045": ("pending", "pending"),
    "c046": ("queued", "pending"),
    "c047": ("scheduled", "pending"),
    "c048": ("started", "started"),
    "c049": ("in_progress", "started"),
    "c050": ("init", "started"),
    "c051": ("deploying", "started"),
    "c052": ("success", "completed"),
    "c053": ("completed", "completed"),
    "c054": ("complete", "completed"),
    "c055": ("finished", "completed"),
    "c056": ("deployed", "completed"),
    "c057": ("failed", "failed"),
    "c058": ("fail", "failed"),
    "c059": ("failure", "failed"),
    "c060": ("error", "failed"),
    "c061": ("aborted", "aborted"),
    "c062": ("abort", "aborted"),
    "c063": ("cancelled", "aborted"),
    "c064": ("cancel", "aborted"),
    "c065": ("skipped", "aborted"),
    "c066": ("canceled", "aborted"),
}

BUILD_WORDS = {
    "c067": ("pending queued scheduled", "pending"),
    "c068": ("started in_progress building init", "started"),
    "c069": ("success completed built complete finished", "completed"),
    "c070": ("failed failure error fail", "failed"),
    "c071": ("aborted cancelled skipped abort cancel", "aborted"),
    "c066": ("canceled", "aborted"),
}

CANONICAL = ("pending", "started", "completed", "failed", "aborted")


@pytest.mark.parametrize(("word", "status"), DEPLOYMENT_WORDS.values(), ids=DEPLOYMENT_WORDS)
def test_c045_to_c066_a_deployments_word_is_read(endpoint: Endpoint, word: str, status: str) -> None:
    body = deployment(status=word)

    answer = told(endpoint, DEPLOYMENTS, body)

    [stored] = endpoint.deployments(body["product_name"])
    assert answer.json()["status"] == status
    assert stored.event_type == f"deployment.{status}"
    assert stored.tellings[0].raw_status == word


@pytest.mark.parametrize(("words", "status"), BUILD_WORDS.values(), ids=BUILD_WORDS)
def test_c067_to_c071_a_builds_words_are_read(endpoint: Endpoint, words: str, status: str) -> None:
    for word in words.split():
        body = build(status=word)
        answer = told(endpoint, BUILDS, body)
        assert answer.json()["status"] == status
        assert endpoint.builds(body["product_name"])[0].event_type == f"build.{status}"


@pytest.mark.parametrize(
    ("path", "word", "status"),
    [
        (DEPLOYMENTS, "building", "started"),
        (DEPLOYMENTS, "built", "completed"),
        (BUILDS, "deploying", "started"),
        (BUILDS, "deployed", "completed"),
    ],
)
def test_c072_a_word_of_the_other_kind_is_read_too(endpoint: Endpoint, path: str, word: str, status: str) -> None:
    assert told(endpoint, path, deployment(status=word)).json()["status"] == status


@pytest.mark.parametrize("word", ["SUCCESS", " success ", "Success\n", "sUcCeSs"])
@pytest.mark.parametrize("path", [DEPLOYMENTS, BUILDS])
def test_c073_neither_case_nor_blanks_around_a_word_matter(endpoint: Endpoint, path: str, word: str) -> None:
    assert told(endpoint, path, deployment(status=word)).json()["status"] == "completed"


@pytest.mark.parametrize("word", ["running", "done", "unknown", "", "deployment.completed", "in progress", "💥"])
@pytest.mark.parametrize("path", [DEPLOYMENTS, BUILDS])
def test_c074_an_unknown_word_is_400_and_names_status(endpoint: Endpoint, path: str, word: str) -> None:
    counted = rejected("invalid-status", "versioner")

    detail = refused(endpoint, path, deployment(status=word))

    assert "'status'" in detail
    assert rejected("invalid-status", "versioner") == counted + 1


def test_c075_the_answers_status_is_the_bare_canonical_word(endpoint: Endpoint) -> None:
    assert told(endpoint, DEPLOYMENTS, deployment(status="success")).json()["status"] == "completed"


def test_c076_there_are_exactly_ten_event_types(endpoint: Endpoint) -> None:
    types = set()
    for word in CANONICAL:
        deployed, built = deployment(status=word), build(status=word)
        told(endpoint, DEPLOYMENTS, deployed)
        told(endpoint, BUILDS, built)
        types.add(
            endpoint.get("/api/v1/deployments", product=deployed["product_name"]).json()["items"][0]["event_type"]
        )
        types.add(endpoint.builds(built["product_name"])[0].event_type)

    assert types == {f"{kind}.{word}" for kind in ("deployment", "build") for word in CANONICAL}
