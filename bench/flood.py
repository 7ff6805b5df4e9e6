"""A page that follows a flood: `python -m bench.flood [LINES A SECOND] [SECONDS]`.

A real worker prints; Chromium shows.  How old is the newest text on the screen, how long do frames
take, how many lines does the page hold and how large does its heap become?  In the second half the
view is paused: then nothing may move.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.live_delay import session, start_web
from bench.rig import rig, table, wait

PER_SECOND = 10_000
# Notes the length of each frame, and once in a hundred milliseconds the age of the newest text.
WATCH = r"""
window.frames_ = []; window.ages = []; window.nodes = []; window.tops = [];
let last = performance.now(), looked = 0;
const log = document.getElementById("log"), lines = document.getElementById("lines");
(function frame(now) {
  window.frames_.push(now - last); last = now;
  if (now > looked + 100) {
    looked = now;
    const found = [...(lines.lastElementChild?.textContent ?? "").matchAll(/ at (\d+\.\d+)/g)];
    if (found.length) window.ages.push(Date.now() / 1000 - found.at(-1)[1]);
    window.nodes.push(lines.querySelectorAll(".line").length);
    window.tops.push(Math.round(log.scrollTop));
  }
  requestAnimationFrame(frame);
})(last);
"""
HEAD = ("text age p95, s", "frame p50, ms", "frame p95", "frame max", "lines", "heap, MB")
RESET = "window.frames_ = []; window.ages = []; window.nodes = []; window.tops = []"


def main(per_second: int, seconds: int) -> None:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright runs a loop in this thread
    with rig(LOG_LEVEL="WARNING") as own:
        own.drainer()
        own.worker()
        url = start_web(own)
        with opened(session(url)) as page:
            following, paused = _watch(page, url, per_second, seconds)
    title = f"{per_second:,} lines a second for {seconds} s"
    rows = [("following", *following), ("paused", *paused)]
    table(title, [("", *HEAD), *rows])


@contextmanager
def opened(cookie: Any) -> Iterator[Page]:
    """A page of Chromium that may be looked into."""
    program = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium")
    flags = ["--no-sandbox", "--enable-precise-memory-info"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        context = browser.new_context(bypass_csp=True, viewport={"width": 1440, "height": 860})
        context.add_cookies([cookie])
        yield context.new_page()
        browser.close()


def _watch(page: Page, url: str, per_second: int, seconds: int) -> tuple[Any, Any]:
    from bench.tasks import flood
    from tasklog.models import TaskRun

    task_id = flood.delay(per_second, seconds).id
    wait(TaskRun.objects.filter(pk=task_id, line_count__gt=0).exists)
    page.goto(f"{url}/runs/{task_id}/")
    page.wait_for_timeout(1000)
    page.evaluate(WATCH)
    page.wait_for_timeout(seconds * 500)
    following = told(page)
    page.keyboard.press("f")
    page.wait_for_timeout(500)
    page.evaluate(RESET)
    page.wait_for_timeout(seconds * 250)
    tops = page.evaluate("window.tops")
    if len(set(tops)) != 1:
        raise AssertionError(f"paused, the view moved: {sorted(set(tops))}")
    return following, told(page, ages=False)


def told(page: Page, *, ages: bool = True) -> tuple[Any, ...]:
    """The cells below HEAD, since WATCH or RESET."""
    seen = page.evaluate(
        "({frames: frames_, ages, nodes, heap: performance.memory.usedJSHeapSize})"
    )
    frames = statistics.quantiles(seen["frames"], n=100)
    age = statistics.quantiles(seen["ages"], n=100)[94] if ages else "–"
    heap = seen["heap"] / 1e6
    return age, frames[49], frames[94], max(seen["frames"]), max(seen["nodes"]), heap


if __name__ == "__main__":
    main(*(int(word) for word in (sys.argv[1:] + ["10000", "30"][len(sys.argv) - 1 :])[:2]))
