from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]


def manage(*words: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """`manage.py` with an environment of its own: settings are read once per process."""
    base = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT, env={**base, "TASKLOG_VAR": str(folder), **env},
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip


def setting(expression: str, folder: Path, **env: str) -> str:
    code = f"from django.conf import settings as s; print({expression})"
    done = manage("shell", "--no-imports", "-c", code, folder=folder, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_production_passes_the_deploy_check(tmp_path: Path) -> None:
    done = manage(
        "check", "--deploy", "--fail-level", "WARNING", folder=tmp_path,
        SECRET_KEY="k" * 20 + "0123456789abcdefghijklmnopqrstuvwxyz", HTTPS_ONLY="true",
        ALLOWED_HOSTS="tasklog.example.com",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_https_only_hardens_the_cookies(tmp_path: Path) -> None:
    wanted = "s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.SECURE_SSL_REDIRECT"
    assert setting(wanted, tmp_path, HTTPS_ONLY="true") == "__Host-sessionid True True"
    assert setting(wanted, tmp_path) == "sessionid False False"


def test_postgresql_gives_up_connecting_within_moments(tmp_path: Path) -> None:
    url = "postgres://u:p@db/x?sslmode=require"
    options = setting("s.DATABASES['default']['OPTIONS']", tmp_path, DATABASE_URL=url)
    assert "'connect_timeout': 2" in options
    assert "'sslmode': 'require'" in options
    assert "pool" not in options
    pooled = setting(
        "s.DATABASES['default']['OPTIONS']['pool']['max_size']",
        tmp_path, DATABASE_URL=url, DATABASE_POOL_SIZE="7",
    )  # fmt: skip
    assert pooled == "7"


def test_every_knob_of_the_app_is_read_from_the_environment(tmp_path: Path) -> None:
    """Each `CELERY_TASKLOG_*` of conf.py has an environment variable of the same name."""
    from dataclasses import fields

    from tasklog.conf import PREFIX, Conf

    names = {PREFIX + item.name.upper() for item in fields(Conf)}
    assert names <= set(settings.ENV_NAMES)


def test_debug_is_refused_where_others_can_come(tmp_path: Path) -> None:
    done = manage("check", folder=tmp_path, DEBUG="true", ALLOWED_HOSTS="tasklog.example.com")
    assert done.returncode == 1
    assert "DEBUG is 'true'; allowed: false wherever ALLOWED_HOSTS" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_app_has_a_content_security_policy_without_exceptions() -> None:
    assert settings.SECURE_CSP["default-src"] == ["'none'"]
    assert not any("unsafe" in str(value) for value in settings.SECURE_CSP.values())


@pytest.mark.parametrize("name", ["worker_redirect_stdouts", "task_acks_late"])
def test_celery_reads_the_settings(name: str) -> None:
    from project.celery import app

    assert app.conf[name] is True
