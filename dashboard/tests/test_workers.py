"""The workers' pages, with answers as a worker gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tasklog.audit.models import AuditEntry
from tasklog.control import answers
from tasklog.models import TaskRun, TaskWorker

NAME = "celery@w1"
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def worker(db: None) -> Iterator[TaskWorker]:
    answers.forget()
    yield TaskWorker.objects.create(
        name=NAME, host="w1", pid=7, pool="prefork", concurrency=4, rss_bytes=70 * 2**20,
        versions={"celery": "5.7.0"},
    )  # fmt: skip
    answers.forget()


@pytest.fixture
def replies(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What workers answer over the wire; who is not in it does not answer."""
    said: dict[str, Any] = {
        NAME: {
            "active": [{"id": "mine", "name": "orders.import", "time_start": 1.8e9}],
            "reserved": [{"id": "theirs", "name": "secret.task"}],
            "scheduled": [{"eta": "2026-11-26T12:00:00", "request": {"id": "x", "name": "later"}}],
            "revoked": ["r1"],
            "active_queues": [{"name": "default"}],
            "stats": {"pool": {"processes": [8, 9]}, "total": {"a": 3}},
            "conf": {"broker_url": "redis://:hunter2@broker/0", "task_acks_late": True},
            "registered": ["orders.import"],
            "ping": {"ok": "pong"},
        }
    }
    monkeypatch.setattr("tasklog.control.answers.ask", lambda *_, **__: said)
    return said


def test_the_list_shows_heartbeats_without_asking(
    browser_of_ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasklog.control.answers.ask", lambda *_, **__: pytest.fail("asked"))
    page = browser_of_ada.get("/workers/").content.decode()
    for told in (NAME, "Alive", "prefork", "70 MiB", "load, every 5s", "/workers/?ask=1"):
        assert told in page


def test_who_does_not_answer_is_told_and_still_listed(
    browser_of_ada: Client, replies: dict[str, Any]
) -> None:
    TaskWorker.objects.create(name="frozen@w2", host="w2")
    page = browser_of_ada.get("/workers/?ask=1").content.decode()
    assert page.count("Did not answer") == 1
    assert "frozen@w2" in page


def test_ten_viewers_ask_once(browser_of_ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr("tasklog.control.answers.ask", lambda *_, **__: asked.append(1) or {})
    for _ in range(10):
        browser_of_ada.get("/workers/?ask=1")
    assert len(asked) == 1


def test_a_poll_is_answered_304_while_nothing_is_new(
    browser_of_ada: Client, replies: dict[str, Any]
) -> None:
    for path in ("/workers/?ask=1", f"/workers/{NAME}/?ask=1"):
        first = browser_of_ada.get(path, headers=HTMX)
        poll = {**HTMX, "If-None-Match": first.headers["ETag"]}
        assert browser_of_ada.get(path, headers=poll).status_code == 304


def test_a_worker_shows_its_tasks_and_hides_its_secrets(
    browser_of_ada: Client, replies: dict[str, Any], make_run: Callable[..., TaskRun]
) -> None:
    make_run("mine")
    page = browser_of_ada.get(f"/workers/{NAME}/?ask=1").content.decode()
    for told in ('href="/runs/mine/"', "orders.import", "later", "task_acks_late", "pids 8, 9"):
        assert told in page
    assert "hunter2" not in page


def test_of_other_peoples_tasks_only_the_number_is_told(
    browser_of_ada: Client, replies: dict[str, Any], make_run: Callable[..., TaskRun], settings: Any
) -> None:
    settings.CELERY_TASKLOG_VISIBILITY = "tasklog.roles.own_runs"
    make_run("mine", triggered_by="ada")
    make_run("theirs", triggered_by="bob")
    page = browser_of_ada.get(f"/workers/{NAME}/?ask=1").content.decode()
    assert "orders.import" in page
    assert "secret.task" not in page
    assert "1 more that you may not see, or are not listed" in page


def test_a_dangerous_verb_is_asked_again_and_then_told_as_it_was(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(User.objects.create_superuser("root"))
    monkeypatch.setattr("tasklog.control.verbs.ask", lambda *_, **__: {})
    asked = client.post(f"/workers/{NAME}/leave/", {"queue": "mail"})
    assert "takes no more tasks from this queue" in asked.content.decode()
    assert not AuditEntry.objects.filter(action="consumer").exists()
    sure = {"queue": "mail", "sure": "yes"}
    told = client.post(f"/workers/{NAME}/leave/", sure, follow=True).content.decode()
    assert "gave no answer in 1 s; it may still happen" in told
    assert AuditEntry.objects.get(action="consumer").result == "unknown"


@pytest.mark.parametrize(
    ("verb", "data", "told"),
    [
        ("pool", {"size": "0"}, "from 1 to 1,000"),
        ("pool", {"size": "x" * 400}, "from 1 to 1,000"),
        ("autoscale", {"most": "2", "least": "5"}, "Give at most 2"),
        ("consume", {"queue": "a b"}, "without spaces"),
        ("consume", {"queue": "a\0b"}, "without spaces"),
        ("rate", {"task": "demo.quick", "rate": "often"}, "10/s, 100/m"),
        ("limits", {"task": "demo.quick", "soft": "9", "hard": "5"}, "Give at most 5"),
    ],
)
def test_wrong_arguments_are_told_at_their_field(
    browser_of_ada: Client, verb: str, data: dict[str, str], told: str
) -> None:
    answer = browser_of_ada.post(f"/workers/{NAME}/{verb}/", data)
    assert answer.status_code == 422
    assert told in answer.content.decode()


def test_an_operator_may_not_shut_one_down(browser_of_ada: Client) -> None:
    answer = browser_of_ada.post(f"/workers/{NAME}/shutdown/", {"sure": "yes"})
    assert answer.status_code == 403
    assert AuditEntry.objects.filter(action="shutdown", result="refused").exists()
    assert "Shut down" not in browser_of_ada.get(f"/workers/{NAME}/").content.decode()


def test_the_trail_says_what_a_worker_was_told() -> None:
    from tasklog.control.verbs import VERBS

    assert VERBS["rate"].named(NAME, {"task": "demo.quick", "rate": "5/m"}) == (
        f"{NAME}, task demo.quick, rate 5/m"
    )
    assert VERBS["restart"].named(NAME, {}) == NAME
