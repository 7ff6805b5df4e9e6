"""The card of a dead attempt: real deaths on a real worker, as the reader sees them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from celery import Celery
from django.utils import timezone
from playwright.sync_api import expect

from conftest import wait_for
from e2e.conftest import screenshot
from e2e.viewer import Log, Writer

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from e2e.conftest import Web

GIB = 2**30


def die_of_memory(writer: Writer) -> None:
    """What the drainer stores when a worker's child was killed and memory was short."""
    end = timezone.now()
    beside = [f"9b1d7c0{n}-aaaa-4222-8333-abcdef12e9{n}0" for n in range(3)]
    for task_id in beside:
        type(writer.run).objects.create(
            task_id=task_id, name="orders.export", state="STARTED", started_at=end
        )
    reason = "killed by signal 9 (SIGKILL); 98 % of the container's memory was in use"
    writer.end("FAILURE", cause="out_of_memory", reason=reason)
    type(writer.attempt).objects.update(
        cause="out_of_memory", reason=reason, pid=4411, started_at=end - timedelta(seconds=112),
        scene={
            "heard_at": end.timestamp() - 3.2, "sampled_at": end.timestamp() - 3.2,
            "rss": int(1.4 * GIB), "used": int(1.96 * GIB), "limit": 2 * GIB,
            "whose": "container", "beside": beside,
        },
    )  # fmt: skip


@pytest.fixture
def start(web: Web) -> Callable[..., str]:
    """Sends a task to the worker and returns its run's id, once it has begun."""
    from tasklog.models import TaskRun

    app = Celery(broker=web.stack.env["CELERY_BROKER_URL"], set_as_current=False)

    def start(name: str, **kwargs: Any) -> str:
        task_id = str(app.send_task(name, kwargs=kwargs).id)
        wait_for(TaskRun.objects.filter(pk=task_id).exclude(started_at=None).exists)
        return task_id

    return start


def card(page: Page) -> Locator:
    return page.get_by_role("region", name="Why it ended")


def test_a_killed_task_says_what_was_known_around_it(
    page: Page, web: Web, start: Callable[..., str]
) -> None:
    web.stack.worker(concurrency=2)
    neighbour = start("demo.long", duration=60)
    page.goto(f"/runs/{start('demo.killed')}/")
    died = card(page)
    expect(died.get_by_role("heading")).to_have_text("Killed by signal 9 (SIGKILL)")
    expect(died.get_by_role("link", name="kill -9 arrives while page 9")).to_be_visible()
    expect(died).to_contain_text("last heartbeat")
    expect(died).to_contain_text("in use")
    expect(died).not_to_contain_text("out of memory")
    screenshot(page, "death-killed")
    died.get_by_role("link", name="demo.long").click()
    expect(page).to_have_url(f"{web.url}/runs/{neighbour}/")


def test_the_card_is_accessible_and_fits(
    page: Page, log: Log, writer: Writer, look: Callable[[Page, str], None]
) -> None:
    writer.count(4)
    writer.write("loaded part 8 of 40 of the image index, holding 1,433 MB", stream="stderr")
    die_of_memory(writer)
    log.open()
    expect(card(page).get_by_role("heading")).to_have_text("Probably out of memory")
    expect(card(page)).to_contain_text(re.compile(r"1\.4 GiB 3\.\d s before the end"))
    expect(card(page).get_by_role("link", name="orders.export")).to_have_count(3)
    look(page, "death")


def test_a_card_of_an_earlier_attempt_is_one_link_away(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.count(3)
    die_of_memory(writer)
    writer.attempt = type(writer.attempt).objects.create(task=writer.run, number=2)
    writer.run.state, writer.run.finished_at, writer.run.cause = "STARTED", None, ""
    writer.count(2)
    log.open()
    expect(card(page)).to_have_count(0)
    page.get_by_role("link", name="Attempt 1: Probably out of memory").click()
    died = page.get_by_role("region", name="Why attempt 1 ended")
    expect(died.get_by_role("link", name="line 3")).to_be_visible()
    expect(died).to_be_in_viewport()
    screenshot(page, "death-attempts")
