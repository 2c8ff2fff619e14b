"""What each CI system says of a job, as it arrives in a report."""

import re
from collections.abc import Mapping

import pytest

from deploytrail.reporting.facts import READINGS, detect, find
from deploytrail.reporting.systems import FIELDS
from deploytrail.reporting.systems import SYSTEMS as KNOWN
from tests.ci import ARGOCD, AZURE, BITBUCKET, CIRCLECI, GITHUB, GITLAB, JENKINS, SHA, SYSTEMS, TEKTON

EXPECTED: Mapping[str, Mapping[str, str]] = {
    "github": {
        "product": "shop",
        "version": SHA,
        "commit": SHA,
        "branch": "feature/checkout",
        "repository": "https://github.com/acme/shop",
        "build_number": "17",
        "build_url": "https://github.com/acme/shop/actions/runs/1658821493",
        "actor": "hubot",
        "source_system": "github",
        "invoke_id": "1658821493-2",
    },
    "gitlab": {
        "product": "shop",
        "version": SHA,
        "environment": "production",
        "commit": SHA,
        "branch": "main",
        "repository": "https://gitlab.example.com/acme/web/shop",
        "build_number": "42",
        "build_url": "https://gitlab.example.com/acme/web/shop/-/jobs/50041",
        "actor": "alice",
        "source_system": "gitlab",
        "invoke_id": "50041",
    },
    "jenkins": {
        "product": "shop",
        "version": SHA,
        "commit": SHA,
        "branch": "main",
        "repository": "https://github.com/acme/shop",
        "build_number": "153",
        "build_url": "https://jenkins.example.com/job/acme/job/shop/job/main/153/",
        "actor": "alice",
        "source_system": "jenkins",
        "invoke_id": "jenkins-acme-shop-main-153",
    },
    "azure": {
        "product": "shop",
        "version": SHA,
        "environment": "production",
        "commit": SHA,
        "branch": "feature/checkout",
        "repository": "https://dev.azure.com/acme/Web%20Shop/_git/shop",
        "build_number": "20261121.3",
        "build_url": "https://dev.azure.com/acme/Web%20Shop/_build/results?buildId=1430",
        "actor": "Alice Doe",
        "source_system": "azure",
        "invoke_id": "1430-1",
    },
    "circleci": {
        "product": "shop",
        "version": SHA,
        "commit": SHA,
        "branch": "main",
        "repository": "https://github.com/acme/shop",
        "build_number": "371",
        "build_url": "https://circleci.com/gh/acme/shop/371",
        "actor": "octocat",
        "source_system": "circleci",
        "invoke_id": "7e5ad6f0-6d3c-4f0c-9ba2-4d1d6f6f3d5e",
    },
    "bitbucket": {
        "product": "shop",
        "version": SHA,
        "environment": "production",
        "commit": SHA,
        "branch": "main",
        "repository": "https://bitbucket.org/acme/shop",
        "build_number": "88",
        "build_url": "https://bitbucket.org/acme/shop/pipelines/results/88",
        "actor": "{5a50dd52-5ab7-4225-831c-4db9451375a2}",
        "source_system": "bitbucket",
        "invoke_id": "88-1",
    },
    "tekton": {
        "version": "shop-deploy-x7k2p",
        "build_number": "shop-deploy-x7k2p",
        "build_url": "https://tekton.example.com/#/namespaces/ci/pipelineruns/shop-deploy-x7k2p",
        "source_system": "tekton",
        "invoke_id": "2f6d1f7c-55a1-4c8e-9c39-0c8f4a1f8f10",
    },
    "argo-workflows": {
        "version": "shop-deploy-9zq4l",
        "build_number": "shop-deploy-9zq4l",
        "build_url": "https://argo.example.com/workflows/ci/shop-deploy-9zq4l",
        "source_system": "argo-workflows",
        "invoke_id": "9d3c8f0e-1a75-4f9a-a4f5-9f5b3c9be3f1",
    },
    "argocd": {
        "product": "shop",
        "version": SHA,
        "environment": "production",
        "commit": SHA,
        "repository": "https://github.com/acme/shop-config",
        "source_system": "argocd",
    },
}


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_job_is_known_by_the_variables_of_its_system(system: str) -> None:
    assert dict(find({}, SYSTEMS[system])) == EXPECTED[system]


def test_every_system_is_tested() -> None:
    assert {system.name for system in KNOWN} == set(SYSTEMS) == set(EXPECTED)


def test_every_field_and_reading_that_a_system_names_exists() -> None:
    named = {field for system in KNOWN for field in system.fields}
    templates = [each for system in KNOWN for several in system.fields.values() for each in several]
    readings = {reading for template in templates for reading in re.findall(r":([a-z]+)\}", template)}

    assert named <= set(FIELDS)
    assert readings == set(READINGS)


