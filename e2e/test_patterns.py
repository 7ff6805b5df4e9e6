"""A pattern from the launcher, and the page over the OpenAPI document, in a browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from e2e.conftest import screenshot

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from e2e.conftest import Web


def test_a_pattern_is_filled_in_and_its_run_opens(page: Page, web: Web) -> None:
    web.stack.worker()
    page.goto("/demo/")
    page.locator("summary", has_text="Add, multiply").click()
    page.get_by_label("x", exact=True).fill("20")
    screenshot(page, "patterns")
    page.get_by_role("button", name="Run Add, multiply").click()
    expect(page).to_have_url(re.compile(r"/runs/[0-9a-f-]{36}/$"))
    expect(page.get_by_text("20 + 23 = 43")).to_be_visible()


def test_the_page_of_the_api_shows_every_group_and_nothing_is_refused(page: Page) -> None:
    """The fixture `complaints` fails on a console error or a report of the security policy."""
    page.goto("/api/docs/")
    expect(page.get_by_text("/api/chord-tasks/")).to_be_visible()
    page.get_by_text("/api/chord-tasks/").click()
    expect(page.get_by_role("button", name="Try it out")).to_be_visible()
    screenshot(page, "api-docs")
