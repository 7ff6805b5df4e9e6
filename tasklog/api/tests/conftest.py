"""The cast: nobody, a signed-in user, a program with a key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.test import Client

from tasklog import memo
from tasklog.api.keys import create_key
from tasklog.models import TaskLogLine, TaskRun
from tasklog.roles import Role, group_name


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


@pytest.fixture
def as_role(db: None, settings: Any) -> Callable[[Role], Client]:
    """`as_role(Role.OPERATOR)` is a client with a key of a person of that role, for everything."""
    settings.CELERY_TASKLOG_DEFAULT_ROLE = ""

    def with_key(role: Role) -> Client:
        user = User.objects.create_user(role.name.lower())
        user.groups.add(Group.objects.get(name=group_name(role)))
        _, text = create_key(role.name, ["all"], user=user)
        return Client(headers={"authorization": f"Api-Key {text}"})

    return with_key


def asked(client: Client, method: str, path: str, body: Any = None) -> Any:
    """Sends JSON below the API; the answer with its `told`, the parsed body."""
    send = getattr(client, method)
    more = {} if method == "get" else {"data": body or {}, "content_type": "application/json"}
    answer = send(f"/tasklog/api/v1/{path}", **more)
    answer.told = answer.json()
    return answer
