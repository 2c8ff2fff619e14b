"""What is recorded shows by itself, whoever recorded it; what cannot be had is said."""

from pathlib import Path

import httpx
from playwright.sync_api import expect

from tests.browser.looking import Looking
from tests.browser.server import another, server
from tests.operator_process import Operator
from tests.postgresql.server import Postgresql

EVENT = {
    "deployment_id": "live-1",
    "event_type": "completed",
    "status": "success",
    "repo_url": "https://git.example.com/shop/web",
    "branch": "main",
    "environment": "staging",
    "image": "shop/web:4.2.0",
    "start_time": "2026-03-02T12:00:00Z",
    "end_time": "2026-03-02T12:01:00Z",
}


def test_the_first_event_takes_the_place_of_the_words_that_say_how_to_send_it(
    looking: Looking, empty: Operator
) -> None:
    looking.sign_in(empty)
    looking.wait_until_live()
    expect(looking.page.get_by_role("heading", name="Nothing has been recorded yet")).to_be_visible()
    expect(looking.page.locator("pre").nth(1)).to_contain_text(f"curl {empty.url}/api/hooks/v2/deployment")

    empty.post(EVENT).raise_for_status()

    expect(looking.page.get_by_role("link", name="4.2.0")).to_be_visible()


def test_what_another_replica_recorded_shows_too(looking: Looking, postgresql_url: str, tmp_path: Path) -> None:
    with server(tmp_path, postgresql_url) as here, another(here, tmp_path, postgresql_url) as there:
        looking.sign_in(here, "/timeline")
        looking.wait_until_live()

        there.post(EVENT).raise_for_status()

        expect(looking.page.locator(".entry")).to_contain_text("shop/web 4.2.0")


def test_a_status_moves_on_where_it_stands_while_somebody_types(looking: Looking, empty: Operator) -> None:
    tell(empty, status="started")
    looking.sign_in(empty, "/timeline")
    looking.wait_until_live()
    expect(looking.page.locator(".entry")).to_contain_text("in progress")
    environment = looking.page.get_by_role("searchbox", name="Environment")
    environment.focus()

    tell(empty, status="failed")

    expect(looking.page.locator(".entry")).to_contain_text("failed")
    expect(environment).to_be_focused()


def test_while_the_store_is_away_the_page_stays_and_says_so(
    looking: Looking, postgresql: Postgresql, postgresql_url: str, tmp_path: Path
) -> None:
    with server(tmp_path, postgresql_url) as running:
        running.post(EVENT).raise_for_status()
        looking.sign_in(running)
        looking.wait_until_live()
        try:
            postgresql.kill()

            expect(looking.page.get_by_role("alert")).to_contain_text("cannot be reached")
            expect(looking.page.get_by_role("link", name="4.2.0")).to_be_visible()
            asked = looking.page.request.get(f"{running.url}/timeline")
        finally:
            postgresql.start()

        assert asked.status == 503
        assert "The records cannot be reached just now" in asked.text()
        expect(looking.page.get_by_role("alert")).to_be_hidden()
        looking.wait_until_live()


def tell(running: Operator, *, status: str) -> None:
    """As Versioner's clients do: the same deployment, one status after the other."""
    body = {"product_name": "cart", "version": "3.0.0", "environment_name": "production", "status": status}
    headers = {"Authorization": f"Bearer {running.key}"}
    httpx.post(f"{running.url}/deployment-events/", json=body, headers=headers).raise_for_status()
