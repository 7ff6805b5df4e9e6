"""What is unusual, what is worth reading, and what is mailed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.core import mail
from django.core.exceptions import ValidationError
from django.utils import timezone

from tasklog.insights import (
    anomalies,
    figures,
    findings,
    hours,
    mailing,
    report,
    similar,
)
from tasklog.insights.grouped import grouped
from tasklog.insights.models import Anomaly, Cursor, Finding, Pattern, Report, TaskHour, hour_of
from tasklog.insights.tasks import (
    calculate_analytics,
    generate_analytics_report,
    send_weekly_reports,
)
from tasklog.models import TaskLogLine, TaskRun
from tasklog.notify.models import Channel


def test_similar_words_are_alike() -> None:
    one, other = similar.triples("Connection refused"), similar.triples("connection was refused")
    assert similar.alike(one, one) == 1
    assert similar.alike(one, other) > 0.7
    assert similar.alike(one, similar.triples("disk full")) < 0.2


def ended(name: str, *, ago: float, state: str = "SUCCESS", took: float = 2) -> None:
    """A run that ended so many hours ago."""
    end = timezone.now() - timedelta(hours=ago)
    TaskRun.objects.create(
        task_id=f"{name}{TaskRun.objects.count()}", name=name, state=state, line_count=3,
        created_at=end, started_at=end - timedelta(seconds=took), finished_at=end,
    )  # fmt: skip


@pytest.mark.django_db
def test_hours_of_tasks_are_counted_once_however_often() -> None:
    for ago in (0, 1, 1, 30):
        ended("orders.import", ago=ago)
    ended("orders.pack", ago=1, state="FAILURE", took=8)
    ended("tasklog.notify.sweep", ago=1)
    hours.renew()
    hours.renew()
    this = hour_of(timezone.now())
    found = hours.by_task(this - 48, this + 1)
    assert {name: (one.ended, one.failed) for name, one in found.items()} == {
        "orders.import": (4, 0),
        "orders.pack": (1, 1),
    }
    project = grouped("project", found)["orders"]
    assert (project.ended, project.failed, project.lines) == (5, 1, 15)
    assert project.longest == pytest.approx(8, abs=0.01)
    assert project.mean == pytest.approx(16 / 5, abs=0.01)


def pattern(template: str, *, first: float, last: float, **values: Any) -> Pattern:
    now = timezone.now()
    return Pattern.objects.create(
        fingerprint=template, task="orders.import", template=template, total=values.pop("total", 9),
        first_seen=now - timedelta(hours=first), last_seen=now - timedelta(hours=last), **values,
    )  # fmt: skip


@pytest.mark.django_db
def test_findings_are_ranked_and_made_anew() -> None:
    this = hour_of(timezone.now())
    pattern("order imported", first=900, last=1)
    fresh = pattern("disk full", first=2, last=1, level=40)
    gone = pattern("backup written", first=900, last=30)
    for day in range(2, 8):
        gone.hours.create(hour=this - day * 24, count=1)
    for back in range(24 * 8):
        bad = 6 if back < 20 else 0
        TaskHour.objects.create(task="orders.import", hour=this - back, ended=10, failed=bad,
                                timed=10, seconds=10 * (9 if back < 20 else 3))  # fmt: skip
    findings.renew()
    rows = findings.renew()
    kinds = [row.kind for row in rows]
    assert sorted(kinds) == ["failing", "gone", "new", "slow"]
    assert rows == sorted(rows, key=lambda row: -row.score)
    assert next(row for row in rows if row.kind == "new").pattern == fresh
    assert "no longer writes" in next(row for row in rows if row.kind == "gone").sentence
    assert Finding.objects.count() == 4


@pytest.mark.django_db
def test_anomalies_go_on_where_they_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[int] = []
    monkeypatch.setattr(anomalies, "detect_hour", lambda hour: judged.append(hour) or [])
    anomalies.detect()
    assert len(judged) == anomalies.MOST
    anomalies.detect()
    assert len(judged) == anomalies.MOST


@pytest.fixture
def last_week(db: None) -> None:
    this = hour_of(timezone.now())
    # These hours have no runs behind them: they are not to be counted again.
    Cursor.objects.create(name=hours.HOURS, position=this + 9)
    for back in range(24 * 15):
        TaskHour.objects.create(task="orders.import", hour=this - back, ended=4, failed=back % 2,
                                timed=4, seconds=8, lines=400)  # fmt: skip
    pattern("disk <b>full", first=24 * 8, last=1, level=40)
    Anomaly.objects.create(kind="burst", task="orders.import", hour=this - 24 * 7 - 1, observed=9,
                           usual=1, score=9, storm=1, sentence="9× the usual", key="x")  # fmt: skip


def test_the_weekly_report_is_mailed_once_to_each(last_week: None, settings: Any) -> None:
    channel = Channel(name="team", kind="email")
    channel.settings = {"to": ["team@example.com", "ada@example.com"]}
    channel.save()
    settings.CELERY_TASKLOG_REPORT_TO = ["ada@example.com", "team"]
    send_weekly_reports()
    send_weekly_reports()
    assert [one.to for one in mail.outbox] == [["ada@example.com"], ["team@example.com"]]
    row = Report.objects.get()
    assert (row.end - row.begin, row.state) == (168, "ready")
    assert row.data["totals"]["ended"] == 168 * 4
    sent = mail.outbox[0]
    assert isinstance(sent, mail.EmailMultiAlternatives)
    html = str(sent.alternatives[0][0])
    assert "<svg" not in html
    assert "<style" not in html
    assert "672" in html
    assert "672 runs ended" in sent.body
    assert f"/insights/reports/{row.pk}/" in html


def test_a_mail_escapes_what_tasks_wrote(last_week: None) -> None:
    Pattern.objects.update(first_seen=timezone.now() - timedelta(days=1, hours=23))
    assert report.make(report.begin("weekly")).data["new"] == []  # a new task is no news
    pattern("order imported", first=24 * 30, last=1)
    made = report.make(report.begin("weekly"))
    assert "disk &lt;b&gt;full" in made.html
    assert "disk <b>full" in made.text


@pytest.mark.parametrize(
    ("to", "error"), [(["nobody"], ValueError), (["a@b@c"], ValidationError)]
)  # fmt: skip
def test_a_wrong_recipient_is_named(db: None, settings: Any, to: list[str], error: Any) -> None:
    settings.CELERY_TASKLOG_REPORT_TO = to
    with pytest.raises(error):
        mailing.recipients()


@pytest.mark.django_db
def test_a_run_is_counted_and_compared_with_the_last_good_one() -> None:
    now = timezone.now()
    runs = {}
    for place, (name, extra) in enumerate({"good": "cache warm", "bad": "disk full"}.items()):
        state = "SUCCESS" if name == "good" else "FAILURE"
        runs[name] = TaskRun.objects.create(task_id=name, name="orders.import", state=state,
                                            created_at=now + timedelta(minutes=place))  # fmt: skip
        for number in range(4):
            TaskLogLine.objects.create(task=runs[name], message=f"order {number} imported")
        TaskLogLine.objects.create(task=runs[name], message=extra)
    assert figures.last_good(runs["bad"], TaskRun.objects.all()) == runs["good"]
    assert figures.last_good(runs["good"], TaskRun.objects.all()) is None
    found = figures.compare(runs["bad"], runs["good"])
    assert [kind.template for kind in found.only_here] == ["disk full"]
    assert [kind.template for kind in found.only_there] == ["cache warm"]
    assert found.same == 1
    calculate_analytics("bad")
    data = figures.RunFigures.objects.get().data
    assert (data["looked_at"], data["kinds"], data["seldom"]) == (5, 2, 1)
    assert data["top"][0] == ["order <num> imported", 4, 1]


@pytest.mark.django_db
def test_every_task_has_its_name_and_runs_on_an_empty_table() -> None:
    for name, told in {
        "mine": 0,
        "calculate_log_patterns": 0,
        "update_project_analytics": hours.FIRST + 1,
        "detect_anomalies": 0,
        "generate_insights": 0,
        "generate_embeddings": 0,
        "send_weekly_reports": 0,
    }.items():
        assert current_app.tasks[f"tasklog.insights.{name}"].apply().get() == told
    made = current_app.tasks["tasklog.insights.generate_analytics_report"].apply().get()
    assert Report.objects.get(pk=made).is_ready


@pytest.mark.django_db
def test_a_report_that_cannot_be_made_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "facts", lambda *_: 1 / 0)
    row = report.begin("daily")
    with pytest.raises(ZeroDivisionError):
        generate_analytics_report(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error) == ("failed", "ZeroDivisionError: division by zero")
