"""Hostile text in a real browser: no script of its runs, and the policy has nothing to refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from project.tests.security.payloads import PAYLOADS
from project.tests.security.test_xss import fill

if TYPE_CHECKING:
    from playwright.sync_api import Page

TRAP = "window.trapped = []; window.trap = (n) => window.trapped.push(n);"
PATHS = (
    "/", "/demo/", "/audit/", "/diagnostics/", "/search/?q=trap", "/runs/run000/",
    "/runs/run003/?tab=details", "/runs/run010/?tab=attempts", "/runs/run041/", "/runs/run017/",
    "/?q=%3Cscript%3Etrap(1)%3C/script%3E", "/search/?q=%22%3E%3Csvg/onload=trap(3)%3E",
    "/admin/tasklog/taskrun/", "/admin/tasklog/tasklogline/",
)  # fmt: skip


def test_no_payload_runs_and_no_form_of_its_own_appears(page: Page) -> None:
    """The console is watched: a policy that had to refuse something would be an error there."""
    fill(list(PAYLOADS))
    page.add_init_script(TRAP)
    for path in PATHS:
        page.goto(path)
        page.mouse.move(300, 300)
        page.wait_for_timeout(150)
        assert page.evaluate("window.trapped") == [], path
        assert (
            page.locator("iframe, object, embed, math, base, main form[action*='evil']").count()
            == 0
        )
        assert "127.0.0.1" in page.url
    page.evaluate("trap(99)")
    assert page.evaluate("window.trapped") == [99], "the trap would not have caught anything"
