"""The merged log of a workflow in Chromium: branches, runs that join, a server that restarts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from e2e.test_viewer_live import restart
from tasklog.line import Line
from tasklog.live import publish

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from e2e.conftest import Complaints, Web

ROOT = "root-run"


class Flow:
    """A workflow whose runs the test begins, writes and ends, as the drainer does."""

    def __init__(self) -> None:
        from tasklog.models import TaskRun

        self.runs: dict[str, TaskRun] = {}
        self.begin(ROOT, "orders.split")

    def begin(self, task_id: str, name: str) -> None:
        from tasklog.models import TaskAttempt, TaskRun

        now = timezone.now()
        self.runs[task_id] = TaskRun.objects.create(
            task_id=task_id, name=name, state="STARTED", root_id=ROOT, queued_at=now,
            parent_id="" if task_id == ROOT else ROOT, started_at=now,
            group_id="" if task_id == ROOT else "g",
        )  # fmt: skip
        TaskAttempt.objects.create(task=self.runs[task_id])

    def write(self, task_id: str, count: int) -> None:
        """So many lines, each saying whose and which it is."""
        from django.db import transaction

        from tasklog.models import TaskLogLine

        run = self.runs[task_id]
        first = run.line_count + 1
        rows = [
            TaskLogLine(task=run, number=n, seq=n, message=f"{task_id}:{n}")
            for n in range(first, first + count)
        ]
        with transaction.atomic():
            TaskLogLine.objects.bulk_create(rows, batch_size=500)
            run.line_count += count
            run.save()
        publish.publish_lines(task_id, [_line(row) for row in rows])

    def end(self, task_id: str, state: str = "SUCCESS", exception: str = "") -> None:
        run, now = self.runs[task_id], timezone.now()
        run.attempts.update(finished_at=now, outcome=state)
        run.state, run.finished_at, run.exception = state, now, exception
        run.save()
        publish.publish_event(task_id, "end", {"state": state})

    def wrote(self) -> list[str]:
        return sorted(f"{t}:{n}" for t, r in self.runs.items() for n in range(1, r.line_count + 1))


def _line(row: Any) -> Line:
    at = int(row.timestamp.timestamp() * 1e6)
    return Line(row.number, at, row.stream, 0, "", row.message, 1, 0, row.seq)


@pytest.fixture
def flow(page: Page, stack: Any, settings: Any) -> Flow:
    settings.CELERY_TASKLOG_REDIS_URL = stack.env["CELERY_TASKLOG_REDIS_URL"]
    return Flow()


def lines_of(page: Page) -> list[str]:
    texts = page.locator("#lines .line .text").all_text_contents()
    return [found[1] for text in texts if (found := re.search(r"(\S+:\d+)$", text))]


def shows(page: Page, flow: Flow) -> None:
    """Each line that was written is there, once, those of a run in their order."""
    expect(page.locator("#lines .line")).to_have_count(len(flow.wrote()))
    told = lines_of(page)
    assert sorted(told) == flow.wrote()
    for task_id in flow.runs:
        numbers = [int(line.rpartition(":")[2]) for line in told if line.startswith(f"{task_id}:")]
        assert numbers == sorted(numbers)


def test_the_merged_log_follows_all_runs_over_a_restart_of_the_server(
    page: Page, flow: Flow, web: Web, complaints: Complaints
) -> None:
    for text in ("Failed to load resource", "ERR_", "htmx:"):
        complaints.expect(text)
    flow.write(ROOT, 20)
    page.goto(f"/workflows/{ROOT}/?tab=log")
    connection = page.locator("#connection")
    expect(connection).to_have_text("live")
    flow.begin("price-1", "orders.price")
    flow.write("price-1", 10)
    flow.write(ROOT, 5)
    shows(page, flow)
    expect(page.locator("#lines .line").last).to_be_in_viewport()

    def meanwhile() -> None:
        expect(connection).to_have_text(re.compile("reconnecting in"))
        flow.write("price-1", 10)
        flow.begin("price-2", "orders.price")
        flow.write("price-2", 7)
        flow.end(ROOT)

    restart(web, between=meanwhile)
    expect(connection).to_have_text("live")
    flow.write("price-2", 6)
    shows(page, flow)
    flow.end("price-1", "FAILURE", "ValueError('no price')")
    flow.end("price-2")
    expect(connection).to_have_text("ended")
    expect(page.locator("#end")).to_contain_text("Ended with failures")
    expect(page.locator(".failures")).to_contain_text("1 of 3 failed: price #1 – ValueError")
    shows(page, flow)


def test_branches_are_chosen_and_scrolled_up_nothing_moves(page: Page, flow: Flow) -> None:
    flow.begin("price-1", "orders.price")
    flow.write(ROOT, 1200)
    flow.write("price-1", 300)
    page.goto(f"/workflows/{ROOT}/?tab=log")
    expect(page.locator("#connection")).to_have_text("live")
    log = page.get_by_role("region", name="Lines")
    log.evaluate("box => { box.scrollTop = 8000; }")
    page.wait_for_timeout(200)
    before = log.evaluate("box => box.scrollTop")
    flow.write("price-1", 12)
    expect(page.locator("#fresh")).to_contain_text("12 new lines")
    assert log.evaluate("box => box.scrollTop") == before
    log.evaluate("box => { box.scrollTop = 0; }")
    expect(page.locator("#lines .line")).to_have_count(1512)
    assert sorted(lines_of(page)) == flow.wrote()
    page.locator("#branches").get_by_role("link", name="orders.price").click()
    expect(page.locator("#lines .line")).to_have_count(312)
    expect(page.locator("#connection")).to_have_text("live")
    flow.write(ROOT, 3)
    flow.write("price-1", 3)
    expect(page.locator("#lines .line")).to_have_count(315)


def test_a_flood_past_a_paused_merged_log_is_counted_whole(page: Page, flow: Flow) -> None:
    flow.write(ROOT, 50)
    page.goto(f"/workflows/{ROOT}/?tab=log")
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.locator(".line", has_text=f"{ROOT}:50")).to_be_in_viewport()
    page.keyboard.press("f")
    for _ in range(20):
        flow.write(ROOT, 400)
    expect(page.locator("#fresh")).to_contain_text("8,000 new lines")


@pytest.fixture
def needles(flow: Flow) -> Flow:
    """Two branches of 2,000 lines by turns; a needle early and late in each, one is an error."""
    from tasklog.models import TaskLogLine

    flow.begin("price-1", "orders.price")
    for _ in range(10):
        flow.write(ROOT, 200)
        flow.write("price-1", 200)
    for task_id, number, level in ((ROOT, 5, 0), ("price-1", 7, 40), (ROOT, 1990, 0)):
        found = TaskLogLine.objects.filter(task_id=task_id, number=number)
        found.update(message=f"a Needle of {task_id}:{number}", level=level)
    flow.end("price-1")
    flow.end(ROOT)
    return flow


def test_matches_are_walked_through_all_branches_and_links_lead_back(
    page: Page, needles: Flow
) -> None:
    page.goto(f"/workflows/{ROOT}/?tab=log")
    found, target = page.locator("#found"), page.locator(".line.target")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Find in the whole log")).to_be_focused()
    page.keyboard.type("needle")
    expect(found).to_have_text("3 matches")
    for key, said, line in (
        ("Shift+Enter", "3 of 3", f"{ROOT}:1990"),
        ("Enter", "1 of 3 · from the top", f"{ROOT}:5"),
        ("Enter", "2 of 3", "price-1:7"),
        ("Shift+Enter", "1 of 3", f"{ROOT}:5"),
        ("Shift+Enter", "3 of 3 · from the end", f"{ROOT}:1990"),
    ):
        page.keyboard.press(key)
        expect(found).to_have_text(said)
        expect(target).to_contain_text(f"a Needle of {line}")
        expect(target).to_be_in_viewport()
    address = page.url
    assert address.endswith(f"find=needle#L{ROOT}:1990")
    page.keyboard.press("Escape")
    expect(found).to_be_empty()
    page.goto("about:blank")
    page.goto(address)
    expect(target).to_contain_text(f"a Needle of {ROOT}:1990")
    expect(target).to_be_in_viewport()


def test_the_error_keys_and_the_filters_work_over_all_branches(page: Page, needles: Flow) -> None:
    page.goto(f"/workflows/{ROOT}/?tab=log")
    target = page.locator(".line.target")
    page.get_by_role("region", name="Lines").focus()
    page.keyboard.press("E")
    expect(target).to_contain_text("a Needle of price-1:7")
    page.keyboard.press("z")
    box = page.locator("#viewer").bounding_box()
    assert box
    assert box["y"] == 0
    page.goto(f"/workflows/{ROOT}/?tab=log&q=needle")
    expect(page.locator("#lines .line")).to_have_count(3)
    line = page.locator("#lines .line", has_text="price-1:7")
    line.hover()
    line.get_by_role("link", name="Show in context", exact=True).click()
    expect(target).to_contain_text("a Needle of price-1:7")
    expect(target).to_be_in_viewport()
    assert page.locator("#lines .line").count() > 500
    page.goto(f"/workflows/{ROOT}/?tab=log&run=price-1#L{ROOT}:1990")
    expect(target).to_contain_text(f"a Needle of {ROOT}:1990")
    page.goto(f"/workflows/{ROOT}/?tab=log#L{ROOT}:99999")
    expect(page.locator("#gone")).to_contain_text("There is no line 99999 of this run")
