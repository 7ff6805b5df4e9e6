from __future__ import annotations

from types import SimpleNamespace

import pytest
from celery import current_app

from tasklog import checks


def found(messages):
    assert all(message.hint for message in messages)
    return [message.id for message in messages]


def test_the_projects_own_settings_are_fine():
    assert found(checks.check_settings()) == []
    assert found(checks.check_celery()) == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("CAPTURE", "some", "tasklog.E002"),
        ("DRAINER", "manual", "tasklog.E003"),
        ("REDIS_URL", "http://x", "tasklog.E004"),
        ("MAX_LINES", -1, "tasklog.E005"),
        ("MAX_LINES", "many", "tasklog.E005"),
        ("RETENTION_DAYS", 0, "tasklog.E005"),
        ("RETENTION_DAYS", float("nan"), "tasklog.E005"),
        ("FAILURE_RETENTION_DAYS", 0, "tasklog.E005"),
        ("SPOOL_MAX_BYTES", 1, "tasklog.E005"),
        ("VISIBILITY", "no.such.rule", "tasklog.E007"),
        ("VISIBILITY", 5, "tasklog.E007"),
        ("SPOOL_DIR", None, "tasklog.E001"),
    ],
)
def test_an_impossible_value_is_named_with_what_is_allowed(settings, name, value, expected):
    setattr(settings, f"CELERY_TASKLOG_{name}", value)
    assert found(checks.check_settings()) == [expected]


def test_a_spool_folder_that_is_a_file_is_an_error(settings, tmp_path):
    (tmp_path / "file").touch()
    settings.CELERY_TASKLOG_DRAINER = "auto"
    settings.CELERY_TASKLOG_SPOOL_DIR = tmp_path / "file" / "spool"
    assert found(checks.check_settings()) == ["tasklog.E006"]
    settings.CELERY_TASKLOG_SPOOL_DIR = tmp_path / "made" / "later"
    assert found(checks.check_settings()) == []


def test_pickle_and_short_results_are_warned_of(monkeypatch):
    conf = SimpleNamespace(
        accept_content=["json", "pickle"], result_backend="django-db", result_extended=False
    )
    monkeypatch.setattr(checks, "current_app", SimpleNamespace(conf=conf))
    assert found(checks.check_celery()) == ["tasklog.W001", "tasklog.W002"]


def test_deploying_wants_a_policy_and_a_spool_of_its_own(settings):
    settings.SECURE_CSP = {}
    ids = found(checks.check_deploy())
    assert {"tasklog.W003", "tasklog.W004"} <= set(ids)
    settings.CELERY_TASKLOG_DRAINER = "auto"
    del settings.CELERY_TASKLOG_SPOOL_DIR
    assert "tasklog.W005" in found(checks.check_deploy())


def test_an_evicting_broker_is_an_error_when_deploying(broker_url, monkeypatch):
    import redis

    from tasklog.live.topics import client_url

    client = redis.Redis.from_url(client_url(broker_url))
    monkeypatch.setitem(current_app.conf.changes, "broker_url", broker_url)
    assert "tasklog.E009" not in found(checks.check_deploy())
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert "tasklog.E009" in found(checks.check_deploy())
    finally:
        client.config_set("maxmemory-policy", "noeviction")


def test_a_host_of_any_name_is_warned_of(settings):
    settings.ALLOWED_HOSTS = ["tasklog.example.com"]
    assert "tasklog.W006" not in found(checks.check_deploy())
    settings.ALLOWED_HOSTS = ["*"]
    assert "tasklog.W006" in found(checks.check_deploy())
