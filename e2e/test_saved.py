"""Saved views and the kept switches in a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from e2e.test_runs import make_run
from e2e.viewer import Log, Writer

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_a_filter_is_saved_while_the_list_lives_and_is_a_click_away(page: Page) -> None:
    make_run("import.failed", state="FAILURE")
    page.goto("/?state=failed")
    page.get_by_text("Save this view").click()
    name = page.get_by_label("Name of the view")
    name.fill("failing")
    make_run("import.other", state="FAILURE")
    with page.expect_response(lambda answer: "/?state=failed" in answer.url and answer.ok) as news:
        page.evaluate("htmx.trigger('#live', 'wake')")
    assert "import.other" in news.value.text()
    expect(name).to_have_value("failing")
    name.press("Enter")
    chip = page.get_by_role("navigation", name="Saved views").get_by_role("link", name="failing")
    expect(chip).to_have_attribute("aria-current", "true")
    page.goto("/")
    chip.click()
    expect(page).to_have_url("/?state=failed")


def test_a_view_is_kept_and_found_again_without_a_mouse(page: Page) -> None:
    make_run("import.failed", state="FAILURE")
    page.goto("/?state=failed")
    page.get_by_text("Save this view").focus()
    page.keyboard.press("Enter")
    name = page.get_by_label("Name of the view")
    expect(name).to_be_focused()
    page.keyboard.type("failing imports")
    page.keyboard.press("Enter")
    chips = page.get_by_role("navigation", name="Saved views")
    expect(chips.get_by_role("link", name="failing imports")).to_be_visible()
    page.goto("/tasks/")
    page.keyboard.press("Control+k")
    page.keyboard.type("imports")
    hits = page.locator("#palette [data-hit]")
    expect(hits).to_have_count(1)
    expect(hits).to_contain_text("View")
    page.keyboard.press("ArrowDown")
    expect(hits).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url("/?state=failed")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("Go to a page, a saved view")


def test_a_switch_follows_its_reader_to_another_browser(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.count(3)
    log.open()
    with page.expect_response("**/preferences/") as answer:
        page.keyboard.press("w")
    assert answer.value.status == 204
    page.evaluate("localStorage.clear()")  # a browser that has never been here
    log.open()
    expect(page.get_by_role("button", name="Wrap")).to_have_attribute("aria-pressed", "false")


def test_saved_views_are_readable_in_every_size_and_scheme(
    page: Page, user: Any, look: Callable[[Page, str], None]
) -> None:
    from dashboard.saved import save

    for name in ("failing today", "nightly imports", "a name as long as a name may be" + " x" * 14):
        save(user, "runs", f"q={name.split()[0]}", name, shared=name.startswith("n"))
    save(user, "search", "q=level:error+after:1h", "errors of the last hour")
    make_run("nightly.failed", state="FAILURE")
    for word, url in (("runs", "/?q=nightly"), ("search", "/search/?q=x"), ("views", "/views/")):
        page.goto(url)
        if word == "views":
            page.get_by_text("Rename").first.click()
        look(page, f"saved-{word}")
    page.goto("/?state=failed")
    page.get_by_text("Save this view").click()
    look(page, "saved-form")
