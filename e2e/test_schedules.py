"""Schedules in a browser: every size and scheme, a new one made, and its buttons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def week(transactional_db: None) -> int:
    """The default schedules with some history, one with failures and gaps."""
    from django_celery_beat.models import PeriodicTask

    from tasklog.control.schedules.models import ScheduleSpan
    from tasklog.maintenance.models import UsageDay
    from tasklog.models import TaskRun

    now = timezone.now()
    for n in range(20):
        at = now - timedelta(minutes=15 * n + (60 if n > 5 else 1))
        TaskRun.objects.create(
            task_id=f"health-{n}", name="check_health", schedule="check_health", created_at=at,
            started_at=at, finished_at=at + timedelta(seconds=1 + n % 5), line_count=12,
            state="FAILURE" if n == 0 else "SUCCESS", triggered_by="ada" if n == 3 else "",
        )  # fmt: skip
    for n in range(30):
        UsageDay.objects.create(
            day=now.date() - timedelta(days=n), runs=900 + n * 37 % 400, failed=n % 7,
            lines=91_000 + n * 3700 % 40_000, size=9_000_000, users=3 + n % 4, keys=n % 3,
        )  # fmt: skip
    ScheduleSpan.objects.update_or_create(
        schedule="check_health", defaults={"since": now - timedelta(days=2)}
    )
    PeriodicTask.objects.filter(name="report_system").update(enabled=False)
    return PeriodicTask.objects.get(name="check_health").pk


def test_the_pages_are_readable_in_every_size_and_scheme(
    page: Page, week: int, look: Callable[[Page, str], None]
) -> None:
    paths = {
        "schedules": "/schedules/", "schedule": f"/schedules/{week}/",
        "schedule-form": f"/schedules/{week}/edit/", "usage": "/diagnostics/usage/",
    }  # fmt: skip
    for name, path in paths.items():
        page.goto(path)
        look(page, name)


def test_a_schedule_is_made_skipped_and_deleted(page: Page, week: int, complaints: Any) -> None:
    complaints.expect("422")
    page.goto("/schedules/")
    page.get_by_role("link", name="New schedule").click()
    page.get_by_label("Name").fill("Monday report")
    page.get_by_label("Task", exact=True).fill("nobody.knows")
    page.get_by_text("Crontab").click()
    expect(page.get_by_label("Every", exact=True)).to_be_hidden()
    page.get_by_label("Minute").fill("30")
    page.get_by_label("Hour").fill("8")
    page.get_by_label("Day of week").fill("mon")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("No task “nobody.knows” is known here")).to_be_visible()
    page.get_by_label("Task", exact=True).fill("tasklog.timed_print_task")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Monday report")).to_be_visible()
    expect(page.get_by_text("Mondays at 08:30 UTC")).to_be_visible()
    expect(page.locator(".moments li")).to_have_count(5)
    page.get_by_role("button", name="Skip once").click()
    expect(page.get_by_text("The next run will be left out.")).to_be_visible()
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("Switched off.", exact=True)).to_be_visible()
    page.locator("summary", has_text="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("Monday report is deleted")).to_be_visible()
