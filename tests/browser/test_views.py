"""Each page with real data: what it shows, and how one gets around in it."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import Looking
from tests.operator_process import Operator


@pytest.fixture
def looking(page: Page, told: Operator) -> Looking:
    there = Looking(page)
    there.sign_in(told)
    there.heading("What runs where")
    return there


def test_the_matrix_shows_versions_drift_and_the_attempt_that_failed(looking: Looking) -> None:
    row = looking.page.get_by_role("row").filter(has=looking.page.get_by_role("link", name="cart", exact=True))

    expect(looking.page.get_by_role("columnheader")).to_have_text(["Product", "development", "staging", "production"])
    expect(row.locator(".attempt.failed")).to_contain_text("2.17.0 failed")
    rolled_back = looking.page.get_by_role("row").filter(
        has=looking.page.get_by_role("link", name="payments", exact=True)
    )
    expect(rolled_back.locator(".tag")).to_have_text("drift")
    expect(rolled_back).to_contain_text("production has 2.17.3")


def test_a_filter_stands_in_the_address_and_the_way_back_undoes_it(looking: Looking) -> None:
    looking.page.get_by_role("searchbox", name="Product").fill("pay")
    expect(looking.page.get_by_role("row")).to_have_count(2)
    assert looking.page.url.endswith("/?q=pay")
    expect(looking.page.get_by_role("searchbox", name="Product")).to_be_focused()

    looking.page.get_by_label("Only what drifts").check()
    expect(looking.page).to_have_url(looking.page.url.partition("?")[0] + "?q=pay&drift=true")
    looking.page.get_by_role("link", name="Clear").click()
    expect(looking.page.locator("tbody tr")).to_have_count(10)
    looking.page.go_back()

    expect(looking.page.locator("tbody tr")).to_have_count(1)


def test_the_timeline_tells_failures_rollbacks_notes_and_gaps(looking: Looking) -> None:
    looking.page.get_by_role("link", name="Timeline").click()
    looking.heading("What happened")

    entries = looking.page.locator(".entry")

    expect(entries.filter(has_text="cart 2.17.0")).to_contain_text("one or more synchronization tasks")
    expect(entries.filter(has_text="payments 2.17.3").locator(".tag")).to_have_text("rollback")
    left = entries.filter(has_text="payments 2.18.0").filter(has_text="production")
    expect(left.locator(".tag")).to_have_text("failure: rolled back")
    expect(looking.page.locator(".entry.note").first).to_contain_text("express-pay")
    expect(looking.page.locator(".entry.gap")).to_contain_text("2 deployments of search")
    expect(entries.filter(has_text="identity 2.16.5").first).to_contain_text("not counted")


def test_older_ones_are_a_page_away(looking: Looking, told: Operator) -> None:
    looking.page.goto(f"{told.url}/timeline")
    first = looking.page.locator(".entry").first.inner_text()

    looking.page.get_by_role("link", name="Older").click()

    expect(looking.page.get_by_role("link", name="Newest")).to_be_visible()
    expect(looking.page.locator(".entry").first).not_to_have_text(first)


def test_a_deployment_tells_its_history_who_said_so_and_where_to_look_further(looking: Looking, told: Operator) -> None:
    looking.page.goto(f"{told.url}/timeline?product=payments&environment=production")
    looking.page.locator(".entry a").filter(has_text="2.17.3").click()
    looking.heading("payments 2.17.3")

    expect(looking.page.locator(".steps li")).to_have_count(2)
    expect(looking.page.locator(".reports > li")).to_have_count(2)
    looking.page.get_by_text("As it came").first.click()
    expect(looking.page.locator("details pre").first).to_contain_text('"phase": "started"')
    links = {
        link.inner_text().split()[0]: link.get_attribute("href") for link in looking.page.locator(".outside").all()
    }
    assert links["Argo"] == "https://argocd.example.com/applications/argocd/payments"
    assert any(str(href).startswith("https://github.com/acme/payments/commit/") for href in links.values())


def test_dora_is_drawn_over_time_and_told_in_numbers(looking: Looking) -> None:
    looking.page.get_by_role("link", name="DORA").click()
    looking.heading("How well we deliver")
    frequency = looking.page.get_by_role("region", name="Deployment frequency")

    expect(looking.page.locator(".plot canvas")).to_have_count(5)
    expect(frequency.locator(".big")).to_contain_text("a day")
    frequency.get_by_text("In numbers").click()
    expect(frequency.get_by_role("row")).to_have_count(30)
    looking.page.get_by_label("Period").select_option("90d")

    expect(frequency.get_by_role("row")).not_to_have_count(30)  # open as before, and by week
    expect(frequency.get_by_role("row").first).to_be_visible()
    assert looking.page.url.endswith("/dora?period=90d")
    expect(looking.page.locator(".plot canvas")).to_have_count(5)
    expect(looking.page.get_by_role("rowheader", name="payments")).to_be_visible()


def test_a_deployment_is_marked_on_its_page(looking: Looking, told: Operator) -> None:
    newest = told.deployments(product="shipping", environment="production", limit=1)[0]["id"]
    looking.page.goto(f"{told.url}/deployments/{newest}")
    looking.page.get_by_label("Was it a failure?").select_option("Yes")
    looking.page.get_by_label("Why").fill("Parcels went astray")
    looking.page.get_by_role("button", name="Mark").click()

    expect(looking.page.locator(".said")).to_contain_text("A failure. “Parcels went astray”")
    expect(looking.page.locator(".head")).to_contain_text("failure: marked")
    assert told.get(f"/api/v1/deployments/{newest}").json()["marks"][0]["by"] == "wall"


def test_an_address_that_leads_nowhere_says_so(looking: Looking, told: Operator) -> None:
    for path, title in (
        ("/deployments/never-was", "This is not here"),
        ("/timeline?nonsense=1", "Nothing can be found this way"),
        ("/timeline?before=garbage", "Nothing can be found this way"),
        ("/?q=no-such-product", "What runs where"),
    ):
        looking.page.goto(told.url + path)
        looking.heading(title)

    expect(looking.page.get_by_role("heading", name="Nothing matches")).to_be_visible()


def test_colours_are_remembered(looking: Looking, told: Operator) -> None:
    button = looking.page.get_by_role("button", name="Colours")

    def ground() -> str:
        return str(looking.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    bright = ground()
    button.click()
    button.click()
    dark = ground()
    looking.page.reload()

    assert bright != dark
    assert ground() == dark
    expect(button).to_have_accessible_name("Colours: dark")


def test_the_system_s_colours_are_followed(looking: Looking) -> None:
    looking.page.emulate_media(color_scheme="dark")

    assert looking.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(11, 15, 21)"
