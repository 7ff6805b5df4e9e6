"""Workers and queues in a browser, with a real worker behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from conftest import Stack, wait_for
from e2e.conftest import Complaints

if TYPE_CHECKING:
    from playwright.sync_api import Page

NAME = "w1@test"


def test_a_worker_answers_and_is_told_to_consume_a_queue(
    page: Page, stack: Stack, look: Callable[[Page, str], None], complaints: Complaints
) -> None:
    from celery import Celery

    from tasklog.control.models import QueueSample
    from tasklog.models import TaskRun, TaskWorker

    complaints.expect("422")
    app = Celery(broker=stack.env["CELERY_BROKER_URL"], set_as_current=False)
    for _ in range(3):
        app.send_task("demo.quick", queue="lonely", kwargs={"duration": 1})
    TaskRun.objects.create(task_id="waits", name="demo.quick", queue="lonely")
    stack.worker("prefork", 1)
    wait_for(lambda: TaskWorker.objects.filter(name=NAME).exists())
    wait_for(lambda: QueueSample.objects.filter(queue="lonely").exists(), 60)
    page.goto("/queues/lonely/")
    look(page, "queue")
    page.goto("/workers/")
    expect(page.locator("tr", has_text=NAME).locator(".c-queues")).to_contain_text("default")
    look(page, "workers")
    page.get_by_role("link", name=NAME).click()
    expect(page.get_by_role("heading", name="Queues it consumes")).to_be_visible()
    look(page, "worker")
    page.get_by_role("link", name="Consume …").click()
    page.get_by_label("Queue").fill("a b")
    page.get_by_role("button", name="Consume").click()
    expect(page.get_by_text("Give a name without spaces")).to_be_visible()
    page.get_by_label("Queue").fill("lonely")
    look(page, "deed")
    page.get_by_role("button", name="Consume").click()
    expect(page.get_by_text("answered: add consumer lonely.")).to_be_visible()
    page.goto("/queues/")
    expect(page.locator("tr", has_text="lonely").locator(".c-depth")).to_have_text("0")
    look(page, "queues")
    page.goto("/queues/lonely/purge/")
    page.get_by_role("button", name="Throw away what waits").click()
    expect(page.get_by_text("lonely was empty.")).to_be_visible()


def test_a_range_that_is_changed_is_seen_in_the_pool(page: Page, stack: Stack) -> None:
    from tasklog.models import TaskWorker

    stack.worker("prefork", 1, "--autoscale=2,1")
    wait_for(lambda: TaskWorker.objects.filter(name=NAME).exists())
    page.goto(f"/workers/{NAME}/")
    pool = page.locator(".facts div", has=page.get_by_text("Pool", exact=True))
    expect(pool).to_contain_text("prefork × 1")
    page.get_by_role("link", name="Change range …").click()
    page.get_by_label("At most").fill("4")
    page.get_by_label("At least").fill("3")
    page.get_by_role("button", name="Change range").click()
    expect(page.get_by_text(f"{NAME} answered: autoscale now max=4 min=3.")).to_be_visible()
    expect(pool).to_contain_text("prefork × 3", timeout=30_000)
