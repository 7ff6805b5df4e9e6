"""Lines become patterns: every line is counted once, whatever happens."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from django.db.models import Sum
from django.utils import timezone

from tasklog.insights import catalogue, mining, ticking
from tasklog.insights.figures import counted
from tasklog.insights.fingerprint import Templates
from tasklog.insights.models import OTHERS, Cursor, Pattern, PatternHour
from tasklog.insights.variants import ENOUGH, Variants
from tasklog.line import RECORDED
from tasklog.models import TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db


def write(
    task_id: str, messages: Iterable[str], name: str = "orders.import", level: int = 0
) -> None:
    run, _ = TaskRun.objects.get_or_create(task_id=task_id, defaults={"name": name})
    first = TaskLogLine.objects.filter(task_id=task_id).count() + 1
    TaskLogLine.objects.bulk_create(
        TaskLogLine(task=run, number=first + place, message=message, level=level)
        for place, message in enumerate(messages)
    )


@pytest.mark.parametrize(
    ("message", "template"),
    [
        ("order 17 took 3.5 s", "order <num> took <num> s"),
        ("order 99812 took 12.25 s", "order <num> took <num> s"),
        ("at 2026-11-21 10:00:02,331 [worker-3] go", "at <num> [worker-<num>] go"),
        ("GET /api/v1/orders/33/ in 12ms", "GET <path> in <num>ms"),
        ("to ada@example.com from https://example.com/x?a=1", "to <email> from <url>"),
        ("id=33 name='Bob Smith' Don't worry", "id=<num> name=<str> Don't worry"),
        ("run 5f3c2a10-1111-4222-8333-0123456789ab ok", "run <uuid> ok"),
        ("commit deadbeef99 at 0x7f3c", "commit <hex> at <hex>"),
        ("rows 1 2 3 4 5", "rows <num>"),
        ("\x1b[31mfailed 3 times\x1b[0m", "failed <num> times"),
        ("   ", ""),
    ],
)  # fmt: skip
def test_what_varies_becomes_a_mark(message: str, template: str) -> None:
    assert Templates().of(message) == template


@pytest.mark.parametrize(
    "text", ["'" * 60_000, '"a' * 30_000, "a=" * 30_000, "1" * 60_000, "\x1b[" * 30_000]
)
def test_a_hostile_line_has_a_short_template(text: str) -> None:
    assert len(Templates().of(text)) <= 400


def test_words_that_vary_are_told_from_words_that_matter() -> None:
    shelf = Variants()
    assert shelf.place("task started for acme") != shelf.place("task failed for acme")
    names = ["ada", "bob", "cyd", "dan", "eve", "fay", "gus", "hal"]
    assert len(names) == ENOUGH
    for name in names:
        assert shelf.place(f"user {name} signed in") == f"user {name} signed in"
    assert shelf.place("user ida signed in") == "user <*> signed in"
    # Also where it begins anew with what was stored.
    assert Variants(["user <*> signed in"]).place("user joe signed in") == "user <*> signed in"


def test_lines_are_counted_by_pattern_and_hour_once() -> None:
    write("a", [f"order {n} imported" for n in range(30)])
    write("a", ["disk full"], level=40)
    assert mining.mine(batch=7) == 31
    assert mining.mine(batch=7) == 0
    write("b", [f"order {n} imported" for n in range(5)])
    assert mining.mine() == 5
    many = Pattern.objects.get(template="order <num> imported")
    assert (many.task, many.total, many.level) == ("orders.import", 35, 0)
    assert many.hours.aggregate(n=Sum("count"))["n"] == 35
    assert [place[0] for place in many.places] == ["b", "a"]
    assert Pattern.objects.get(template="disk full").level == 40


def test_what_a_recorder_kept_is_no_news() -> None:
    write("r1", ["order failed", "detail of the order"])
    TaskLogLine.objects.filter(number=2).update(origin=RECORDED)
    run = TaskRun.objects.get(pk="r1")
    assert mining.mine() == 1
    assert [pattern.template for pattern in Pattern.objects.all()] == ["order failed"]
    assert list(counted(run).counts) == ["order failed"]


def test_when_a_pattern_was_seen_is_told_to_the_second() -> None:
    run = TaskRun.objects.create(task_id="a", name="orders.import")
    now = timezone.now().replace(microsecond=0)
    for number, seconds in enumerate((40, 7000, 3)):
        at = now - timedelta(seconds=seconds)
        TaskLogLine.objects.create(task=run, number=number, message="order 7", timestamp=at)
    mining.mine()
    row = Pattern.objects.get()
    assert row.first_seen == now - timedelta(seconds=7000)
    assert row.last_seen == now - timedelta(seconds=3)


def test_of_two_miners_one_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    write("a", ["x"] * 10)
    read = mining.read_after

    def overtaken(
        position: int, upto: int, limit: int
    ) -> list[tuple[int, str, int, int, int, str]]:
        rows = read(position, upto, limit)
        Cursor.objects.filter(name=mining.LINES).update(position=rows[-1][0])
        return rows

    monkeypatch.setattr(mining, "read_after", overtaken)
    assert mining.mine() == 0
    assert not Pattern.objects.exists()


def test_a_task_has_no_more_patterns_than_its_share() -> None:
    words = [f"{chr(97 + n // 26)}{chr(97 + n % 26)} happened" for n in range(catalogue.MOST + 40)]
    write("a", words)
    write("b", ["something else happened here"], name="mail.send")
    mining.mine()
    assert Pattern.objects.filter(task="orders.import").count() == catalogue.MOST + 1
    assert Pattern.objects.get(template=OTHERS).total == 40
    assert Pattern.objects.filter(task="mail.send").exists()


def test_our_own_tasks_are_no_news_but_what_they_read_for_others_is() -> None:
    write("a", ["swept 3"], name="tasklog.notify.sweep")
    write("b", ["GET /x 200"], name="tasklog.sources.poll")
    mining.mine()
    assert list(Pattern.objects.values_list("task", flat=True)) == ["tasklog.sources.poll"]


def test_patterns_that_came_no_more_are_forgotten() -> None:
    write("a", ["x"])
    mining.mine()
    long_ago = Pattern.objects.get().last_seen - catalogue.FORGET * 2
    Pattern.objects.update(last_seen=long_ago)
    assert catalogue.forget() == 1
    assert not PatternHour.objects.exists()


def test_a_worker_is_asked_once_for_new_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    from tasklog.insights import tasks

    asked: list[object] = []
    monkeypatch.setattr(tasks.mine, "apply_async", lambda **options: asked.append(options))
    assert not ticking.ask()
    write("a", ["x"])
    assert ticking.ask()
    assert not ticking.ask()
    assert len(asked) == 1
    mining.mine()
    write("a", ["y"])
    assert ticking.ask()
