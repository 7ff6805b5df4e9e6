"""`GET workflows/<id>/`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasklog.models import TaskRun

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
