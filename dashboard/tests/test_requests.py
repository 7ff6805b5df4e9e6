"""From a web request to the runs it asked for, and from a value to the runs called with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from django.test import Client

from tasklog.models import TaskLogLine, TaskRun

Make = Callable[..., TaskRun]


def test_a_run_leads_to_all_runs_of_its_request(browser_of_ada: Client, make_run: Make) -> None:
    for task_id, request in (("r1", "q-1"), ("r2", "q-1"), ("r3", "other")):
        make_run(task_id, request_id=request)
    page = browser_of_ada.get("/runs/r1/").content.decode()
    found = re.search(r'href="([^"]+)" title="All runs that this request', page)
    assert found is not None
    rows = browser_of_ada.get(unescape(found[1])).context["rows"]
    assert {row.run.pk for row in rows} == {"r1", "r2"}


def test_a_search_leads_to_the_runs_that_were_called_with_it(
    browser_of_ada: Client, make_run: Make
) -> None:
    run = make_run("r1", args='["4471"]')
    make_run("r2", args='["17"]')
    TaskLogLine.objects.create(task=run, message="order 4471 sent")
    page = browser_of_ada.get("/search/", {"q": '"4471"'}).content.decode()
    found = re.search(r'href="([^"]+)">Runs that were called with it', page)
    assert found is not None
    rows = browser_of_ada.get(unescape(found[1])).context["rows"]
    assert [row.run.pk for row in rows] == ["r1"]
    assert "called with it" not in browser_of_ada.get("/search/?q=level:error").content.decode()
