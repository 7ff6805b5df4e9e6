"""The runs list in a browser: it filters, stays fresh, pages and obeys the keyboard."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from e2e.ui import RunsPage

if TYPE_CHECKING:
    from playwright.sync_api import Page


def make_run(task_id: str, *, ago: float = 60, **values: Any) -> Any:
    from tasklog.models import TaskRun

    at = timezone.now() - timedelta(seconds=ago)
    given = {"name": task_id, "created_at": at, "queued_at": at, **values}
    return TaskRun.objects.create(task_id=task_id, **given)


@pytest.fixture
def runs(page: Page) -> RunsPage:
    make_run("import.failed", ago=30, state="FAILURE", queue="high", args="[4471]")
    make_run("import.running", ago=20, state="STARTED", started_at=timezone.now(), progress=20)
    make_run("import.waiting", ago=10, state="PENDING")
    return RunsPage(page)


def test_a_chip_narrows_the_list_and_the_address_remembers(runs: RunsPage) -> None:
    runs.open().chip("Failed").click()
    runs.should_list("import.failed")
    assert runs.page.url.endswith("?state=failed")
    runs.page.reload()
    runs.should_list("import.failed")
    runs.page.go_back()
    runs.should_list("import.waiting", "import.running", "import.failed")


def test_a_menu_and_the_search_box_narrow_further(runs: RunsPage) -> None:
    runs.open().choose("Queue", "high")
    runs.should_list("import.failed")
    runs.find("4471")
    # Before the page's script has come the form is sent with its empty fields as well.
    expect(runs.page).to_have_url(re.compile(r"/\?(?=.*\bqueue=high\b)(?=.*\bq=4471\b)"))
    runs.should_list("import.failed")
    runs.find("no-such-thing")
    expect(runs.page.get_by_role("heading", name="No run matches")).to_be_visible()


def test_rows_change_in_place_without_a_reload(runs: RunsPage) -> None:
    from tasklog.models import TaskRun

    runs.open()
    runs.link("import.running").focus()
    TaskRun.objects.filter(pk="import.running").update(
        state="SUCCESS", finished_at=timezone.now(), line_count=1204
    )
    expect(runs.row("import.running")).to_contain_text("Succeeded", timeout=10_000)
    expect(runs.row("import.running")).to_contain_text("1,204")
    expect(runs.link("import.running")).to_be_focused()


def test_a_hidden_tab_does_not_ask(runs: RunsPage) -> None:
    runs.open()
    runs.page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    asked: list[str] = []
    runs.page.on("request", lambda request: asked.append(request.url))
    runs.page.wait_for_timeout(4500)
    assert asked == []


def test_older_and_newer_walk_the_pages(page: Page) -> None:
    for n in range(120):
        make_run(f"task{n:03}", ago=1000 - n, state="SUCCESS")
    runs = RunsPage(page).open()
    runs.page.get_by_role("link", name="Older").click()
    expect(runs.link("task069")).to_be_visible()
    runs.page.get_by_role("link", name="Older").click()
    expect(runs.link("task000")).to_be_visible()
    runs.page.get_by_role("link", name="Newer").click()
    expect(runs.link("task069")).to_be_visible()


def test_keys_find_walk_and_help(runs: RunsPage) -> None:
    page = runs.open().page
    page.keyboard.press("j")
    expect(runs.link("import.waiting")).to_be_focused()
    page.keyboard.press("j")
    expect(runs.link("import.running")).to_be_focused()
    page.keyboard.press("k")
    expect(runs.link("import.waiting")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("Find runs")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_the_chosen_theme_is_kept(runs: RunsPage) -> None:
    page = runs.open().page
    page.get_by_role("button", name="Theme: system").click()
    page.get_by_role("button", name="Theme: light").click()
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 19, 21)"


def test_filters_work_without_javascript(browser: Any, web: Any, user: Any, page: Page) -> None:
    make_run("import.failed", state="FAILURE")
    make_run("import.good", state="SUCCESS")
    context = browser.new_context(base_url=web.url, java_script_enabled=False)
    context.add_cookies(page.context.cookies())
    plain = RunsPage(context.new_page()).open()
    plain.chip("Failed").click()
    plain.should_list("import.failed")
    plain.find("nothing")
    expect(plain.page.get_by_role("heading", name="No run matches")).to_be_visible()
    context.close()


def test_a_cold_page_is_light_and_asks_nobody_else(page: Page, web: Any) -> None:
    for n in range(60):
        make_run(f"task{n:03}", state="SUCCESS", kwargs='{"feed": "acme", "since": "2026-11-20"}')
    loaded = []
    page.on("requestfinished", lambda request: loaded.append(request))
    page.goto("/", wait_until="load")
    sizes = [request.sizes()["responseBodySize"] for request in loaded]
    assert all(request.url.startswith(web.url) for request in loaded)
    assert len(loaded) <= 5, [request.url for request in loaded]
    assert sum(sizes) <= 100_000, list(zip((r.url for r in loaded), sizes, strict=True))
