"""The cast: nobody, a signed-in user, a program with a key."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from tasklog import memo
from tasklog.api.keys import create_key
from tasklog.models import TaskLogLine, TaskRun


@pytest.fixture(autouse=True)
def _nothing_left_over() -> Iterator[None]:
    """No throttle, and no answer that was kept for a moment."""
    cache.clear()
    memo.clear()
    yield
    cache.clear()
    memo.clear()


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("ann", password="ann")


@pytest.fixture
def person(user: User) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    return client


@pytest.fixture
def program(db: None) -> Callable[..., Client]:
    """`program("logs:read")` is a client that sends a key with this scope."""

    def with_scopes(*scopes: str) -> Client:
        _, text = create_key("program", scopes)
        return Client(headers={"authorization": f"Api-Key {text}"})

    return with_scopes


@pytest.fixture
def run(db: None) -> TaskRun:
    run = TaskRun.objects.create(task_id="run-1", name="orders.import", queue="default")
    run.mark_started(worker="w1@host")
    for number in range(1, 6):
        TaskLogLine.objects.create(
            task_id="run-1",
            message=f"line {number}",
            stream="stderr" if number == 3 else "stdout",
            level=40 if number == 3 else 0,
        )
    run.refresh_from_db()
    return run
