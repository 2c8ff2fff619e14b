"""Whose task it is: kopf cancels every task of the loop that it is not told to leave alone."""

import asyncio
import contextvars

from deploytrail.kube.tasks import OTHERS, KopfTasks


def test_tasks_of_the_block_and_of_what_it_starts_are_kopfs() -> None:
    async def scene() -> list[bool]:
        started: list[asyncio.Task[None]] = []

        async def parent() -> None:
            started.append(asyncio.create_task(asyncio.sleep(0)))

        with KopfTasks():
            task = asyncio.create_task(parent())
        await task
        return [each in OTHERS for each in (task, *started)]

    assert asyncio.run(scene()) == [False, False]


def test_tasks_of_before_and_after_are_not() -> None:
    async def scene() -> list[bool]:
        before = asyncio.create_task(asyncio.sleep(0))
        with KopfTasks():
            pass
        after = asyncio.create_task(asyncio.sleep(0))
        await asyncio.gather(before, after)
        return [each in OTHERS for each in (before, after)]

    assert asyncio.run(scene()) == [True, True]


def test_a_task_belongs_where_the_context_given_to_it_is_from() -> None:
    async def scene() -> list[bool]:
        ours = contextvars.copy_context()
        with KopfTasks():
            kopfs = contextvars.copy_context()
            lent = asyncio.create_task(asyncio.sleep(0), context=ours)
        taken = asyncio.create_task(asyncio.sleep(0), context=kopfs)
        await asyncio.gather(lent, taken)
        return [each in OTHERS for each in (lent, taken)]

    assert asyncio.run(scene()) == [True, False]
