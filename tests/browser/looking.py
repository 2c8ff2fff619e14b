"""What a person does with a page, in a few words."""

from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.operator_process import Operator


@dataclass(frozen=True)
class Looking:
    """Somebody in front of a browser."""

    page: Page

    def sign_in(self, running: Operator, path: str = "/", *, key: str | None = None) -> None:
        """Ask for a page, be sent to the door, come in with the key."""
        self.page.goto(running.url + path)
        self.page.get_by_label("Key", exact=True).fill(running.key if key is None else key)
        self.page.get_by_role("button", name="Sign in").click()

    def wait_until_live(self) -> None:
        """Until changes would be told."""
        expect(self.page.locator("#live")).to_have_attribute("data-state", "on")

    def heading(self, text: str) -> None:
        """The page's first heading is this."""
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(text)
