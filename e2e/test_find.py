"""Finding one's way in a long log: matches, errors, line numbers, filters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from conftest import wait_for
from e2e.viewer import Log, Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page


@pytest.fixture
def box(page: Page) -> Locator:
    return page.get_by_role("searchbox", name="Find in the whole log")


@pytest.fixture
def found(page: Page) -> Locator:
    return page.locator("#found")


@pytest.fixture
def long_log(writer: Writer) -> Writer:
    """6,003 lines; 1001, 3002 and 6003 hold a needle, 3002 and 3003 are errors."""
    return haystack(writer, 1000)


def haystack(writer: Writer, much: int) -> Writer:
    """A needle behind `much` lines, one that is an error behind twice as many, one at the end."""
    writer.count(much)
    writer.write("a Needle in the hay")
    writer.count(2 * much)
    writer.write("needle, again", "lost", stream="log", level=40, logger="shop.orders")
    writer.count(3 * much - 1)
    writer.write("the last needle", stream="stderr")
    writer.end()
    return writer


def highlighted(page: Page) -> list[str]:
    """The texts that the browser paints as matches."""
    return page.evaluate("[...(CSS.highlights.get('found') ?? [])].map(range => `${range}`)")


def test_matches_of_the_whole_log_are_walked_both_ways_and_round(
    page: Page, log: Log, long_log: Writer, box: Locator, found: Locator
) -> None:
    log.open()
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.type("needle")
    expect(found).to_have_text("3 matches")
    page.keyboard.press("Shift+Enter")
    log.shows(6003)
    expect(found).to_have_text("3 of 3")
    page.keyboard.press("Enter")
    log.shows(1001)
    expect(found).to_have_text("1 of 3 · from the top")
    page.keyboard.press("Enter")
    log.shows(3002)
    expect(found).to_have_text("2 of 3")
    expect(log.line(3002)).to_have_class(re.compile("target"))
    page.keyboard.press("Shift+Enter")
    log.shows(1001)
    page.keyboard.press("Shift+Enter")
    log.shows(6003)
    expect(found).to_have_text("3 of 3 · from the end")


def test_matches_are_painted_without_touching_the_text(
    page: Page, log: Log, writer: Writer, box: Locator
) -> None:
    writer.write("a n\x1b[31mee\x1b[0mdle, a NEEDLE (x+y)", "<b>needle</b>")
    log.open()
    before = page.locator("#lines").inner_html()
    box.fill("needle")
    wait_for(lambda: highlighted(page) == ["needle", "NEEDLE", "needle"], 60)
    box.fill("(x+y)")
    wait_for(lambda: highlighted(page) == ["(x+y)"], 60)
    assert page.locator("#lines").inner_html() == before


def test_escape_clears_what_was_looked_for(
    page: Page, log: Log, long_log: Writer, box: Locator, found: Locator
) -> None:
    log.open("?find=needle")
    expect(found).to_have_text("1 of 3")
    box.press("Escape")
    expect(box).to_have_value("")
    expect(found).to_have_text("")
    assert highlighted(page) == []
    assert "find=" not in page.url


def test_a_link_brings_the_text_and_the_place(
    page: Page, log: Log, long_log: Writer, box: Locator, found: Locator
) -> None:
    log.open()
    box.fill("needle")
    for _ in range(3):
        box.press("Enter")
    log.shows(3002)
    link = page.url
    assert link.endswith("?find=needle#L3002")
    page.goto("/")
    page.goto(link)
    log.shows(3002)
    expect(box).to_have_value("needle")
    expect(found).to_have_text("3 matches")


def test_matches_can_be_walked_from_the_log(
    page: Page, log: Log, long_log: Writer, found: Locator
) -> None:
    log.open("?find=needle")
    log.shows(1001)
    log.box.focus()
    page.keyboard.press("n")
    log.shows(3002)
    page.keyboard.press("Shift+N")
    log.shows(1001)
    page.get_by_role("button", name="Next match").click()
    expect(found).to_have_text("2 of 3")


def test_what_is_nowhere_is_said(log: Log, long_log: Writer, box: Locator, found: Locator) -> None:
    log.open()
    box.fill("camel")
    box.press("Enter")
    expect(found).to_have_text("no match")
    log.shows(6003)


def test_very_many_matches_are_counted_up_to_a_bound(
    log: Log, long_log: Writer, box: Locator, found: Locator
) -> None:
    log.open("#L4000")
    log.shows(4000)
    box.fill("line")
    box.press("Enter")
    log.shows(4001)
    expect(found).to_have_text("1,000+ matches")


def test_lines_that_arrive_are_found_too(
    log: Log, writer: Writer, box: Locator, found: Locator
) -> None:
    writer.count(30)
    log.open_live()
    box.fill("late")
    box.press("Enter")
    expect(found).to_have_text("no match")
    writer.write("a late line")
    log.shows(31)
    box.press("Enter")
    expect(found).to_have_text(re.compile("^1 of 1"))


def test_only_matches_is_a_filter_and_back(
    page: Page, log: Log, long_log: Writer, box: Locator, found: Locator
) -> None:
    log.open()
    box.fill("needle")
    page.get_by_role("button", name="Only matches").click()
    expect(page).to_have_url(re.compile(r"\?q=needle"))
    log.holds([1001, 3002, 6003])
    expect(found).to_have_text("3 matches")
    box.press("Enter")
    log.holds([1001, 3002, 6003])
    box.fill("again")
    box.press("Enter")
    log.holds([3002])
    page.get_by_role("link", name="Only matches").click()
    expect(page).to_have_url(re.compile(r"\?find=again"))
    log.shows(3002)
    log.shows(3001)


def test_a_match_in_a_filtered_log_is_shown_in_its_context(
    page: Page, log: Log, long_log: Writer
) -> None:
    log.open("?q=needle")
    log.line(1001).locator(".no").click()
    expect(page).to_have_url(re.compile(r"\?line=1001#L1001$"))
    log.shows(1001)
    log.shows(1003)
    assert {951, 1051} <= set(log.numbers())


def test_finding_stays_within_the_filter(
    page: Page, log: Log, long_log: Writer, box: Locator, found: Locator
) -> None:
    log.open("?level=error")
    box.fill("needle")
    box.press("Enter")
    expect(found).to_have_text(re.compile("^1 of 1"))
    log.holds([3002, 3003])


def test_errors_are_walked_by_key_and_by_button(page: Page, log: Log, long_log: Writer) -> None:
    log.open()
    log.shows(6003)
    page.keyboard.press("Shift+E")
    log.shows(3003)
    page.keyboard.press("Shift+E")
    expect(log.line(3002)).to_have_class(re.compile("target"))
    page.get_by_role("button", name="Next error").click()
    expect(log.line(3003)).to_have_class(re.compile("target"))
    page.keyboard.press("g")
    log.shows(1)
    page.keyboard.press("e")
    log.shows(3002)


@pytest.mark.parametrize("key", ["l", ":"])
def test_a_line_is_gone_to_by_its_number(page: Page, log: Log, long_log: Writer, key: str) -> None:
    log.open()
    log.shows(6003)
    page.keyboard.press(key)
    expect(page.get_by_role("dialog", name="Go to line")).to_be_visible()
    page.keyboard.type("2,500")
    page.keyboard.press("Enter")
    log.shows(2500)
    expect(page).to_have_url(re.compile("#L2500$"))


def test_a_line_beyond_the_end_is_the_last_one(page: Page, log: Log, long_log: Writer) -> None:
    log.open("#L3")
    page.get_by_role("button", name="Go to line").click()
    page.keyboard.type("99999")
    page.keyboard.press("Enter")
    log.shows(6003)


def test_loggers_are_chosen_from_those_of_the_run_or_typed(
    page: Page, log: Log, long_log: Writer
) -> None:
    log.open("#L6003")
    page.get_by_text("Logger", exact=True).click()
    page.get_by_role("link", name="shop.orders 2").click()
    log.holds([3002, 3003])
    page.get_by_text("shop.orders", exact=True).first.click()
    page.get_by_role("textbox", name="Logger").fill("shop")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("logger=shop$"))
    log.holds([3002, 3003])
    page.get_by_text("shop", exact=True).click()
    page.get_by_role("textbox", name="Logger").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No line matches the filter.")).to_be_visible()
    page.get_by_role("link", name="Show all lines").first.click()
    log.shows(6003)


def test_attempts_have_chips_when_there_are_several(page: Page, log: Log, writer: Writer) -> None:
    writer.count(3)
    log.open()
    expect(page.get_by_role("link", name="Attempt 1")).to_have_count(0)
    writer.attempt = type(writer.attempt).objects.create(task=writer.run, number=2, stored=2)
    writer.count(2)
    log.open()
    page.get_by_role("link", name="Attempt 2 2").click()
    expect(page).to_have_url(re.compile("attempt=2"))
    log.holds([4, 5])
    page.get_by_role("link", name="Attempt 2 2").click()
    log.holds(range(1, 6))


class TestWithoutJavaScript:
    @pytest.fixture
    def context_options(self) -> dict[str, Any]:
        return {"java_script_enabled": False, "viewport": {"width": 1440, "height": 860}}

    def test_the_box_filters_and_numbers_lead_to_the_context(
        self, page: Page, log: Log, long_log: Writer, box: Locator
    ) -> None:
        log.open("?level=error")
        box.fill("needle")
        box.press("Enter")
        log.holds([3002])
        expect(page).to_have_url(re.compile("level=error"))
        log.line(3002).locator(".no").click()
        log.shows(3002)
        assert len(log.numbers()) == 1000


class TestLooks:
    def test_it_is_accessible_and_fits(
        self,
        page: Page,
        log: Log,
        writer: Writer,
        found: Locator,
        look: Callable[[Page, str], None],
    ) -> None:
        haystack(writer, 10)  # each line costs the check its time
        writer.attempt = type(writer.attempt).objects.create(
            task=writer.run, number=2, stored=2, finished_at=writer.run.finished_at
        )
        for name, where in {"find": "?find=needle#L32", "only": "?q=needle"}.items():
            log.open(where)
            expect(found).to_have_text("3 matches")
            page.get_by_text("Logger", exact=True).click()
            look(page, name)
            page.keyboard.press("Escape")
            page.keyboard.press("l")
            look(page, f"{name}-goto")
