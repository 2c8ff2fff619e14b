"""Without a mouse."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import Looking
from tests.operator_process import Operator


@pytest.fixture
def page_at_hand(page: Page, told: Operator) -> Page:
    Looking(page).sign_in(told)
    Looking(page).heading("What runs where")
    return page


def test_the_first_stop_leads_past_the_bar(page_at_hand: Page) -> None:
    page_at_hand.keyboard.press("Tab")
    expect(page_at_hand.get_by_role("link", name="Skip to the content")).to_be_focused()

    page_at_hand.keyboard.press("Enter")

    expect(page_at_hand.locator("main")).to_be_focused()


def test_every_stop_can_be_seen(page_at_hand: Page) -> None:
    unseen = []
    for _ in range(14):
        page_at_hand.keyboard.press("Tab")
        shown = page_at_hand.evaluate(
            "(() => { const at = document.activeElement, style = getComputedStyle(at);"
            " return [at.outerHTML.slice(0, 80), style.outlineStyle, parseFloat(style.outlineWidth)]; })()"
        )
        if shown[1] == "none" or shown[2] < 2:
            unseen.append(shown)

    assert unseen == []


def test_letters_lead_from_page_to_page(page_at_hand: Page) -> None:
    page_at_hand.keyboard.press("t")
    Looking(page_at_hand).heading("What happened")

    page_at_hand.keyboard.press("d")
    Looking(page_at_hand).heading("How well we deliver")

    page_at_hand.keyboard.press("e")
    Looking(page_at_hand).heading("What runs where")

    page_at_hand.keyboard.press("/")
    expect(page_at_hand.get_by_role("searchbox", name="Product")).to_be_focused()
    page_at_hand.keyboard.type("te")
    expect(page_at_hand.get_by_role("searchbox", name="Product")).to_have_value("te")


def test_the_shortcuts_are_told_and_put_away(page_at_hand: Page) -> None:
    page_at_hand.keyboard.press("?")
    dialog = page_at_hand.get_by_role("dialog")
    expect(dialog).to_contain_text("Timeline")

    page_at_hand.keyboard.press("Escape")

    expect(dialog).to_be_hidden()
