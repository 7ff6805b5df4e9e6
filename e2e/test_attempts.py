"""Attempts in the log: what a dead one said stays, with its end in words; and the receipt."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from playwright.sync_api import expect

from e2e.conftest import screenshot
from e2e.viewer import Log, Writer

if TYPE_CHECKING:
    from playwright.sync_api import Page


def die_and_start_again(writer: Writer) -> None:
    attempts = type(writer.attempt).objects
    attempts.filter(pk=writer.attempt.pk).update(
        finished_at=timezone.now(), outcome="LOST", cause="killed", emitted=3, stored=3,
        reason="The worker process was killed by signal 9",
    )  # fmt: skip
    writer.attempt = attempts.create(task=writer.run, number=2)


def test_what_a_dead_attempt_said_stays_with_its_cause(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.count(3)
    log.open_live()
    die_and_start_again(writer)
    writer.count(2)
    said = log.box.get_by_text("killed by signal 9")
    expect(said).to_be_visible()
    log.open()
    expect(said).to_have_count(1)
    expect(said).to_contain_text("Attempt 1: Lost after")
    for number in (3, 4):
        log.shows(number)
    screenshot(page, "attempts")


def test_the_tab_of_attempts_leads_to_the_lines_of_each(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.count(3)
    die_and_start_again(writer)
    writer.count(2)
    writer.end()
    log.open("?tab=attempts")
    page.get_by_role("row", name="signal 9").get_by_role("link", name="1").click()
    log.holds([1, 2, 3])
    expect(page.locator("#end")).to_contain_text("killed by signal 9")


def test_the_receipt_says_what_was_emitted_and_stored(page: Page, log: Log, writer: Writer) -> None:
    writer.count(12)
    writer.end()
    log.open()
    expect(page.locator("#receipt")).to_contain_text("12 emitted")
    expect(page.locator("#receipt")).to_contain_text("12 stored")
    expect(page.locator("#receipt")).to_contain_text("0 dropped")


def test_a_receipt_that_does_not_add_up_is_an_error(page: Page, log: Log, writer: Writer) -> None:
    writer.count(12)
    writer.end()
    type(writer.attempt).objects.update(emitted=15)
    log.open()
    expect(page.get_by_role("alert")).to_contain_text("3 of 15 emitted lines are missing")
    screenshot(page, "receipt")
    log.open("?tab=attempts")
    expect(page.get_by_role("cell", name="3 missing")).to_be_visible()


def test_each_attempt_has_its_receipt(page: Page, log: Log, writer: Writer) -> None:
    writer.count(12)
    writer.end()
    type(writer.attempt).objects.update(
        lag_p50_ms=21.0, lag_p95_ms=84.0, capture_us=20_000, dropped=2, emitted=14,
        started_at=timezone.now() - timedelta(seconds=4), finished_at=timezone.now(),
    )  # fmt: skip
    log.open("?tab=attempts")
    row = page.get_by_role("row", name="celery@worker-1")
    for told in ("14", "12", "2", "21 ms / 84 ms", "0.5 %"):
        expect(row.get_by_role("cell", name=told, exact=True)).to_be_visible()
    screenshot(page, "receipts")
