"""kopf's tasks, told from everybody else's, and ended for certain: kopf waits without end for one that it cancelled."""

import asyncio
import contextvars
from collections.abc import Collection
from typing import Any

GRACE_SECONDS = 6.0
"""How long kopf's tasks may take to end by themselves: a watch waits five seconds for what is under way."""

AGAIN_SECONDS = 0.5
"""After which a task that was cancelled, and is still there, is cancelled once more."""

_marked = contextvars.ContextVar("kopf_marked", default=False)

Tasks = Collection[asyncio.Task[Any]]


class KopfTasks:
    """Within the block, and in whatever is started from it, tasks are kopf's."""

    def __enter__(self) -> None:
        asyncio.get_running_loop().set_task_factory(_create)
        self._token = _marked.set(True)

    def __exit__(self, *_: object) -> None:
        _marked.reset(self._token)


async def run_tasks(roots: Tasks, *, grace: float = GRACE_SECONDS) -> None:
    """Until one of the roots ends; then end all that are kopf's. Raises what a root raised.

    ``kopf.run_tasks`` cancels all of them at once. A watch that is about to connect takes that for a pause, goes on,
    and is waited for as long as the process lives.
    """
    try:
        await asyncio.wait(roots, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in roots:
            task.cancel()
        await _end(grace)
    for task in roots:
        if not task.cancelled():
            task.result()


async def _end(grace: float) -> None:
    patience = grace
    while left := kopfs():
        done, left = await asyncio.wait(left, timeout=patience)
        for task in done:
            task.cancelled() or task.exception()  # or it is said that nobody asked
        # A watch cancels its waiter itself; one found cancelled makes the watch go on.
        for task in {task for task in left if not task.get_name().startswith("pause-waiter")} or left:
            task.cancel()
        patience = AGAIN_SECONDS


def kopfs() -> set[asyncio.Task[Any]]:
    """All tasks of kopf's that run."""
    return {task for task in asyncio.all_tasks() if isinstance(task, _KopfTask)}


class _KopfTask(asyncio.Task[Any]):
    """A task that may be cancelled with kopf. One is made for every event, so telling it apart must cost nothing."""


def _create(loop: asyncio.AbstractEventLoop, coro: Any, **kwargs: Any) -> asyncio.Task[Any]:
    context = kwargs.get("context")
    kopfs = _marked.get() if context is None else context.get(_marked, False)
    return (_KopfTask if kopfs else asyncio.Task)(coro, loop=loop, **kwargs)
