"""A real worker's ends become the numbers of the Tasks page; the palette leads there by keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from conftest import Stack, wait_for
from e2e.conftest import screenshot

if TYPE_CHECKING:
    from playwright.sync_api import Page

SEND = """
import django; django.setup()
from project.celery import app
for n in range(3): app.send_task("demo.quick", kwargs={"duration": 1})
app.send_task("demo.failing", kwargs={"duration": 1})
"""


@pytest.mark.timeout(120)
def test_what_a_worker_ran_is_told_by_task(page: Page, stack: Stack) -> None:
    from tasklog.models import TaskFailure, TaskTally

    stack.worker()
    stack.spawn("-c", SEND)
    wait_for(lambda: TaskTally.objects.filter(span="ever").count() == 2, 60)
    wait_for(lambda: TaskTally.objects.get(name="demo.quick", span="ever").succeeded == 3, 60)
    assert TaskFailure.objects.get().name == "demo.failing"
    page.goto("/tasks/")
    expect(page.get_by_role("link", name="demo.quick")).to_be_visible()
    screenshot(page, "tasks")
    page.keyboard.press("Control+k")
    page.keyboard.type("failing")
    expect(page.locator("#palette [data-hit]").first).to_contain_text("demo.failing")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="demo.failing")).to_be_visible()
    screenshot(page, "task")
