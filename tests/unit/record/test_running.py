"""What runs where, from records and from what was there before them."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from deploytrail.record.lifecycle import decide
from deploytrail.record.model import Deployment, Status
from deploytrail.record.running import Running, Standings, Tried, merged, running_among
from tests.reports import NOON, report

HOUR = timedelta(hours=1)


def deployed(version: str, hours: int, **more: Any) -> Deployment:
    at = NOON + hours * HOUR
    made = decide(None, report(version, at=at, started_at=at, finished_at=at, version=version, **more)).record
    assert isinstance(made, Deployment)
    return made


def before(version: str, hours: int) -> Running:
    return Running("web", "production", version, None, NOON + hours * HOUR, None, None)


def running(deployments: Iterable[Deployment], found: tuple[Running, ...] = ()) -> list[Running]:
    standings = Standings()
    for each in deployments:
        standings.put(None, each)
    return merged(running_among(standings.places()), found)


def tried(standings: Standings) -> list[Tried]:
    return [each for each in standings.places() if isinstance(each, Tried)]


def versions(*deployments: Deployment, found: tuple[Running, ...] = ()) -> list[str | None]:
    return [each.version for each in running(deployments, found)]


def test_the_newest_success_runs() -> None:
    assert versions(deployed("2", 2), deployed("1", 1)) == ["2"]


def test_every_change_of_a_place_is_seen_at_once() -> None:
    standings = Standings()
    first, second, elsewhere = deployed("1", 1), deployed("2", 2), deployed("2", 2, environment="staging")
    seen = []

    for before_it, after in ((None, first), (None, second), (second, elsewhere), (first, None), (elsewhere, None)):
        standings.put(before_it, after)
        seen.append([(each.environment, each.version) for each in running_among(standings.places())])

    assert seen == [
        [("production", "1")],
        [("production", "2")],
        [("production", "1"), ("staging", "2")],
        [("staging", "2")],
        [],
    ]


def test_a_failure_a_part_and_an_open_one_tell_nothing() -> None:
    others = (
        deployed("2", 2, status=Status.FAILED),
        deployed("3", 3, partial=True),
        deployed("4", 4, status=Status.STARTED),
    )

    assert versions(deployed("1", 1), *others) == ["1"]


def test_where_nothing_runs_the_last_attempt_is_known() -> None:
    standings = Standings()
    failed, going = deployed("1", 1, status=Status.FAILED), deployed("2", 2, status=Status.STARTED)
    for each in (going, failed, deployed("3", 1, environment="staging"), deployed("0", 0, product="api", partial=True)):
        standings.put(None, each)

    before_that = [(each.product, each.environment, each.latest.version) for each in tried(standings)]
    standings.put(going, deployed("2", 2))
    standings.put(deployed("0", 0, product="api", partial=True), None)

    assert before_that == [("api", "production", "0"), ("web", "production", "2")]
    assert tried(standings) == []


def test_what_was_there_before_runs_until_something_newer_is_recorded() -> None:
    assert versions(found=(before("old", 0),)) == ["old"]
    assert versions(deployed("1", 1), found=(before("old", 0),)) == ["1"]
    assert versions(deployed("1", 1), found=(before("newer", 2),)) == ["newer"]


def test_places_are_apart_and_in_order() -> None:
    shown = running([deployed("1", 1), deployed("2", 2, environment="staging"), deployed("3", 3, product="api")], ())

    assert [(each.environment, each.product) for each in shown] == [
        ("production", "api"),
        ("production", "web"),
        ("staging", "web"),
    ]
