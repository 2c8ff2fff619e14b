"""A browser for all tests, a fresh profile for each, and a server with a story in it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis.core  # noqa: F401 - here, because Python 3.11 cannot parse in the greenlets of Playwright
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.chromium import FLAGS, chromium
from tests.browser.looking import Looking
from tests.browser.server import server, tell
from tests.browser.story import story
from tests.operator_process import Operator

expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A profile of its own."""
    fresh = browser.new_context(viewport={"width": 1280, "height": 860})
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Ends with a failure when anything went wrong in it that nobody looked at: a script's error, a request to another
    host, or something that the Content-Security-Policy forbids."""
    opened = context.new_page()
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(f"script: {error}"))
    opened.on("console", lambda said: troubles.append(said.text) if "Content Security" in said.text else None)
    opened.on(
        "request",
        lambda asked: None if re.match(r"(http://127\.0\.0\.1:|data:)", asked.url) else troubles.append(asked.url),
    )
    yield opened
    assert troubles == []


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """A server with a month of deployments in it, which tests only read."""
    folder = tmp_path_factory.mktemp("told")
    with server(folder, tell(folder, story(datetime.now(UTC)))) as running:
        yield running


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Operator]:
    """A server of the test's own, with nothing in it."""
    with server(tmp_path, f"sqlite:///{tmp_path}/deploytrail.db") as running:
        yield running


@pytest.fixture
def looking(page: Page) -> Looking:
    return Looking(page)
