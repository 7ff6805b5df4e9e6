import pytest

from tasklog.drain.book import LOGGERS
from tasklog.models import SpoolFile, TaskAttempt, TaskLogLine, TaskRun


def messages(task_id):
    return list(TaskLogLine.objects.of(task_id).values_list("message", flat=True))


def test_a_task_told_by_its_own_process_becomes_a_finished_run(writer, drain):
    one = writer()
    attempt = one.start("t1", worker="w1@h", queue="default", args="[1]", retries=0)
    one.lines("t1", attempt, "a", "b")
    one.lines("t1", attempt, "bad", stream="stderr", level=40)
    one.end("t1", attempt, emitted=3, result="7", capture_us=12)
    drain()
    run = TaskRun.objects.get(pk="t1")
    assert (run.state, run.name, run.worker, run.args, run.result) == (
        "SUCCESS", "t.demo", "w1@h", "[1]", "7",
    )  # fmt: skip
    assert (run.line_count, run.error_count, run.warning_count) == (3, 1, 0)
    receipt = TaskAttempt.objects.get(task_id="t1")
    assert (receipt.emitted, receipt.stored, receipt.dropped) == (3, 3, 0)
    assert receipt.lag_p50_ms is not None
    assert list(TaskLogLine.objects.of("t1").values_list("number", "seq", "message")) == [
        (1, 1, "a"), (2, 2, "b"), (3, 3, "bad"),
    ]  # fmt: skip


def test_lines_of_a_fork_do_not_stand_in_for_missing_ones(writer, drain):
    one = writer()
    attempt = one.start("t1")
    one.lines("t1", attempt, "a", "b")
    one.lines("t1", attempt, "of the child", "and again", origin=77)
    one.end("t1", attempt, emitted=4)  # two of which are nowhere
    drain()
    receipt = TaskAttempt.objects.get(task_id="t1")
    assert (TaskRun.objects.get().line_count, receipt.stored, receipt.missing) == (4, 2, 2)


def test_draining_twice_stores_once(writer, drain):
    one = writer()
    attempt = one.start("t1")
    one.lines("t1", attempt, "a")
    drain()
    drain()
    one.lines("t1", attempt, "b")
    drain()
    assert messages("t1") == ["a", "b"]
    assert SpoolFile.objects.get().offset == one.path.stat().st_size


def test_a_torn_line_is_shown_once_apart_and_counted_as_damage(writer, drain):
    one = writer()
    attempt = one.start("t1")
    one.lines("t1", attempt, "whole")
    one.lines("t1", attempt, "this one is torn in its middle")
    with one.path.open("rb+") as file:
        file.truncate(one.path.stat().st_size - 12)
    one.die()
    status = drain().status
    assert messages("t1") == [
        "whole",
        "A line was torn when its process ended: this one is torn in",
        "Lost: the worker process vanished",
    ]
    assert (TaskAttempt.objects.get().stored, status.damaged) == (1, 1)


def test_damage_costs_no_neighbour_and_is_counted(writer, drain):
    one = writer()
    attempt = one.start("t1")
    one.lines("t1", attempt, "a")
    one.raw(b"deadbeef L\tgarbage\n")
    one.lines("t1", attempt, "b")
    status = drain().status
    assert (messages("t1"), status.damaged) == (["a", "b"], 1)
    assert SpoolFile.objects.get().damaged == 1


def test_a_record_the_database_refuses_costs_no_neighbour_and_is_told(writer, drain, spell):
    one, other = writer(), writer()
    attempt = one.start("t1")
    one.lines("t1", attempt, *(f"before {i}" for i in range(20)))
    one.raw(spell("t1", attempt, 2**70, "number too large"))
    one.lines("t1", attempt, *(f"after {i}" for i in range(20)))
    other.lines("t2", other.start("t2"), "another run")
    status = drain().status
    texts = messages("t1")
    assert texts[:20] == [f"before {i}" for i in range(20)]
    assert texts[20].startswith("A record could not be stored")
    assert texts[21:] == [f"after {i}" for i in range(20)]
    assert messages("t2") == ["another run"]
    assert (status.damaged, SpoolFile.objects.get(name=one.path.name).damaged) == (1, 1)


def test_hundreds_of_runs_in_one_batch_each_get_their_own_lines(writer, drain):
    one = writer()
    for index in range(300):
        attempt = one.start(f"t{index}")
        one.lines(f"t{index}", attempt, f"line of {index}")
        one.end(f"t{index}", attempt, emitted=1)
    drain()
    assert TaskRun.objects.filter(state="SUCCESS", line_count=1).count() == 300
    assert all(messages(f"t{index}") == [f"line of {index}"] for index in (0, 150, 299))


@pytest.mark.parametrize(
    "odd", ['a"b', "a\\b", "a'b", "ü😀", "007", "1e5", "null", "[1]", "x" * 255]
)
def test_a_run_is_found_again_whatever_its_id_looks_like(writer, drain, odd):
    one = writer()
    attempt = one.start(odd)
    drain()
    one.lines(odd, attempt, "a")
    one.end(odd, attempt, emitted=1)
    drain()
    assert list(TaskRun.objects.values_list("pk", "state", "line_count")) == [(odd, "SUCCESS", 1)]


def test_rows_hold_the_values_django_would_write(writer, drain):
    one = writer()
    attempt = one.start("t1")
    one.lines("t1", attempt, "tab\tback\\slash ␀ é", at=1_700_000_000, level=20, logger="a.b")
    one.lines("t1", attempt, "fraction", at=1_700_000_000.25)
    drain()
    whole, fraction = TaskLogLine.objects.of("t1")
    copy = TaskLogLine.objects.create(
        task_id="t1", message=whole.message, timestamp=whole.timestamp, level=20, logger="a.b"
    )
    assert TaskLogLine.objects.filter(timestamp=whole.timestamp).count() == 2
    copy.refresh_from_db()
    assert (copy.message, copy.timestamp) == (whole.message, whole.timestamp)
    assert fraction.timestamp.microsecond == 250_000


def test_lines_are_counted_by_logger_for_the_first_names_only(writer, drain):
    one = writer()
    attempt = one.start("t1")
    one.lines("t1", attempt, "a", "b", stream="log", logger="shop.orders")
    one.lines("t1", attempt, "of nobody")
    drain()
    for number in range(LOGGERS):
        one.lines("t1", attempt, "made up", stream="log", logger=f"x{number}")
    one.lines("t1", attempt, "c", stream="log", logger="shop.orders")
    drain()
    made_up = {f"x{number}": 1 for number in range(LOGGERS - 1)}
    assert TaskRun.objects.get().loggers == {"shop.orders": 3, **made_up}
