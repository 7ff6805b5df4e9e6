"""Each maintenance task: what it does, and that doing it again does nothing more."""

from __future__ import annotations

import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.utils import timezone

from tasklog.alerts.models import Incident, Rule
from tasklog.audit.models import AuditEntry
from tasklog.health import Probe
from tasklog.maintenance import expired, tasks, temporary, usage
from tasklog.maintenance.models import UsageDay
from tasklog.models import LogChunk, TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db

ApiKey: Any = apps.get_model("tasklog_api", "ApiKey")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def make_key(name: str, days: int | None) -> Any:
    """A key that expires in so many days."""
    at = None if days is None else timezone.now() + timedelta(days=days)
    prefix = f"{ApiKey.objects.count():08x}"
    return ApiKey.objects.create(name=name, prefix=prefix, digest="", expires_at=at)


def lines_of(result: Any) -> list[str]:
    return list(TaskLogLine.objects.filter(task_id=result.id).values_list("message", flat=True))


def test_expired_keys_go_and_others_stay() -> None:
    kept, forever, old = make_key("kept", 1), make_key("forever", None), make_key("old", -1)
    result = tasks.remove_expired_keys.delay()
    assert result.get() == 1
    assert set(ApiKey.objects.all()) == {kept, forever}
    entry = AuditEntry.objects.get(action="delete key")
    assert (entry.user, entry.target) == ("maintenance", f"{old} expired")
    assert f"deleted the expired key {old}" in lines_of(result)
    assert tasks.remove_expired_keys.delay().get() == 0


def test_a_run_that_was_killed_between_two_keys_is_finished_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for n in range(3):
        make_key(f"old {n}", -1)

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(expired, "record", die)
        expired.remove_keys()
    assert ApiKey.objects.count() == 2
    assert len(expired.remove_keys()) == 2


def test_notifications_of_a_room_that_is_not_there_count_nothing() -> None:
    assert expired._remove("tasklog_notify", "NoSuchTable", {}) == 0
    assert tasks.remove_old_notifications.delay().get() == 0


