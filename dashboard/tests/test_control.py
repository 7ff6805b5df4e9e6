"""Buttons, questions and answers of acting on runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from celery import Task
from celery.result import EagerResult
from django.test import Client

from tasklog.audit.models import AuditEntry
from tasklog.control.models import Rerun
from tasklog.models import TaskRun

Sent = list[tuple[str, tuple[Any, ...], dict[str, Any]]]
ENDED = {"state": "FAILURE", "name": "demo.quick", "args": "[]", "kwargs": "{}"}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What went to the broker; the demo's tasks are not run."""
    calls: Sent = []

    def apply(task: Any, args: Any = (), kwargs: Any = None, task_id: str = "", **_: Any) -> Any:
        calls.append((task.name, tuple(args), kwargs or {}))
        return EagerResult(task_id, None, "SUCCESS")

    monkeypatch.setattr(Task, "apply", apply)
    return calls


@pytest.fixture
def ended(make_run: Callable[..., TaskRun]) -> TaskRun:
    return make_run("r1", payload="exact", **ENDED)


@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        ("FAILURE", ["Retry", "Edit and retry"]),
        ("STARTED", ["Raise to DEBUG", "Terminate"]),
        ("PENDING", ["Revoke"]),
    ],
)
def test_a_run_has_the_buttons_of_its_state(
    browser_of_ada: Client, make_run: Callable[..., TaskRun], state: str, buttons: list[str]
) -> None:
    make_run("r1", state=state)
    response = browser_of_ada.get("/runs/r1/")
    assert [button.title for button in response.context["buttons"]] == buttons


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("FAILURE", "retry"),
        ("PENDING", "revoke"),
        ("STARTED", "terminate"),
        ("STARTED", "raise"),
    ],
)
def test_lines_of_a_source_are_no_task_to_act_on(
    browser_of_ada: Client, make_run: Callable[..., TaskRun], sent: Sent, state: str, word: str
) -> None:
    make_run("r1", state=state, name="shop.log", source="upload shop.log", payload="exact")
    assert browser_of_ada.get("/runs/r1/").context["buttons"] == []
    answer = browser_of_ada.post(f"/runs/r1/{word}/")
    assert "These lines come from a source; no task wrote them." in answer.content.decode()
    assert sent == []


def test_a_viewer_sees_no_button_and_may_not(
    browser_of_ada: Client, ended: TaskRun, settings: Any, sent: Sent
) -> None:
    settings.CELERY_TASKLOG_DEFAULT_ROLE = "viewer"
    assert "/retry/" not in browser_of_ada.get("/runs/r1/").content.decode()
    assert "/bulk/" not in browser_of_ada.get("/").content.decode()
    assert browser_of_ada.post("/runs/r1/retry/").status_code == 403
    assert sent == []


def test_retry_asks_then_leads_to_the_new_run(
    browser_of_ada: Client, ended: TaskRun, sent: Sent
) -> None:
    assert "Retry this run?" in browser_of_ada.get("/runs/r1/retry/").content.decode()
    assert sent == []
    answer = browser_of_ada.post("/runs/r1/retry/")
    again = Rerun.objects.get(of="r1")
    assert answer.url == f"/runs/{again.pk}/"
    assert sent == [("demo.quick", (), {})]
    assert TaskRun.objects.get(pk=again.pk).rerun_of == "r1"
    assert AuditEntry.objects.get(action="retry").target == "demo.quick r1"


def test_a_second_click_leads_to_the_first_ones_run(
    browser_of_ada: Client, ended: TaskRun, sent: Sent
) -> None:
    first, second = (browser_of_ada.post("/runs/r1/retry/") for _ in range(2))
    assert first.url == second.url
    assert len(sent) == 1


def test_what_was_not_kept_is_refused_with_its_reason(
    browser_of_ada: Client, make_run: Callable[..., TaskRun], sent: Sent
) -> None:
    make_run("r1", payload="too big", **ENDED)
    answer = browser_of_ada.post("/runs/r1/retry/")
    assert answer.status_code == 422
    assert "64 KiB" in answer.content.decode()
    assert "begins empty" in browser_of_ada.get("/runs/r1/edit/").content.decode()
    assert sent == []


