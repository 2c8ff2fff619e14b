"""What an applied object reports."""

import pytest

from deploytrail.kube import forms
from deploytrail.kube.objects import from_object
from deploytrail.record.model import Binding, BuildReport, Repeat, Report, Status
from deploytrail.sources.resources import to_report
from tests.reports import NOON

METADATA = {
    "name": "mine", "namespace": "team", "uid": "2", "generation": 1, "creationTimestamp": "2026-03-02T12:00:00Z",
}  # fmt: skip


def test_a_deployment_is_told_with_everything_its_spec_says() -> None:
    spec = {"product": "web", "environment": "production", "status": "completed", "version": "1.2.3", "counted": False}
    made = from_object({"metadata": METADATA, "spec": spec}, forms.DEPLOYMENT, home="home")

    told = to_report(made)

    assert isinstance(told, Report)
    assert (told.id, told.facts.environment, told.counted, told.repeat) == (made.id, "production", False, Repeat.NEWEST)
    assert (told.telling.status, told.telling.at) == (Status.COMPLETED, NOON)
    assert told.resource is not None


@pytest.mark.parametrize(
    ("version", "binding"), [("1.2.3", Binding.STRICT), ("latest", Binding.NONE), ("main", Binding.NONE)]
)
def test_a_build_insists_on_its_commit_unless_its_version_moves(version: str, binding: Binding) -> None:
    spec = {"product": "web", "version": version, "status": "started", "commit": "abc123"}
    made = from_object({"metadata": METADATA, "spec": spec}, forms.BUILD, home="home")

    told = to_report(made)

    assert isinstance(told, BuildReport)
    assert (told.binding, told.facts.commit) == (binding, "abc123")
