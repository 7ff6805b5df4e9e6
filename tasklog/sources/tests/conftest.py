"""A folder for uploads, and files to send."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasklog.models import TaskLogLine
from tasklog.sources import ingest, uploads
from tasklog.sources.models import Upload


@pytest.fixture(autouse=True)
def upload_dir(settings: Any, tmp_path: Path) -> Path:
    settings.CELERY_TASKLOG_UPLOAD_DIR = str(tmp_path / "uploads")
    return tmp_path / "uploads"


@pytest.fixture
def waiting(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Upload]:
    """`waiting(b"…", "app.log")`: taken, and not yet read by any worker."""
    monkeypatch.setattr(uploads, "queue", lambda upload: True)

    def take(data: bytes, name: str = "app.log", user: str = "ada", **more: Any) -> Upload:
        return uploads.take(io.BytesIO(data), name, user, **more)

    return take


@pytest.fixture
def read(waiting: Callable[..., Upload]) -> Callable[..., Upload]:
    """The same, and read to its end."""

    def take(data: bytes, name: str = "app.log", **more: Any) -> Upload:
        upload = waiting(data, name, **more)
        ingest.process(upload.pk)
        upload.refresh_from_db()
        return upload

    return take


def messages(upload: Upload) -> list[str]:
    lines = TaskLogLine.objects.of(upload.run_id)
    return list(lines.values_list("message", flat=True))
