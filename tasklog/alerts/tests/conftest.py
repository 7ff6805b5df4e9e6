from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tasklog import signals
from tasklog.alerts import watching
from tasklog.alerts.models import Rule
from tasklog.models import TaskRun
from tasklog.notify.models import Channel

MakeRule = Callable[..., Rule]


@pytest.fixture(autouse=True)
def fresh_rules() -> Iterator[None]:
    """No test meets the rules that another one left in this process."""
    watching.forget()
    yield
    watching.forget()
    watching._gathered.take()
    watching._gathered.written_at = float("-inf")
    signals.lines_stored.disconnect(dispatch_uid="tasklog.alerts.lines")


@pytest.fixture
def inbox() -> Channel:
    """A channel whose messages can be counted: the inbox of one operator."""
    User.objects.create_superuser("ada")
    channel = Channel(name="inbox", kind="inbox")
    channel.settings = {"people": []}
    channel.save()
    return channel


@pytest.fixture
def make_rule(inbox: Channel) -> MakeRule:
    def make(condition: str, **values: Any) -> Rule:
        values = {"name": f"watch {condition}", **values}
        rule = Rule.objects.create(condition=condition, **values)
        # As if it had been watching for a while.
        Rule.objects.filter(pk=rule.pk).update(changed_at=timezone.now() - timedelta(days=1))
        rule.refresh_from_db()
        rule.channels.add(inbox)
        return rule

    return make


def ended(name: str, state: str = "SUCCESS", seconds: float = 1.0, ago: float = 0.0) -> TaskRun:
    """A run of so many seconds that ended so many seconds ago."""
    end = timezone.now() - timedelta(seconds=ago)
    return TaskRun.objects.create(
        task_id=f"{name}-{TaskRun.objects.count()}", name=name, state=state, queue="default",
        created_at=end - timedelta(seconds=seconds), finished_at=end,
        started_at=end - timedelta(seconds=seconds),
    )  # fmt: skip
