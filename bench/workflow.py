"""Workflows: `python -m bench.workflow [--runs N] [--rate N] [--seconds N] [--postgres]`.

First a finished chord of N runs with ten lines each: the server's time for its pages.  Then five
tasks of one group write together at a rate, and a reader of the merged stream counts what comes;
then once more, and Chromium shows it.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx

from bench.find import reader, timed
from bench.flood import HEAD, WATCH, opened, told
from bench.live_delay import session, start_web
from bench.rig import rig, table, wait

if TYPE_CHECKING:
    from collections.abc import Iterator

TASKS = 5
LINES = 10
# Every line that was ever on the page by its name, what stood behind bars, and the appends.
COUNT = r"""
window.shown = new Set(); window.behind = 0; window.appends = 0;
const note = (part) => {
  for (const { name } of part.querySelectorAll?.("a.no") ?? []) window.shown.add(name);
  const bars = part.matches?.(".edge") ? [part] : part.querySelectorAll?.(".edge") ?? [];
  for (const bar of bars) window.behind += Number(bar.dataset.hidden ?? 0);
};
note(document.getElementById("lines"));
new MutationObserver((changes) => {
  const added = changes.flatMap((change) => [...change.addedNodes]);
  if (added.some((one) => one.matches?.(".batch"))) window.appends += 1;
  added.forEach(note);
}).observe(document.getElementById("lines"), { childList: true });
"""


def fill(runs: int) -> None:
    """A chord that was sent from outside: each header task is its own root."""
    from django.db import connection
    from django.utils import timezone

    from tasklog.models import TaskLogLine, TaskRun

    began = timezone.now() - timedelta(hours=1)
    ids = [f"{n:08}-0000-4000-8000-000000000000" for n in range(runs)]
    TaskRun.objects.bulk_create(
        (
            TaskRun(
                task_id=task_id, name="bench.sum" if n == runs - 1 else "bench.price",
                state="FAILURE" if n % 400 == 7 else "SUCCESS", group_id="bench-group",
                root_id=ids[-2] if n == runs - 1 else task_id,
                parent_id=ids[-2] if n == runs - 1 else "", created_at=began, queued_at=began,
                started_at=began + timedelta(seconds=n / 4), line_count=LINES,
                finished_at=began + timedelta(seconds=n / 4 + 3),
            )
            for n, task_id in enumerate(ids)
        ),
        batch_size=500,
    )  # fmt: skip
    TaskLogLine.objects.bulk_create(
        (
            TaskLogLine(
                task_id=task_id, number=k, seq=k, message=f"price {n}, step {k} of {LINES}",
                timestamp=began + timedelta(seconds=n / 4 + k * 0.3),
            )
            for n, task_id in enumerate(ids)
            for k in range(1, LINES + 1)
        ),
        batch_size=500,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def measure(title: str, runs: int) -> None:
    get, page = reader(), f"/workflows/{0:08}-0000-4000-8000-000000000000/"
    asked = {
        "the tree, folded": page,
        "its group opened": f"{page}?open=bench-group",
        "the merged log at its end": f"{page}?tab=log",
        "errors of the merged log": f"{page}?tab=log&level=error",
        "the list of workflows": "/workflows/",
    }
    rows = [(said, *timed(get, url), len(get(url)) / 1024) for said, url in asked.items()]
    table(f"{title}: a chord of {runs:,}", [("", "median ms", "slowest ms", "KiB"), *rows])


def send(rate: int, seconds: int) -> str:
    """Five tasks of one group that write `rate` lines a second together; where its page is."""
    from celery import group

    from bench.tasks import flood
    from tasklog.models import TaskRun

    sent = group(flood.si(rate // TASKS, seconds) for _ in range(TASKS)).apply_async()
    wait(lambda: TaskRun.objects.filter(group_id=sent.id, state="STARTED").count() == TASKS)
    return f"/workflows/{sent.id}/"


def warm() -> None:
    """The worker's first task is slow."""
    from bench.tasks import flood
    from tasklog.models import TaskRun

    flood.delay(1, 1)
    wait(TaskRun.objects.filter(name="bench.flood", state="SUCCESS").exists)


def follow(url: str, cookie: dict[str, str], rate: int, seconds: int) -> None:
    """Read over one stream."""
    path = send(rate, seconds)
    with httpx.Client(base_url=url, cookies={cookie["name"]: cookie["value"]}, timeout=60) as web:
        place = re.search('data-first="([^"]*)"', web.get(f"{path}?tab=log").text)
        query = {"after": place[1] if place else ""}
        began = time.monotonic()
        with web.stream("GET", f"{path}stream/", params=query) as answer:
            lines, hidden, delays = _count(answer.iter_lines())
        took = time.monotonic() - began
    cuts = statistics.quantiles(delays, n=20) if len(delays) > 1 else [0.0] * 19
    head = ("written", "shown", "behind bars", "twice", "s", "delay p50 ms", "p95 ms")
    twice = len(lines) - len(set(lines))
    row = (rate * seconds, len(set(lines)), hidden, twice, took, cuts[9], cuts[18])
    table(f"Five tasks, {rate:,} lines a second, one merged stream", [head, row])


def show(url: str, cookie: dict[str, str], rate: int, seconds: int) -> None:
    """Shown by Chromium: each line was on the page or stands behind a bar."""
    with opened(cookie) as page:
        path = send(rate, seconds)
        page.goto(f"{url}{path}?tab=log")
        page.evaluate(COUNT)
        page.evaluate(WATCH)
        began = time.monotonic()
        page.wait_for_function("window.shown.size > 0", timeout=60_000)
        page.wait_for_timeout(seconds * 700)
        cells, took = told(page), time.monotonic() - began
        appends = page.evaluate("window.appends") / took
        page.wait_for_selector("#connection[data-state=ended]", timeout=120_000)
        page.wait_for_timeout(500)
        shown, behind = page.evaluate("[window.shown.size, window.behind]")
    head = ("written", "shown", "behind bars", "appends a second", *HEAD)
    table("The same in Chromium", [head, (rate * seconds, shown, behind, appends, *cells)])


def _count(events: Iterator[str]) -> tuple[list[str], int, list[float]]:
    """The lines by run and number, how many stand behind bars, and their delays (ms)."""
    shown, hidden, delays = [], 0, []
    for event in events:
        if event.startswith("event: end"):
            break
        now = time.time()
        for run, number, at in re.findall(
            r'href="/runs/([^/]+)/#L(\d+)".*?at (\d+\.\d{3})</span>', event
        ):
            shown.append(f"{run}:{number}")
            delays.append((now - float(at)) * 1000)
        hidden += sum(
            int(count.replace(",", ""))
            for count in re.findall(r"<span>([\d,]+) lines hidden by the flood", event)
        )
    return shown, hidden, delays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--rate", type=int, default=5_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright runs a loop in this thread
    kind = "postgresql" if asked.postgres else "sqlite"
    with rig(kind, LOG_LEVEL="ERROR") as own:
        fill(asked.runs)
        measure(kind, asked.runs)
        own.drainer()
        own.worker(children=TASKS)
        url = start_web(own)
        cookie = session(url)
        warm()
        follow(url, cookie, asked.rate, asked.seconds)
        show(url, cookie, asked.rate, asked.seconds)


if __name__ == "__main__":
    main()