def test_edited_arguments_are_checked_at_their_field(
    browser_of_ada: Client, ended: TaskRun, sent: Sent
) -> None:
    wrong = {"args": "[1,", "kwargs": "[]", "countdown": "-1"}
    answer = browser_of_ada.post("/runs/r1/edit/", wrong)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"args", "kwargs", "countdown"}
    assert sent == []
    unfit = browser_of_ada.post("/runs/r1/edit/", {"args": "[]", "kwargs": '{"a": 2}'})
    assert unfit.status_code == 422
    assert "unexpected keyword argument" in unfit.content.decode()
    assert not Rerun.objects.exists()
    TaskRun.objects.filter(pk="r1").update(name="demo.long")
    browser_of_ada.post("/runs/r1/edit/", {"args": "[]", "kwargs": '{"duration": 2}'})
    assert sent == [("demo.long", (), {"duration": 2})]


def test_no_signal_of_the_callers_own_is_sent(
    browser_of_ada: Client, make_run: Callable[..., TaskRun]
) -> None:
    make_run("r1", state="STARTED")
    answer = browser_of_ada.post("/runs/r1/terminate/", {"signal": "SIGSTOP"})
    assert answer.status_code == 422
    assert "SIGTERM, SIGKILL" in answer.content.decode()


def test_bulk_says_first_what_it_would_do_and_then_does_that(
    browser_of_ada: Client, make_run: Callable[..., TaskRun], sent: Sent
) -> None:
    for n in range(3):
        make_run(f"r{n}", minutes=n, payload="exact", **ENDED)
    make_run("r3", minutes=4, payload="off", **ENDED)
    make_run("other", state="FAILURE", name="demo.long", payload="exact")
    page = browser_of_ada.get("/bulk/retry/?state=failed&task=demo.quick")
    assert "Retry 3 runs?" in page.content.decode()
    assert "was off when it was sent" in page.content.decode()
    assert sent == []
    ids = page.context["ids"]
    answer = browser_of_ada.post("/bulk/retry/?state=failed", {"ids": ids})
    assert answer.url == "/?state=failed"
    assert len(sent) == Rerun.objects.count() == 3
    assert AuditEntry.objects.filter(action="retry", target="3 runs").count() == 1
    assert AuditEntry.objects.filter(action="retry", target="demo.quick r1").count() == 1
    browser_of_ada.post("/bulk/retry/", {"ids": ids})
    assert len(sent) == 3


def test_one_foreign_run_and_none_is_touched(
    browser_of_ada: Client, make_run: Callable[..., TaskRun], settings: Any, sent: Sent
) -> None:
    settings.CELERY_TASKLOG_VISIBILITY = "tasklog.roles.own_runs"
    make_run("mine", triggered_by="ada", payload="exact", **ENDED)
    make_run("foreign", triggered_by="grace", payload="exact", **ENDED)
    assert browser_of_ada.post("/bulk/retry/", {"ids": "mine foreign"}).status_code == 404
    assert sent == []


def test_nothing_ticked_is_said(browser_of_ada: Client, ended: TaskRun) -> None:
    answer = browser_of_ada.get("/bulk/retry/?ticked=1")
    assert answer.status_code == 422
    assert "No run is ticked" in answer.content.decode()
    assert browser_of_ada.post("/bulk/retry/", {"ids": ""}).status_code == 422


def test_a_task_is_started_from_its_signature(browser_of_ada: Client, sent: Sent) -> None:
    assert "arg-duration" in browser_of_ada.get("/tasks/demo.long/launch/").content.decode()
    wrong = browser_of_ada.post("/tasks/demo.long/launch/", {"arg-duration": "soon"})
    assert wrong.status_code == 422
    assert "Give a whole number" in wrong.content.decode() or "Give a number" in str(wrong.content)
    answer = browser_of_ada.post("/tasks/demo.long/launch/", {"arg-duration": "5"})
    assert answer.status_code == 302
    assert sent == [("demo.long", (), {"duration": 5})]
    assert AuditEntry.objects.filter(action="launch").count() == 1


def test_a_task_that_is_not_named_cannot_be_started(
    browser_of_ada: Client, settings: Any, sent: Sent
) -> None:
    settings.CELERY_TASKLOG_LAUNCH = []
    assert browser_of_ada.post("/tasks/demo.long/launch/").status_code == 404
    assert sent == []
