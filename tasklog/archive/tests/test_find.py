import pytest

from tasklog.archive import archiving, chunks, find
from tasklog.archive.find import Found
from tasklog.archive.only import Only
from tasklog.models import TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db

LAST = 30
WORD = Only(q="needle")


@pytest.fixture(params=["rows", "chunks", "both"])
def run(request, monkeypatch):
    """Lines 4, 15 and 26 hold the needle, 15 is an error; 20 and 21 were dropped."""
    run = TaskRun.objects.create(task_id="r", line_count=LAST)
    TaskLogLine.objects.bulk_create(
        TaskLogLine(
            task=run, number=n, level=40 if n == 15 else 0,
            message="a Needle" if n % 11 == 4 else "hay",
        )
        for n in range(1, LAST + 1)
        if n not in (20, 21)
    )  # fmt: skip
    monkeypatch.setattr(chunks, "CHUNK_LINES", 7)
    monkeypatch.setattr(find, "STRIDE", 8)
    if request.param == "chunks":
        archiving.archive_run("r")
    elif request.param == "both":
        archiving.archive_step("r")
    return run


@pytest.mark.parametrize(
    ("start", "newest", "number", "wrapped"),
    [
        (0, False, 4, False),
        (4, False, 15, False),
        (5, False, 15, False),
        (26, False, 4, True),
        (LAST + 1, True, 26, False),
        (15, True, 4, False),
        (4, True, 26, True),
    ],
)
@pytest.mark.parametrize("most", [find.MOST, 1])
@pytest.mark.usefixtures("run")
def test_the_next_match_is_found_and_goes_round(monkeypatch, most, start, newest, number, wrapped):
    monkeypatch.setattr(find, "MOST", most)
    found = find.find("r", WORD, LAST, start=start, newest=newest)
    assert (found.number, found.wrapped, found.reached) == (number, wrapped, None)
    again = find.find("r", WORD, LAST, start=start, newest=newest, counting=False)
    assert (again.number, again.wrapped) == (number, wrapped)


@pytest.mark.usefixtures("run")
def test_a_match_says_which_of_how_many_it_is():
    found = find.find("r", WORD, LAST, start=4)
    assert (found.ordinal, found.total, found.exact, found.numbers) == (2, 3, True, (4, 15, 26))


@pytest.mark.usefixtures("run")
def test_beyond_a_bound_the_count_is_a_least_one(monkeypatch):
    monkeypatch.setattr(find, "MOST", 2)
    first, last = (find.find("r", WORD, LAST, start=start) for start in (0, 15))
    assert (first.ordinal, first.total, first.exact) == (1, 2, False)
    assert (last.number, last.ordinal, last.total) == (26, None, 2)


@pytest.mark.usefixtures("run")
def test_the_next_error_is_a_match_too():
    errors = Only(levels=40)
    assert find.find("r", errors, LAST).number == 15
    assert find.find("r", errors, LAST, start=3, newest=True).wrapped


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("most", [find.MOST, 0])
def test_what_is_nowhere_is_not_found(monkeypatch, most):
    monkeypatch.setattr(find, "MOST", most)
    assert find.find("r", Only(q="camel"), LAST, start=9) == Found()
    assert find.find("r", Only(q="camel"), LAST, start=9, counting=False).number is None


@pytest.mark.usefixtures("run")
def test_out_of_time_it_says_how_far_it_came_and_goes_on_from_there():
    found = find.find("r", WORD, LAST, start=4, seconds=0)
    assert (found.number, found.reached, found.exact, found.total) == (None, 12, False, 1)
    found = find.find("r", WORD, LAST, start=found.reached, seconds=0)
    assert (found.number, found.reached) == (15, None)


@pytest.mark.usefixtures("run")
def test_backwards_it_says_how_far_it_came_as_well():
    found = find.find("r", WORD, LAST, start=15, newest=True, seconds=0)
    assert (found.number, found.reached) == (None, 9)
    found = find.find("r", WORD, LAST, start=9, newest=True, seconds=0)
    assert found.number == 4


def test_a_run_without_lines_has_no_match():
    assert find.find("nobody", WORD, 0) == Found()
