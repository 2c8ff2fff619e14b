"""What is taken out of the log, and what must stay in it."""

import asyncio
import logging
from collections.abc import AsyncIterator

import aiohttp
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


@pytest.mark.parametrize(
    ("attempt", "failure", "said"),
    [
        ("#1", aiohttp.ClientConnectionError("Cannot connect"), True),
        ("#2", aiohttp.ClientConnectionError("Cannot connect"), False),
        ("#1", aiohttp.ClientConnectionError("Connector is closed."), False),
    ],
    ids=["an outage begins", "it lasts", "our own end"],
)
def test_of_requests_that_fail_the_first_is_a_warning(
    attempt: str, failure: Exception, said: bool, caplog: pytest.LogCaptureFixture
) -> None:
    quieten()

    logging.getLogger("kopf._core.reactor.observation").error(
        f"Request attempt {attempt} failed; will retry: GET https://10.0.0.1/apis -> {failure!r}"
    )

    assert [record.levelname for record in caplog.records] == ["WARNING"] * said
