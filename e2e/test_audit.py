"""The audit page in a browser: every size and scheme, and its filters."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Who, from where, did what, with which result, how often.
RUN, GONE = "5f3c1a2b-9d1e-4c55-8a70-3f1b2c3de91a", "77aa1b2c-0d1e-4f55-8a70-3f1b2c3d0001"
TOLD = (
    ("ada", "203.0.113.7", "login", "", "done", 1),
    ("(no such user)", "198.51.100.23", "login", "", "refused", 14),
    ("grace", "203.0.113.9", "download", f"orders.import_feed {GONE}", "done", 1),
    ("ada", "203.0.113.7", "launch", f"demo.quick {RUN}", "done", 1),
    ("key:ci", "10.0.0.12", "access", "GET /tasklog/api/tasks/5f3c1a2b/lines/", "refused", 1),
    ("deploy", "command line", "make key", "ci (5f3c9a10…) logs:read,tasks:read", "done", 1),
    ("", "198.51.100.23", "use key", "(no key)", "refused", 120),
    ("grace", "2001:db8::8a2e:370:7334", "access", "GET /audit/", "refused", 2),
    ("deploy", "command line", "revoke key", "old-deploy (77aa1b2c…)", "done", 1),
)  # fmt: skip


@pytest.fixture
def trail(transactional_db: None) -> None:
    from tasklog.audit.models import AuditEntry
    from tasklog.models import TaskRun

    TaskRun.objects.create(task_id=RUN, name="demo.quick")
    now = timezone.now()
    for age, (user, address, action, target, result, count) in zip(
        range(9, 0, -1), TOLD, strict=True
    ):
        AuditEntry.objects.create(
            at=now - timedelta(minutes=age**3), user=user, address=address, action=action,
            target=target, result=result, count=count,
        )  # fmt: skip


def test_the_trail_is_readable_in_every_size_and_scheme(
    page: Page, trail: None, look: Callable[[Page, str], None]
) -> None:
    page.goto("/audit/")
    expect(page.get_by_role("link", name=f"demo.quick {RUN}")).to_be_visible()
    look(page, "audit")


def test_filters_and_words_narrow_the_trail(page: Page, trail: None) -> None:
    page.goto("/audit/")
    page.get_by_label("What").select_option("Use key")
    expect(page).to_have_url(re.compile("action=use"))
    expect(page.get_by_text("× 120")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Clear").click()
    page.get_by_role("link", name="Refused").click()
    expect(page.locator("tbody tr")).to_have_count(4)
    page.get_by_label("Find entries").fill("grace")
    page.get_by_label("Find entries").press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
