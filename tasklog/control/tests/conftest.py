"""What tests of control share: the app of this process, sending to the stack's broker."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from celery import Celery
from django.test import Client

from conftest import Stack

# The project stands above this room: its app is looked up, not imported.
project_app = import_module("project.celery").app


@pytest.fixture
def broker(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    """The app of this process sends to the stack's broker, as a web process would."""
    monkeypatch.setattr(
        project_app,
        "connection_for_write",
        lambda *_, **more: _connection(project_app, stack.env["CELERY_BROKER_URL"], more),
    )
    project_app.conf.update(task_always_eager=False)
    yield project_app
    project_app.conf.update(task_always_eager=True)


def _connection(app: Celery, url: str, more: dict[str, Any]) -> Any:
    options = {**app.conf.broker_transport_options, **more.pop("transport_options", {})}
    return app.connection_for_read(url, transport_options=options, **more)


@pytest.fixture
def root(django_user_model: Any) -> Client:
    client = Client()
    client.force_login(django_user_model.objects.create_superuser("root"))
    return client
