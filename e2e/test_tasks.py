"""A real worker's ends become the numbers of the Tasks page; the palette leads there by keys."""

from __future__ import annotations

from collections.abc import Callable
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


def test_a_kind_of_failure_is_retried_as_a_whole_and_nothing_else(
    page: Page, transactional_db: None, axe: Callable[[Page], None]
) -> None:
    from tasklog.control.models import Rerun
    from tasklog.models import TaskFailure, TaskRun

    kind, other = "aaaa0000", "bbbb0000"
    runs = [("a1", "demo.quick", kind), ("a2", "demo.quick", kind), ("a3", "demo.quick", kind),
            ("b1", "demo.quick", other), ("c1", "demo.failing", kind)]  # fmt: skip
    for task_id, name, signature in runs:
        TaskRun.objects.create(
            task_id=task_id, name=name, state="FAILURE", signature=signature, args="[]",
            kwargs="{}", payload="exact", exception="RateError: no rate today",
        )  # fmt: skip
    for name, signature in {(name, signature) for _, name, signature in runs}:
        TaskFailure.objects.create(
            name=name, signature=signature, kind="RateError", message="no rate today", count=3,
            first_at="2026-11-20T12:00Z", last_at="2026-11-21T12:00Z", last_run="a1",
        )  # fmt: skip
    page.goto("/tasks/demo.quick/")
    page.locator(f"#failure-{kind}").get_by_role("link", name="Retry all…").click()
    expect(page.get_by_role("heading", name="Retry 3 runs?")).to_be_visible()
    axe(page)
    screenshot(page, "retry-all")
    page.get_by_role("button", name="Retry 3 runs").click()
    expect(page.get_by_text("3 runs sent again.")).to_be_visible()
    assert set(Rerun.objects.values_list("of", flat=True)) == {"a1", "a2", "a3"}
    page.goto(f"/bulk/retry/?task=demo.quick&q=signature:{kind}")
    expect(page.get_by_text("3 of them have been sent again before")).to_be_visible()
