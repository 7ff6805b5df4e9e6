"""Search in a browser: ask, be corrected, read, follow a match into its log, go on."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

IMPORT = (
    ("stdout", 0, "", "batch 361/580  ok   50 orders  12.4 ms/order"),
    ("stdout", 0, "", "batch 362/580  ok   50 orders  11.9 ms/order"),
    ("log", 30, "orders.pricing", "currency missing on order A-77120, assuming EUR"),
    ("stdout", 0, "", "batch 363/580  ok   50 orders  12.1 ms/order"),
    ("stderr", 0, "", "Traceback (most recent call last):"),
    ("stderr", 0, "", '  File "orders/importer.py", line 88, in save_batch'),
    ("log", 40, "orders.importer", "order A-77131 exists since 2026-11-19: duplicate refused"),
    ("log", 20, "orders.importer", "batch 364 repaired: 1 duplicate skipped, 49 saved"),
)


def say(task_id: str, *lines: Any, ago: float = 60, **run: Any) -> None:
    from tasklog.models import TaskLogLine, TaskRun

    at = timezone.now() - timedelta(seconds=ago)
    TaskRun.objects.create(task_id=task_id, created_at=at, started_at=at, **run)
    for n, (stream, level, logger, message) in enumerate(lines):
        TaskLogLine.objects.create(
            task_id=task_id, stream=stream, level=level, logger=logger, message=message,
            timestamp=at + timedelta(seconds=n),
        )  # fmt: skip


@pytest.fixture
def logs(user: Any) -> None:
    say("5f3c0000-0000-4000-8000-00000000e91a", *IMPORT, ago=120, name="orders.import_feed",
        state="FAILURE", worker="worker-1", queue="high")  # fmt: skip
    for n in range(25):
        charge = [
            ("stdout", 0, "", f"charged card {n}-{card} for order A-7{n}{card}")
            for card in range(3)
        ]
        say(f"charge-{n:02}", *charge, ago=600 + n, name="billing.charge_cards", state="SUCCESS")


def ask(page: Page, query: str) -> None:
    page.goto("/search/")
    box(page).fill(query)
    box(page).press("Enter")


def box(page: Page) -> Locator:
    return page.get_by_role("searchbox", name="Search all lines")


def group(page: Page, task: str) -> Locator:
    return page.get_by_role("article").filter(has=page.get_by_role("heading", name=task))


def test_the_empty_page_offers_examples_that_work(
    page: Page, logs: None, look: Callable[[Page, str], None]
) -> None:
    page.goto("/")
    page.get_by_role("link", name="Search", exact=True).click()
    expect(box(page)).to_be_focused()
    look(page, "search-empty")
    page.get_by_role("link", name="level:error task:import after:1h").click()
    expect(group(page, "orders.import_feed").locator("mark")).to_have_count(0)
    expect(group(page, "orders.import_feed")).to_contain_text("A-77131 exists")


def test_matches_are_marked_in_their_context(
    page: Page, logs: None, look: Callable[[Page, str], None]
) -> None:
    ask(page, "a-77 task:import")
    found = group(page, "orders.import_feed")
    expect(found.locator("mark")).to_have_text(["A-77", "A-77"])
    expect(found).to_contain_text("Traceback (most recent call last):")
    expect(page.get_by_role("status")).to_contain_text("2 matches in 1 run")
    look(page, "search-results")


def test_a_match_leads_to_its_line_in_the_log(page: Page, logs: None) -> None:
    ask(page, "a-77131")
    group(page, "orders.import_feed").get_by_role("link", name="7", exact=True).click()
    expect(page).to_have_url(re.compile(r"/runs/5f3c[^/]+/\?line=7#L7$"))
    expect(page.locator('[name="L7"]')).to_be_visible()


def test_a_bad_query_is_pointed_at_and_can_be_mended(
    page: Page, logs: None, look: Callable[[Page, str], None]
) -> None:
    ask(page, 'levl:error order stream:loud "A-771')
    told = page.get_by_role("alert")
    expect(told).to_contain_text("Did you mean “level”?")
    expect(told).to_contain_text("stdout, stderr, log, system")
    expect(told).to_contain_text("This quote is not closed")
    look(page, "search-problems")
    box(page).fill("level:error order")
    box(page).press("Enter")
    expect(group(page, "orders.import_feed")).to_be_visible()


def test_older_matches_join_those_on_the_page(page: Page, logs: None) -> None:
    ask(page, "charged")
    first, last = page.get_by_title("charge-00"), page.get_by_title("charge-24")
    expect(last.or_(first)).to_have_count(1)
    page.get_by_role("link", name="Older matches").click()
    expect(last).to_be_visible()
    expect(first).to_be_visible()
    expect(page.get_by_text("That is all: no older run has a match.")).to_be_visible()