@pytest.mark.parametrize(
    ("variables", "field", "value"),
    [
        (GITHUB | {"GITHUB_REF": "refs/tags/v1.2.3", "GITHUB_REF_TYPE": "tag"}, "version", "v1.2.3"),
        (GITHUB | {"GITHUB_REF": "refs/tags/v1.2.3", "GITHUB_REF_TYPE": "tag"}, "branch", None),
        (GITHUB | {"GITHUB_REF": "refs/pull/7/merge", "GITHUB_HEAD_REF": "fix"}, "branch", "fix"),
        (GITHUB | {"GITHUB_REF": "refs/pull/7/merge"}, "branch", None),
        (GITHUB | {"GITHUB_TRIGGERING_ACTOR": ""}, "actor", "octocat"),
        (GITHUB | {"GITHUB_SERVER_URL": "https://github.example.com"}, "repository", "https://github.example.com/acme/shop"),
        (GITLAB | {"CI_COMMIT_TAG": "1.2.3", "CI_COMMIT_BRANCH": ""}, "version", "1.2.3"),
        (GITLAB | {"CI_COMMIT_BRANCH": "", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "fix"}, "branch", "fix"),
        (JENKINS | {"TAG_NAME": "v2", "BRANCH_NAME": "v2"}, "version", "v2"),
        (JENKINS | {"TAG_NAME": "v2", "BRANCH_NAME": "v2"}, "branch", None),
        (JENKINS | {"BRANCH_NAME": "PR-24", "CHANGE_BRANCH": "fix"}, "branch", "fix"),
        (JENKINS | {"BRANCH_NAME": "", "GIT_BRANCH": "origin/feature/x"}, "branch", "feature/x"),
        (JENKINS | {"BRANCH_NAME": "", "GIT_BRANCH": "detached"}, "branch", None),
        (JENKINS | {"BUILD_USER_ID": ""}, "actor", "Alice Doe"),
        (JENKINS | {"GIT_COMMIT": "", "GIT_URL": ""}, "version", "153"),
        (JENKINS | {"GIT_COMMIT": "", "GIT_URL": ""}, "product", None),
        (JENKINS | {"GIT_URL": "https://bot:hunter2@git.example.com/acme/shop.git"}, "repository", "https://git.example.com/acme/shop"),
        (AZURE | {"BUILD_SOURCEBRANCH": "refs/tags/v3"}, "version", "v3"),
        (AZURE | {"BUILD_SOURCEBRANCH": "refs/pull/1/merge"}, "branch", None),
        (
            AZURE | {"BUILD_SOURCEBRANCH": "refs/pull/1/merge", "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/fix"},
            "branch",
            "fix",
        ),
        (AZURE | {"ENVIRONMENT_NAME": "", "RELEASE_ENVIRONMENTNAME": "staging"}, "environment", "staging"),
        (AZURE | {"SYSTEM_STAGEATTEMPT": ""}, "invoke_id", "1430"),
        (CIRCLECI | {"CIRCLE_TAG": "v4", "CIRCLE_BRANCH": ""}, "version", "v4"),
        (CIRCLECI | {"CIRCLE_REPOSITORY_URL": "", "CIRCLE_USERNAME": ""}, "product", None),
        (BITBUCKET | {"BITBUCKET_TAG": "v5", "BITBUCKET_BRANCH": ""}, "version", "v5"),
        (BITBUCKET | {"BITBUCKET_STEP_RUN_NUMBER": "2"}, "invoke_id", "88-2"),
        (TEKTON | {"TEKTON_DASHBOARD_URL": ""}, "build_url", None),
        (ARGOCD | {"ARGOCD_APP_REVISION": "6.5.4"}, "version", "6.5.4"),
        (ARGOCD | {"ARGOCD_APP_REVISION": "6.5.4"}, "commit", None),
    ],
)  # fmt: skip
def test_the_odd_jobs_of_a_system(variables: Mapping[str, str], field: str, value: str | None) -> None:
    assert find({}, variables).get(field) == value


def test_a_job_that_runs_again_is_another_deployment() -> None:
    first, again = find({}, GITHUB), find({}, GITHUB | {"GITHUB_RUN_ATTEMPT": "3"})

    assert first["invoke_id"] != again["invoke_id"]


def test_a_ci_job_that_speaks_to_argo_cd_is_still_a_ci_job() -> None:
    assert find({}, ARGOCD | GITHUB)["source_system"] == "github"


@pytest.mark.parametrize("value", ["false", "", "1"])
def test_a_system_is_known_by_the_value_of_its_mark(value: str) -> None:
    assert detect({"GITHUB_ACTIONS": value}) is None


def test_outside_of_ci_nothing_is_known() -> None:
    assert dict(find({}, {"HOME": "/home/alice", "USER": "alice", "CI": "true"})) == {}
