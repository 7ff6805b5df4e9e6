"""Links to lines that are not there, and the way back from those that are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tasklog.models import TaskLogLine

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from e2e.viewer import Log, Writer


def drop(first: int, last: int) -> None:
    """What the lines cap does to the middle of a log."""
    TaskLogLine.objects.filter(number__gte=first, number__lte=last).delete()


def test_a_link_to_a_dropped_line_lands_at_the_gap_and_says_so(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.count(3000)
    drop(500, 2500)
    writer.end()
    log.open("#L1200")
    expect(page.get_by_text("Line 1,200 is gone: it was dropped here.")).to_be_visible()
    expect(page.get_by_text("2,001 lines were dropped here (500–2,500)")).to_be_in_viewport()
    log.line(2600).locator(".no").click()
    expect(page.locator("#gone")).to_be_hidden()
    expect(log.line(2600)).to_have_class(re.compile("target"))


def test_a_link_to_lines_of_which_some_are_left_marks_those(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.count(900)
    drop(100, 700)
    writer.end()
    log.open("#L690-L710")
    log.shows(701)
    expect(page.locator(".line.target")).to_have_count(10)
    expect(page.locator("#gone")).to_be_hidden()


def test_a_link_beyond_the_end_says_where_the_log_ends(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.count(1500)
    writer.end()
    log.open("#L99999")
    told = "There is no line 99,999: the log ends at 1,500."
    expect(page.get_by_text(told)).to_be_visible()
    log.shows(1500)


def test_going_back_marks_what_the_address_names(page: Page, log: Log, writer: Writer) -> None:
    writer.count(60)
    writer.end()
    log.open()
    log.line(50).locator(".no").click()
    log.line(55).locator(".no").click()
    expect(page.locator(".line.target .no")).to_have_text("55")
    page.go_back()
    expect(page.locator(".line.target .no")).to_have_text("50")
    page.go_back()
    expect(page.locator(".line.target")).to_have_count(0)


def test_a_very_long_line_is_drawn_in_part_and_comes_whole_when_asked_for(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.write("before", "x" * 250_000 + "the end", "after")
    writer.end()
    log.open()
    text = log.line(2).locator(".text")
    expect(text).not_to_contain_text("the end")
    log.line(2).get_by_role("link", name="show the whole line").click()
    expect(text).to_contain_text("the end")
    expect(page.locator(".rest")).to_have_count(0)
