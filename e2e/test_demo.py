"""The launcher in a browser, with a real worker behind it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from e2e.conftest import Complaints, Web


def test_one_click_opens_the_run_and_its_lines_appear(page: Page, web: Web) -> None:
    web.stack.worker()
    page.goto("/demo/")
    page.get_by_role("button", name="Run Quick", exact=True).click()
    expect(page).to_have_url(re.compile(r"/runs/[0-9a-f-]{36}/$"))
    expect(page.get_by_text("invoice 2026-1187 for Ada Lovelace: rendering")).to_be_visible()
    expect(page.get_by_text("sent: 250 2.0.0 queued as 4Z1x9Kq")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("Succeeded").first).to_be_visible(timeout=15_000)


def test_staying_shows_the_run_in_the_list_and_follows_it(page: Page, web: Web) -> None:
    web.stack.worker()
    page.goto("/demo/")
    expect(page.get_by_text("Nothing started yet")).to_be_visible()
    page.get_by_label("Seconds", exact=True).fill("4")
    page.get_by_role("button", name="Start, stay here").click()
    row = page.get_by_role("row").filter(has_text="demo.long")
    expect(row).to_be_visible()
    expect(row.get_by_role("progressbar")).to_be_visible(timeout=10_000)
    expect(row.get_by_text("Succeeded")).to_be_visible(timeout=15_000)
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", name="demo.long")).to_be_visible()


def test_a_bad_duration_is_told_at_its_field(page: Page, complaints: Complaints) -> None:
    complaints.expect("422")
    page.goto("/demo/")
    for button in ("Start, stay here", "Start and watch"):
        page.get_by_label("Seconds", exact=True).fill("301")
        page.get_by_role("button", name=button).click()
        expect(page.get_by_text("A whole number of seconds from 1 to 300.")).to_be_visible()
        expect(page.get_by_label("Seconds", exact=True)).to_have_value("301")
    expect(page.get_by_text("Nothing started yet")).to_be_visible()


def test_the_launcher_is_accessible_and_fits(page: Page, look: Callable[[Page, str], None]) -> None:
    page.goto("/demo/")
    look(page, "demo")


@pytest.mark.parametrize("context_options", [{"java_script_enabled": False}])
def test_the_launcher_works_without_javascript(page: Page) -> None:
    page.goto("/demo/")
    page.get_by_role("button", name="Start, stay here").click()
    expect(page.get_by_text("Long started.")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="demo.long")).to_contain_text("Waiting")
