import pytest

from tasklog.archive import archiving, chunks
from tasklog.archive.archiving import archive_run
from tasklog.archive.reader import count_lines, iter_lines, read_lines
from tasklog.models import TaskAttempt, TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["rows", "chunks", "both"])
def run(request, monkeypatch):
    """Twelve lines; 5 and 6 were dropped; the second half is of attempt 2.

    Rows, chunks, or a run caught in the middle of being archived: readers cannot tell.
    """
    made = make_run()
    monkeypatch.setattr(chunks, "CHUNK_LINES", 4)
    if request.param == "chunks":
        archive_run("r")
    elif request.param == "both":
        archiving.archive_step("r")
    return made


def make_run():
    run = TaskRun.objects.create(task_id="r", line_count=12)
    attempts = [TaskAttempt.objects.create(task=run, number=n) for n in (1, 2)]
    TaskLogLine.objects.bulk_create(
        TaskLogLine(
            task=run,
            number=n,
            attempt=attempts[n > 6],
            stream="stderr" if n % 3 == 0 else "stdout",
            level=40 if n == 9 else 30 if n == 3 else 0,
            logger="shop.orders" if n == 7 else "shopping" if n == 8 else "",
            message=f"Line {n}",
        )
        for n in range(1, 13)
        if n not in (5, 6)
    )
    return {line.number: line for line in TaskLogLine.objects.of("r")}


def numbers(lines):
    return [line.number for line in lines]


def test_a_window_goes_forward_from_a_number(run):
    assert numbers(read_lines("r", after=3, limit=3)) == [4, 7, 8]


def test_the_newest_lines_come_in_order(run):
    assert numbers(read_lines("r", limit=3, newest=True)) == [10, 11, 12]


def test_a_window_ends_before_a_number(run):
    assert numbers(read_lines("r", before=8, limit=2, newest=True)) == [4, 7]


def test_streaming_in_windows_gives_every_line_once(run):
    assert numbers(iter_lines("r", window=3)) == [1, 2, 3, 4, 7, 8, 9, 10, 11, 12]


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ({"levels": 30}, [3, 9]),
        ({"levels": 40}, [9]),
        ({"streams": ["stderr"]}, [3, 9, 12]),
        ({"attempt": 2, "streams": ["stderr"]}, [9, 12]),
        ({"q": "LINE 1"}, [1, 10, 11, 12]),
        ({"logger": "shop.orders"}, [7]),
        ({"logger": "shop"}, [7]),
        ({"logger": "shop", "levels": 30}, []),
    ],
)
def test_lines_can_be_narrowed(run, only, expected):
    assert numbers(read_lines("r", **only)) == expected
    assert count_lines("r", **only) == len(expected)


def test_a_line_carries_its_attempt_and_its_time_in_microseconds(run):
    line = read_lines("r", after=6, limit=1)[0]
    assert (line.attempt, line.at / 1e6) == (2, pytest.approx(run[7].timestamp.timestamp()))


def test_an_unknown_run_has_no_lines():
    assert (read_lines("nobody"), count_lines("nobody")) == ([], 0)


def test_a_text_beside_a_line_feed_is_found_in_chunks_too():
    run = TaskRun.objects.create(task_id="r", line_count=1)
    TaskLogLine.objects.create(task=run, number=1, message='zwei\nZeilen "größer"')
    archive_run("r")
    assert numbers(read_lines("r", q='"größer"')) == [1]
