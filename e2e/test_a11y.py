"""axe finds nothing on the shell's pages: wide and narrow, light and dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from e2e.conftest import BOTH_WIDTHS
from e2e.test_runs import make_run

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATHS = {
    "runs": "/",
    "empty": "/?q=nothing",
    "diagnostics": "/diagnostics/",
    "missing": "/nowhere/",
}


def test_pages_are_accessible_and_fit(
    page: Page, look: Callable[[Page, str], None], complaints: Any
) -> None:
    complaints.expect("404")
    for state in (
        "PENDING",
        "STARTED",
        "RETRY",
        "SUCCESS",
        "FAILURE",
        "TIMEOUT",
        "REVOKED",
        "LOST",
    ):
        make_run(f"task.{state}", state=state, kwargs='{"feed": "acme"}', worker="celery@w1",
                 line_count=12, warning_count=3, error_count=1)  # fmt: skip
    for name, path in PATHS.items():
        page.goto(path)
        look(page, name)


def test_the_login_and_the_help_are_accessible(
    page: Page, look: Callable[[Page, str], None]
) -> None:
    page.goto("/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    look(page, "keys")
    page.context.clear_cookies()
    page.goto("/login/")
    look(page, "login")


@BOTH_WIDTHS
def test_the_content_can_be_reached_past_the_sidebar(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
