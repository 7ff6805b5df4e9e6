"""What can be done with a line: copy it, link to it, see it in context; and the log alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from e2e.viewer import TASK_ID, Log, Writer

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def context_options() -> dict[str, Any]:
    return {
        "viewport": {"width": 1440, "height": 860},
        "permissions": ["clipboard-read", "clipboard-write"],
    }


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_a_line_is_copied_without_its_number_and_colours(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.write("first", "\x1b[31mred\x1b[0m  <b> &amp; https://example.org/")
    log.open()
    log.line(2).hover()
    page.get_by_role("button", name="Copy line").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert clipboard(page) == "red  <b> &amp; https://example.org/"


def test_the_link_of_a_line_is_copied(page: Page, log: Log, writer: Writer) -> None:
    writer.count(5)
    log.open()
    log.line(3).hover()
    page.get_by_role("button", name="Copy link").click()
    assert clipboard(page).endswith(f"/runs/{TASK_ID}/#L3")


def test_the_menu_is_reached_by_the_keyboard(page: Page, log: Log, writer: Writer) -> None:
    writer.count(5)
    log.open()
    log.line(3).locator(".no").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Copy line")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert clipboard(page) == "line 3"


def test_a_hit_of_a_filter_is_shown_in_its_context(page: Page, log: Log, writer: Writer) -> None:
    writer.count(3000)
    writer.write("bad", stream="log", level=40)
    writer.count(1500)
    writer.end()
    log.open("?level=error")
    log.line(3001).hover()
    page.get_by_role("link", name="Show in context", exact=True).click()
    log.shows(3001)
    log.shows(3002)
    expect(log.line(3001)).to_have_class(re.compile("target"))


def test_the_menu_moves_no_text(page: Page, log: Log, writer: Writer) -> None:
    writer.write("x" * 600, "short")
    log.open()
    before = log.line(1).bounding_box()
    log.line(1).hover()
    expect(page.get_by_role("button", name="Copy line")).to_be_visible()
    assert log.line(1).bounding_box() == before


def test_a_thousand_lines_are_copied_clean(page: Page, log: Log, writer: Writer) -> None:
    writer.count(1000)
    writer.end()
    log.open()
    log.shows(1000)
    log.line(1000).hover()
    page.evaluate(
        """() => {
            const all = document.querySelectorAll("#lines .line");
            getSelection().setBaseAndExtent(all[0], 0, all[999], all[999].childNodes.length);
        }"""
    )
    page.keyboard.press("Control+c")
    assert clipboard(page).split("\n") == [f"line {n}" for n in range(1, 1001)]


def test_a_range_is_linked_by_shift_in_either_direction(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.count(20)
    log.open()
    log.line(9).locator(".no").click()
    log.line(7).locator(".no").click(modifiers=["Shift"])
    expect(page).to_have_url(re.compile("#L7-L9$"))
    expect(page.locator(".line.target")).to_have_count(3)


def test_the_log_fills_the_window_and_gives_it_back(page: Page, log: Log, writer: Writer) -> None:
    writer.count(5)
    log.open()
    viewer = page.locator("#viewer")
    page.keyboard.press("z")
    box = viewer.bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 1440, 860)
    expect(page.get_by_role("button", name="Full screen")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(viewer).not_to_have_class(re.compile("full"))
    page.keyboard.press("?")
    expect(page.get_by_text("The log alone, over the whole window")).to_be_visible()


def test_a_click_on_a_value_leads_to_everything_about_it(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.write("order 4471-b is sent", "nothing here")
    log.open()
    text = log.line(1).locator(".text")
    everything = page.get_by_role("link", name="Everything about")
    log.line(1).hover()
    expect(everything).to_be_hidden()
    box = page.evaluate(
        """(text) => {
            const node = [...text.childNodes].find((one) => one.nodeType === 3);
            const range = document.createRange();
            range.setStart(node, node.data.indexOf("4471"));
            range.setEnd(node, node.data.indexOf("4471") + 4);
            const { x, y, width, height } = range.getBoundingClientRect();
            return { x: x + width / 2, y: y + height / 2 };
        }""",
        text.element_handle(),
    )
    page.mouse.click(box["x"], box["y"])
    expect(page.get_by_role("link", name="Everything about 4471-b")).to_be_visible()
    log.line(2).locator(".text").click()
    expect(everything).to_be_hidden()
    page.mouse.click(box["x"], box["y"])
    everything.click()
    expect(page).to_have_url(re.compile(r"/search/\?q=%224471-b%22"))
    expect(page.get_by_role("link", name="Runs that were called with it")).to_be_visible()
