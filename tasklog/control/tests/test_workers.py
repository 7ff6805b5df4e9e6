"""Asking and changing real workers, also when one of them is frozen."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest
from celery import current_app

from conftest import Stack, wait_for
from tasklog.control import answers
from tasklog.control.verbs import VERBS
from tasklog.control.workers import roster
from tasklog.models import TaskWorker


@pytest.fixture
def asking(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process speaks to the test's broker."""
    url = stack.env["CELERY_BROKER_URL"]
    for name in ("broker_url", "broker_read_url", "broker_write_url"):
        monkeypatch.setitem(current_app.conf.changes, name, url)
    answers.forget()


def heard(*names: str) -> None:
    wait_for(lambda: set(names) <= set(TaskWorker.objects.values_list("name", flat=True)))


def asked(name: str) -> Any:
    answers.forget()
    return next(one for one in roster(asking=True).workers if one.name == name)


def do(name: str, verb: str, **arguments: Any) -> Any:
    return VERBS[verb].action.effect(name, **arguments)


def test_of_three_workers_one_is_frozen_and_the_others_answer(stack: Stack, asking: None) -> None:
    frozen = stack.worker("solo", 1)
    stack.worker("solo", 1)
    stack.worker("threads", 2)
    heard("w0@test", "w1@test", "w2@test")
    frozen.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    found = {one.name: one for one in roster(asking=True).workers}
    took = time.monotonic() - began
    assert took < 2, took
    assert found["w0@test"].silent_when_asked
    assert found["w0@test"].state == "alive"
    for name in ("w1@test", "w2@test"):
        assert {"default", "high-priority", "low-priority"} <= set(found[name].answer.queues)
    told = do("w0@test", "consume", queue="slow")
    assert (told.result, told.told) == (
        "unknown", "Unknown: w0@test gave no answer in 1 s; it may still happen.",
    )  # fmt: skip
    frozen.send_signal(signal.SIGCONT)
    wait_for(lambda: "slow" in asked("w0@test").answer.queues)


def test_what_a_worker_is_told_is_seen_when_it_is_asked(stack: Stack, asking: None) -> None:
    process = stack.worker("prefork", 1)
    heard("w0@test")
    assert do("w0@test", "pool", size=2).done
    # Sent twice it is done once.
    assert do("w0@test", "pool", size=2).told == "w0@test has 2 already; nothing to do."
    wait_for(lambda: asked("w0@test").answer.size == 2)
    assert do("w0@test", "consume", queue="slow").done
    wait_for(lambda: "slow" in asked("w0@test").answer.queues)
    assert do("w0@test", "leave", queue="slow").done
    wait_for(lambda: "slow" not in asked("w0@test").answer.queues)
    assert do("w0@test", "rate", task="demo.quick", rate="10/m").done
    assert do("w0@test", "limits", task="demo.quick", soft=5, hard=9).done
    refused = do("w0@test", "rate", task="no.such.task", rate="10/m")
    assert (refused.result, "knows no task of this name" in refused.told) == ("failed", True)
    assert "--autoscale" in do("w0@test", "autoscale", most=3, least=1).told
    assert do("w0@test", "restart").done
    wait_for(lambda: asked("w0@test").answer)
    told = do("w0@test", "shutdown")
    assert told.result in ("done", "unknown"), told
    assert process.wait(30) == 0
    assert do("w0@test", "pool", size=3).result == "unknown"


def test_what_was_told_to_a_worker_that_is_gone_does_not_reach_the_next(
    stack: Stack, asking: None
) -> None:
    first = stack.worker("solo", 1)
    heard("w0@test")
    stack.stop(first, signal.SIGKILL)
    assert do("w0@test", "shutdown").result == "unknown"
    second = stack.spawn(
        "-m", "celery", "-A", "project", "worker", "-P", "solo", "-n", "w0@test", "-l", "INFO"
    )
    wait_for(lambda: "ready." in stack.output(second), 60)
    wait_for(lambda: asked("w0@test").answer)
    assert second.poll() is None


def test_without_a_broker_it_is_said_and_the_heartbeats_are_listed(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    url = f"redis+socket://{tmp_path}/none.sock"
    for name in ("broker_url", "broker_read_url", "broker_write_url"):
        monkeypatch.setitem(current_app.conf.changes, name, url)
    answers.forget()
    TaskWorker.objects.create(name="w1@host")
    found = roster(asking=True)
    assert [one.name for one in found.workers] == ["w1@host"]
    assert "broker does not answer" in found.problem
    assert not found.workers[0].silent_when_asked
    assert do("w1@host", "consume", queue="slow").result == "failed"
