"""From what is given to what is posted or shown."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploytrail.errors import Misconfigured
from deploytrail.reporting.body import Kind
from deploytrail.reporting.reporter import Given, Reporter, prepare
from tests.ci import GITHUB, GITLAB
from tests.unit.reporting.timing import FakeServer, recorded

KEY = "dtk_0a1b2c3d_c2VjcmV0"
VARIABLES = GITLAB | {"DEPLOYTRAIL_URL": "https://deploytrail.example.com", "DEPLOYTRAIL_KEY": KEY}


class Ears:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.answered: list[str] = []

    def prepare(self, given: Given, variables: dict[str, str] = VARIABLES, kind: Kind = Kind.DEPLOYMENT) -> Reporter:
        return prepare(kind, given, variables, say=self.said.append, answer=self.answered.append)


def test_a_report_is_sent_and_its_id_answered() -> None:
    ears, server = Ears(), FakeServer(recorded("42"))

    replace(ears.prepare(Given(fields={"version": "1.2.3"})), transport=server).tell("completed")

    assert ears.answered == ["42"]
    assert ears.said == ["reported deployment of shop 1.2.3 to production: completed"]
    assert json.loads(server.requests[0].content)["status"] == "completed"


def test_a_dry_run_shows_what_would_be_sent_and_no_key() -> None:
    ears = Ears()

    ears.prepare(Given(dry_run=True)).tell("started")

    [shown] = ears.answered
    told = json.loads(shown)
    assert told["url"] == "https://deploytrail.example.com/deployment-events/"
    assert told["body"]["environment_name"] == "production"
    assert KEY not in shown


def test_a_dry_run_needs_neither_key_nor_server() -> None:
    ears = Ears()

    ears.prepare(Given(dry_run=True), GITLAB, kind=Kind.BUILD).tell("started")

    assert json.loads(ears.answered[0])["url"] == "/build-events/"


def test_what_is_missing_is_said_before_anything_happens() -> None:
    with pytest.raises(Misconfigured, match="the environment is not known"):
        Ears().prepare(Given(), GITHUB)


def test_metadata_is_joined_the_nearest_word_last(tmp_path: Path) -> None:
    file = tmp_path / "metadata.json"
    file.write_text('{"region": "eu", "tests": {"passed": 12}, "error": "file"}')
    ears, server = Ears(), FakeServer(recorded())
    reporter = ears.prepare(Given(metadata={"region": "us"}, metadata_file=file))

    replace(reporter, transport=server).tell("failed", {"error": "ours", "exit_code": 1})

    assert json.loads(server.requests[0].content)["extra_metadata"] == {
        "region": "us",
        "tests": {"passed": 12},
        "error": "file",
        "exit_code": 1,
    }


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("[1]", "holds no JSON object"), ("{", "is not JSON"), (None, "cannot be read: No such file")],
)
def test_metadata_that_is_none_is_refused(tmp_path: Path, content: str | None, sentence: str) -> None:
    file = tmp_path / "metadata.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(Misconfigured, match=sentence):
        Ears().prepare(Given(metadata_file=file))


def test_the_states_of_one_command_find_each_other_outside_of_ci() -> None:
    outside = {name: value for name, value in VARIABLES.items() if name.startswith("DEPLOYTRAIL_")}
    fields: dict[str, Any] = {"product": "shop", "version": "1", "environment": "test"}

    one = Ears().prepare(Given(fields=fields), outside).with_invocation()
    other = Ears().prepare(Given(fields=fields), outside).with_invocation()

    assert one.facts["invoke_id"] != other.facts["invoke_id"]
    assert one.with_invocation().facts == one.facts


def test_a_system_that_names_its_runs_is_followed() -> None:
    assert Ears().prepare(Given()).with_invocation().facts["invoke_id"] == "50041"
