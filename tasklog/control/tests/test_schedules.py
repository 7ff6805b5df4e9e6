"""Schedules: their words, their moments, what is missing, the form, and what verbs do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask
from hypothesis import given, settings
from hypothesis import strategies as st

from tasklog.control.schedules import beat, history, times, verbs
from tasklog.control.schedules.form import ScheduleForm
from tasklog.control.schedules.models import ScheduleSkip
from tasklog.control.schedules.words import crontab_words, words_of
from tasklog.models import TaskRun

TASK = "tasklog.timed_print_task"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def cron(text: str, zone: str = "UTC") -> CrontabSchedule:
    names = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
    return CrontabSchedule(**dict(zip(names, text.split(), strict=True)), timezone=zone)


WORDS = {
    "0 3 * * *": "every day at 03:00 UTC",
    "30 8 * * 1": "Mondays at 08:30 UTC",
    "0 9,17 * * mon-fri": "weekdays at 09:00 and 17:00 UTC",
    "*/15 * * * *": "every 15 minutes UTC",
    "5 * * * *": "every hour at minute 5 UTC",
    "* 8-17 * * *": "every minute, hours 08–17 UTC",
    "0 6 1,15 * *": "day 1, 15 of the month at 06:00 UTC",
    "0 6 1 1 *": "day 1 of the month in January at 06:00 UTC",
}


@pytest.mark.parametrize(("text", "words"), WORDS.items())
def test_a_crontab_in_words(text: str, words: str) -> None:
    assert crontab_words(cron(text)) == words


def test_other_kinds_in_words() -> None:
    every = IntervalSchedule(every=5, period="minutes")
    assert words_of(PeriodicTask(interval=every)) == "every 5 minutes"
    one = IntervalSchedule(every=1, period="hours")
    assert words_of(PeriodicTask(interval=one)) == "every hour"


PART = {"minute": 59, "hour": 23, "day_of_month": 28, "month_of_year": 12, "day_of_week": 6}


@st.composite
def crontabs(draw: Any) -> str:
    parts = []
    for name, top in PART.items():
        low = 1 if name in ("day_of_month", "month_of_year") else 0
        step = st.integers(2, 20).map(lambda n: f"*/{n}")
        parts.append(draw(st.one_of(st.just("*"), st.integers(low, top).map(str), step)))
    return " ".join(parts)


@settings(max_examples=60, deadline=None)
@given(crontabs(), st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)))
def test_the_next_moment_is_the_one_that_celery_waits_for(text: str, at: datetime) -> None:
    now = at.replace(tzinfo=UTC, microsecond=0)
    schedule = cron(text).schedule
    found = next(times.crontab_moments(schedule, UTC, now), None)
    if found is None:  # nothing in eight years
        return
    with time_machine.travel(now, tick=False):
        assert found == now + schedule.remaining_estimate(now)


def test_a_zone_keeps_its_wall_clock_when_the_clocks_change() -> None:
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 10, 24, 0, tzinfo=UTC)
    moments = times.crontab_moments(cron("30 8 * * *").schedule, zone, start)
    assert [next(moments).hour for _ in range(3)] == [6, 7, 7]
    # 02:30 does not exist on that night in spring: it is due when the clock has jumped.
    spring = times.crontab_moments(
        cron("30 2 * * *").schedule, zone, datetime(2027, 3, 27, 12, tzinfo=UTC)
    )
    assert next(spring) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def make(name: str = "mine", *, crontab: str = "", every: int = 0, **more: Any) -> PeriodicTask:
    row = PeriodicTask(name=name, task=TASK, **more)
    if crontab:
        row.crontab = cron(crontab)
        row.crontab.save()
    else:
        row.interval = IntervalSchedule.objects.create(every=every or 60, period="seconds")
    row.save()
    return row


@pytest.mark.django_db
def test_the_next_five_of_an_interval_count_from_its_last_run() -> None:
    with time_machine.travel(NOON, tick=False):
        row = make(every=60)
        last = NOON - timedelta(seconds=20)
        found = times.next_runs(row, last)
        assert found == [last + timedelta(seconds=60 * n) for n in range(1, 6)]
        assert times.next_runs(row, NOON - timedelta(days=1))[0] == NOON
        row.enabled = False
        assert times.next_runs(row, last) == []


def ran(name: str, at: datetime, by: str = "") -> None:
    task_id = f"{name}-{TaskRun.objects.count()}"
    TaskRun.objects.create(task_id=task_id, schedule=name, created_at=at, triggered_by=by)


@pytest.mark.django_db
def test_a_moment_without_a_run_until_the_next_is_missed() -> None:
    with time_machine.travel(NOON - timedelta(hours=5, minutes=30), tick=False):
        row = make(crontab="0 * * * *")
    ran("mine", NOON - timedelta(hours=5))
    ran("mine", NOON - timedelta(hours=2, minutes=-40))  # late, but it came
    ran("mine", NOON - timedelta(hours=3), by="ada")  # hers is not the clock's
    ScheduleSkip.objects.create(schedule="mine", taken_at=NOON - timedelta(hours=1))
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        assert history.missed(row) == [NOON, NOON - timedelta(hours=3), NOON - timedelta(hours=4)]
        row.enabled = False
        assert history.missed(row) == []


@pytest.mark.django_db
def test_a_gap_in_an_interval_is_missed_and_the_time_before_it_was_made_is_not() -> None:
    with time_machine.travel(NOON - timedelta(minutes=30), tick=False):
        row = make(every=600)
    ran("mine", NOON - timedelta(minutes=20))
    with time_machine.travel(NOON, tick=False):
        assert history.missed(row) == [NOON - timedelta(minutes=10)]


@pytest.mark.django_db
def test_the_runs_of_a_schedule_are_found_by_their_index() -> None:
    assert "tasklog_run_schedule" in history.runs_of("mine").explain() or (
        connection.vendor == "postgresql"  # which reads a table of one page anyway
    )


@pytest.mark.django_db
def test_a_skip_is_taken_once() -> None:
    row = make()
    verbs._skip(row, by="ada")
    assert "already" in verbs._skip(row).told
    assert beat.take_skip("mine")
    assert not beat.take_skip("mine")
    assert ScheduleSkip.objects.get().taken_at is not None
    verbs._skip(row)
    assert "will not be skipped" in verbs._keep(row).told
    assert not beat.take_skip("mine")


@pytest.mark.django_db
def test_switched_on_again_it_does_not_make_up_for_the_time_it_was_off() -> None:
    row = make(every=60, enabled=False)
    PeriodicTask.objects.filter(pk=row.pk).update(last_run_at=timezone.now() - timedelta(days=3))
    verbs._enable(PeriodicTask.objects.get(pk=row.pk))
    assert not PeriodicTask.objects.get(pk=row.pk).schedule.is_due(timezone.now())[0]
    assert PeriodicTask.objects.get(pk=row.pk).last_run_at > timezone.now() - timedelta(minutes=1)


GOOD = {
    "name": "nightly", "task": TASK, "enabled": "on", "kind": "crontab", "minute": "30",
    "hour": "8", "day_of_month": "*", "month_of_year": "*", "day_of_week": "mon",
    "timezone": "Europe/Berlin", "args": "[1]", "kwargs": '{"interval": 1}', "queue": "",
}  # fmt: skip
WRONG = {
    "name": ({"name": ""}, "required"),
    "task": ({"task": "nobody.knows"}, "No task “nobody.knows”"),
    "kind": ({"kind": "solar", "event": "sunrise", "latitude": 1, "longitude": 1}, "ephem"),
    "every": ({"kind": "interval", "every": "0", "period": "days"}, "greater than or equal to 1"),
    "minute": ({"minute": "99"}, "“99” is not understood"),
    "hour": ({"hour": "a-b"}, "“a-b” is not understood"),
    "day_of_week": ({"day_of_week": "funday"}, "“funday” is not understood"),
    "timezone": ({"timezone": "Mars/Base"}, "“Mars/Base” is no time zone"),
    "clocked_time": ({"kind": "clocked", "clocked_time": "soon"}, "valid date"),
    "args": ({"args": '{"a": 1}'}, "Give a JSON list"),
    "kwargs": ({"kwargs": "{"}, "Give a JSON object"),
    "expire_seconds": ({"expire_seconds": "-1"}, "greater than or equal to 1"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("field", WRONG)
def test_a_refusal_stands_at_its_field(field: str) -> None:
    changes, told = WRONG[field]
    form = ScheduleForm({**GOOD, **changes})
    assert not form.is_valid()
    assert list(form.errors) == [field]
    assert told in str(form.errors[field])


@pytest.mark.django_db
def test_a_form_makes_a_schedule_and_changes_it() -> None:
    form = ScheduleForm(GOOD)
    assert form.is_valid(), form.errors
    row = form.save()
    assert words_of(row) == "Mondays at 08:30 Europe/Berlin"
    again = ScheduleForm(GOOD)
    assert "already" in str(again.errors["name"])
    changed = ScheduleForm({**GOOD, "kind": "interval", "every": 2, "period": "hours"}, task=row)
    assert changed.is_valid(), changed.errors
    row = changed.save()
    assert (words_of(row), row.crontab) == ("every 2 hours", None)
    assert ScheduleForm(task=row)["every"].value() == 2


class Beat:
    """Beat's own scheduler on this database; what it would send is kept here."""

    def __init__(self) -> None:
        from celery import current_app
        from celery.beat import Service
        from django_celery_beat.schedulers import DatabaseScheduler

        self.sent: list[str] = []
        service = Service(current_app, scheduler_cls=DatabaseScheduler)
        beat.on_start(sender=service)
        self.scheduler = service.scheduler
        self.scheduler.apply_async = lambda entry, **_: self.sent.append(entry.name)

    def run_until(self, end: datetime, traveller: Any) -> None:
        """Ticks as beat does, with the clock moved on by half seconds."""
        while timezone.now() < end:
            self.scheduler.tick()
            traveller.shift(timedelta(seconds=0.5))
        self.scheduler.sync()


@pytest.mark.django_db(transaction=True)
def test_beat_leaves_out_exactly_one_also_when_it_was_restarted_meanwhile() -> None:
    PeriodicTask.objects.all().delete()
    with time_machine.travel(NOON, tick=False) as traveller:
        row = make(every=2)
        first = Beat()
        first.run_until(NOON + timedelta(seconds=9), traveller)
        assert first.sent.count("mine") == 4
        verbs._skip(row)
        second = Beat()
        second.run_until(NOON + timedelta(seconds=17), traveller)
        assert second.sent.count("mine") == 3
        taken = ScheduleSkip.objects.get().taken_at
        assert taken == NOON + timedelta(seconds=10)
