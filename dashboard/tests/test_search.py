"""The search page: the query, its problems, results by run, and what follows them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from dashboard.views.search import EXAMPLES
from tasklog.models import TaskLogLine, TaskRun
from tasklog.search import hunt, turns

Making = Callable[..., TaskRun]


@pytest.fixture
def say(make_run: Making) -> Callable[..., TaskRun]:
    """`say("a", "one", "two")`: a run with these lines."""

    def make(task_id: str, *messages: str, **run: Any) -> TaskRun:
        made = make_run(task_id, **run)
        for message in messages:
            TaskLogLine.objects.create(task_id=task_id, message=message)
        return made

    return make


def page(client: Client, query: str, **more: Any) -> str:
    response = client.get("/search/", {"q": query, **more})
    assert response.status_code == 200
    return response.content.decode()


def test_without_a_query_the_page_teaches_the_language(browser_of_ada: Client) -> None:
    html = page(browser_of_ada, "")
    assert "level:error task:import after:1h" in html
    assert 'href="?q=%22disk%20full%22%20level%3Awarning"' in html


def test_every_example_is_a_good_query(browser_of_ada: Client) -> None:
    for query, _ in EXAMPLES:
        assert "No line matches" in page(browser_of_ada, query)


def test_problems_stand_under_the_bad_part(browser_of_ada: Client) -> None:
    html = page(browser_of_ada, "a level:loud")
    assert 'a level:loud\n<b aria-hidden="true">        ^^^^</b>' in html
    assert "debug, info, warning, error, critical" in html


def test_a_match_is_marked_and_leads_to_its_line(browser_of_ada: Client, say: Making) -> None:
    say("r1", "before", "the <Disk> is full", "after")
    html = page(browser_of_ada, "disk")
    assert "the &lt;<mark>Disk</mark>&gt; is full" in html
    assert 'href="/runs/r1/?line=2#L2"' in html
    assert "<b>1 match</b> in 1 run" in html
    assert ">before<" in html


def test_colours_are_left_out_and_long_lines_cut_around_the_match(
    browser_of_ada: Client, say: Making
) -> None:
    say("r1", "\x1b[31m" + "x" * 5000 + "needle" + "y" * 5000)
    html = page(browser_of_ada, "/need(le)/")
    (text,) = re.findall(r'class="text">(.*?)</span>', html)
    assert text == "…" + "x" * 80 + "<mark>needle</mark>" + "y" * 314 + "…"


def test_older_matches_are_one_click_away_with_and_without_htmx(
    browser_of_ada: Client, say: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hunt, "PAGE_RUNS", 1)
    say("old", "word")
    say("new", "word", minutes=1)
    (following,) = re.findall(r'rel="next" hx-get="\?([^"]+)"', page(browser_of_ada, "word"))
    address = f"/search/?{following.replace('&amp;', '&')}"
    plain = browser_of_ada.get(address).content.decode()
    fragment = browser_of_ada.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "/runs/old/" in plain
    assert "/runs/new/" not in plain
    assert "<h1>" in plain
    assert "/runs/old/" in fragment
    assert "<h1>" not in fragment


def test_only_so_many_searches_run_at_once(
    browser_of_ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0)
    for _ in range(turns.AT_ONCE):
        turns._free.acquire()
    try:
        response = browser_of_ada.get("/search/", {"q": "x"})
    finally:
        turns._free.release(turns.AT_ONCE)
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "2"
