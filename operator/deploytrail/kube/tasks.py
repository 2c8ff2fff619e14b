"""Telling kopf's tasks from everybody else's: on exit kopf cancels every task of the loop that is not ignored."""

import asyncio
import contextvars
from typing import Any

_marked = contextvars.ContextVar("kopf_marked", default=False)


class KopfTasks:
    """Within the block, and in whatever is started from it, tasks are kopf's."""

    def __enter__(self) -> None:
        asyncio.get_running_loop().set_task_factory(_create)
        self._token = _marked.set(True)

    def __exit__(self, *_: object) -> None:
        _marked.reset(self._token)


class _Others:
    def __contains__(self, task: object) -> bool:
        return not isinstance(task, _KopfTask)


OTHERS: Any = _Others()
"""Contains every task that is not kopf's: what ``kopf.run_tasks`` is told to ignore."""


class _KopfTask(asyncio.Task[Any]):
    """A task that kopf may cancel. One is made for every event, so telling it apart must cost nothing."""


def _create(loop: asyncio.AbstractEventLoop, coro: Any, **kwargs: Any) -> asyncio.Task[Any]:
    context = kwargs.get("context")
    kopfs = _marked.get() if context is None else context.get(_marked, False)
    return (_KopfTask if kopfs else asyncio.Task)(coro, loop=loop, **kwargs)
