from __future__ import annotations

import threading
from io import StringIO

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from tasklog import health
from tasklog.health import Probe, run_probes
from tasklog.models import Drainer, TaskAttempt, TaskRun, TaskWorker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker(broker_url, monkeypatch):
    monkeypatch.setitem(current_app.conf.changes, "broker_url", broker_url)
    monkeypatch.setitem(current_app.conf.changes, "broker_read_url", broker_url)


@pytest.fixture
def no_broker(monkeypatch, tmp_path):
    url = f"redis+socket://{tmp_path}/none.sock"
    monkeypatch.setitem(current_app.conf.changes, "broker_url", url)
    monkeypatch.setitem(current_app.conf.changes, "broker_read_url", url)


def probe(name) -> Probe:
    return next(probe for probe in run_probes() if probe.name == name)


def test_every_probe_answers_with_a_number_and_a_title(broker):
    probes = run_probes()
    assert [probe.name for probe in probes] == [
        "database", "migrations", "broker", "eviction", "live", "workers",
        "queues", "drainer", "clocks", "spool", "damaged", "dropped", "receipts", "versions",
    ]  # fmt: skip
    assert all(probe.title and probe.value for probe in probes)
    assert all(probe.advice for probe in probes if probe.ok is False)
    for name in ("database", "migrations", "broker", "eviction"):
        assert probe(name).ok is True, probe(name)


def test_an_absent_broker_fails_its_probes_and_no_other(no_broker):
    failed = {probe.name for probe in run_probes() if probe.ok is False}
    assert {"broker", "eviction"} <= failed
    assert "database" not in failed


def test_a_probe_that_hangs_or_breaks_is_reported(monkeypatch):
    hanging = threading.Event()

    def hang():
        hanging.wait(30)
        return []

    def broken():
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr(health, "SECONDS", 0.2)
    monkeypatch.setitem(health.GROUPS, "database", hang)
    monkeypatch.setitem(health.GROUPS, "broker", broken)
    first, second = run_probes(["database", "broker"])
    hanging.set()
    assert (first.ok, first.value) == (False, "no answer in 2 s")
    assert (second.ok, second.value) == (False, "first line")


def test_workers_are_counted_by_their_heartbeat(broker):
    assert probe("workers").ok is False
    TaskWorker.objects.create(name="a@h")
    assert (probe("workers").ok, probe("workers").value) == (True, "1 alive")
    TaskWorker.objects.create(name="b@h", seen_at=health._oldest(60))
    assert probe("workers").ok is None
    TaskWorker.objects.filter(name="b@h").update(stopped_at=health._oldest(5))
    assert probe("workers").value == "1 alive, 1 vanished today"
    TaskWorker.objects.filter(name="b@h").update(stopped_at=health._oldest(55))
    assert (probe("workers").ok, probe("workers").value) == (True, "1 alive")


def test_a_drainer_is_judged_by_its_row(settings, broker):
    settings.CELERY_TASKLOG_DRAINER = "auto"
    assert probe("drainer").ok is False
    drainer = Drainer.objects.create(host="h", lag_ms=12, spool_bytes=1, damaged=3)
    assert probe("drainer").ok is True
    assert probe("damaged").ok is None
    Drainer.objects.update(lag_ms=60_000, spool_bytes=settings.CELERY_TASKLOG_SPOOL_MAX_BYTES)
    assert probe("drainer").ok is None
    assert probe("spool").ok is False
    Drainer.objects.update(error="disk full")
    assert "disk full" in probe("drainer").value
    drainer.delete()


def test_dropped_lines_are_a_warning():
    assert probe("dropped").ok is True
    TaskRun.objects.create(task_id="t", dropped_count=7)
    assert probe("dropped").ok is None
    assert probe("dropped").value.startswith("7 ")


def test_a_live_channel_that_is_away_is_a_warning_because_pages_poll(settings, tmp_path):
    settings.CELERY_TASKLOG_REDIS_URL = f"unix://{tmp_path}/none.sock"
    assert probe("live").ok is None
    settings.CELERY_TASKLOG_REDIS_URL = ""
    assert probe("live").value == "polling the database"


def test_healthz_is_one_word_without_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_readyz_is_one_word_for_everybody_but_staff(client, broker):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (200, b"ready\n")
    client.force_login(User.objects.create_user("ann"))
    assert client.get("/readyz").content == b"ready\n"
    staff = Client()
    staff.force_login(User.objects.create_user("eve", is_staff=True))
    assert b"versions: tasklog" in staff.get("/readyz").content


def test_readyz_is_a_503_without_a_broker(client, no_broker):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"unready\n")


def doctor(*names):
    out = StringIO()
    try:
        call_command("tasklog_doctor", *names, stdout=out, stderr=out)
    except SystemExit as end:
        return end.code, out.getvalue()
    return 0, out.getvalue()


def test_the_doctor_tells_each_probe_and_fails_with_one(broker):
    code, told = doctor()
    assert code == 1  # no worker is alive
    assert "Workers" in told
    assert "→ Start a worker" in told
    assert doctor("database", "broker")[0] == 0
    assert doctor("nonsense")[0] == 2


def test_lines_that_are_missing_fail_their_probe(db):
    run = TaskRun.objects.create(task_id="short")
    now = timezone.now()
    for number, (emitted, stored, dropped) in enumerate([(9, 9, 0), (9, 4, 2), (None, 1, 0)], 1):
        TaskAttempt.objects.create(
            task=run, number=number, emitted=emitted, stored=stored, dropped=dropped,
            finished_at=now,
        )  # fmt: skip
    TaskAttempt.objects.create(task=run, number=4, emitted=9, stored=4)  # still under way
    found = probe("receipts")
    assert found.ok is False
    assert found.value.startswith("3 of")
    assert found.advice.startswith("1 attempts")


def test_a_queue_in_which_something_waits_for_nobody_is_a_warning(db):
    from tasklog.control.models import QueueSample

    assert probe("queues").ok is True
    slot = int(timezone.now().timestamp()) // 15
    QueueSample.objects.create(queue="mail", slot=slot, depth=3, consumers=0)
    found = probe("queues")
    assert (found.ok, found.value) == (None, "nobody consumes mail (3 waiting)")
    QueueSample.objects.create(queue="mail", slot=slot + 1, depth=3, consumers=1)
    assert probe("queues").ok is True
