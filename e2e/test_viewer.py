"""The log viewer in Chromium: reading, linking, filtering, downloading."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from e2e.viewer import TASK_ID, Log, Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from e2e.conftest import Complaints


def test_a_finished_run_opens_at_its_end_and_scrolls_back_to_its_first_line(
    log: Log, writer: Writer
) -> None:
    writer.count(3200)
    writer.end()
    log.open()
    log.shows(3200)
    for _ in range(8):
        log.scroll_to(0)
    log.holds(range(1, 3201))


def test_the_page_says_how_the_run_stands_and_why_it_failed(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.write("giving up", stream="log", level=40, logger="orders")
    writer.end("FAILURE", cause="killed", reason="The worker process was killed by signal 9")
    log.open()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Worker killed")
    cause = page.get_by_role("region", name="Why it ended")
    expect(cause).to_contain_text("killed by signal 9")
    expect(cause.get_by_role("link", name="giving up")).to_be_visible()
    expect(log.connection).to_have_text("ended")


def test_streams_and_levels_are_told_apart_by_a_word_as_well(log: Log, writer: Writer) -> None:
    writer.write("a")
    writer.write("b", stream="stderr")
    writer.write("c", stream="log", level=30, logger="shop")
    log.open()
    for number, word in ((1, "out"), (2, "err"), (3, "warn")):
        expect(log.line(number).locator(".kind")).to_have_text(word)


def test_colours_and_links_are_drawn_and_markup_stays_text(log: Log, writer: Writer) -> None:
    writer.write("\x1b[31mred\x1b[0m <script>alert(1)</script> https://example.org/a?b=1&c=2.")
    log.open()
    expect(log.line(1).locator(".f1")).to_have_text("red")
    link = log.line(1).get_by_role("link", name="https://")
    expect(link).to_have_attribute("href", "https://example.org/a?b=1&c=2")
    expect(link).to_have_attribute("rel", re.compile("noopener noreferrer"))
    expect(log.line(1)).to_contain_text("<script>alert(1)</script>")


def test_a_link_to_a_line_lands_in_its_context(log: Log, writer: Writer) -> None:
    writer.count(5000)
    writer.end()
    log.open("#L120")
    log.shows(120)
    expect(log.line(120)).to_have_class(re.compile("target"))
    log.shows(122)


def test_a_link_to_a_range_marks_its_lines(page: Page, log: Log, writer: Writer) -> None:
    writer.count(400)
    writer.end()
    log.open("#L120-L140")
    log.shows(120)
    expect(page.locator(".line.target")).to_have_count(21)


def test_a_click_on_a_number_makes_the_link(page: Page, log: Log, writer: Writer) -> None:
    writer.count(20)
    log.open()
    log.line(7).locator(".no").click()
    expect(page).to_have_url(re.compile("#L7$"))
    log.line(9).locator(".no").click(modifiers=["Shift"])
    expect(page).to_have_url(re.compile("#L7-L9$"))
    expect(page.locator(".line.target")).to_have_count(3)


def test_filters_stand_in_the_address_and_say_what_they_hide(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.count(5)
    writer.write("bad", stream="log", level=40, logger="shop")
    log.open()
    page.get_by_role("link", name="Errors 1").click()
    expect(page).to_have_url(re.compile("level=error"))
    log.holds([6])
    page.get_by_role("link", name="stderr").click()
    expect(page.get_by_text("No line matches the filter.")).to_be_visible()
    page.get_by_role("link", name="Show all lines").first.click()
    log.holds(range(1, 7))


def test_a_gap_is_shown_with_its_size(page: Page, log: Log, writer: Writer) -> None:
    writer.count(3)
    writer.run.line_count = 1003
    writer.count(2)
    log.open()
    expect(page.get_by_text("1,000 lines were dropped here (4–1,003)")).to_be_visible()


def test_a_second_attempt_is_separated_from_the_first(page: Page, log: Log, writer: Writer) -> None:
    writer.count(3)
    writer.attempt = type(writer.attempt).objects.create(task=writer.run, number=2)
    writer.count(2)
    log.open()
    expect(page.get_by_text("Attempt 2 started")).to_be_visible()


@pytest.mark.parametrize("kind", ["txt", "jsonl", "csv"])
def test_the_log_is_downloaded_whole(page: Page, log: Log, writer: Writer, kind: str) -> None:
    writer.count(1500)
    log.open()
    page.keyboard.press("d")
    with page.expect_download() as started:
        page.get_by_role("link", name=re.compile(f"^{kind} ")).click()
    assert started.value.suggested_filename == f"orders.import_feed-{TASK_ID}.{kind}"
    lines = started.value.path().read_text().splitlines()
    assert len(lines) == 1500 + (kind == "csv")
    assert "line 1500" in lines[-1]


def test_what_is_copied_is_clean_text(page: Page, log: Log, writer: Writer) -> None:
    writer.count(200)
    writer.end()
    log.open()
    copied = page.evaluate(
        """() => {
            const all = document.querySelectorAll("#lines .line");
            getSelection().setBaseAndExtent(all[0], 0, all[199], all[199].childNodes.length);
            return getSelection().toString();
        }"""
    )
    assert copied.split("\n") == [f"line {n}" for n in range(1, 201)]


def test_switches_are_kept_for_each_user(page: Page, log: Log, writer: Writer) -> None:
    writer.count(3)
    log.open()
    page.keyboard.press("t")
    expect(log.line(1).locator("time")).to_have_text(re.compile(r"^\+\d+\.\d{3}$"))
    page.keyboard.press("t")
    page.keyboard.press("w")
    log.open()
    expect(log.line(1).locator("time")).to_be_hidden()
    expect(page.get_by_role("button", name="Wrap")).to_have_attribute("aria-pressed", "false")
    kept = page.evaluate("Object.keys(localStorage)")
    assert all(name.startswith(f"tasklog.{_reader(page)}.") for name in kept)


def _reader(page: Page) -> str:
    return str(page.locator("#viewer").get_attribute("data-reader"))


def test_errors_and_ends_are_a_key_away(page: Page, log: Log, writer: Writer) -> None:
    writer.count(1500)
    writer.write("bad", stream="log", level=40, logger="shop")
    writer.count(1500)
    writer.end()
    log.open()
    log.shows(3001)
    page.keyboard.press("Shift+E")
    log.shows(1501)
    page.keyboard.press("g")
    log.shows(1)
    page.keyboard.press("e")
    log.shows(1501)
    page.keyboard.press("Shift+G")
    log.shows(3001)


def test_arguments_result_and_attempts_stand_on_their_tabs(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.end("FAILURE", cause="exception", exception="E: x", traceback="Traceback: here")
    log.open()
    page.get_by_role("link", name="Details").click()
    expect(page.get_by_text('"feed": "acme"')).to_be_visible()
    expect(page.get_by_text("Traceback: here")).to_be_visible()
    page.get_by_role("link", name="Attempts").click()
    expect(page.get_by_role("row", name=re.compile("celery@worker-1"))).to_be_visible()


def test_an_unknown_run_is_a_page_that_says_so(page: Page, complaints: Complaints) -> None:
    complaints.expect("404")
    answer = page.goto("/runs/no-such-task/")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_text("There is no run with the id no-such-task.")).to_be_visible()


class TestWithoutJavaScript:
    @pytest.fixture
    def context_options(self) -> dict[str, Any]:
        return {"java_script_enabled": False, "viewport": {"width": 1440, "height": 860}}

    def test_the_log_is_plain_pages(self, page: Page, log: Log, writer: Writer) -> None:
        writer.count(2500)
        writer.end()
        log.open()
        expect(log.line(2500)).to_be_attached()
        page.get_by_role("link", name="Older lines").click()
        expect(log.line(1500)).to_be_attached()
        page.get_by_role("link", name="Older lines").click()
        expect(log.line(1)).to_be_attached()
        page.get_by_role("link", name="Newer lines").click()
        expect(log.line(501)).to_be_attached()


class TestLooks:
    def test_the_page_is_accessible_and_fits(
        self, page: Page, log: Log, writer: Writer, look: Callable[[Page, str], None]
    ) -> None:
        colours = " ".join(
            f"\x1b[{code}m{code}\x1b[0m" for code in (*range(30, 38), *range(90, 98))
        )
        writer.write("plain", colours, "x" * 400, "see https://example.org/ now")
        for stream, level in (("stderr", 0), ("system", 0), ("log", 10), ("log", 20),
                              ("log", 30), ("log", 40), ("log", 50)):  # fmt: skip
            writer.write(f"{stream} {level}", stream=stream, level=level, logger="shop.orders")
        writer.end("FAILURE", cause="exception", reason="Exception: E", exception="E: no")
        for tab in ("", "?tab=details", "?tab=attempts", "?level=error#L10"):
            log.open(tab)
            look(page, f"run{tab}")
