"""Group commit: who shares a commit with whom, and whom that may not hurt."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from deploytrail.errors import Unavailable
from deploytrail.stores.sql.grouping import HEAVIEST_TOGETHER, HEAVIEST_WAITING, MOST_TOGETHER, GroupCommit

Items = Sequence[int]


class Disk:
    """Commits when it is told to, and remembers what shared a commit. Answers ten times the item."""

    def __init__(self) -> None:
        self.commits: list[list[int]] = []
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def commit(self, items: Items) -> list[int | Exception]:
        self.commits.append(list(items))
        self.begun.set()
        await self.may_end.wait()
        return [item * 10 for item in items]


def on(act: Callable[[GroupCommit[int, int], Disk], Awaitable[None]], *, weight: int = 1, most: int = 5000) -> None:
    async def scene() -> None:
        disk = Disk()
        group: GroupCommit[int, int] = GroupCommit(disk.commit, weigh=lambda _: weight, most_waiting=most)
        group.start()
        try:
            await act(group, disk)
        finally:
            disk.may_end.set()
            await group.stop()

    asyncio.run(scene())


async def during_a_commit(group: GroupCommit[int, int], disk: Disk) -> "asyncio.Task[int]":
    """One item whose commit is under way."""
    first = asyncio.create_task(group.submit(0))
    await disk.begun.wait()
    return first


async def submitted(group: GroupCommit[int, int], items: Sequence[int]) -> "list[asyncio.Task[int]]":
    tasks = [asyncio.create_task(group.submit(item)) for item in items]
    await asyncio.sleep(0)  # each has come as far as it gets
    return tasks


def test_what_arrives_during_a_commit_shares_the_next_one() -> None:
    async def act(group: GroupCommit[int, int], disk: Disk) -> None:
        first = await during_a_commit(group, disk)
        others = await submitted(group, [1, 2, 3])
        disk.may_end.set()

        answers = await asyncio.gather(first, *others)

        assert disk.commits == [[0], [1, 2, 3]]
        assert answers == [0, 10, 20, 30]

    on(act)


def test_nobody_is_answered_before_the_commit_is_done() -> None:
    async def act(group: GroupCommit[int, int], disk: Disk) -> None:
        first = await during_a_commit(group, disk)

        done, _ = await asyncio.wait({first}, timeout=0.05)

        assert not done

    on(act)


def test_a_request_that_gives_up_takes_nothing_from_the_others() -> None:
    async def act(group: GroupCommit[int, int], disk: Disk) -> None:
        first = await during_a_commit(group, disk)
        gone, stays = await submitted(group, [1, 2])
        first.cancel()
        gone.cancel()
        disk.may_end.set()

        assert await stays == 20
        assert disk.commits == [[0], [1, 2]]
        assert await group.submit(3) == 30

    on(act)


def test_a_full_queue_refuses_at_once() -> None:
    async def act(group: GroupCommit[int, int], disk: Disk) -> None:
        await during_a_commit(group, disk)
        await submitted(group, [1, 2])

        with pytest.raises(Unavailable, match="too many") as refused:
            await group.submit(3)

        assert refused.value.retry_after == 1

    on(act, most=2)


def test_too_many_bytes_are_refused_but_one_large_report_is_not() -> None:
    async def act(group: GroupCommit[int, int], disk: Disk) -> None:
        await during_a_commit(group, disk)
        (large,) = await submitted(group, [1])

        with pytest.raises(Unavailable, match="too many"):
            await group.submit(2)
        disk.may_end.set()

        assert await large == 10

    on(act, weight=HEAVIEST_WAITING)


@pytest.mark.parametrize(("weight", "largest"), [(1, MOST_TOGETHER), (HEAVIEST_TOGETHER // 3, 3)])
def test_a_commit_has_a_largest_size(weight: int, largest: int) -> None:
    async def act(group: GroupCommit[int, int], disk: Disk) -> None:
        first = await during_a_commit(group, disk)
        others = await submitted(group, range(largest + 1) if weight == 1 else range(4))
        disk.may_end.set()

        await asyncio.gather(first, *others)

        assert [len(commit) for commit in disk.commits] == [1, largest, 1]

    on(act, weight=weight)


def test_an_answer_that_is_an_exception_is_raised_to_the_one_it_is_for() -> None:
    async def scene() -> None:
        async def commit(items: Items) -> list[int | Exception]:
            return [Unavailable("even") if item % 2 == 0 else item for item in items]

        group: GroupCommit[int, int] = GroupCommit(commit, weigh=lambda _: 1)
        group.start()

        answers = await asyncio.gather(*(group.submit(n) for n in range(4)), return_exceptions=True)

        assert [type(answer) for answer in answers] == [Unavailable, int, Unavailable, int]
        await group.stop()

    asyncio.run(scene())


def test_a_defect_is_raised_to_everybody_in_the_commit_and_the_next_one_goes_on() -> None:
    async def scene() -> None:
        async def commit(items: Items) -> list[int | Exception]:
            if 13 in items:
                raise ZeroDivisionError
            return list(items)

        group: GroupCommit[int, int] = GroupCommit(commit, weigh=lambda _: 1)
        group.start()

        answers = await asyncio.gather(group.submit(13), group.submit(1), return_exceptions=True)

        assert [type(answer) for answer in answers] == [ZeroDivisionError, ZeroDivisionError]
        assert await group.submit(2) == 2
        await group.stop()

    asyncio.run(scene())


def test_what_waits_is_committed_before_it_stops_and_nothing_more_is_taken() -> None:
    async def act(group: GroupCommit[int, int], disk: Disk) -> None:
        first = await during_a_commit(group, disk)
        others = await submitted(group, [1, 2])
        stopping = asyncio.create_task(group.stop())
        await asyncio.sleep(0)

        with pytest.raises(Unavailable, match="stopping"):
            await group.submit(3)
        disk.may_end.set()
        await stopping

        assert [first.result(), *(each.result() for each in others)] == [0, 10, 20]

    on(act)
