"""Find in the merged log of a workflow, its filters, and links to one of its lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from dashboard import merged
from dashboard.tests.conftest import NOON
from tasklog.archive import find
from tasklog.archive.archiving import archive_run
from tasklog.models import TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["rows", "archived"])
def runs(request: pytest.FixtureRequest, make_run: Callable[..., TaskRun]) -> list[TaskRun]:
    """`a` and `b` write by turns, twenty lines each; of both the tenth is an error on stderr."""
    made = []
    for n, name in enumerate("ab"):
        run = make_run(
            name, minutes=n / 100, name=f"orders.{name}", root_id="a", parent_id="a" * n,
            state="SUCCESS", line_count=20, error_count=1, counts={"stderr": 1, "stdout": 19},
            started_at=NOON, finished_at=NOON + timedelta(minutes=1),
        )  # fmt: skip
        TaskLogLine.objects.bulk_create(
            TaskLogLine(
                task=run, number=k, seq=k, message=f"{name} says {k}",
                level=40 if k == 10 else 0, stream="stderr" if k == 10 else "stdout",
                timestamp=NOON + timedelta(seconds=2 * k + n),
            )
            for k in range(1, 21)
        )  # fmt: skip
        if request.param == "archived":
            archive_run(name)
        made.append(run)
    return made


@pytest.fixture
def ask(browser_of_ada: Client, runs: list[TaskRun]) -> Callable[[str], Any]:
    return lambda query: browser_of_ada.get(f"/workflows/a/find/?{query}").json()


def shown(page: Any) -> list[str]:
    return re.findall(r'name="L([^"]*)"', page.content.decode())


def test_the_next_match_of_all_branches_comes_with_its_place_among_them(ask: Any) -> None:
    answer = ask("find=SAYS+2")
    assert answer["numbers"] == ["a:2", "b:2", "a:20", "b:20"]
    assert (answer["number"], answer["ordinal"], answer["exact"]) == ("a:2", 1, True)
    answer = ask("find=says+2&from=b:2")
    assert (answer["number"], answer["ordinal"], answer["wrapped"]) == ("a:20", 3, False)
    assert ask("find=says+2&from=b:20")["wrapped"]


def test_backwards_it_begins_behind_the_last_line_and_goes_round(ask: Any) -> None:
    answer = ask("find=says+2&dir=previous")
    assert (answer["number"], answer["wrapped"]) == ("b:20", False)
    assert ask("find=says+2&dir=previous&from=b:2&counted=1")["number"] == "a:2"
    answer = ask("find=says+2&dir=previous&from=a:2&counted=1")
    assert (answer["number"], answer["wrapped"], answer["total"]) == ("b:20", True, 0)


def test_only_lines_of_the_view_are_matches(ask: Any) -> None:
    assert ask("find=says&level=error")["numbers"] == ["a:10", "b:10"]
    assert ask("find=says&stream=stderr&run=b")["numbers"] == ["b:10"]
    assert ask("find=says+2&name=orders.a")["numbers"] == ["a:2", "a:20"]


def test_out_of_time_it_goes_on_from_where_it_came(ask: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(find, "STRIDE", 3)
    monkeypatch.setattr(find.find, "__kwdefaults__", {**find.find.__kwdefaults__, "seconds": 0})
    answer, looks = ask("find=says+20&counted=1"), 1
    while answer["number"] is None:
        assert answer["reached"]
        answer, looks = ask(f"find=says+20&counted=1&from={answer['reached']}"), looks + 1
    assert answer["number"] == "a:20"


@pytest.mark.parametrize(
    "query", ["", "find=x%00", "find=says&from=nobody:3", "find=says&from=x", "from=:1&find=says"]
)
def test_an_address_that_makes_no_sense_is_answered(ask: Any, query: str) -> None:
    assert ask(query)["number"] in ("a:1", None)


def test_runs_that_are_hidden_are_not_looked_through(ask: Any, settings: Any) -> None:
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.filter(name="orders.a")
    assert ask("find=says+2&from=b:2")["numbers"] == ["a:2", "a:20"]


@pytest.mark.usefixtures("runs")
def test_another_persons_workflow_is_not_found(browser_of_ada: Client, settings: Any) -> None:
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.none()
    assert browser_of_ada.get("/workflows/a/find/?find=says").status_code == 404


@pytest.mark.usefixtures("runs")
def test_a_link_to_a_line_shows_it_in_context(browser_of_ada: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(merged, "SIZE", 6)
    page = browser_of_ada.get("/workflows/a/?tab=log&line=b:10")
    assert shown(page) == ["a:9", "b:9", "a:10", "b:10", "a:11", "b:11"]
    assert 'class="edge older"' in page.text
    assert 'class="edge newer"' in page.text
    page = browser_of_ada.get("/workflows/a/lines/?at=b:10&level=error")
    assert shown(page) == ["a:10", "b:10"]
    page = browser_of_ada.get("/workflows/a/?tab=log&line=b:10&level=error")
    assert len(shown(page)) == 6


@pytest.mark.usefixtures("runs")
def test_windows_beside_a_linked_line_join(browser_of_ada: Client, monkeypatch: Any) -> None:
    whole = shown(browser_of_ada.get("/workflows/a/?tab=log"))
    monkeypatch.setattr(merged, "SIZE", 8)
    page = browser_of_ada.get("/workflows/a/lines/?at=a:11")
    found = shown(page)
    for kind in ("older", "newer"):
        part = page
        while load := re.search(rf'class="edge {kind}"[^>]*data-load="([^"]*)"', part.text):
            part = browser_of_ada.get(f"/workflows/a/lines/{load[1].replace('&amp;', '&')}")
            found = shown(part) + found if kind == "older" else found + shown(part)
    assert found == whole
    assert len(whole) == 40


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("where", ["?tab=log&", "lines/?"])
def test_a_line_of_no_run_of_the_workflow_is_not_found(browser_of_ada: Client, where: str) -> None:
    assert browser_of_ada.get(f"/workflows/a/{where}line=other:1").status_code == 404
    assert browser_of_ada.get(f"/workflows/a/{where}line=nonsense").status_code == 200


@pytest.mark.usefixtures("runs")
def test_levels_and_streams_have_chips_with_the_counts_of_the_branches(
    browser_of_ada: Client,
) -> None:
    page = browser_of_ada.get("/workflows/a/?tab=log").text
    assert '<b id="count-error">2</b>' in page
    assert '<b id="count-stdout">38</b>' in page
    page = browser_of_ada.get("/workflows/a/?tab=log&name=orders.b").text
    assert '<b id="count-stderr">1</b>' in page
    page = browser_of_ada.get("/workflows/a/?tab=log&stream=stderr")
    assert shown(page) == ["a:10", "b:10"]
    assert shown(browser_of_ada.get("/workflows/a/?tab=log&q=SAYS+10")) == ["a:10", "b:10"]
