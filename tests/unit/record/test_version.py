"""A version is one commit for ever: what claims it, what is the same commit, what completes it."""

import pytest

from deploytrail.record.model import AnyReport, Binding
from deploytrail.record.version import MOVING, Version, bind, claim_of, comparable, same_commit
from tests.reports import NOON, build, report

STRICT, LENIENT, NONE = Binding.STRICT, Binding.LENIENT, Binding.NONE
FULL = "abc123def4567890abc123def4567890abc123de"


def claim(commit: str = "abc123", *, product: str = "web", version: str = "1.2.3") -> Version:
    made = claim_of(build(product=product, version=version, commit=commit))
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("abc123", "abc123", True),
        ("abc123", "ABC123", True),
        ("abc1", "abc123def456", True),
        ("abc123def456", "abc123", True),
        ("abc", "abc123", False),
        ("abc123", "def456", False),
        ("abc123de", "abc123df", False),
        ("r1234", "r1234", True),
        ("r123", "r1234", False),
        ("", "abc123", False),
        ("0000", "0000abc", False),
    ],
)
def test_c108_an_abbreviation_of_four_digits_or_more_is_the_same_commit(one: str, other: str, same: bool) -> None:
    assert same_commit(one, other) is same
    assert same_commit(other, one) is same


@pytest.mark.parametrize("nothing", [None, "", "abc", "main", "r1234", "0" * 40, "a" * 65, "abc 123"])
def test_what_is_no_commit_is_not_compared(nothing: str | None) -> None:
    assert comparable(nothing) is None


def test_a_commit_is_compared_without_regard_to_case_and_blanks() -> None:
    assert comparable(" ABC123\n") == "abc123"


@pytest.mark.parametrize(
    ("told", "claims"),
    [
        pytest.param(build(commit="abc123"), True, id="c101 a build with a commit"),
        pytest.param(build(), False, id="c103 a build without a commit"),
        pytest.param(build(commit="main"), False, id="what is no commit"),
        pytest.param(report(commit="abc123", binding=STRICT), True, id="c107 a deployment that insists"),
        pytest.param(report(commit="abc123", binding=LENIENT), True, id="c106 a deployment that does not insist"),
        pytest.param(report(commit="abc123", binding=NONE), False, id="the commit of another repository"),
        pytest.param(report(commit="abc123", version=None, binding=STRICT), False, id="no version"),
        pytest.param(report(commit="abc123", version="latest", binding=LENIENT), False, id="a tag that moves"),
        pytest.param(report(commit="abc123", version="LATEST", binding=LENIENT), False, id="a tag that moves, loudly"),
        pytest.param(report(commit="abc123", version="latest", binding=STRICT), True, id="a sender that insists on it"),
        pytest.param(report(commit="abc123", version="v2", branch="v2", binding=LENIENT), False, id="a branch"),
        pytest.param(report(commit=FULL, version=FULL[:7], binding=LENIENT), False, id="a version that is its commit"),
        pytest.param(build(commit=FULL, version=FULL), True, id="c036 a sender that insists on the obvious"),
    ],
)
def test_who_claims_a_version(told: AnyReport[object], claims: bool) -> None:  # type: ignore[type-var]
    assert (claim_of(told) is not None) is claims


def test_a_claim_says_who_told_of_it_first_and_when() -> None:
    told = build(commit="ABC123")

    made = claim_of(told)

    assert made == Version(
        id=claim().id,
        product="web",
        version="1.2.3",
        commit="abc123",
        first_seen_at=NOON,
        source=told.telling.source,
        record=told.id,
    )


def test_c103_the_first_commit_sets_it() -> None:
    assert bind(None, claim()) == claim()


@pytest.mark.parametrize("again", ["abc123", "ABC123", "abc1"])
def test_c104_c108_the_same_commit_changes_nothing(again: str) -> None:
    bound = claim()

    assert bind(bound, claim(again)) is bound


def test_c108_a_longer_spelling_completes_it() -> None:
    completed = bind(claim(), claim(FULL))

    assert completed is not None
    assert completed.commit == FULL
    assert bind(completed, claim("abc123")) is completed
    assert bind(completed, claim("abc123f")) is None


def test_c101_another_commit_is_refused() -> None:
    assert bind(claim(), claim("def456")) is None


def test_c105_another_product_has_its_own_versions() -> None:
    assert claim(product="web").id != claim(product="cart").id
    assert claim(version="1.2.3").id != claim(version="1.2.4").id


def test_tags_that_move_are_known_in_lower_case() -> None:
    assert {tag.lower() for tag in MOVING} == MOVING
