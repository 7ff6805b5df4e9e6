"""What workers do for insights."""

from __future__ import annotations

from celery import Task, shared_task

from tasklog.insights import (
    anomalies,
    catalogue,
    embeddings,
    ended,
    figures,
    findings,
    hours,
    mailing,
    mining,
    ongoing,
    report,
    ticking,
)
from tasklog.insights.models import Report
from tasklog.models import TaskRun


@shared_task(base=Task, name="tasklog.insights.mine", ignore_result=True, tasklog=False)
def mine() -> int:
    """Counts new lines into patterns, and the runs that have ended.

    Asked for every 15 seconds where there are any: too often to be a run.
    """
    done = mining.mine()
    ended.renew()
    ticking.answered()
    return done


@shared_task(name="tasklog.insights.calculate_log_patterns", ignore_result=True)
def calculate_log_patterns() -> int:
    """Counts every line that is left, and forgets patterns that came no more."""
    total = 0
    while done := mining.mine():
        total += done
    print(f"{total:,} lines counted, {catalogue.forget()} patterns forgotten.")  # noqa: T201
    print(f"Figures of {ended.forget()} runs that are gone were deleted.")  # noqa: T201
    return total


@shared_task(name="tasklog.insights.calculate_analytics", ignore_result=True)
def calculate_analytics(task_id: str = "") -> None:
    """Counts one run's lines, or one upload's; without an id those of every run that has ended.

    Raises ValueError for an id that no run has.
    """
    if not task_id:
        print(f"{ended.renew()} runs counted.")  # noqa: T201
        return
    run = TaskRun.objects.filter(pk=task_id).first()
    if run is None:
        raise ValueError(f"There is no run {task_id[:100]}.")
    row = figures.calculate(run)
    kinds, lines = row.data["kinds"], row.data["looked_at"]
    print(f"{task_id}: {lines:,} lines of {kinds} kinds.")  # noqa: T201


@shared_task(name="tasklog.insights.update_live_analytics", ignore_result=True)
def update_live_analytics() -> int:
    """Counts the lines of runs that connections and uploads still write."""
    count = ongoing.renew()
    print(f"{count} runs that go on were counted.")  # noqa: T201
    return count


@shared_task(name="tasklog.insights.update_project_analytics", ignore_result=True)
def update_project_analytics() -> int:
    """Figures of every task, project and of all, by the hour; for once an hour."""
    count = hours.renew()
    print(f"{count} hours counted.")  # noqa: T201
    return count


@shared_task(name="tasklog.insights.detect_anomalies", ignore_result=True)
def detect_anomalies() -> int:
    """Judges the hours that are over."""
    hours.renew()
    found = anomalies.detect()
    for row in found:
        print(f"{row.at:%Y-%m-%d %H:%M} {row.task}: {row.sentence}")  # noqa: T201
    anomalies.forget()
    return len(found)


@shared_task(name="tasklog.insights.generate_insights", ignore_result=True)
def generate_insights() -> int:
    """Today's findings, ranked."""
    hours.renew()
    anomalies.detect()
    rows = findings.renew()
    for row in rows:
        print(f"{row.score:.0f}  {row.sentence}")  # noqa: T201
    return len(rows)


@shared_task(name="tasklog.insights.generate_embeddings", ignore_result=True)
def generate_embeddings() -> int:
    """Vectors of new patterns, where a model is set."""
    if not embeddings.is_on():
        print("CELERY_TASKLOG_EMBEDDINGS names no model.")  # noqa: T201
        return 0
    count = embeddings.renew()
    print(f"{count} patterns embedded.")  # noqa: T201
    return count


@shared_task(name="tasklog.insights.generate_analytics_report", ignore_result=True)
def generate_analytics_report(report_id: int | None = None, kind: str = "weekly") -> int:
    """Makes a report that waits, or a new one; returns its id."""
    row = Report.objects.get(pk=report_id) if report_id else report.begin(kind)
    try:
        hours.renew()
        report.make(row)
    except Exception as error:  # whatever it is, its page must not wait for ever
        told = f"{type(error).__name__}: {error}"[:500]
        Report.objects.filter(pk=row.pk).update(state=Report.State.FAILED, error=told)
        raise
    print(f"{row.title}: {row.data['totals']['ended']:,} runs.")  # noqa: T201
    return row.pk


@shared_task(name="tasklog.insights.send_weekly_reports", ignore_result=True)
def send_weekly_reports() -> int:
    """Makes last week's report and mails it; sent again it reaches only who has not got it."""
    to = mailing.recipients()
    row = report.of_last_week()
    if not row.is_ready:
        generate_analytics_report(row.pk)
        row.refresh_from_db()
    mailing.send(row, to)
    print(f"{row.title}: sent to {len(to)} addresses.")  # noqa: T201
    return len(to)
