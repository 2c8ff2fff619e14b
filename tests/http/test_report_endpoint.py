"""``deploytrail report`` and our own endpoint: what one says, the other records."""

from collections.abc import Iterator

import pytest

from deploytrail.reporting.body import Kind
from deploytrail.reporting.facts import find
from tests.ci import SHA, SYSTEMS
from tests.fakes import SECRET, StoreAway
from tests.http.ci_job import environment, report
from tests.http.endpoint import Endpoint


@pytest.fixture
def server() -> Iterator[Endpoint]:
    with Endpoint() as running:
        yield running


def job(server: Endpoint, system: str = "github") -> dict[str, str]:
    known = {"DEPLOYTRAIL_URL": f"http://127.0.0.1:{server.port}", "DEPLOYTRAIL_KEY": SECRET}
    return environment(SYSTEMS[system], DEPLOYTRAIL_ENVIRONMENT="production", **known)


def test_a_command_is_one_deployment_from_start_to_end(server: Endpoint) -> None:
    ended = report(job(server), "exec", "--metadata", "region=eu", "--", "sh", "-c", "exit 3")

    [record] = server.deployments("shop")
    assert ended.returncode == 3
    assert [status.value for status, _ in record.history] == ["started", "failed"]
    assert (record.version, record.commit, record.branch) == (SHA, SHA, "feature/checkout")
    assert record.deployed_by == "hubot"
    assert record.links.build == "https://github.com/acme/shop/actions/runs/1658821493"
    assert record.metadata["region"] == "eu"
    assert record.metadata["exit_code"] == 3


def test_a_job_that_runs_again_is_another_deployment_and_a_step_that_repeats_itself_is_not(server: Endpoint) -> None:
    for attempt in ("1", "1", "2"):
        ended = report(job(server) | {"GITHUB_RUN_ATTEMPT": attempt}, "deployment", "--status", "success")
        assert ended.returncode == 0, ended.stderr

    assert len(server.deployments("shop")) == 2


def test_a_build_and_the_deployment_of_its_version_are_told_by_the_same_job(server: Endpoint) -> None:
    report(job(server), "build", "--status", "success", "--version", "1.2.3")
    report(job(server), "deployment", "--status", "success", "--version", "1.2.3")

    [build], [deployment] = server.builds("shop"), server.deployments("shop")
    assert (build.version, build.commit, build.built_by) == ("1.2.3", SHA, "hubot")
    assert (deployment.version, deployment.commit) == ("1.2.3", SHA)


def test_a_version_that_is_another_commit_is_refused_in_the_servers_words(server: Endpoint) -> None:
    report(job(server), "build", "--status", "success", "--version", "1.2.3")

    ended = report(job(server), "build", "--status", "success", "--version", "1.2.3", "--commit", "deadbeef")

    assert ended.returncode == 1
    assert ended.stderr == "deploytrail: refused with 409: Version 1.2.3 already exists with different SHA\n"


def test_a_store_that_is_away_is_nobodys_refusal() -> None:
    with Endpoint(StoreAway()) as server:
        ended = report(job(server), "deployment", "--status", "success", "--timeout", "1")

    assert ended.returncode == 3
    assert "in one try: 503: the store is away since noon" in ended.stderr


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_a_system_says_is_taken_as_it_is(server: Endpoint, system: str) -> None:
    variables = job(server, system) | {"DEPLOYTRAIL_PRODUCT": "shop"}

    ended = report(variables, Kind.DEPLOYMENT.value, "--status", "success")

    assert ended.returncode == 0, ended.stderr
    facts = find({}, variables)
    [record] = server.deployments("shop")
    assert record.version == facts["version"]
    assert record.commit == facts.get("commit")
    assert record.branch == facts.get("branch")
    assert record.repository == facts.get("repository")
    assert record.deployed_by == facts.get("actor")
    assert record.links.build == facts.get("build_url")


def test_a_job_says_nothing_of_itself_that_is_secret(server: Endpoint) -> None:
    token = "ghs_16C7e42F292c6912E7710c838347Ae178B4a"
    leaky = job(server) | {
        "DEPLOYTRAIL_REPOSITORY": f"https://x-access-token:{token}@github.com/acme/shop.git",
        "DEPLOYTRAIL_BUILD_URL": f"https://bot:{token}@ci.example.com/7",
        "GITHUB_TOKEN": token,
    }

    report(leaky, "deployment", "--status", "success")

    [record] = server.deployments("shop")
    assert token not in record.model_dump_json()
