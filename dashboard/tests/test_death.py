"""The card of a dead attempt: its words, and what it keeps to itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dashboard import death
from dashboard.tests.conftest import NOON
from tasklog.line import RECORDED
from tasklog.models import TaskAttempt, TaskLogLine

pytestmark = pytest.mark.django_db
END = NOON + timedelta(minutes=5)
MIB = 2**20


@pytest.fixture
def die(make_run):
    """`die(cause="killed", scene={…})`: a run whose only attempt died after five minutes."""

    def make(task_id="a", *, outcome="FAILURE", cause="killed", reason="", scene=None, **values):
        run = make_run(task_id, state=outcome, cause=cause, reason=reason, finished_at=END)
        TaskAttempt.objects.create(
            task=run, started_at=NOON, finished_at=END, outcome=outcome, cause=cause,
            reason=reason, scene=scene, worker="celery@one", **values,
        )  # fmt: skip
        return run

    return make


def at(seconds):
    """So many seconds before the end, as a scene says it."""
    return END.timestamp() - seconds


def write(run, *lines):
    attempt = run.attempts.get()
    for number, (stream, level, message) in enumerate(lines, 1):
        TaskLogLine.objects.create(
            task=run, attempt=attempt, number=number, stream=stream, level=level, message=message
        )


def card(run, user):
    return death.end_of(run, list(run.attempts.order_by("number")), user)


@pytest.mark.parametrize(
    ("cause", "outcome", "reason", "title", "why"),
    [
        ("exception", "FAILURE", "", "Ended by an exception", ""),
        ("soft_limit", "TIMEOUT", "the soft time limit was exceeded",
         "The soft time limit was exceeded", ""),
        ("hard_limit", "TIMEOUT", "the hard time limit of 5 s was exceeded",
         "The hard time limit of 5 s was exceeded", ""),
        ("revoked", "REVOKED", "revoked before it began", "Revoked before it began", ""),
        ("terminated", "REVOKED", "terminated by signal 15 (SIGTERM)",
         "Revoked while it ran", "Terminated by signal 15 (SIGTERM)"),
        ("shutdown", "LOST", "the worker told its process to end by signal 15 (SIGTERM)",
         "The worker shut down", "The worker told its process to end by signal 15 (SIGTERM)"),
        ("lost", "LOST", "the worker celery@one fell silent",
         "The worker celery@one fell silent", ""),
        ("killed", "FAILURE", "killed by signal 9 (SIGKILL)", "Killed by signal 9 (SIGKILL)", ""),
        ("out_of_memory", "FAILURE", "killed by signal 9 (SIGKILL); 98 % of it was in use",
         "Probably out of memory", "Killed by signal 9 (SIGKILL); 98 % of it was in use"),
        ("rejected", "REVOKED", "", "Rejected", ""),
    ],
)  # fmt: skip
def test_every_cause_has_its_words(die, ada, cause, outcome, reason, title, why):
    found = card(die(cause=cause, outcome=outcome, reason=reason), ada)
    assert (found.title, found.why) == (title, why)


def test_only_what_the_task_raised_is_shown_as_its_exception(die, ada):
    raised = die("a", cause="exception", exception="PriceError: no rate for XAU")
    killed = die("b", cause="killed", exception="WorkerLostError('signal 9')")
    assert card(raised, ada).exception == "PriceError: no rate for XAU"
    assert card(killed, ada).exception == ""


def test_the_last_line_is_the_tasks_own_and_not_of_the_traceback(die, ada):
    run = die()
    write(run, ("stdout", 0, "page 8"), ("stderr", 0, "about to fail"), ("stderr", 40, "Traceback"),
          ("stderr", 40, "ValueError"), ("system", 40, "Failed"))  # fmt: skip
    assert card(run, ada).last_line.message == "about to fail"


def test_what_a_recorder_kept_is_not_the_last_line_however_much_it_was(die, ada):
    run = die()
    attempt = run.attempts.get()
    said = [("stdout", 0, "the last word", 0)]
    said += [("log", 10, f"detail {n}", RECORDED) for n in range(300)]
    said += [("stderr", 40, "Traceback (most recent call last):", 0)]
    for number, (stream, level, message, origin) in enumerate(said, 1):
        TaskLogLine.objects.create(
            task=run, attempt=attempt, number=number, stream=stream, level=level,
            message=message, origin=origin, seq=number - 1 if origin else 1,
        )  # fmt: skip
    assert card(run, ada).last_line.message == "the last word"


def test_a_task_that_said_nothing_but_its_traceback_has_that_as_its_last_line(die, ada):
    run = die()
    write(run, ("stderr", 40, "Traceback"), ("stderr", 40, "ValueError"))
    assert card(run, ada).last_line.message == "ValueError"
    assert card(die("b"), ada).last_line is None


def test_memory_and_heartbeat_are_told_by_their_distance_to_the_end(die, ada):
    scene = {"rss": 182 * MIB, "sampled_at": at(4.2), "heard_at": at(4.2),
             "used": 490 * MIB, "limit": 512 * MIB, "whose": "container"}  # fmt: skip
    found = card(die(scene=scene), ada)
    assert (found.rss, found.sampled) == (182 * MIB, "4.2 s before the end")
    assert found.heard == "4.2 s before the end"
    assert found.room == {"percent": 96, "limit": 512 * MIB, "whose": "container"}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.01, "at the end"), (-2, "2.0 s after the end"), (45, "45 s before the end")],
)
def test_a_moment_is_before_at_or_after_the_end(die, ada, seconds, said):
    assert card(die(scene={"heard_at": at(seconds)}), ada).heard == said


def test_a_look_before_it_began_saw_the_memory_of_another_task(die, ada):
    scene = {"rss": 182 * MIB, "sampled_at": at(301), "heard_at": at(301)}
    found = card(die(scene=scene), ada)
    assert (found.rss, found.sampled, found.unsampled) == (0, "", "began after the last sample")


def test_nothing_is_claimed_where_nothing_is_known(die, browser_of_ada):
    page = browser_of_ada.get(f"/runs/{die().pk}/").content.decode()
    assert "Worker killed" in page
    for claim in ("Memory", "heartbeat", "Beside it"):
        assert claim not in page


def test_the_runs_beside_it_are_named_as_far_as_they_may_be_seen(die, make_run, ada, settings):
    for task_id in ("b", "c", "d"):
        make_run(task_id)
    run = die(scene={"beside": ["b", "c", "gone"]})
    assert [other.pk for other in card(run, ada).beside] == ["b", "c"]
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.exclude(pk="b")
    assert [other.pk for other in card(run, ada).beside] == ["c"]
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.none()
    assert card(run, ada).beside is None


def test_nobody_beside_it_is_said_and_many_are_counted(die, make_run, ada, browser_of_ada):
    alone = die("alone", scene={"beside": []})
    assert b"nothing else ran there" in browser_of_ada.get(f"/runs/{alone.pk}/").content
    crowd = [make_run(f"b{number}").pk for number in range(8)]
    found = card(die("crowded", scene={"beside": crowd}), ada)
    assert (len(found.beside), found.more) == (death.NEIGHBOURS, 8 - death.NEIGHBOURS)


def test_a_run_that_never_began_has_a_card_of_its_own(make_run, browser_of_ada):
    run = make_run("a", state="REVOKED", cause="revoked", reason="expired before it began")
    page = browser_of_ada.get(f"/runs/{run.pk}/").content.decode()
    assert "Expired before it began" in page
    assert "Last line" not in page


def test_a_run_that_ended_well_has_no_card_but_names_the_attempts_that_died(die, browser_of_ada):
    run = die(reason="killed by signal 9 (SIGKILL)")
    TaskAttempt.objects.create(task=run, number=2, finished_at=END, outcome="SUCCESS")
    type(run).objects.update(state="SUCCESS", cause="", reason="")
    page = browser_of_ada.get(f"/runs/{run.pk}/").content.decode()
    assert 'aria-label="Why it ended"' not in page
    assert "Attempt 1: Killed by signal 9 (SIGKILL)" in page
    attempts = browser_of_ada.get(f"/runs/{run.pk}/?tab=attempts").content.decode()
    assert 'aria-label="Why attempt 1 ended"' in attempts
    assert 'id="attempt-1"' in attempts


def test_the_newest_dead_attempts_have_cards_and_no_more_than_a_page_can_take(die, ada):
    run = die()
    for number in range(2, 41):
        TaskAttempt.objects.create(task=run, number=number, finished_at=END, outcome="LOST")
    cards = death.cards_of(run.attempts.order_by("number"), ada)
    assert [found.attempt.number for found in cards] == list(range(40, 40 - death.CARDS, -1))


def test_what_others_wrote_is_escaped(die, make_run, browser_of_ada):
    make_run("b", name="<i>evil</i>")
    run = die(reason="<b>bold</b>", cause="lost", scene={"beside": ["b"]})
    write(run, ("stdout", 0, "<script>alert(1)</script>"))
    page = browser_of_ada.get(f"/runs/{run.pk}/").content.decode()
    for raw in ("<i>evil", "<b>bold", "<script>alert"):
        assert raw not in page
