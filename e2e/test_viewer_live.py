"""The log viewer in Chromium while lines come in: follow, pause, reconnect, floods."""

from __future__ import annotations

import os
import re
import signal
import time
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from conftest import wait_for
from e2e.conftest import Web, _answers
from e2e.viewer import TASK_ID, Log, Writer

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from e2e.conftest import Complaints


def restart(web: Web, *, between: Any = None) -> None:
    """Kills the web process with its worker (which would answer for a second more) and starts it
    again on its port.
    """
    port = web.url.rpartition(":")[2]
    os.killpg(web.stack.processes[-1].pid, signal.SIGKILL)
    web.stack.processes[-1].wait(10)
    if between:
        between()
    web.stack.spawn(
        "-m", "gunicorn", "project.asgi:application", "-k", "asgi", "-w", "1",
        "-b", f"127.0.0.1:{port}", "--graceful-timeout", "1", DEBUG="0",
    )  # fmt: skip
    wait_for(lambda: _answers(web.url), 60)


def test_stored_lines_come_first_then_new_ones_in_order_until_the_end(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.count(150)
    log.open_live()
    for _ in range(20):
        writer.count(3)
    log.shows(210)
    log.holds(range(1, 211))
    assert log.at_end()
    writer.end()
    expect(log.connection).to_have_text("ended")
    expect(page.locator("#end")).to_contain_text("Succeeded")
    expect(page.locator("#end")).to_contain_text("210 lines")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Succeeded")


def test_a_run_without_lines_waits_and_then_shows_them(
    page: Page, log: Log, writer: Writer
) -> None:
    log.open_live()
    expect(page.get_by_text("No line yet.")).to_be_visible()
    writer.write("hello", "world")
    log.holds([1, 2])
    expect(page.get_by_text("No line yet.")).to_be_hidden()


def test_a_killed_and_restarted_server_costs_no_line_and_doubles_none(
    log: Log, writer: Writer, web: Web, complaints: Complaints
) -> None:
    complaints.expect("Failed to load resource")
    complaints.expect("ERR_")
    complaints.expect("htmx:")
    writer.count(20)
    log.open_live()
    writer.count(20)
    log.shows(40)

    def meanwhile() -> None:
        expect(log.connection).to_have_text(re.compile("reconnecting in"))
        writer.count(20)

    restart(web, between=meanwhile)
    log.is_live()
    writer.count(20)
    log.shows(80)
    log.holds(range(1, 81))


def test_a_503_costs_no_line_and_doubles_none(
    page: Page, log: Log, writer: Writer, complaints: Complaints
) -> None:
    complaints.expect("503")
    writer.count(20)
    asked: list[str] = []

    def refuse_twice(route: Any) -> None:
        asked.append(route.request.url)
        if len(asked) <= 2:
            route.fulfill(status=503, body="away")
        else:
            route.continue_()

    page.route(re.compile("/stream/"), refuse_twice)
    log.open()
    writer.count(20)
    log.is_live()
    writer.count(5)
    log.shows(45)
    log.holds(range(1, 46))
    assert len(asked) == 3


def test_scrolled_up_nothing_moves_and_new_lines_are_counted(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.count(300)
    log.open_live()
    log.shows(300)
    log.scroll_to(1000)
    before = log.top()
    for _ in range(10):
        writer.count(20)
    expect(log.fresh).to_have_text("↓ 200 new lines", timeout=15_000)
    assert log.top() == before
    log.fresh.click()
    log.shows(500)
    expect(log.fresh).to_be_hidden()


def test_the_pause_button_holds_the_view_at_the_end_too(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.count(100)
    log.open_live()
    log.shows(100)
    page.get_by_role("button", name="Pause").click()
    before = log.top()
    writer.count(50)
    expect(log.fresh).to_have_text("↓ 50 new lines")
    assert log.top() == before
    page.keyboard.press("f")
    log.shows(150)


def test_who_scrolled_away_is_led_back_to_the_end_by_button_and_key(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.count(300)
    log.open_live()
    log.shows(300)
    for lead_back in (page.locator("#pause").click, lambda: page.keyboard.press("f")):
        expect(page.locator("#pause")).to_contain_text("Pause")
        log.scroll_to(500)
        expect(page.locator("#pause")).to_contain_text("Follow")
        lead_back()
        writer.count(5)
        log.shows(writer.run.line_count)


def test_a_tab_in_the_background_takes_no_connection_until_it_is_looked_at(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.count(3)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(
        "let hidden = true; Object.defineProperty(document, 'hidden', {get: () => hidden});"
        "window.look = () => { hidden = false;"
        " document.dispatchEvent(new Event('visibilitychange')); };"
    )
    log.open()
    page.wait_for_timeout(500)
    assert not [url for url in asked if "/stream/" in url]
    writer.count(2)
    page.evaluate("look()")
    log.is_live()
    log.holds(range(1, 6))


def test_a_flood_past_a_paused_page_keeps_it_small_and_still(
    page: Page, log: Log, writer: Writer
) -> None:
    writer.count(100)
    log.open_live()
    log.shows(100)
    page.keyboard.press("f")
    before = log.top()
    for _ in range(20):
        writer.count(400)
    expect(log.fresh).to_contain_text("new lines")
    wait_for(lambda: "8,000" in log.fresh.inner_text(), 120, log.fresh.inner_text)
    assert log.top() == before
    assert len(log.numbers()) <= 5000
    page.keyboard.press("f")
    log.shows(8_100)


def test_scrolling_up_loads_older_lines_while_new_ones_come(log: Log, writer: Writer) -> None:
    writer.count(2500)
    log.open_live()
    log.shows(2500)
    for _ in range(6):
        log.scroll_to(0)
        writer.count(10)
    expect(log.line(1)).to_be_attached()
    log.holds(range(1, 2561))


def test_a_flood_keeps_the_page_small_and_every_line_reachable(
    page: Page, log: Log, writer: Writer
) -> None:
    log.open_live()
    for _ in range(30):
        writer.count(400)
    log.shows(12_000)
    wait_for(lambda: len(log.numbers()) <= 5000, 120)
    seen = _read_all_upwards(log)
    assert seen == list(range(1, 12_001))


def _read_all_upwards(log: Log) -> list[int]:
    """Scrolls to the first line and back down, opening what a flood hid; every number met."""
    met: set[int] = set(log.numbers())
    until = time.monotonic() + 120
    while time.monotonic() < until:
        for bar in log.page.locator(".edge.hidden").all():
            bar.evaluate("bar => bar.click()")
        log.page.wait_for_timeout(120)
        numbers = log.numbers()
        assert numbers == sorted(set(numbers))
        met.update(numbers)
        if 1 in met and len(met) == 12_000:
            break
        log.scroll_to(0)
    return sorted(met)


def test_without_redis_the_page_polls_and_stays_complete(
    page: Page, log: Log, writer: Writer, web: Web, complaints: Complaints
) -> None:
    complaints.expect("Failed to load resource")
    complaints.expect("ERR_")
    complaints.expect("htmx:")
    web.stack.env["CELERY_TASKLOG_REDIS_URL"] = ""
    writer.count(10)
    restart(web)
    log.open()
    expect(log.connection).to_have_text("polling")
    writer.count(10, publishing=False)
    log.shows(20)
    log.holds(range(1, 21))


def test_an_unfinished_line_is_shown_at_the_end_until_it_is_finished(
    page: Page, log: Log, writer: Writer
) -> None:
    from tasklog.live import publish

    writer.count(3)
    log.open_live()
    publish.publish_event(TASK_ID, "tail", {"text": "42 % |####      |"})
    expect(page.locator("#tail")).to_have_text("42 % |####      |")
    writer.count(1)
    log.shows(4)
    expect(page.locator("#tail")).to_be_empty()


def test_a_filtered_stream_shows_only_what_was_asked(log: Log, writer: Writer) -> None:
    writer.count(3)
    log.open_live("?level=error")
    writer.count(5)
    writer.write("bad", stream="log", level=40)
    log.holds([9])


def test_the_stream_of_a_link_into_the_middle_only_counts(log: Log, writer: Writer) -> None:
    writer.count(3000)
    log.open_live("#L120")
    log.shows(120)
    writer.count(30)
    expect(log.fresh).to_have_text("↓ 30 new lines")
    log.fresh.click()
    log.shows(3030)
    writer.count(5)
    log.shows(3035)
    assert len(log.numbers()) == len(set(log.numbers()))
