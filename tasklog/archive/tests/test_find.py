"""Find in the log of one run, and in the merged log of several."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest

from tasklog.archive import archiving, chunks, find, moment
from tasklog.archive.find import Found, Spot
from tasklog.archive.merged import Strand, oldest
from tasklog.archive.moment import place_above
from tasklog.archive.only import Only
from tasklog.models import TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db

LAST = 30
WORD = Only(q="needle")


def look(only, start=0, *, last=LAST, newest=False, **words):
    """The answer for one run, whose places are numbers."""
    place = {"r": start - 1 if newest else start}
    found = find.find([Strand("r", 0, 0, last, 0, 0)], only, place, newest=newest, **words)
    reached = found.reached and found.reached["r"] + newest
    return found.spot and found.spot.number, found.wrapped, reached, found


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
    for counting in (True, False):
        answer = look(WORD, start, newest=newest, counting=counting)
        assert answer[:3] == (number, wrapped, None)


@pytest.mark.usefixtures("run")
def test_a_match_says_which_of_how_many_it_is():
    *_, found = look(WORD, 4)
    assert (found.ordinal, found.total, found.exact) == (2, 3, True)
    assert found.spots == (("r", 4), ("r", 15), ("r", 26))


@pytest.mark.usefixtures("run")
def test_beyond_a_bound_the_count_is_a_least_one(monkeypatch):
    monkeypatch.setattr(find, "MOST", 2)
    (*_, first), (number, *_, last) = (look(WORD, start) for start in (0, 15))
    assert (first.ordinal, first.total, first.exact) == (1, 2, False)
    assert (number, last.ordinal, last.total) == (26, None, 2)


@pytest.mark.usefixtures("run")
def test_the_next_error_is_a_match_too():
    errors = Only(levels=40)
    assert look(errors)[0] == 15
    assert look(errors, 3, newest=True)[:2] == (15, True)


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("most", [find.MOST, 0])
def test_what_is_nowhere_is_not_found(monkeypatch, most):
    monkeypatch.setattr(find, "MOST", most)
    assert look(Only(q="camel"), 9)[-1] == Found()
    assert look(Only(q="camel"), 9, counting=False)[0] is None


@pytest.mark.usefixtures("run")
def test_out_of_time_it_says_how_far_it_came_and_goes_on_from_there():
    number, _, reached, found = look(WORD, 4, seconds=0)
    assert (number, reached, found.exact, found.total) == (None, 12, False, 2)
    assert look(WORD, reached, seconds=0)[:3] == (15, False, None)


@pytest.mark.usefixtures("run")
def test_backwards_it_says_how_far_it_came_as_well():
    number, _, reached, _ = look(WORD, 15, newest=True, seconds=0)
    assert (number, reached) == (None, 7)
    assert look(WORD, reached, newest=True, seconds=0)[0] == 4


def test_a_run_without_lines_has_no_match():
    assert look(WORD, last=0)[-1] == Found()


@pytest.fixture
def three(monkeypatch):
    """Runs a, b and c take turns, line by line, 40 each; c is archived, a in part."""
    monkeypatch.setattr(chunks, "CHUNK_LINES", 7)
    monkeypatch.setattr(find, "STRIDE", 8)
    for order, name in enumerate("abc"):
        run = TaskRun.objects.create(task_id=name, line_count=40, state="SUCCESS")
        TaskLogLine.objects.bulk_create(
            TaskLogLine(
                task=run, number=n, message="a needle" if n % 10 == order else "hay",
                timestamp=datetime.fromtimestamp(n * 3 + order, UTC),
            )
            for n in range(1, 41)
        )  # fmt: skip
    archiving.archive_run("c")
    archiving.archive_step("a")
    return [
        Strand(name, order, 0, 40, (3 + order) * 10**6, (120 + order) * 10**6)
        for order, name in enumerate("abc")
    ]


MATCHES = [
    *[("b", 1), ("c", 2), ("a", 10), ("b", 11), ("c", 12), ("a", 20)],
    *[("b", 21), ("c", 22), ("a", 30), ("b", 31), ("c", 32), ("a", 40)],
]


@pytest.mark.parametrize("counting", [True, False])
@pytest.mark.parametrize("back", [False, True])
def test_matches_of_several_runs_are_walked_in_the_order_of_the_merge(three, counting, back):
    step = partial(find.find, three, WORD, newest=back, counting=counting)
    place, told = {"a": 15, "b": 15, "c": 15}, []
    for _ in MATCHES:
        found = step(place)
        told.append((*found.spot, found.wrapped))
        above = place_above(three, found.spot)
        place = above if back else {**above, found.spot.task_id: found.spot.number}
    first, then = MATCHES[5:], MATCHES[:5]
    if back:
        first, then = then[::-1], first[::-1]
    assert [spot[:2] for spot in told] == first + then
    assert [spot[:2] for spot in told if spot[2]] == then[:1]


@pytest.mark.parametrize("back", [False, True])
def test_out_of_time_among_several_runs_none_is_left_out(three, back):
    only = Only(q="needle")
    TaskLogLine.objects.filter(task_id__in="ab").update(message="hay")
    place, looks = dict.fromkeys("abc", 40 if back else 0), 0
    while not (found := find.find(three, only, place, newest=back, counting=False, seconds=0)).spot:
        place, looks = found.reached, looks + 1
    assert found.spot == (("c", 32) if back else ("c", 2))
    assert 0 < looks < 20


def test_the_place_above_a_line_parts_the_merge_there(three):
    order = [(one.task_id, one.line.number) for one in oldest([replace(s) for s in three], 999)]
    for at in (0, 1, 50, 118, 119):
        place = place_above(three, Spot(*order[at]))
        assert {s for s in order if Spot(*s).within(place)} == set(order[:at])


def test_the_place_in_a_long_run_is_searched_by_halves(three, monkeypatch):
    monkeypatch.setattr(moment, "PART", 4)
    order = [(one.task_id, one.line.number) for one in oldest([replace(s) for s in three], 999)]
    for at in range(0, 120, 7):
        place = place_above(three, Spot(*order[at]))
        assert {s for s in order if Spot(*s).within(place)} == set(order[:at])


def test_of_a_dropped_line_it_is_the_place_of_the_one_before(three):
    TaskLogLine.objects.filter(task_id="b", number=20).delete()
    assert place_above(three, Spot("b", 20)) == place_above(three, Spot("b", 19))
    assert place_above(three, Spot("b", 999)) == place_above(three, Spot("b", 40))
    assert place_above(three, Spot("nobody", 1)) is None
