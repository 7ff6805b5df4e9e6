"""Every demo task does what its button says; the worker tests live in e2e."""

import sys

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from demo.tasks import failures, flood, output, progress, workflows


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)


@pytest.mark.django_db
def test_long_reports_its_progress_up_to_100(monkeypatch):
    seen = []
    monkeypatch.setattr(
        progress.long, "update_state", lambda state, meta: seen.append(meta["progress"])
    )
    result = progress.long.apply(kwargs={"duration": 4}).get()
    assert result["imported"] + result["skipped"] == 10 * 50
    assert seen == sorted(seen)
    assert seen[-1] == 100


@pytest.mark.parametrize(
    "task",
    [output.quick, output.colours, output.child_process, output.secrets, workflows.sections],
    ids=lambda task: task.name,
)
@pytest.mark.django_db
def test_a_calm_task_succeeds(task):
    assert task.apply().successful()


@pytest.mark.django_db
def test_the_progress_bar_returns_its_carriage(capsys):
    progress.progress_bar.apply(kwargs={"duration": 1}).get()
    assert capsys.readouterr().err.count("\r") == 240


@pytest.mark.django_db
def test_failing_ends_with_a_chained_exception():
    result = failures.failing.apply()
    assert isinstance(result.result, failures.PriceError)
    assert isinstance(result.result.__cause__, KeyError)
    assert "direct cause" in result.traceback


@pytest.mark.django_db
def test_flood_prints_lines_of_80_characters(capsys):
    flood.flood.apply(args=[500]).get()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 501
    assert {len(line) for line in lines[:500]} == {80}


@pytest.mark.parametrize("task", [failures.killed, failures.memory], ids=lambda task: task.name)
@pytest.mark.django_db
def test_a_task_that_kills_spares_a_process_that_is_no_workers_child(task):
    assert task.apply().successful()


@pytest.mark.django_db
def test_soft_limit_tidies_up_and_passes_the_exception_on(monkeypatch, capsys):
    def out_of_time(seconds):
        raise SoftTimeLimitExceeded

    monkeypatch.setattr("time.sleep", out_of_time)
    result = failures.soft_limit.apply()
    assert isinstance(result.result, SoftTimeLimitExceeded)
    assert "half-written" in capsys.readouterr().err


@pytest.mark.django_db
def test_retries_succeeds_in_the_end():
    assert failures.retries.apply(kwargs={"fail": 2}).get() == "ok at attempt 3"


@pytest.mark.django_db
def test_retries_gives_up_when_the_warehouse_never_answers():
    assert isinstance(failures.retries.apply(kwargs={"fail": 9}).result, ConnectionError)


@pytest.mark.django_db
def test_nested_starts_three_and_calls_one():
    assert workflows.nested.apply().get() == "3 started, 1 done here"


def test_tasks_import_only_what_a_task_author_would():
    ours = {name.split(".")[0] for name in _imports()} - set(sys.stdlib_module_names)
    assert ours == {"celery", "billiard", "django", "demo", "tasklog"}


def _imports():
    import ast
    from pathlib import Path

    for path in Path(progress.__file__).parent.glob("[a-z]*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                yield node.module
            elif isinstance(node, ast.Import):
                yield from (name.name for name in node.names)
