"""Groups in the log: they fold, tell what they hold, and are in nobody's way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from e2e.viewer import Log, Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page


def group(writer: Writer, name: str, *messages: str, end: bool = True) -> None:
    writer.write(f"::group::{name}", stream="system")
    if messages:
        writer.write(*messages)
    if end:
        writer.write("::endgroup::", stream="system")


def header(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=re.compile(f"^{name}(,|$)"))


def folded(page: Page, name: str, yes: bool = True) -> None:
    expect(header(page, name)).to_have_attribute("aria-expanded", "false" if yes else "true")


def test_a_finished_group_is_folded_and_says_what_it_holds(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.write("before")
    group(writer, "Load the feed", "row 1", "row 2", "row 3")
    writer.write("after")
    writer.end()
    log.open()
    folded(page, "Load the feed")
    expect(header(page, "Load the feed, 3 lines")).to_be_visible()
    expect(log.line(2)).to_contain_text(re.compile(r"Load the feed3 lines · \d+ ms|s$"))
    expect(log.line(3).locator(".text")).not_to_be_in_viewport()
    expect(page.get_by_text("::group::")).to_be_hidden()
    log.shows(7)


def test_a_group_opens_and_folds_by_click_and_by_key(page: Page, log: Log, writer: Writer) -> None:
    group(writer, "Load", "row 1")
    writer.end()
    log.open()
    folded(page, "Load")
    log.line(1).get_by_text("Load").click()
    folded(page, "Load", yes=False)
    log.shows(2)
    header(page, "Load").focus()
    page.keyboard.press("Enter")
    folded(page, "Load")
    page.keyboard.press("Space")
    log.shows(2)


def test_a_group_with_an_error_is_open_and_counts_it(page: Page, log: Log, writer: Writer) -> None:
    writer.write("::group::Price")
    writer.write("no rate", stream="log", level=40, logger="shop")
    writer.write("::endgroup::")
    writer.end()
    log.open()
    folded(page, "Price, 1 error", yes=False)
    log.shows(2)


def test_the_running_group_is_open_ticks_and_folds_at_its_end(
    page: Page, log: Log, writer: Writer
) -> None:
    group(writer, "First", "a")
    group(writer, "Second", "b", end=False)
    log.open_live()
    folded(page, "First")
    folded(page, "Second", yes=False)
    said = header(page, "Second").get_attribute("aria-label") or ""
    expect(header(page, "Second")).not_to_have_attribute("aria-label", said)
    writer.write("c")
    log.shows(6)
    writer.write("::endgroup::", "after")
    folded(page, "Second, 2 lines")
    log.shows(8)
    assert log.at_end()


def test_nothing_moves_under_a_reader_who_is_elsewhere(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.count(100)
    group(writer, "Long", *(f"row {n}" for n in range(100)), end=False)
    log.open_live()
    log.shows(201)
    log.scroll_to(log.top() - 400)
    place = log.line(180).bounding_box()
    writer.write("::endgroup::")
    group(writer, "Next", "below")
    expect(header(page, "Next")).to_have_attribute("aria-expanded", "false", timeout=15_000)
    folded(page, "Long", yes=False)
    assert log.line(180).bounding_box() == place


def test_groups_span_windows_both_ways(page: Page, log: Log, writer: Writer) -> None:
    group(writer, "Huge", *(f"row {n}" for n in range(2500)))
    writer.count(20)
    writer.end()
    log.open()
    log.shows(2522)
    for _ in range(8):
        log.scroll_to(0)
    folded(page, "Huge", yes=False)
    log.shows(1)
    assert log.numbers() == list(range(1, 2523))
    header(page, "Huge, 2,500 lines").click()
    log.shows(2522)


def test_a_link_into_a_folded_group_opens_it(page: Page, log: Log, writer: Writer) -> None:
    writer.count(50)
    group(writer, "Outer", "a", "::group::Inner", *(f"row {n}" for n in range(80)), "::endgroup::")
    writer.end()
    log.open("#L100")
    log.shows(100)
    folded(page, "Outer", yes=False)
    folded(page, "Inner", yes=False)


def test_the_browser_finds_what_is_folded(page: Page, log: Log, writer: Writer) -> None:
    group(writer, "Load", "needle")
    writer.end()
    log.open()
    assert log.line(2).get_attribute("hidden") == "until-found"
    log.line(2).dispatch_event("beforematch", {"bubbles": True})
    folded(page, "Load", yes=False)
    log.shows(2)


def test_switched_off_the_marks_are_printed_and_that_is_kept(
    page: Page, log: Log, writer: Writer
) -> None:
    group(writer, "Load", "row 1")
    writer.end()
    log.open()
    page.get_by_role("button", name="Groups").click()
    expect(log.line(1).locator(".text")).to_have_text("::group::Load")
    expect(log.line(3).locator(".text")).to_have_text("::endgroup::")
    log.shows(2)
    log.open()
    expect(page.get_by_text("::group::")).to_be_visible()
    page.keyboard.press("o")
    folded(page, "Load")


def test_marks_without_a_partner_do_no_harm(page: Page, log: Log, writer: Writer) -> None:
    writer.write("::endgroup::", "a", "::group::", "b", "::group::deep", "::group::deeper", "c")
    writer.write("::group::deepest", "d", "::endgroup::", "e")
    writer.attempt = type(writer.attempt).objects.create(task=writer.run, number=2)
    writer.write("f", "::endgroup::", "g")
    writer.end()
    log.open()
    folded(page, "deepest")
    folded(page, "deeper, 3 lines, not ended", yes=False)
    for number in (2, 4, 7, 11, 12, 14):
        log.shows(number)


def test_a_flood_through_a_group_keeps_the_page_small(page: Page, log: Log, writer: Writer) -> None:
    log.open_live()
    group(writer, "Flood", end=False)
    for _ in range(20):
        writer.count(400)
    log.shows(8001)
    writer.write("::endgroup::", "after")
    log.shows(8003)
    assert log.at_end()
    assert len(log.numbers()) <= 5100


def test_copying_over_groups_gives_clean_text(page: Page, log: Log, writer: Writer) -> None:
    writer.write("before")
    group(writer, "Load", "row 1")
    writer.write("after")
    writer.end()
    log.open()
    header(page, "Load").click()
    copied = page.evaluate(
        """() => {
            const all = document.querySelectorAll("#lines .line");
            getSelection().setBaseAndExtent(all[0], 0, all[4], all[4].childNodes.length);
            return getSelection().toString();
        }"""
    )
    assert copied.split("\n") == ["before", "Load", "row 1", "after"]


class TestWithoutJavaScript:
    @pytest.fixture
    def context_options(self) -> dict[str, Any]:
        return {"java_script_enabled": False, "viewport": {"width": 1440, "height": 860}}

    def test_a_group_reads_as_a_heading(self, page: Page, log: Log, writer: Writer) -> None:
        group(writer, "Load", "row 1")
        writer.end()
        log.open()
        expect(log.line(1).locator(".name")).to_have_css("font-weight", "650")
        expect(page.get_by_text("::group::")).to_be_hidden()
        log.shows(2)


class TestLooks:
    def test_groups_are_accessible(
        self, page: Page, log: Log, writer: Writer, look: Callable[[Page, str], None]
    ) -> None:
        writer.write("importing 3 feeds")
        group(writer, "Download", "GET https://example.org/feed", "200 OK")
        group(writer, "Parse", "a", "::group::Rows", "1", "2", "::endgroup::", end=False)
        writer.write("bad row", stream="log", level=40, logger="shop.feed")
        writer.write("::endgroup::", stream="system")
        group(writer, "Store", "100 rows", "200 rows", end=False)
        log.open_live()
        log.line(2).hover()
        look(page, "groups")
