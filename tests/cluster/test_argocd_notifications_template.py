"""The template that docs/argocd-notifications.md shows, rendered as Argo CD's own engine renders it, with Go."""

import pytest
import yaml

from tests.argocd.notifications import config_map, notification, render
from tests.golden.argocd.streams import Stream, streams

HYDRATED = {
    "metadata": {
        "name": "web",
        "namespace": "argocd",
        "uid": "u",
        "labels": {"deploytrail.dev/product": "shop", "team": "a"},
        "annotations": {"deploytrail.dev/environment": 'a "quoted" <name>', "other": "x"},
    },
    "spec": {
        "destination": {"name": "prod"},
        "sourceHydrator": {"drySource": {"repoURL": "https://git.example.com/acme/dry", "path": "web", "extra": 1}},
    },
    "status": {
        "sourceHydrator": {"lastSuccessfulOperation": {"drySHA": "a" * 40, "hydratedSHA": "b" * 40, "message": "x"}},
        "operationState": {"phase": "Failed", "message": "é" * 600, "startedAt": "2026-01-01T00:00:00Z"},
    },
}


@pytest.mark.parametrize("stream", streams(), ids=lambda stream: stream.name)
def test_it_sends_what_the_tests_of_notifications_take_for_granted(stream: Stream) -> None:
    for event in (stream.events[0], stream.events[len(stream.events) // 2], stream.events[-1]):
        assert render(event.obj, url="https://argocd.example.com") == notification(
            event.obj, url="https://argocd.example.com"
        )


def test_it_sends_hydrations_names_and_cut_messages() -> None:
    sent = render(HYDRATED)

    assert sent == notification(HYDRATED)
    assert sent["metadata"]["annotations"] == {
        "deploytrail.dev/product": "shop",
        "deploytrail.dev/environment": 'a "quoted" <name>',
    }


def test_it_sends_nothing_that_may_be_secret() -> None:
    [stream] = [each for each in streams() if each.name == "handmade-16-helm-chart"]
    obj = dict(stream.events[-1].obj)
    obj["spec"] = obj["spec"] | {"source": obj["spec"]["source"] | {"helm": {"values": "password: hunter2"}}}
    obj["metadata"] = obj["metadata"] | {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hunter2"}}

    assert "hunter2" not in str(render(obj))


def test_each_trigger_sends_the_template_to_the_service() -> None:
    data = config_map()

    for trigger in yaml.safe_load(data["trigger.deploytrail"]):
        assert trigger["send"] == ["deploytrail"]
        assert trigger["oncePer"].startswith("app.status.operationState.startedAt")
    assert "service.webhook.deploytrail" in data
