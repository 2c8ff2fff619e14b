"""Who wins: flags, then our own variables, then the system's."""

import pytest

from deploytrail.reporting.facts import find
from deploytrail.reporting.systems import FIELDS
from tests.ci import GITHUB, GITLAB, SHA


@pytest.mark.parametrize("field", [field for field in FIELDS if field not in ("repository", "build_url")])
def test_a_flag_wins_over_our_variable_and_that_over_the_systems(field: str) -> None:
    ours = {f"DEPLOYTRAIL_{field.upper()}": "ours"}

    assert find({field: "flag"}, GITLAB | ours)[field] == "flag"
    assert find({field: None}, GITLAB | ours)[field] == "ours"


def test_a_flag_given_empty_leaves_the_field_out_whatever_the_variables_say() -> None:
    flags = {"environment": "", "branch": " ", "version": "", "product": ""}

    facts = find(flags, GITLAB | {"DEPLOYTRAIL_BRANCH": "other"})

    assert not facts.keys() & flags.keys()


def test_an_empty_variable_of_ours_is_none() -> None:
    assert find({}, GITLAB | {"DEPLOYTRAIL_ENVIRONMENT": " "})["environment"] == "production"


def test_the_version_is_the_commit_whoever_says_it() -> None:
    assert find({"commit": "abc123"}, GITHUB)["version"] == "abc123"
    assert find({}, {"DEPLOYTRAIL_COMMIT": "abc123"})["version"] == "abc123"
    assert find({"commit": "abc123", "version": "1.2.3"}, GITHUB)["version"] == "1.2.3"
    assert find({"commit": "", "build_number": "7"}, GITHUB)["version"] == "7"


@pytest.mark.parametrize(
    "repository",
    [
        "https://github.com/acme/shop",
        "https://x-access-token:ghs_secret@github.com/acme/shop.git",
        "git@github.com:acme/shop.git",
        "ssh://git@github.com/acme/shop",
        "github.com/acme/shop",
    ],
)
def test_a_product_is_called_like_its_repository_in_any_spelling(repository: str) -> None:
    facts = find({"repository": repository}, {})

    assert facts["product"] == "shop"
    assert facts["repository"] == "https://github.com/acme/shop"


def test_credentials_and_blanks_in_the_page_of_the_run_do_not_travel() -> None:
    facts = find({"build_url": "https://bot:hunter2@ci.example.com/job/Web Shop/7/"}, {})

    assert facts["build_url"] == "https://ci.example.com/job/Web%20Shop/7/"


def test_a_page_that_is_encoded_already_stays_as_it_is() -> None:
    page = "https://ci.example.com/job/Web%20Shop/7/?a=b&c=d#e"

    assert find({"build_url": page}, {})["build_url"] == page


def test_blanks_around_a_value_are_nobodys_name() -> None:
    assert find({"product": " shop\n"}, {"DEPLOYTRAIL_COMMIT": f"{SHA}\n"}) == {
        "product": "shop",
        "version": SHA,
        "commit": SHA,
    }
