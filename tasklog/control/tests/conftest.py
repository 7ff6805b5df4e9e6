"""What tests of control share: the app of this process, sending to the stack's broker."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from celery import Celery
from django.test import Client
from kombu import Connection
from kombu.exceptions import OperationalError

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


@pytest.fixture
def rabbit() -> str:
    """The address of a RabbitMQ; TASKLOG_TEST_RABBITMQ names another than this machine's."""
    url = os.environ.get("TASKLOG_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//")
    try:
        with Connection(url, connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)
    except OperationalError:
        pytest.skip("no RabbitMQ answers; TASKLOG_TEST_RABBITMQ names one")
    return url
