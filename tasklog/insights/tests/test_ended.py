"""Figures of runs and uploads, made when they have ended; what sets a bad run apart, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tasklog.insights import ended, figures, mining, suspects, tasks, ticking
from tasklog.insights.models import Cursor, RunFigures
from tasklog.models import TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db


def make(task_id: str, *messages: str, ago: int | None = 5, **values: Any) -> TaskRun:
    """A run that ended so many seconds ago; None: it goes on."""
    end = None if ago is None else timezone.now() - timedelta(seconds=ago)
    values = {"name": "orders.import", "state": "SUCCESS", **values}
    values.setdefault("created_at", timezone.now() - timedelta(seconds=(ago or 0) + 1))
    run = TaskRun.objects.create(
        task_id=task_id, finished_at=end, line_count=len(messages), **values
    )
    for number, message in enumerate(messages, 1):
        level = 40 if "refused" in message else 0
        TaskLogLine.objects.create(task=run, number=number, message=message, level=level)
    return run


def test_runs_and_uploads_are_counted_when_they_have_ended() -> None:
    make("a", "order 1 imported", "order 2 imported", "done")
    make("upload", "GET /x 200", name="access.log", source="upload")
    make("going on", "order 1 imported", ago=None, state="STARTED")
    make("ours", "swept", name="tasklog.notify.sweep")
    make("silent")
    assert ended.is_behind()
    assert ended.renew() == 2
    assert set(RunFigures.objects.values_list("pk", flat=True)) == {"a", "upload"}
    assert RunFigures.objects.get(pk="a").data["kinds"] == 2
    assert not ended.is_behind()
    assert ended.renew() == 0


def test_a_run_that_ends_once_more_is_counted_once_more() -> None:
    run = make("a", "order 1 imported")
    ended.renew()
    TaskLogLine.objects.create(task=run, number=2, message="done")
    TaskRun.objects.update(finished_at=timezone.now() + timedelta(seconds=3), line_count=2)
    assert ended.renew() == 1
    assert RunFigures.objects.get().data["kinds"] == 2
    assert not ended.is_behind()


def test_after_a_long_pause_old_ends_are_left_out() -> None:
    make("old", "x", ago=3 * 3600)
    Cursor.objects.create(name=ended.ENDED, position=1)
    make("new", "x")
    assert ended.renew() == 1
    assert RunFigures.objects.get().pk == "new"


def test_a_worker_counts_them_after_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(tasks.mine, "apply_async", lambda **options: asked.append(options))
    make("a", "order 1 imported")
    mining.mine()
    assert ticking.ask()
    tasks.mine()
    assert RunFigures.objects.filter(pk="a").exists()
    assert not ticking.ask()
    make("b", "order 2 imported")
    assert ticking.ask()
    assert len(asked) == 2


def test_figures_go_with_their_runs() -> None:
    make("a", "x")
    ended.renew()
    TaskRun.objects.all().delete()
    assert ended.forget() == 1


def test_calculate_analytics_tells_in_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    make("a", "order 1 imported", "done")
    tasks.calculate_analytics()
    tasks.calculate_analytics("a")
    assert capsys.readouterr().out == "1 runs counted.\na: 2 lines of 2 kinds.\n"
    with pytest.raises(ValueError, match="no run nowhere"):
        tasks.calculate_analytics("nowhere")


def test_suspects_are_ranked_with_their_reasons() -> None:
    make("good", "order 1 imported", "cache warm", ago=600)
    make("other", "using the second mirror", ago=400, state="FAILURE")
    bad = make("bad", "order 1 imported", "using the second mirror", *["order 2 imported"] * 20,
               "connection refused by 10.0.0.7", state="FAILURE")  # fmt: skip
    mining.mine()
    good = figures.last_good(bad, TaskRun.objects.all())
    assert good
    found = figures.compare(bad, good)
    first, *others = suspects.suspects(bad, found, suspects.patterns_of(bad, found))
    assert first.kind.template == "connection refused by <num>"
    assert first.reasons == ("error", "says “refused”", "the last line", "in no other run")
    assert others == []
    assert suspects.suspects(bad, found)[0].reasons == ("error", "says “refused”", "the last line")


def test_unusual_lines_stand_with_the_gaps_between_them() -> None:
    good = make("good", "order 1 imported", ago=600)
    bad = make("bad", "order 1 imported", "disk full", "order 2 imported", "order 3 imported")
    kinds = figures.compare(bad, good).only_here
    told = [getattr(one, "message", one) for one in figures.unusual_lines(bad, kinds)]
    assert told == [figures.Gap(1), "disk full", figures.Gap(2)]


def test_what_a_source_still_writes_is_counted_when_it_has_grown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(figures, "REACH", 2)
    run = make("day", "a 1", "b 2", "c x", ago=None, state="STARTED", source="connection")
    make("short", "a 1", ago=None, state="STARTED", source="connection")
    make("a task's", "a 1", "b 2", "c x", ago=None, state="STARTED")
    assert tasks.update_live_analytics() == 1
    assert RunFigures.objects.get().pk == "day"
    assert tasks.update_live_analytics() == 0
    TaskLogLine.objects.create(task=run, number=4, message="d y")
    TaskRun.objects.filter(pk="day").update(line_count=4)
    assert tasks.update_live_analytics() == 1
    assert RunFigures.objects.get().data["kinds"] == 4
