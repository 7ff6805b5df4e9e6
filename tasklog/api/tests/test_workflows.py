"""`GET workflows/`, `GET workflows/<id>/` and the lines of all its runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from tasklog.models import TaskLogLine, TaskRun
from tasklog.workflows import recent

ONE = "/tasklog/api/workflows/a/"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def chain(db: None) -> None:
    before = ""
    for n, name in enumerate("abc"):
        state = "FAILURE" if name == "c" else "SUCCESS"
        at = NOON + timedelta(seconds=n)
        TaskRun.objects.create(
            task_id=name, name=f"shop.{name}", root_id="a", parent_id=before, state=state,
            created_at=at, queued_at=at, started_at=at, finished_at=at + timedelta(seconds=1),
            line_count=2,
        )  # fmt: skip
        before = name


def test_the_tree_is_a_flat_list_with_depths(program: Any, chain: None) -> None:
    told = program("tasks:read").get(ONE).json()
    assert [(run["task_id"], run["depth"], run["below"]) for run in told["tree"]] == [
        ("a", 0, None), ("b", 1, "a"), ("c", 2, "b"),
    ]  # fmt: skip
    assert (told["status"], told["runs"], told["finished"], told["failed"]) == (
        "FAILURE", 3, 3, ["c"],
    )  # fmt: skip
    assert (told["duration"], told["line_count"], told["hidden"]) == (3.0, 6, 0)


def test_another_scope_and_an_unknown_id(program: Any, chain: None) -> None:
    assert program("logs:read").get(ONE).status_code == 403
    answer = program("tasks:read").get("/tasklog/api/workflows/nobody/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_foreign_workflow_is_none_and_hidden_runs_are_counted(
    program: Any, chain: None, settings: Any
) -> None:
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.exclude(pk="b")
    told = program("tasks:read").get(ONE).json()
    assert ([run["task_id"] for run in told["tree"]], told["hidden"]) == (["a", "c"], 1)
    assert program("tasks:read").get("/tasklog/api/workflows/b/").status_code == 404


def lines_of(client: Any, url: str) -> tuple[list[str], dict[str, Any]]:
    parts = urlsplit(url)
    answer = client.get(f"{parts.path}?{parts.query}")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    return [line["message"] for line in told["results"]], told


@pytest.fixture
def said(chain: None) -> None:
    """Each run says two lines; the second of one comes before the first of the next."""
    for n, name in enumerate("abc"):
        TaskLogLine.objects.bulk_create(
            TaskLogLine(
                task_id=name, number=i, seq=i, message=f"{name}{i}", level=40 if i == 2 else 0,
                timestamp=NOON + timedelta(seconds=n + i * 0.4),
            )
            for i in (1, 2)
        )  # fmt: skip


MERGED = ["a1", "a2", "b1", "b2", "c1", "c2"]


def test_the_list_holds_the_newest_workflows_page_by_page(
    program: Any, chain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "PAGE", 1)
    for n in "xy":
        TaskRun.objects.create(task_id=n, name="old", root_id="x", created_at=NOON - timedelta(9))
    TaskRun.objects.create(task_id="alone", name="single", created_at=NOON)
    client = program("tasks:read")
    first = client.get("/tasklog/api/workflows/").json()
    assert [(one["root_id"], one["runs"], one["status"]) for one in first["results"]] == [
        ("a", 3, "FAILURE")
    ]
    parts = urlsplit(first["next"])
    second = client.get(f"{parts.path}?{parts.query}").json()
    assert ([one["root_id"] for one in second["results"]], second["next"]) == (["x"], None)


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 40, "١", "1.5"])
def test_a_cursor_nobody_made_is_a_400(program: Any, db: None, cursor: str) -> None:
    answer = program("tasks:read").get("/tasklog/api/workflows/", {"cursor": cursor})
    assert (answer.status_code, set(answer.json()["fields"])) == (400, {"cursor"})


def test_the_merged_lines_come_in_order_and_lead_on_and_back(program: Any, said: None) -> None:
    client, url, seen, places = program("logs:read"), f"{ONE}lines/?limit=2", [], []
    while url:
        lines, told = lines_of(client, url)
        seen, places, url = seen + lines, [*places, told["previous"]], told["next"]
    assert seen == MERGED
    assert places[0] is None
    assert lines_of(client, places[-1])[0] == MERGED[2:4]
    assert lines_of(client, f"{ONE}lines/")[1]["results"][2] | {"id": 0} == {
        "id": 0, "timestamp": "2026-11-21T12:00:01.400000Z", "stream": "stdout", "message": "b1",
        "level": "", "logger": "", "attempt": 1, "seq": 1, "task_id": "b", "task_name": "shop.b",
        "branch": "b",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("level=ERROR", ["a2", "b2", "c2"]),
        ("run=b", ["b1", "b2"]),
        ("name=shop.c", ["c1", "c2"]),
        ("q=A", ["a1", "a2"]),
        ("stream=stderr", []),
        ("run=nobody", []),
    ],
)
def test_the_merged_lines_can_be_narrowed(
    program: Any, said: None, query: str, expected: list[str]
) -> None:
    assert lines_of(program("logs:read"), f"{ONE}lines/?{query}")[0] == expected


def test_a_place_that_fits_no_more_is_a_409(program: Any, said: None) -> None:
    client = program("logs:read")
    following = urlsplit(client.get(f"{ONE}lines/?limit=1").json()["next"])
    TaskRun.objects.create(
        task_id="new", name="shop.new", root_id="a", parent_id="a", created_at=NOON
    )
    for url in (f"{following.path}?{following.query}", f"{ONE}lines/?before=zzz"):
        answer = client.get(url)
        assert (answer.status_code, answer.json()["code"]) == (409, "changed")


def test_lines_of_runs_one_may_not_see_are_left_out(
    program: Any, said: None, settings: Any
) -> None:
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.exclude(pk="b")
    client = program("logs:read")
    assert lines_of(client, f"{ONE}lines/")[0] == ["a1", "a2", "c1", "c2"]
    assert client.get("/tasklog/api/workflows/b/lines/").status_code == 404
    assert program("tasks:read").get(f"{ONE}lines/").status_code == 403
