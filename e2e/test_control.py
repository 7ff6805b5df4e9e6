"""Acting on a run, in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from e2e.conftest import screenshot

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def failed_run(transactional_db: None) -> str:
    from tasklog.models import TaskRun

    run = TaskRun.objects.create(
        task_id="5f3c1a2b-9d1e-4c55-8a70-3f1b2c3de91a", name="demo.quick", state="FAILURE",
        payload="exact", args="[]", kwargs="{}", exception="PriceError: no such currency",
    )  # fmt: skip
    return str(run.pk)


def test_retry_asks_and_lands_on_the_new_run(
    page: Page, failed_run: str, axe: Callable[[Page], None]
) -> None:
    page.goto(f"/runs/{failed_run}/")
    screenshot(page, "control-run")
    page.get_by_role("link", name="Retry", exact=True).click()
    expect(page.get_by_role("heading", name="Retry this run?")).to_be_visible()
    axe(page)
    screenshot(page, "control-retry")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("Sent again: this is the new run.")).to_be_visible()
    expect(page).not_to_have_url(re.compile(failed_run))
    page.get_by_role("link", name="5f3c…e91a").click()
    expect(page.get_by_text("Sent again as")).to_be_visible()


def test_many_are_ticked_and_looked_at_first(
    page: Page, failed_run: str, axe: Callable[[Page], None]
) -> None:
    page.goto("/")
    page.get_by_role("checkbox").first.check()
    axe(page)
    screenshot(page, "control-list")
    page.get_by_role("button", name="Retry…").click()
    expect(page.get_by_role("heading", name="Retry 1 run?")).to_be_visible()
    axe(page)
    screenshot(page, "control-bulk")
    page.goto(f"/runs/{failed_run}/edit/")
    screenshot(page, "control-edit")
    page.goto("/tasks/demo.long/launch/")
    axe(page)
    screenshot(page, "control-launch")
