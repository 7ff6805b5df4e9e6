"""From `print` in a worker to text in the browser's DOM, over the whole way, on one clock.

The task prints the time so many times a second; the page notes when each line appears in it.
`python -m bench.live_delay [SECONDS] [LINES A SECOND] [sqlite|postgres]`
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys

from playwright.sync_api import Page, sync_playwright

from bench.rig import Rig, rig, table, wait
from bench.viewers import free_port, serve

# Runs before the page's own scripts.  performance.timeOrigin + now() is the host's clock.
OBSERVER = r"""
window.seen = {};
new MutationObserver((changes) => {
  const now = performance.timeOrigin + performance.now();
  for (const { addedNodes } of changes) for (const node of addedNodes)
    for (const [, number, at] of node.textContent.matchAll(/stamp (\d+) (\d+\.\d+)/g))
      (window.seen[number] ??= []).push(now - at * 1000);
}).observe(document, { childList: true, subtree: true });
"""


def main(seconds: int, per_second: int, database: str) -> None:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright runs a loop in this thread
    with rig(database, LOG_LEVEL="WARNING") as own, sync_playwright() as playwright:
        own.drainer()
        own.worker()
        url = start_web(own)
        program = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = browser.new_context()
        context.add_cookies([session(url)])
        seen = _watch(context.new_page(), url, seconds, per_second)
        browser.close()
    _tell(seen, per_second * seconds, f"{database}: print → DOM at {per_second} lines/s")


def start_web(own: Rig) -> str:
    port = free_port()
    serve(own, port)
    return f"http://127.0.0.1:{port}"


def session(url: str) -> dict[str, str]:
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.create(username="bench", is_superuser=True))
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": url}


def _watch(page: Page, url: str, seconds: int, per_second: int) -> dict[str, list[float]]:
    """Delays in milliseconds by line; only lines printed while the page was open count."""
    from bench.tasks import stamps
    from tasklog.models import TaskRun

    page.add_init_script(OBSERVER)
    task_id = stamps.delay(per_second, seconds).id
    wait(TaskRun.objects.filter(pk=task_id).exists)
    page.goto(f"{url}/runs/{task_id}/")
    page.evaluate("window.opened = Object.keys(window.seen)")
    wait(TaskRun.objects.filter(pk=task_id, state="SUCCESS").exists, seconds + 30)
    page.wait_for_timeout(1000)
    _check_dom(page)
    seen = page.evaluate("window.seen")
    backlog = set(page.evaluate("window.opened"))
    return {number: delays for number, delays in seen.items() if number not in backlog}


def _check_dom(page: Page) -> None:
    """Every line once, as the page stands in the end."""
    numbers = r"[...document.body.textContent.matchAll(/stamp (\d+) /g)].map((found) => +found[1])"
    told = page.evaluate(numbers)
    if len(told) != len(set(told)) or told != sorted(told):
        raise AssertionError(f"{len(told) - len(set(told))} lines stand twice on the page")


def _tell(seen: dict[str, list[float]], printed: int, title: str) -> None:
    delays = sorted(times[0] for times in seen.values())
    cuts = statistics.quantiles(delays, n=100)
    rows = [
        ("lines", "seen live", "p50 ms", "p95 ms", "p99 ms", "max ms"),
        (printed, len(delays), cuts[49], cuts[94], cuts[98], delays[-1]),
    ]
    table(title, rows)


if __name__ == "__main__":
    asked = [*sys.argv[1:], *("20", "200", "sqlite")[len(sys.argv) - 1 :]]
    main(int(asked[0]), int(asked[1]), asked[2])
