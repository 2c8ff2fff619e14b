"""With the source hydrator, what is deployed was rendered from the author's commit, which is told only for a while."""

from dataclasses import replace
from typing import Any

import pytest

from deploytrail.record.rollout.snapshot import Dry, Hydration, SyncResult
from tests.unit.record.rollout.story import APPLICATION, CURRENT, NEW, NEWER, OLD, Story, entry, state

DRY = "e" * 40
MINE, NEXT = Hydration(*NEW, DRY), Hydration(*NEWER, "f" * 40)


def rendered(revisions: tuple[str, ...], dry: str | None = None) -> SyncResult:
    return SyncResult(revisions, dry=Dry("https://git.example.com/acme/dry", dry))


def end(story: Story, revisions: tuple[str, ...] = NEW, **changes: Any) -> Story:
    ended = replace(state("Succeeded", 0, 20), result=lambda: rendered(revisions))
    return story.see(20, request=None, state=ended, **changes).compare(20.1).rest()


def running() -> Story:
    """The operation runs, and its commit was the newest that was rendered."""
    return Story(replace(APPLICATION, hydrations=(MINE,))).start(0)


@pytest.mark.parametrize(
    ("deployed", "dry"), [(NEW, DRY), (NEWER, "f" * 40), (CURRENT, None)], ids=["requested", "refreshed", "another"]
)
def test_the_dry_commit_is_the_one_of_what_was_deployed_though_others_were_rendered_since(
    deployed: tuple[str, ...], dry: str | None
) -> None:
    story = end(running().see(10, hydrations=(NEXT,)).see(11, hydrations=()), deployed)

    assert story.only.operation.result.dry == Dry("https://git.example.com/acme/dry", dry)


def test_an_end_that_only_history_tells_has_its_dry_commit() -> None:
    mine = replace(entry(6, 0, NEW), result=lambda: rendered(NEW))

    story = running().see(30, request=None, state=None, hydrations=(NEXT,), history=(*APPLICATION.history, mine))
    story.compare(31).rest()

    assert story.only.operation.result.dry == Dry("https://git.example.com/acme/dry", DRY)


def test_a_long_wait_keeps_what_was_rendered_first() -> None:
    story = running()
    for number in range(40):
        story.see(1 + number / 10, hydrations=(Hydration(f"{number:040x}", *OLD),))

    assert end(story).only.operation.result.dry == Dry("https://git.example.com/acme/dry", DRY)
