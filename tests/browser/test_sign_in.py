"""The way in and out, in a real browser."""

from pathlib import Path

import httpx
from playwright.sync_api import BrowserContext, expect

from tests.browser.looking import Looking
from tests.browser.server import create_key
from tests.operator_process import Operator, deploytrail
from tests.waiting import wait_until


def test_who_signs_in_gets_the_page_they_asked_for(looking: Looking, told: Operator) -> None:
    looking.sign_in(told, "/timeline?product=payments")

    looking.heading("What happened")
    assert looking.page.url == f"{told.url}/timeline?product=payments"
    expect(looking.page.get_by_role("searchbox", name="Product")).to_have_value("payments")


def test_the_session_is_a_cookie_that_no_script_reads_and_that_is_not_the_key(
    looking: Looking, told: Operator, context: BrowserContext
) -> None:
    looking.sign_in(told)
    looking.heading("What runs where")

    (cookie,) = context.cookies()

    assert (cookie["httpOnly"], cookie["sameSite"], cookie["secure"]) == (True, "Lax", False)
    assert told.key not in cookie["value"]
    assert looking.page.evaluate("document.cookie") == ""


def test_a_wrong_key_is_refused_in_words(looking: Looking, told: Operator) -> None:
    looking.sign_in(told, key="dtk_00000000_this-is-not-a-key-at-all")

    expect(looking.page.get_by_role("alert")).to_contain_text("not known")
    expect(looking.page.get_by_label("Key", exact=True)).to_be_focused()


def test_signing_out_ends_it(looking: Looking, told: Operator, context: BrowserContext) -> None:
    looking.sign_in(told)
    looking.page.get_by_role("button", name="Sign out").click()

    looking.heading("Sign in")
    looking.page.goto(f"{told.url}/timeline")
    looking.heading("Sign in")
    assert context.cookies() == []


def test_a_revoked_key_ends_an_open_page(looking: Looking, empty: Operator, tmp_path: Path) -> None:
    key = create_key(tmp_path, "visitor", "read")
    wait_until(lambda: empty.get("/api/v1/deployments", key=key).raise_for_status())
    looking.sign_in(empty, key=key)
    looking.wait_until_live()

    deploytrail("keys", "revoke", "visitor", "--keys-file", f"{tmp_path}/keys.json").check_returncode()

    looking.heading("Sign in")


def test_a_key_without_the_scope_read_does_not_open_it(looking: Looking, empty: Operator, tmp_path: Path) -> None:
    key = create_key(tmp_path, "ci", "ingest")
    looking.sign_in(empty, key=key)

    expect(looking.page.get_by_role("alert")).to_contain_text("scope read")


def test_without_scripts_it_works_too(told: Operator, context: BrowserContext) -> None:
    plain = context.browser.new_context(java_script_enabled=False)  # type: ignore[union-attr]
    looking = Looking(plain.new_page())
    looking.sign_in(told, "/timeline")

    looking.page.get_by_label("Status").select_option("failed")
    looking.page.get_by_role("button", name="Show").click()

    expect(looking.page.locator(".entry.failed").first).to_be_visible()
    expect(looking.page.locator(".entry.completed")).to_have_count(0)
    plain.close()


def test_another_site_cannot_sign_anybody_in_or_out(told: Operator) -> None:
    from_elsewhere = {"Origin": "https://evil.example.com", "Sec-Fetch-Site": "cross-site"}

    answers = [
        httpx.post(told.url + path, data={"key": told.key}, headers=from_elsewhere) for path in ("/signin", "/signout")
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert not any("set-cookie" in answer.headers for answer in answers)
