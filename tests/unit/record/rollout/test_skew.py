"""Our clock and Argo CD's are two: a health has to hold by one of them."""

import pytest

from deploytrail.record.model import Status
from deploytrail.record.rollout.snapshot import Request
from tests.unit.record.rollout.story import AUTOMATED, NEWER, Story, at, state

FOLLOWING = Request(automated=True, revisions=NEWER)


def deployed(ahead: int) -> Story:
    """Ended at second 2 of our clock, when Argo CD's was so far ahead; compared, and Healthy as before."""
    story = Story().see(0, request=AUTOMATED, state=None).see(0.1, state=state("Running", ahead, request=AUTOMATED))
    story.see(1.9, health="Healthy")
    return story.see(2, request=None, state=state("Succeeded", ahead, ahead + 2)).see(2.1, reconciled_at=at(ahead + 2))


@pytest.mark.parametrize("ahead", [-1800, -120, -20, 0, 20, 120])
def test_a_stale_health_is_not_believed_because_the_end_seems_long_ago(ahead: int) -> None:
    story = deployed(ahead)

    assert story.statuses == [Status.STARTED]

    story.see(2.3, health="Progressing", health_changed_at=at(ahead + 2))
    story.see(20, health="Degraded", health_changed_at=at(ahead + 20)).rest()

    assert story.statuses == [Status.FAILED]


@pytest.mark.parametrize("ahead", [-1800, -120, -20, 0, 20, 120])
def test_a_health_that_held_before_the_next_operation_held_though_the_end_seems_yet_to_come(ahead: int) -> None:
    story = deployed(ahead).see(2.3, health="Progressing", health_changed_at=at(ahead + 2))

    story.see(5, health="Healthy", health_changed_at=at(ahead + 5)).see(20, request=FOLLOWING, state=None)

    assert story.statuses == [Status.COMPLETED]


def test_what_settles_does_so_by_our_clock() -> None:
    story = deployed(120)

    assert story.wait_until(31).statuses == [Status.STARTED]
    assert story.wait_until(33).statuses == [Status.COMPLETED]
