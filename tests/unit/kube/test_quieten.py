"""What is taken out of the log, and what must stay in it."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from deploytrail.kube.frugal import quieten


async def infinite_watch() -> AsyncIterator[int]:
    """Fails when it is closed, as kopf's generator of this name does when its inner one is closed first."""
    try:
        yield 1
    finally:
        raise RuntimeError("generator didn't stop after athrow()")


async def ours() -> AsyncIterator[int]:
    """Fails when it is closed."""
    try:
        yield 1
    finally:
        raise RuntimeError("a defect")


def test_a_watch_of_kopf_that_is_left_open_is_no_error_and_a_generator_of_ours_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    left = []

    async def leave_open() -> None:
        for generator in (infinite_watch(), ours()):
            await anext(generator)
            left.append(generator)

    quieten()
    with caplog.at_level(logging.ERROR):
        asyncio.run(leave_open())

    assert [record.exc_info[1].args for record in caplog.records if record.exc_info and record.exc_info[1]] == [
        ("a defect",)
    ]
