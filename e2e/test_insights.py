"""Insights in a browser: every page in every size and scheme; from a finding to its line."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from playwright.sync_api import expect

from e2e.conftest import Complaints, screenshot
from e2e.test_runs import make_run

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOURS = 24 * 20
LINES = (
    ("orders.import", "order <num> imported in <num> ms", 0, 120),
    ("orders.import", "retrying connection to <num>, attempt <num>", 30, 24),
    ("orders.pack", "packed <num> parcels for warehouse <*>", 0, 60),
    ("mail.send", "mail to <email> took <num> s", 0, 40),
)


def fill() -> None:
    """Three believable weeks, a burst, a new error and a run that shows it."""
    from tasklog.insights import anomalies, findings
    from tasklog.insights.models import Cursor, Pattern, hour_of

    now = timezone.now()
    fill_runs()
    for place, line in enumerate(LINES):
        fill_hours(place, *line)
    Pattern.objects.create(
        fingerprint="new", task="orders.import", template="disk full on <path>", level=40, total=3,
        first_seen=now - timedelta(hours=1), last_seen=now, places=[["bad", 3]],
        example="disk full on /var/lib/orders",
    )  # fmt: skip
    Cursor.objects.create(name="lines", moved_at=now)
    for back in range(30, 0, -1):
        anomalies.detect_hour(hour_of(now) - back)
    findings.renew()


def fill_runs() -> None:
    from tasklog.models import TaskLogLine

    good = make_run("good", ago=9000, state="SUCCESS", name="orders.import")
    bad = make_run("bad", ago=600, state="FAILURE", name="orders.import", error_count=1)
    for run in (good, bad):
        for number in range(2):
            TaskLogLine.objects.create(task=run, message=f"order {number} imported in 3 ms")
    TaskLogLine.objects.create(task=good, message="cache is warm")
    TaskLogLine.objects.create(task=bad, message="disk full on /var/lib/orders", level=40)


def fill_hours(place: int, task: str, template: str, level: int, usual: int) -> None:
    from tasklog.insights.models import Pattern, PatternHour, TaskHour, hour_of

    now, dice = timezone.now(), random.Random(place)
    this = hour_of(now)
    row = Pattern.objects.create(
        fingerprint=f"f{place}", task=task, template=template, level=level, total=usual * HOURS,
        first_seen=now - timedelta(hours=HOURS), last_seen=now - timedelta(minutes=place),
        example=template.replace("<num>", "17"), places=[["bad", 1]],
    )  # fmt: skip
    for back in range(HOURS):
        times = dice.uniform(0.7, 1.3) * (31 if place == 1 and back == 2 else 1)
        day = 0.3 + (this - back) % 24 / 24
        PatternHour.objects.create(pattern=row, hour=this - back, count=round(usual * times * day))
        TaskHour.objects.get_or_create(
            task=task, hour=this - back,
            defaults={"ended": 30, "failed": dice.randint(0, 8 if back < 20 else 2), "timed": 30,
                      "seconds": 60, "lines": usual * 30},
        )  # fmt: skip


def test_from_a_finding_to_the_line_that_proves_it(
    page: Page, look: Callable[[Page, str], None], complaints: Complaints
) -> None:
    from tasklog.insights import report

    fill()
    page.goto("/insights/")
    look(page, "insights")
    today = page.get_by_role("region", name="Worth reading today")
    expect(today).to_contain_text("orders.import writes something new")
    today.get_by_role("listitem").filter(has_text="something new").first.get_by_text(
        "also "
    ).click()
    today.get_by_role("link", name="disk full on <path>").click()
    look(page, "insight-pattern")
    page.get_by_role("link", name="line 3").click()
    expect(
        page.locator(".line.at, .line:target, .line").filter(has_text="disk full")
    ).to_be_visible()
    page.goto("/runs/bad/?tab=compare")
    look(page, "compare")
    page.goto("/insights/anomalies/")
    look(page, "insight-anomalies")
    made = report.make(report.begin("weekly"))
    page.goto("/insights/reports/")
    look(page, "insight-reports")
    page.get_by_role("link", name=made.title).click()
    look(page, "insight-report")
    page.set_content(made.html)
    screenshot(page, "insight-mail")
