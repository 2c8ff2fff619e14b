"""Waiting for a condition, never for a time."""

import asyncio
import inspect
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

PATIENCE = 60.0
"""Seconds: far more than anything needs on a busy machine, so that only a defect runs into it."""


async def until(condition: Callable[[], Any], *, patience: float = PATIENCE) -> Any:
    """Ask again and again until the answer is neither false nor an exception (None counts as an answer)."""
    deadline = time.monotonic() + patience
    while True:
        try:
            answer = condition()
            result = await answer if inspect.isawaitable(answer) else answer
        except Exception:
            if time.monotonic() > deadline:
                raise
        else:
            if result is not False:
                return result
            if time.monotonic() > deadline:
                raise TimeoutError(f"not true within {patience} s: {condition}")
        await asyncio.sleep(0.02)


def wait_until(condition: Callable[[], Any], *, patience: float = PATIENCE) -> Any:
    """The same for code without a loop."""
    return run(until(condition, patience=patience))


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """``asyncio.run``, also in a thread whose loop is running already, as Playwright's is while tests are."""
    with ThreadPoolExecutor(1, thread_name_prefix="apart") as apart:
        return apart.submit(asyncio.run, coroutine).result()
