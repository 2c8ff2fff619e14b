"""Notification preferences, as Versioner's document on event types shows them."""

import uuid
from typing import Any

import pytest

from deploytrail.keys.model import Scope
from deploytrail.keys.ring import KeyRing
from tests.fakes import SECRET, key
from tests.http.endpoint import Endpoint

PATH = "/notification-preferences/"


@pytest.mark.parametrize("event_type", ["deployment.failed", "build.completed", "build.aborted"])
@pytest.mark.parametrize("path", [PATH, PATH.rstrip("/")])
def test_c111_the_documents_examples_are_kept_and_listed(endpoint: Endpoint, path: str, event_type: str) -> None:
    body = {"event_type": event_type, "channel_id": f"C-{path}-{event_type}"}

    answer = endpoint.send(path, body)

    shown = answer.json()
    assert answer.status_code == 200
    assert str(uuid.UUID(shown["id"])) == shown["id"]
    assert {name: shown[name] for name in body} == body
    assert shown in endpoint.get(path).json()
    assert endpoint.send(path, body).json() == shown


def test_c111_delete_removes_one(endpoint: Endpoint) -> None:
    kept = endpoint.send(PATH, {"event_type": "build.failed", "channel_id": "C-removed"}).json()

    removed = endpoint.send(PATH + kept["id"], method="DELETE")
    again = endpoint.send(PATH + kept["id"], method="DELETE")

    assert (removed.status_code, again.status_code) == (204, 404)
    assert again.json().keys() == {"detail"}
    assert kept not in endpoint.get(PATH).json()


@pytest.mark.parametrize(
    "body",
    [
        {"event_type": "deployment.exploded", "channel_id": "C1"},
        {"event_type": "deployment.unknown", "channel_id": "C1"},
        {"event_type": "failed", "channel_id": "C1"},
        {"event_type": 5, "channel_id": "C1"},
        {"channel_id": "C1"},
        {"event_type": "build.failed"},
        {"event_type": "build.failed", "channel_id": ""},
        {"event_type": "build.failed", "channel_id": ["C1"]},
        {"event_type": "build.failed", "channel_id": "x" * 600},
        [],
        b"{",
        b"",
    ],
)
def test_c111_anything_else_is_400_in_versioners_shape(endpoint: Endpoint, body: Any) -> None:
    before = endpoint.get(PATH).json()

    answer = endpoint.send(PATH, body)

    assert answer.status_code == 400
    assert isinstance(answer.json()["detail"], str)
    assert endpoint.get(PATH).json() == before


def test_only_versioners_keys_and_admins_may(endpoint: Endpoint) -> None:
    keys = [key("hivels", apis=["hivel"]), key("admins", scopes=[Scope.ADMIN]), key("reads", scopes=[Scope.READ])]
    with Endpoint(ring=KeyRing([*keys, key()])) as running:
        codes = {
            secret: running.send(PATH, {"event_type": "build.failed", "channel_id": "C1"}, secret=secret).status_code
            for secret in (SECRET, "admins", "hivels", "reads", "wrong")
        }
        missing = running.send(PATH, secret=None)

    assert codes == {SECRET: 200, "admins": 200, "hivels": 401, "reads": 401, "wrong": 401}
    assert (missing.status_code, missing.json()) == (401, {"detail": "Invalid API key"})


def test_a_body_of_another_type_or_too_large_is_refused(endpoint: Endpoint) -> None:
    body = {"event_type": "build.failed", "channel_id": "x"}

    assert endpoint.send(PATH, body, Content_Type="text/plain").status_code == 415
    assert endpoint.send(PATH, {**body, "more": "x" * 70_000}).status_code == 413
