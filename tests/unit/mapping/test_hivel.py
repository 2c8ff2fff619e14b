from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploytrail.mapping.hivel import PROVIDERS, judge_argocd, parse_status, product_of, version_of
from deploytrail.mapping.images import tag_of
from deploytrail.record.model import Status

SUCCESS, FAILED, CANCELED, UNKNOWN = Status.COMPLETED, Status.FAILED, Status.ABORTED, Status.UNKNOWN


@pytest.mark.parametrize(
    ("provider", "word", "status"),
    [(provider, word, status) for provider, table in PROVIDERS.items() for word, status in table.items()],
)
def test_every_providers_word_means_what_its_table_says_in_any_case(provider: str, word: str, status: Status) -> None:
    for written in (word, word.upper(), word.lower(), f" {word}\n"):
        assert parse_status(written) is status, f"{provider}: {written}"


def test_no_two_providers_disagree_about_a_word() -> None:
    tables = [{word.lower(): status for word, status in table.items()} for table in PROVIDERS.values()]

    for one, other in combinations(tables, 2):
        assert {word: one[word] for word in one.keys() & other.keys()} == {
            word: other[word] for word in one.keys() & other.keys()
        }


@pytest.mark.parametrize("word", ["", " ", "done", "in_progress", "Healthy", "failed permanently", "erfolgreich", "✓"])
def test_any_other_word_is_unknown(word: str) -> None:
    assert parse_status(word) is UNKNOWN


@pytest.mark.parametrize(
    ("phase", "health", "status"),
    [
        ("Succeeded", "Healthy", SUCCESS),
        ("Succeeded", "Degraded", FAILED),
        ("Succeeded", "Progressing", UNKNOWN),
        ("Succeeded", "Missing", UNKNOWN),
        ("Succeeded", "Suspended", UNKNOWN),
        ("Succeeded", "Unknown", UNKNOWN),
        ("Failed", "Healthy", FAILED),
        ("Error", "Healthy", FAILED),
        ("Failed", "Progressing", FAILED),
        ("Running", "Healthy", UNKNOWN),
        ("Running", "Degraded", FAILED),
        ("Terminating", "Healthy", UNKNOWN),
    ],
)
def test_argo_cd_succeeds_only_with_both_words_and_fails_with_either(phase: str, health: str, status: Status) -> None:
    assert judge_argocd(phase=phase, health=health) is status
    for joined in (f"{phase}/{health}", f"{phase} {health}", f"{phase}, {health}".upper()):
        assert parse_status(joined) is status


@given(st.text())
def test_no_text_is_refused_and_every_verdict_is_terminal(raw: str) -> None:
    assert parse_status(raw).terminal


@pytest.mark.parametrize(
    ("repository", "product"),
    [
        ("https://github.com/hivelai/webhook-logger", "hivelai/webhook-logger"),
        ("https://gitlab.example.com:8443/group/sub/project", "group/sub/project"),
        ("hivelai/webhook-logger", "hivelai/webhook-logger"),
        ("https://github.com", ""),
    ],
)
def test_a_product_is_the_repositorys_path(repository: str, product: str) -> None:
    assert product_of(repository) == product


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("company/api-service:v1.2.3", "v1.2.3"),
        ("registry.example.com:5000/company/api:v1", "v1"),
        ("registry.example.com:5000/company/api", None),
        ("company/api:v1@sha256:0123", "v1"),
        ("company/api@sha256:0123", None),
        ("api", None),
        ("api:", None),
    ],
)
def test_an_images_tag_is_found_beside_ports_and_digests(image: str, tag: str | None) -> None:
    assert tag_of(image) == tag


def test_the_version_is_the_best_name_there_is() -> None:
    assert version_of(image="api:v1", commit="abc", build_number="7") == "v1"
    assert version_of(image="api", commit="abc", build_number="7") == "abc"
    assert version_of(image=None, commit=None, build_number="7") == "7"
    assert version_of(image=None, commit=None, build_number=None) is None
