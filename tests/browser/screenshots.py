"""Pictures of the pages for docs/images: ``make screenshots``. Small, and made only by this command."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from tests.browser.chromium import FLAGS, chromium
from tests.browser.looking import Looking
from tests.browser.server import server, tell
from tests.browser.story import story
from tests.operator_process import Operator

FOLDER = Path(__file__).parents[2] / "docs/images"
WALL, PHONE = (1280, 800), (390, 780)


def main() -> None:
    """Make all of them."""
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="deploytrail-screenshots-") as name, sync_playwright() as playwright:
        folder = Path(name)
        with server(folder, tell(folder, story(datetime.now(UTC)))) as running:
            browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
            newest = running.deployments(product="payments", environment="production", limit=1)[0]["id"]
            _photograph(browser, running, "overview", "/", "light", WALL)
            _photograph(browser, running, "timeline", "/timeline", "dark", WALL)
            _photograph(browser, running, "deployment", f"/deployments/{newest}", "light", WALL)
            _photograph(browser, running, "dora", "/dora", "dark", WALL)
            _photograph(browser, running, "phone", "/", "light", PHONE)
            browser.close()


def _photograph(
    browser: Browser,
    running: Operator,
    name: str,
    path: str,
    colours: Literal["light", "dark"],
    size: tuple[int, int],
) -> None:
    context = browser.new_context(color_scheme=colours, viewport={"width": size[0], "height": size[1]})
    looking = Looking(context.new_page())
    looking.sign_in(running, path)
    looking.wait_until_live()
    looking.page.wait_for_function("document.fonts.status === 'loaded'")
    looking.page.screenshot(path=FOLDER / f"{name}.png")
    context.close()
    print(f"docs/images/{name}.png", flush=True)


if __name__ == "__main__":
    main()
