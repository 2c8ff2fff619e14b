"""Whose task it is, and that none of kopf's outlives it."""

import asyncio
import contextvars

import pytest

from deploytrail.kube.tasks import KopfTasks, kopfs, run_tasks


def test_tasks_of_the_block_and_of_what_it_starts_are_kopfs() -> None:
    async def scene() -> list[bool]:
        started: list[asyncio.Task[None]] = []

        async def parent() -> None:
            started.append(asyncio.create_task(asyncio.sleep(0)))
            await asyncio.sleep(0)

        with KopfTasks():
            task = asyncio.create_task(parent())
        while not started:
            await asyncio.sleep(0)
        return [each in kopfs() for each in (task, *started)]

    assert asyncio.run(scene()) == [True, True]


def test_tasks_of_before_and_after_are_not() -> None:
    async def scene() -> list[bool]:
        before = asyncio.create_task(asyncio.sleep(0))
        with KopfTasks():
            pass
        after = asyncio.create_task(asyncio.sleep(0))
        return [each in kopfs() for each in (before, after)]

    assert asyncio.run(scene()) == [False, False]


def test_a_task_belongs_where_the_context_given_to_it_is_from() -> None:
    async def scene() -> list[bool]:
        ours = contextvars.copy_context()
        with KopfTasks():
            kopfs_context = contextvars.copy_context()
            lent = asyncio.create_task(asyncio.sleep(0), context=ours)
        taken = asyncio.create_task(asyncio.sleep(0), context=kopfs_context)
        return [each in kopfs() for each in (lent, taken)]

    assert asyncio.run(scene()) == [False, True]


async def fail() -> None:
    raise RuntimeError("a watch failed")


async def stand() -> None:
    await asyncio.Event().wait()


async def stand_after_a_cancellation() -> None:
    """As a watch of kopf's that was about to connect."""
    try:
        await stand()
    except asyncio.CancelledError:
        await stand()


async def finish(done: list[str]) -> None:
    """As a watch that has events under way."""
    try:
        await stand()
    except asyncio.CancelledError:
        await asyncio.sleep(0.01)
        done.append("finished")
        raise


def test_when_a_root_fails_all_end_and_its_failure_is_told() -> None:
    async def scene() -> set[asyncio.Task[object]]:
        other = asyncio.create_task(stand())
        with KopfTasks():
            orphans = [asyncio.create_task(stand(), name=f"pause-waiter for {kind}") for kind in "ab"]
            orphans += [asyncio.create_task(stand()), asyncio.create_task(stand_after_a_cancellation())]
            roots = [asyncio.create_task(stand()), asyncio.create_task(fail())]
        with pytest.raises(RuntimeError, match="a watch failed"):
            await run_tasks(roots, grace=0.01)
        assert not other.done()
        assert all(orphan.cancelled() for orphan in orphans)
        return kopfs()

    assert asyncio.run(scene()) == set()


def test_what_is_under_way_may_finish() -> None:
    done: list[str] = []

    async def scene() -> None:
        with KopfTasks():
            roots = [asyncio.create_task(finish(done)), asyncio.create_task(asyncio.sleep(0))]
        await run_tasks(roots)

    asyncio.run(scene())
    assert done == ["finished"]


def test_who_is_cancelled_while_it_waits_for_them_waits_no_longer() -> None:
    async def scene() -> None:
        with KopfTasks():
            roots = [asyncio.create_task(stand_after_a_cancellation())]
        running = asyncio.create_task(run_tasks(roots, grace=60))
        for _ in range(2):
            await asyncio.sleep(0)
            running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(scene())
