"""What a replica knows of one kind: never going back in time, and found by what it is asked for."""

from typing import Any

import pytest

from deploytrail.kube.forms import DEPLOYMENT
from deploytrail.kube.objects import to_object
from deploytrail.record.identity import versioner_series
from deploytrail.record.lifecycle import decide
from deploytrail.record.model import ApplicationRef, Deployment, Status
from deploytrail.record.query import Query
from deploytrail.record.series import REPLAY_WINDOW, aim
from deploytrail.stores.picture import Picture
from tests.reports import NOON, report, stated

SERIES = versioner_series(product="web", version="1.2.3", environment="production")


@pytest.fixture
def picture() -> Picture[Deployment]:
    return Picture(DEPLOYMENT, home="home")


def stored(record: Deployment, version: int, uid: str = "") -> dict[str, Any]:
    made = to_object(record, namespace="home")
    made["metadata"] |= {
        "uid": uid or record.id,
        "resourceVersion": str(version),
        "generation": 1,
        "creationTimestamp": "2026-03-02T12:00:00Z",
    }
    return made


def attempts(count: int) -> list[Deployment]:
    """The first records of the series, all over."""
    made: list[Deployment] = []
    for n in range(count):
        told = stated(SERIES, at=NOON + n * REPLAY_WINDOW)
        made.append(decide(None, aim(told, made[-1] if made else None)).record)
    return made


def test_an_older_version_never_replaces_a_newer_one(picture: Picture[Deployment]) -> None:
    started, done = (decide(None, report(status=status)).record for status in (Status.STARTED, Status.COMPLETED))

    picture.put(stored(done, 7))
    picture.put(stored(started, 6))

    known = picture.get(done.id)
    assert known is not None
    assert known.status is Status.COMPLETED


def test_bodies_are_not_kept_in_memory(picture: Picture[Deployment]) -> None:
    made = decide(None, report(body="x" * 1000)).record

    picture.put(stored(made, 1))

    known = picture.get(made.id)
    assert known is not None
    assert [told.body for told in known.tellings] == [None]
    assert known.tellings[0].fingerprint == made.tellings[0].fingerprint


def test_the_newest_of_a_series_is_the_one_with_the_highest_number(picture: Picture[Deployment]) -> None:
    first, second, third = attempts(3)

    for n, record in enumerate((second, third, first)):
        picture.put(stored(record, n + 1))

    assert picture.newest(SERIES.key) == third
    assert picture.newest("other") is None


def test_a_series_forgets_what_was_deleted(picture: Picture[Deployment]) -> None:
    first, second = attempts(2)
    for n, record in enumerate((first, second)):
        picture.put(stored(record, n + 1))

    picture.remove(stored(second, 9))
    left = picture.newest(SERIES.key)
    picture.keep_only(set(), 9)

    assert left == first
    assert picture.newest(SERIES.key) is None


def test_a_list_drops_what_it_does_not_show_but_not_what_was_written_since(picture: Picture[Deployment]) -> None:
    old, new = (decide(None, report(name)).record for name in ("old", "new"))
    picture.put(stored(old, 3))
    picture.put(stored(new, 8))

    picture.keep_only(set(), 5)

    assert picture.get(old.id) is None
    assert picture.get(new.id) == new


def test_a_record_that_was_made_anew_is_not_dropped_with_the_old_one(picture: Picture[Deployment]) -> None:
    made = decide(None, report()).record
    picture.put(stored(made, 1, uid="before"))
    picture.put(stored(made, 4, uid="after"))

    picture.remove(stored(made, 3, uid="before"))
    kept = picture.get(made.id)
    picture.remove(stored(made, 5, uid="after"))
    picture.remove(stored(made, 3, uid="before"))

    assert kept == made
    assert picture.get(made.id) is None


def test_an_application_finds_its_records_and_loses_the_deleted(picture: Picture[Deployment]) -> None:
    application = ApplicationRef(namespace="argocd", name="web", uid="u")
    mine, other = decide(None, report("a", application=application)).record, decide(None, report("b")).record
    for n, record in enumerate((mine, other)):
        picture.put(stored(record, n + 1))
    asked = Query(application_uid="u")

    found = picture.find(asked).items
    picture.remove(stored(mine, 5))

    assert found == (mine,)
    assert picture.find(asked).items == ()
