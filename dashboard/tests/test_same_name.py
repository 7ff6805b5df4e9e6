"""Two people who give one name at the same moment: the second is told, and nothing breaks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django_celery_beat.models import PeriodicTask

from tasklog.alerts.models import Rule
from tasklog.control.actions import Action
from tasklog.notify.models import Channel
from tasklog.sources.models import Connection

NAME = "Night watch"


@dataclass(frozen=True)
class Kind:
    """Something with a name: where it is made, what is sent there, and what the second is told."""

    model: Any
    page: str
    form: dict[str, Any]
    api: str
    body: dict[str, Any]
    told: str


KINDS = {
    "rule": Kind(
        Rule, "/alerts/rules/new/?condition=failed",
        {"cooldown_minutes": 5, "calm_minutes": 60},
        "/tasklog/api/alerts/rules/", {"condition": "failed"},
        f"There is a rule named “{NAME}” already.",
    ),
    "channel": Kind(
        Channel, "/alerts/channels/new/?kind=inbox", {"enabled": "on"},
        "/tasklog/api/alerts/channels/", {"kind": "inbox"},
        f"There is a channel named “{NAME}” already.",
    ),
    "connection": Kind(
        Connection, "/sources/new/http/", {"interval": 30, "address": "https://example.org/"},
        "/tasklog/api/connections/",
        {"kind": "http", "settings": {"address": "https://example.org/"}},
        f"There is a connection named “{NAME}” already.",
    ),
    "schedule": Kind(
        PeriodicTask, "/schedules/make/",
        {"task": "demo.quick", "kind": "interval", "every": 5, "period": "minutes"},
        "/tasklog/api/schedules/",
        {"task": "demo.quick", "kind": "interval", "every": 5, "period": "minutes"},
        f"There is a schedule “{NAME}” already.",
    ),
}  # fmt: skip


@pytest.fixture
def root(transactional_db: None) -> Iterator[User]:
    cache.clear()
    yield User.objects.create_superuser("root")
    cache.clear()


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], list[Any]]:
    """The answers of two threads; whoever has had the form checked waits for the other."""
    meeting, mine, allowed = threading.Barrier(2, timeout=30), threading.local(), Action.allowed

    def wait(action: Action, user: Any) -> bool:
        if getattr(mine, "first", False):
            mine.first = False
            meeting.wait()
        return allowed(action, user)

    def one(send: Callable[[], Any]) -> Any:
        mine.first = True
        try:
            return send()
        finally:
            connection.close()

    def both(send: Callable[[], Any]) -> list[Any]:
        monkeypatch.setattr(Action, "allowed", wait)
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(one, [send, send]))

    return both


@pytest.mark.parametrize("name", KINDS)
def test_on_its_page(name: str, root: User, both: Any) -> None:
    kind = KINDS[name]

    def send() -> Any:
        client = Client()
        client.force_login(root)
        return client.post(kind.page, {"name": NAME, **kind.form})

    answers = both(send)
    pages = [answer.content.decode() for answer in answers]
    assert kind.model.objects.filter(name=NAME).count() == 1, pages
    assert 302 in [answer.status_code for answer in answers]
    assert sum(kind.told in page for page in pages) == 1


@pytest.mark.parametrize("name", KINDS)
def test_in_the_api(name: str, root: User, both: Any) -> None:
    kind = KINDS[name]

    def send() -> Any:
        client = Client()
        client.force_login(root)
        body = {"name": NAME, **kind.body}
        return client.post(kind.api, body, content_type="application/json")

    answers = both(send)
    told = [answer.json() for answer in answers]
    assert sorted(answer.status_code for answer in answers) == [201, 400], told
    assert [one["fields"]["name"] for one in told if "fields" in one] == [kind.told]
    assert kind.model.objects.filter(name=NAME).count() == 1
