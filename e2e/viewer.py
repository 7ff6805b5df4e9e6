"""A run whose lines the test writes, and its log as the reader sees it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tasklog.line import Line
from tasklog.live import publish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Locator, Page

TASK_ID = "5f3c9a40-1111-4222-8333-abcdef12e91a"


class Writer:
    """What the drainer does: rows and the count in one transaction, then the news."""

    def __init__(self) -> None:
        from tasklog.models import TaskAttempt, TaskRun

        self.at = time.time_ns() // 1000
        self.run = TaskRun.objects.create(
            task_id=TASK_ID, name="orders.import_feed", state="STARTED", queue="default",
            worker="celery@worker-1", args="[4471]", kwargs='{"feed": "acme"}',
            progress=40, progress_message="batch 2 of 5",
        )  # fmt: skip
        self.attempt = TaskAttempt.objects.create(task=self.run, worker="celery@worker-1")
        self.run.started_at = self.attempt.started_at
        self.run.save()

    def write(self, *messages: str, publishing: bool = True, **values: Any) -> None:
        """One line per message."""
        from django.db import transaction

        from tasklog.models import TaskLogLine

        first = self.run.line_count + 1
        rows = [
            TaskLogLine(
                task=self.run, attempt=self.attempt, number=n, seq=n, message=text, **values
            )
            for n, text in enumerate(messages, first)
        ]
        with transaction.atomic():
            TaskLogLine.objects.bulk_create(rows, batch_size=500)
            self.run.line_count += len(rows)
            level = values.get("level", 0)
            self.run.error_count += len(rows) if level >= 40 else 0
            self.run.warning_count += len(rows) if level == 30 else 0
            if logger := values.get("logger"):
                self.run.loggers[logger] = self.run.loggers.get(logger, 0) + len(rows)
            self.run.save()
        if publishing:
            publish.publish_lines(TASK_ID, [_line(row, self.attempt.number) for row in rows])

    def count(self, lines: int, **values: Any) -> None:
        """So many lines, each saying its number."""
        first = self.run.line_count + 1
        self.write(*(f"line {n}" for n in range(first, first + lines)), **values)

    def end(self, state: str = "SUCCESS", **values: Any) -> None:
        from django.utils import timezone

        now = timezone.now()
        count = self.run.line_count
        type(self.attempt).objects.filter(pk=self.attempt.pk).update(
            finished_at=now, outcome=state, emitted=count, stored=count
        )
        for name, value in {"state": state, "finished_at": now, **values}.items():
            setattr(self.run, name, value)
        self.run.save()
        publish.publish_event(TASK_ID, "state", {"state": state})
        publish.publish_event(TASK_ID, "end", {"state": state})


def _line(row: Any, attempt: int) -> Line:
    at = int(row.timestamp.timestamp() * 1e6)
    values = row.number, at, row.stream, row.level, row.logger, row.message
    return Line(*values, attempt, 0, row.seq)


class Log:
    """The log on the page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.box = page.get_by_role("region", name="Lines")
        self.connection = page.locator("#connection")
        self.fresh = page.locator("#fresh")

    def open(self, where: str = "") -> Log:
        self.page.goto(f"/runs/{TASK_ID}/{where}")
        return self

    def open_live(self, where: str = "") -> Log:
        self.open(where)
        return self.is_live()

    def is_live(self) -> Log:
        expect(self.connection).to_have_text("live", timeout=15_000)
        return self

    def numbers(self) -> list[int]:
        return self.page.eval_on_selector_all("#lines .no", "all => all.map(a => +a.textContent)")

    def line(self, number: int) -> Locator:
        return self.page.locator(f'.line:has(a[name="L{number}"])')

    def shows(self, number: int) -> None:
        expect(self.line(number)).to_be_in_viewport(timeout=60_000)

    def holds(self, numbers: Sequence[int]) -> None:
        """Exactly these lines are on the page, in order, each once."""
        expect(self.line(numbers[-1])).to_be_attached(timeout=60_000)
        assert self.numbers() == list(numbers)

    def scroll_to(self, top: int) -> None:
        """As a wheel does."""
        self.box.evaluate(
            """(box, top) => {
                box.dispatchEvent(new WheelEvent("wheel", { deltaY: top - box.scrollTop }));
                box.scrollTop = top;
            }""",
            top,
        )
        self.page.wait_for_timeout(150)

    def top(self) -> float:
        return float(self.box.evaluate("box => box.scrollTop"))

    def at_end(self) -> bool:
        return bool(
            self.box.evaluate("box => box.scrollHeight - box.scrollTop - box.clientHeight < 3")
        )
