"""The pages of workflows, their windows and their file, without a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from dashboard import branches, merged
from dashboard.tests.conftest import NOON
from dashboard.timeline import STEPS, Scale
from tasklog.models import TaskLogLine, TaskRun

Make = Callable[..., TaskRun]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def chord(make_run: Make) -> Callable[..., list[TaskRun]]:
    """`chord(50, failed=(3,))`: a header of so many, each with two lines, and its callback."""

    def make(count: int, failed: tuple[int, ...] = (), **values: Any) -> list[TaskRun]:
        runs = []
        for n in range(1, count + 1):
            state = "FAILURE" if n in failed else "SUCCESS"
            runs.append(
                make_run(
                    f"h{n}", minutes=n / 100, name="orders.price", group_id="g", root_id=f"h{n}",
                    state=state, exception="ValueError('no price')" if n in failed else "",
                    queued_at=NOON, started_at=NOON + timedelta(seconds=n),
                    finished_at=NOON + timedelta(seconds=n + 2), line_count=2, **values,
                )
            )  # fmt: skip
        runs.append(
            make_run(
                "sum", minutes=3, name="orders.sum", group_id="g", root_id=f"h{count}",
                parent_id=f"h{count}", state="SUCCESS", finished_at=NOON + timedelta(minutes=4),
                started_at=NOON + timedelta(minutes=3), line_count=1,
            )
        )  # fmt: skip
        for run in runs:
            write(run, run.line_count, run.started_at)
        return runs

    return make


def write(run: TaskRun, count: int, at: Any) -> None:
    TaskLogLine.objects.bulk_create(
        TaskLogLine(
            task=run, number=n, seq=n, message=f"{run.pk} says {n}",
            timestamp=at + timedelta(seconds=n / 2),
        )
        for n in range(1, count + 1)
    )  # fmt: skip


def said(page: str) -> list[str]:
    return re.findall(r"(\w+ says \d+)", page)


def test_the_list_says_what_a_workflow_is_and_what_failed(
    browser_of_ada: Client, chord: Any
) -> None:
    chord(50, failed=(3, 7))
    page = browser_of_ada.get("/workflows/").content.decode()
    assert page.count("<tr data-row>") == 1
    assert "orders.price × 50, orders.sum" in page
    assert "Ended with failures" in page
    assert "price #3 – ValueError(&#x27;no price&#x27;)" in page
    assert 'href="/workflows/h1/"' in page


def test_without_a_workflow_the_list_says_how_one_comes_about(
    browser_of_ada: Client, make_run: Make
) -> None:
    make_run("alone")
    assert "A chain, a group, a chord" in browser_of_ada.get("/workflows/").content.decode()


@pytest.mark.parametrize("query", ["?before=x", "?before=99999999999999999", "?before=²", "?tab=§"])
def test_a_mangled_place_in_the_list_is_the_newest_page(browser_of_ada: Client, query: str) -> None:
    assert browser_of_ada.get(f"/workflows/{query}").status_code == 200


def test_a_failed_branch_is_named_at_the_top_with_a_link(
    browser_of_ada: Client, chord: Any
) -> None:
    chord(50, failed=(3, 7))
    page = browser_of_ada.get("/workflows/sum/").content.decode()
    top = unescape(page[page.index('class="failures"') : page.index('class="facts"')])
    assert "2 of 51 failed:" in top
    assert "<a href=\"/runs/h3/\">price #3</a> – ValueError('no price')" in top


def test_the_tree_draws_waiting_and_running_with_their_words(
    browser_of_ada: Client, chord: Any
) -> None:
    chord(3)
    page = browser_of_ada.get("/workflows/h1/").content.decode()
    assert "<title>Succeeded: waited 2.0 s, ran 2.0 s</title>" in page
    assert page.count('class="wait ') == 4
    assert page.count('class="ran SUCCESS"') == 4
    assert "callback" in page
    assert " style=" not in page


def test_a_thousand_runs_make_a_small_page(browser_of_ada: Client, chord: Any) -> None:
    chord(1000, failed=(3,))
    page = browser_of_ada.get("/workflows/h1/")
    assert len(page.content) < 60_000
    html = page.content.decode()
    assert "group of 1,000" in html
    assert "price #3" in html
    opened = browser_of_ada.get("/workflows/h1/?open=g").content.decode()
    assert "price #200<" in opened
    assert "800 more of these" in opened


def test_the_tree_of_a_run_stays_in_its_tab(
    browser_of_ada: Client, chord: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chord(300)
    monkeypatch.setattr(branches, "ROWS", 100)

    def tree(query: str) -> str:
        page = browser_of_ada.get(f"/runs/h1/?tab=workflow{query}").content.decode()
        return unescape(page)

    assert 'href="?tab=workflow&open=g"' in tree("")
    assert 'href="?tab=workflow" data-open-row aria-expanded="true"' in tree("&open=g")
    assert 'href="?tab=workflow&open=g&skip=100"' in tree("&open=g")
    assert 'href="?tab=workflow&open=g&skip=200"' in tree("&open=g&skip=100")


def test_a_poll_is_answered_304_until_a_run_moves(browser_of_ada: Client, chord: Any) -> None:
    runs = chord(3)
    first = browser_of_ada.get("/workflows/h1/", headers=HTMX)
    assert 'hx-swap-oob="true"' in first.content.decode()
    poll = {**HTMX, "If-None-Match": first.headers["ETag"]}
    assert browser_of_ada.get("/workflows/h1/", headers=poll).status_code == 304
    TaskRun.objects.filter(pk=runs[0].pk).update(state="FAILURE")
    assert browser_of_ada.get("/workflows/h1/", headers=poll).status_code == 200


def test_the_merged_log_shows_each_line_once_in_order_of_time(
    browser_of_ada: Client, chord: Any
) -> None:
    chord(12)
    page = browser_of_ada.get("/workflows/h1/?tab=log").content.decode()
    lines = said(page)
    assert len(lines) == len(set(lines)) == 25
    assert lines[:3] == ["h1 says 1", "h1 says 2", "h2 says 1"]
    assert lines[-1] == "sum says 1"
    assert '<b class="branch" title="price #2">price #2</b>' in page
    assert 'href="/runs/h2/#L1"' in page


def edge(page: str, kind: str) -> str:
    found = re.search(rf'class="edge {kind}"[^>]*data-load="([^"]*)"', page)
    return unescape(found[1]) if found else ""


def test_windows_join_in_both_directions_without_gap_or_double(
    browser_of_ada: Client, chord: Any, monkeypatch: Any
) -> None:
    chord(40)
    whole = said(browser_of_ada.get("/workflows/h1/?tab=log").content.decode())
    assert len(whole) == 81
    monkeypatch.setattr(merged, "SIZE", 12)
    page = browser_of_ada.get("/workflows/h1/?tab=log").content.decode()
    found = said(page)
    while load := edge(page, "older"):
        page = browser_of_ada.get(f"/workflows/h1/lines/{load}").content.decode()
        found = said(page) + found
    assert found == whole
    first = re.search(r'data-first="([^"]*)"', page)
    page = browser_of_ada.get(f"/workflows/h1/lines/?after={first and first[1]}").content.decode()
    found = said(page)
    while load := edge(page, "newer"):
        page = browser_of_ada.get(f"/workflows/h1/lines/{load}").content.decode()
        found += said(page)
    assert found == whole


def test_a_place_that_fits_no_more_starts_over(browser_of_ada: Client, chord: Any) -> None:
    chord(3)
    assert browser_of_ada.get("/workflows/h1/lines/?before=nonsense").status_code == 409
    assert browser_of_ada.get("/workflows/h1/?tab=log&before=nonsense").status_code == 200


def test_branches_and_levels_are_chosen_by_chips(browser_of_ada: Client, chord: Any) -> None:
    chord(4)
    page = browser_of_ada.get("/workflows/h1/?tab=log&name=orders.sum").content.decode()
    assert said(page) == ["sum says 1"]
    page = browser_of_ada.get("/workflows/h1/?tab=log&run=h2").content.decode()
    assert said(page) == ["h2 says 1", "h2 says 2"]
    TaskLogLine.objects.filter(task_id="h3", number=2).update(level=40)
    page = browser_of_ada.get("/workflows/h1/?tab=log&level=error").content.decode()
    assert said(page) == ["h3 says 2"]
    page = browser_of_ada.get("/workflows/h1/?tab=log&name=nothing").content.decode()
    assert "No such line" in page


def test_the_file_has_all_lines_with_their_branch(browser_of_ada: Client, chord: Any) -> None:
    chord(3)

    def body(query: str) -> list[str]:
        answer = browser_of_ada.get(f"/workflows/h1/download/{query}")
        return b"".join(answer).decode().splitlines()  # type: ignore[arg-type]

    text = body("")
    assert len(text) == 7
    assert text[0].startswith("price #1 2026-11-21T12:00:01.500000Z out")
    rows = [json.loads(line) for line in body("?format=jsonl&run=h2")]
    assert [(row["task_id"], row["branch"], row["number"]) for row in rows] == [
        ("h2", "price #2", 1),
        ("h2", "price #2", 2),
    ]
    assert browser_of_ada.get("/workflows/h1/download/?format=doc").status_code == 400


def test_hidden_runs_are_said_and_not_shown(
    browser_of_ada: Client, chord: Any, settings: Any
) -> None:
    chord(4)
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.exclude(pk__in=["h2", "h3"])
    for query in ("", "?tab=log"):
        page = browser_of_ada.get(f"/workflows/h1/{query}").content.decode()
        assert "2 runs you may not see" in page
        assert "/runs/h1/" in page
        assert "/runs/h2/" not in page
        assert "h2 says" not in page
    assert browser_of_ada.get("/workflows/h2/").status_code == 404


def test_the_run_page_has_the_tab_only_where_there_is_more(
    browser_of_ada: Client, chord: Any, make_run: Make
) -> None:
    chord(3)
    make_run("alone")
    assert "?tab=workflow" not in browser_of_ada.get("/runs/alone/").content.decode()
    assert "?tab=workflow" in browser_of_ada.get("/runs/h2/").content.decode()
    page = browser_of_ada.get("/runs/h2/?tab=workflow").content.decode()
    assert 'href="/workflows/h1/?tab=log"' in page
    assert page.count('aria-current="true"') == 1


def test_hostile_names_stay_text(browser_of_ada: Client, make_run: Make) -> None:
    bad = "<img src=x onerror=alert(1)>"
    make_run("r", name=bad, line_count=1)
    run = make_run("c", name=bad, root_id="r", parent_id="r", exception=bad, state="FAILURE")
    write(run, 1, NOON)
    TaskRun.objects.filter(pk="c").update(line_count=1)
    for path in ("/workflows/", "/workflows/r/", "/workflows/r/?tab=log"):
        assert bad not in browser_of_ada.get(path).content.decode()


def test_the_curve_counts_how_many_ran_at_once(chord: Any) -> None:
    runs = chord(60)[:-1]
    heights = Scale.of(runs)._running(runs)
    assert len(heights) == STEPS
    assert max(heights) in (3, 4)
