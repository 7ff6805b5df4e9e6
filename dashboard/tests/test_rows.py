"""What a row says beyond the table's own columns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from dashboard.charts import sparkline, usual_bar
from dashboard.rows import arguments, started_by
from dashboard.tests.conftest import NOON
from dashboard.usual import usual_ranges
from tasklog.models import TaskRun

Make = Callable[..., TaskRun]


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        ("", "", ""),
        ("[]", "{}", ""),
        ('[4471, "a"]', "", '4471, "a"'),
        ("[]", '{"feed": "acme", "dry": true}', 'feed="acme", dry=true'),
        ("(1, 2)", "", "(1, 2)"),
        ('["cut', '{"x":', '["cut, {"x":'),
    ],
)
def test_arguments_read_like_a_call(args: str, kwargs: str, said: str) -> None:
    assert arguments(TaskRun(args=args, kwargs=kwargs)) == said


def test_long_arguments_are_cut() -> None:
    assert len(arguments(TaskRun(args='["' + "x" * 9000 + '"]'))) <= 140


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"schedule": "Nightly", "triggered_by": "ada"}, "schedule"),
        ({"triggered_by": "ada", "request_id": "r"}, "ada"),
        ({"parent_id": "p"}, "another task"),
        ({"request_id": "r"}, "a request"),
        ({}, ""),
    ],
)
def test_who_started_it(values: dict[str, Any], said: str) -> None:
    assert started_by(TaskRun(**values)) == said


def finished(make_run: Make, name: str, seconds: list[float]) -> None:
    for n, took in enumerate(seconds):
        make_run(f"{name}{n}", minutes=n, name=name, state="SUCCESS", started_at=NOON,
                 finished_at=NOON + timedelta(seconds=took))  # fmt: skip


def test_the_usual_is_the_middle_of_the_finished_runs_of_each_task(make_run: Make) -> None:
    finished(make_run, "a", [float(n) for n in range(1, 12)])
    finished(make_run, "b", [60, 60, 60])
    make_run("waiting", name="a", minutes=99)
    assert usual_ranges(["a", "b", "", "unknown"]) == {"a": (2.0, 10.0), "b": (60.0, 60.0)}


def test_two_runs_are_no_habit(make_run: Make) -> None:
    finished(make_run, "a", [1, 2])
    assert usual_ranges(["a"]) == {}


def test_all_tasks_of_a_page_are_asked_about_at_once(
    make_run: Make, django_assert_num_queries: Any
) -> None:
    for name in ("a", "b", "c"):
        finished(make_run, name, [1, 2, 3])
    with django_assert_num_queries(1):
        assert set(usual_ranges(["a", "b", "c"])) == {"a", "b", "c"}
    with django_assert_num_queries(0):
        usual_ranges(["a", "c"])


def test_a_bar_stays_within_its_frame_and_says_itself_in_words() -> None:
    bar = usual_bar(timedelta(seconds=900), (1.0, 2.0), "15 m, usually 1 s to 2 s")
    assert "<title>15 m, usually 1 s to 2 s</title>" in bar
    assert "mark over" in bar
    assert "style=" not in bar


def test_no_bar_without_a_habit() -> None:
    assert usual_bar(timedelta(seconds=1), None, "") == ""


@pytest.mark.parametrize("values", [[], [0.0], [0, 0, 0], [1, 5, 2]])
def test_a_sparkline_draws_any_values_and_their_table(values: list[float]) -> None:
    drawn = sparkline(values, "Runs")
    assert "<title>Runs</title>" in drawn
    assert "<caption>Runs</caption>" in drawn
    assert "nan" not in drawn
