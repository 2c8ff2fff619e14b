"""axe finds nothing serious on any page, in light and dark, on a wall and on a phone."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.looking import Looking
from tests.operator_process import Operator

SIZES = {"wall": (1440, 900), "phone": (390, 844)}
SERIOUS = ("serious", "critical")


def findings(page: Page) -> list[str]:
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"][:3]
    ]


def paths(told: Operator) -> list[str]:
    newest = told.deployments(product="payments", environment="production", limit=1)[0]["id"]
    return [
        "/",
        "/?drift=true",
        "/timeline",
        "/dora",
        f"/deployments/{newest}",
        "/deployments/never-was",
        "/timeline?product=x",
    ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_nothing_serious(browser: Browser, told: Operator, colours: Any, size: str) -> None:
    width, height = SIZES[size]
    context = browser.new_context(color_scheme=colours, viewport={"width": width, "height": height}, bypass_csp=True)
    page = context.new_page()
    page.goto(f"{told.url}/signin")
    found = {"/signin": findings(page)}
    Looking(page).sign_in(told)
    Looking(page).heading("What runs where")
    for path in paths(told):
        page.goto(told.url + path)
        found[path] = findings(page)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            found[path].append(f"{wide} pixels wider than the window")
    context.close()

    assert {path: said for path, said in found.items() if said} == {}


def test_nothing_serious_where_nothing_is_yet(browser: Browser, empty: Operator) -> None:
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    Looking(page).sign_in(empty)
    Looking(page).heading("What runs where")

    assert findings(page) == []
    context.close()