def test_rows_older_than_their_days_are_removed_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any table will do."""
    monkeypatch.setattr(expired, "STEP", 2)
    now = timezone.now()
    for days in (1, 91, 92, 93, 94, 95):
        TaskRun.objects.create(task_id=f"{days}", created_at=now - timedelta(days=days))
    old = {"created_at__lt": now - timedelta(days=90)}
    assert expired._remove("tasklog", "TaskRun", old) == 5
    assert expired._remove("tasklog", "TaskRun", old) == 0
    assert TaskRun.objects.get().pk == "1"


def test_incidents_go_when_they_were_resolved_long_ago() -> None:
    rule = Rule.objects.create(name="failures")
    now = timezone.now()
    for about, resolved in (("long ago", 91), ("lately", 89), ("open", None)):
        Incident.objects.create(
            rule=rule, about=about, title=about, opened_at=now - timedelta(days=400),
            state="resolved" if resolved else "open",
            resolved_at=now - timedelta(days=resolved) if resolved else None,
        )  # fmt: skip
    assert tasks.remove_old_notifications.delay().get() == 1
    assert sorted(Incident.objects.values_list("about", flat=True)) == ["lately", "open"]


def test_health_is_told_probe_by_probe_and_a_failing_one_fails_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = Probe("database", "Database", True, "0.1 ms")
    slow = Probe("drainer", "Drainer", None, "9 s behind", advice="Look at the spool.")
    gone = Probe("workers", "Workers", False, "none", advice="Start one.")
    monkeypatch.setattr(tasks, "run_probes", lambda: [good, slow])
    assert tasks.check_health.delay().get() == 2
    monkeypatch.setattr(tasks, "run_probes", lambda: [good, slow, gone])
    result = tasks.check_health.delay()
    with pytest.raises(tasks.Unwell, match="1 of 3 probes failed: Workers"):
        result.get()
    assert lines_of(result)[:3] == [
        "Database: 0.1 ms", "Drainer: 9 s behind – Look at the spool.", "Workers: none – Start one."
    ]  # fmt: skip


def test_only_old_files_of_ours_are_removed(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    settings.CELERY_TASKLOG_BACKUP_DIR = str(tmp_path / "backups")
    settings.FILE_UPLOAD_TEMP_DIR = None
    (tmp_path / "backups").mkdir()
    ours = ["tasklog-tmp-1", "tmpabc.upload.csv", "backups/.partial-x"]
    theirs = ["tasklog-spool", "notes.txt", "tmpabc.csv", "backups/tasklog-1.dump"]
    long_ago = time.time() - 2 * temporary.A_DAY
    for name in ours + theirs:
        (tmp_path / name).write_text("x" * 10)
        os.utime(tmp_path / name, (long_ago, long_ago))
    (tmp_path / "tasklog-tmp-young").write_text("still written")
    (tmp_path / "tasklog-tmp-link").symlink_to(tmp_path / "notes.txt")
    (tmp_path / "tasklog-tmp-folder").mkdir()
    assert temporary.remove_files() == (3, 30)
    assert temporary.remove_files() == (0, 0)
    assert all((tmp_path / name).exists() for name in theirs)
    assert (tmp_path / "tasklog-tmp-young").exists()


def test_expired_sessions_are_removed(client: Any, django_user_model: Any) -> None:
    from django.contrib.sessions.models import Session

    client.force_login(django_user_model.objects.create_user("ada"))
    with time_machine.travel(timezone.now() + timedelta(days=30)):
        tasks.remove_temporary_files.delay()
    assert not Session.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_database_is_optimised_step_by_step() -> None:
    result = tasks.optimise_database.delay()
    told = " ".join(lines_of(result))
    assert result.get() > 5
    assert "ANALYZE" in told
    assert "tasklog_tasklogline" in told


def test_the_system_report_names_versions_tables_and_settings_but_no_password(
    settings: Any,
) -> None:
    settings.CELERY_TASKLOG_REDIS_URL = "redis://user:s3cret@cache:6379/0"
    told = "\n".join(lines_of(tasks.report_system.delay()))
    assert "tasklog_taskrun" in told
    assert "retention_days" in told
    assert "s3cret" not in told
    assert "redis://cache" in told


def test_old_logs_are_removed(settings: Any) -> None:
    settings.CELERY_TASKLOG_RETENTION_DAYS = 30
    long_ago = timezone.now() - timedelta(days=31)
    TaskRun.objects.create(task_id="old", state="SUCCESS", finished_at=long_ago)
    result = tasks.cleanup_old_logs.delay()
    assert result.get() == 1
    assert lines_of(result) == ["1 runs with 0 lines deleted"]
    assert tasks.cleanup_old_logs.delay().get() == 0


@pytest.fixture
def busy_day(django_user_model: Any) -> None:
    """Two runs at noon: one in rows, one in a chunk and failed."""
    rows = TaskRun.objects.create(task_id="rows", created_at=NOON, triggered_by="ada")
    TaskLogLine.objects.create(task=rows, message="ü\\n")
    TaskRun.objects.create(
        task_id="chunk", created_at=NOON, state="FAILURE", line_count=7, triggered_by="key:ci"
    )
    LogChunk.objects.create(
        task_id="chunk", first=1, last=7, count=7, codec="zlib", raw_bytes=70, checksum=""
    )
    AuditEntry.objects.create(at=NOON, user="grace", address="::1", action="login")
    AuditEntry.objects.create(at=NOON, user="mallory", action="login", result="refused")
    AuditEntry.objects.create(at=NOON, user="root", address="command line", action="make key")
    make_key("ci", 1)
    ApiKey.objects.update(last_used_at=NOON)


def test_a_day_in_figures(busy_day: None) -> None:
    day = usage.count_day(NOON.date())
    assert (day.runs, day.failed, day.lines, day.size) == (2, 1, 8, 74)
    assert (day.users, day.keys) == (2, 1)


def test_a_day_that_is_over_keeps_its_figures_when_its_runs_are_gone(busy_day: None) -> None:
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        assert tasks.update_usage_statistics.delay().get() == usage.FIRST_DAYS + 1
    TaskRun.objects.all().delete()
    ApiKey.objects.update(last_used_at=None)
    with time_machine.travel(NOON + timedelta(days=3), tick=False):
        again = tasks.update_usage_statistics.delay()
    assert again.get() == 3
    day = UsageDay.objects.get(day=NOON.date())
    assert (day.runs, day.lines, day.keys) == (2, 8, 1)
    assert [line[:10] for line in lines_of(again)] == ["2026-11-22", "2026-11-23", "2026-11-24"]
