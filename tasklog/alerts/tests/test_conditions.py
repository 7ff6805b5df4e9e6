"""Each condition finds what it names, and nothing beside it."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from tasklog.alerts import conditions
from tasklog.alerts.models import Rule
from tasklog.alerts.preview import preview
from tasklog.alerts.tests.conftest import MakeRule, ended
from tasklog.control.models import SECONDS, QueueSample
from tasklog.models import TaskLogLine, TaskRun, TaskWorker

pytestmark = pytest.mark.django_db


def about(rule: Rule) -> list[str]:
    return [finding.about for finding in conditions.OF_TIME[rule.condition](rule)]


def test_a_failure_within_the_scope_is_found_with_its_last_errors(make_rule: MakeRule) -> None:
    rule = make_rule("failed", tasks="orders.*")
    run = ended("orders.import", "FAILURE")
    for level in (0, 40):
        TaskLogLine.objects.create(task=run, message=f"level {level}", level=level)
    TaskRun.objects.filter(pk=run.pk).update(error_count=1)
    run.refresh_from_db()
    (finding,) = conditions.failed(rule, run)
    assert [quote.text for quote in finding.quotes] == ["level 40"]
    assert list(conditions.failed(rule, ended("mail.send", "FAILURE"))) == []
    assert list(conditions.failed(rule, ended("orders.import", "REVOKED"))) == []
    assert list(conditions.failed(rule, ended("orders.import", "SUCCESS"))) == []


def test_a_run_far_slower_than_usual_is_found_once_there_is_a_usual(make_rule: MakeRule) -> None:
    rule = make_rule("slow", limits={"factor": 3, "seconds": 1})
    assert list(conditions.slow(rule, ended("orders.import", seconds=60))) == []
    for _ in range(12):
        ended("orders.import", seconds=2)
    assert list(conditions.slow(rule, ended("orders.import", seconds=5))) == []
    assert len(list(conditions.slow(rule, ended("orders.import", seconds=200)))) == 1


def test_a_share_of_failures_counts_from_a_least_number_of_runs(make_rule: MakeRule) -> None:
    rule = make_rule("error_rate", limits={"percent": 50, "runs": 4, "minutes": 10})
    for state in ("FAILURE", "TIMEOUT", "SUCCESS"):
        ended("orders.import", state)
        ended("mail.send", "SUCCESS")
    assert about(rule) == []
    ended("orders.import", "SUCCESS")
    ended("mail.send", "FAILURE")
    ended("old", "FAILURE", ago=3600)
    assert about(rule) == ["orders.import"]


def test_a_task_that_did_not_run_is_found_by_its_name(make_rule: MakeRule) -> None:
    rule = make_rule("silent", tasks="orders.import, mail.send", limits={"minutes": 30})
    ended("orders.import", ago=60)
    ended("mail.send", ago=3600)
    assert about(rule) == ["mail.send"]
    Rule.objects.filter(pk=rule.pk).update(changed_at=timezone.now())
    rule.refresh_from_db()
    assert about(rule) == [], "a rule that has not watched for so long knows nothing"


def test_a_long_queue_is_found(make_rule: MakeRule) -> None:
    rule = make_rule("queue", limits={"waiting": 2})
    for number in range(3):
        TaskRun.objects.create(task_id=f"w{number}", name="a", queue="slow", state="PENDING")
    TaskRun.objects.create(task_id="x", name="a", queue="quick", state="PENDING")
    assert about(rule) == ["slow"]


def test_the_brokers_own_count_goes_before_the_runs_that_wait(make_rule: MakeRule) -> None:
    """Runs of a queue that was purged wait for ever."""
    rule = make_rule("queue", limits={"waiting": 2})
    for number in range(3):
        TaskRun.objects.create(task_id=f"w{number}", name="a", queue="purged", state="PENDING")
    slot = int(time.time()) // SECONDS
    for name, depth in (("purged", 0), ("slow", 3)):
        QueueSample.objects.create(queue=name, slot=slot, depth=depth)
    assert about(rule) == ["slow"]


def test_a_worker_that_vanished_is_found_one_that_stopped_is_not(make_rule: MakeRule) -> None:
    """The drainer notes the end of one it misses, after 45 seconds at the earliest."""
    now = timezone.now()
    stopped = {"gone": None, "missed": 60, "stopped": 115, "restarted": None}
    for name, ago in stopped.items():
        TaskWorker.objects.create(
            name=name, seen_at=now - timedelta(seconds=1 if name == "restarted" else 120),
            stopped_at=now - timedelta(seconds=ago) if ago else None,
        )  # fmt: skip
    assert about(make_rule("worker")) == ["gone", "missed"]


def test_a_run_that_has_gone_quiet_is_found_once_for_its_task(make_rule: MakeRule) -> None:
    rule = make_rule("quiet", tasks="orders.*", limits={"factor": 2, "seconds": 30})
    now = timezone.now()
    for _ in range(6):
        good = ended("orders.import", seconds=60)
        TaskRun.objects.filter(pk=good.pk).update(spoke_at=now, longest_silence=12)
    TaskWorker.objects.create(name="w", seen_at=now)
    for seconds in (20, 90, 240):
        TaskRun.objects.create(
            task_id=f"q{seconds}", name="orders.import", state="STARTED", worker="w",
            started_at=now, spoke_at=now - timedelta(seconds=seconds),
        )  # fmt: skip
    (finding,) = conditions.quiet(rule)
    assert (finding.about, finding.run_id) == ("orders.import", "q240")
    assert "said nothing for 240 s, usually 12.0 s at most" in finding.title
    assert about(make_rule("quiet", name="other", tasks="mail.*")) == []
    TaskRun.objects.filter(state="STARTED").update(spoke_at=now)
    assert about(rule) == []


def test_the_preview_of_silences_judges_each_run_by_those_before_it(make_rule: MakeRule) -> None:
    rule = make_rule("quiet", limits={"factor": 2, "seconds": 30})
    for place, silence in enumerate([12, 12, 12, 12, 12, 20, 200]):
        run = ended("orders.import", seconds=300, ago=100 - place)
        TaskRun.objects.filter(pk=run.pk).update(longest_silence=silence)
    shown = preview(rule, None)
    assert (shown.count, shown.looked) == (1, 7)
    assert "said nothing for 200 s, usually" in shown.samples[0].told
