"""People and runs for the tests of the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from tasklog import memo
from tasklog.models import TaskRun

if TYPE_CHECKING:
    from django.contrib.auth.models import User

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """What one test kept for a moment must not answer the next."""
    memo.clear()
    yield
    memo.clear()


@pytest.fixture
def ada(db: None) -> User:
    from django.contrib.auth.models import User

    return User.objects.create_user("ada")


@pytest.fixture
def browser_of_ada(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def make_run(db: None) -> Callable[..., TaskRun]:
    """`make_run("a", minutes=3, state="FAILURE")`: a run first heard of 3 minutes after noon."""

    def make(task_id: str, *, minutes: float = 0, **values: Any) -> TaskRun:
        at = values.pop("created_at", NOON + timedelta(minutes=minutes))
        return TaskRun.objects.create(
            task_id=task_id, **{"name": "orders.import", "created_at": at, **values}
        )

    return make
