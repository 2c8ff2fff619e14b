"""What one replica knows of the records never goes back in time, in whatever order it comes to hear of them."""

from typing import Any

from deploytrail.kube import forms
from deploytrail.kube.client import Object
from deploytrail.kube.objects import to_object
from deploytrail.record.lifecycle import decide
from deploytrail.record.model import Deployment, Status
from deploytrail.record.query import Query
from deploytrail.stores.picture import Picture
from tests.reports import NOON, report

HOME = "deploytrail"


def picture(*objects: Object) -> Picture[Deployment]:
    made = Picture(forms.DEPLOYMENT, home=HOME)
    for each in objects:
        made.put(each)
    return made


def stored(version: int, *, uid: str = "uid-1", name: str = "deploy-1", **changes: Any) -> Object:
    """The object of a record, as the API server gives it."""
    obj = to_object(decide(None, report(name, **changes)).record, namespace=HOME)
    given = {"uid": uid, "resourceVersion": str(version), "creationTimestamp": "2026-03-02T12:00:00Z", "generation": 1}
    return obj | {"metadata": obj["metadata"] | given}


def shown(seen: Picture[Deployment]) -> list[tuple[str, Status]]:
    return [(record.product, record.status) for record in seen.find(Query()).items]


def test_an_older_version_never_replaces_a_newer_one() -> None:
    seen = picture(stored(7, status=Status.COMPLETED), stored(6, status=Status.STARTED))

    assert shown(seen) == [("web", Status.COMPLETED)]


def test_a_list_drops_what_vanished_and_keeps_what_was_written_since() -> None:
    seen = picture(stored(5, name="vanished", uid="a"), stored(6, name="there", uid="b", product="shop"))
    seen.put(stored(12, name="written", uid="c", product="mail"))

    seen.keep_only({"b"}, at=10)

    assert sorted(shown(seen)) == [("mail", Status.COMPLETED), ("shop", Status.COMPLETED)]


def test_the_end_of_an_object_does_not_touch_the_one_made_anew() -> None:
    before, after = stored(5, uid="a"), stored(9, uid="b", status=Status.FAILED)
    seen = picture(before, after)

    seen.remove(before)

    assert shown(seen) == [("web", Status.FAILED)]


def test_an_object_that_ends_is_forgotten_with_its_application() -> None:
    application = {"namespace": "argocd", "name": "web", "uid": "app-1"}
    only = stored(5, application=application)
    seen = picture(only)

    seen.remove(only)

    assert seen.get(only["metadata"]["name"]) is None
    assert seen.find(Query(application_uid="app-1")).items == ()


def test_payloads_are_not_kept_in_memory() -> None:
    obj = stored(5, body='{"large": true}', at=NOON)

    (record,) = picture(obj).find(Query()).items

    assert [telling.body for telling in record.tellings] == [None]
