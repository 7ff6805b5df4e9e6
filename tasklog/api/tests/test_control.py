"""Workers and queues for programs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.test import Client

from tasklog.api.keys import create_key
from tasklog.control import answers
from tasklog.control.models import SECONDS, QueueSample
from tasklog.models import TaskRun, TaskWorker


@pytest.fixture(autouse=True)
def worker(db: None, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("broker_url", "broker_read_url", "broker_write_url"):
        monkeypatch.setitem(current_app.conf.changes, name, broker_url)
    monkeypatch.setattr("tasklog.control.verbs.ask", lambda *_, **__: {})
    answers.forget()
    TaskWorker.objects.create(name="w1@host", host="host", pool="prefork", concurrency=4)


def test_workers_and_queues_are_listed(program: Callable[..., Client]) -> None:
    client = program("tasks:read")
    [told] = client.get("/tasklog/api/workers/").json()["results"]
    assert (told["name"], told["state"], told["answered"]) == ("w1@host", "alive", False)
    names = {queue["name"] for queue in client.get("/tasklog/api/queues/").json()["results"]}
    assert {"high-priority", "default", "low-priority"} <= names


def test_a_verb_without_an_answer_is_unknown(program: Callable[..., Client]) -> None:
    client = program("control")
    answer = client.post(
        "/tasklog/api/workers/w1@host/pool/", {"size": 3}, content_type="application/json"
    )
    assert answer.status_code == 202
    assert answer.json()["result"] == "unknown"


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("pool", {}, "size"),
        ("pool", {"size": "3"}, "size"),
        ("pool", {"size": True}, "size"),
        ("consume", {"queue": 7}, "queue"),
        ("rate", {"task": "a", "rate": ["x"]}, "rate"),
        ("autoscale", {"most": 10**30, "least": 1}, "most"),
    ],
)
def test_a_wrong_body_is_a_400_that_names_the_field(
    program: Callable[..., Client], verb: str, body: object, field: str
) -> None:
    answer = program("control").post(
        f"/tasklog/api/workers/w1@host/{verb}/", body, content_type="application/json"
    )
    assert answer.status_code == 400
    assert field in answer.json()["fields"]


def test_a_list_for_a_body_and_unknown_names_are_refused(program: Callable[..., Client]) -> None:
    client, kind = program("control"), "application/json"
    assert client.post("/tasklog/api/workers/w1@host/pool/", [], kind).status_code == 400
    assert client.post("/tasklog/api/workers/w1@host/dance/", {}, kind).status_code == 404
    assert client.post("/tasklog/api/workers/nobody/pool/", {}, kind).status_code == 404
    assert client.post("/tasklog/api/queues/nowhere/purge/", {}, kind).status_code == 404


def test_a_persons_key_may_no_more_than_that_person(db: None) -> None:
    operator = User.objects.create_user("op")
    _, text = create_key("ops", ["control"], user=operator)
    client = Client(headers={"authorization": f"Api-Key {text}"})
    kind = "application/json"
    assert client.post("/tasklog/api/workers/w1@host/shutdown/", {}, kind).status_code == 403
    assert client.post("/tasklog/api/queues/default/purge/", {}, kind).status_code == 403
    _, text = create_key("robot", ["control"])
    robot = Client(headers={"authorization": f"Api-Key {text}"})
    assert robot.post("/tasklog/api/workers/w1@host/shutdown/", {}, kind).status_code == 202
    assert robot.post("/tasklog/api/queues/default/purge/", {}, kind).status_code == 200


ANSWERED = {
    "w1@host": {
        "active": [{"id": "mine", "name": "orders.import", "time_start": 1.8e9}],
        "reserved": [{"id": "theirs", "name": "secret.task"}],
        "active_queues": [{"name": "default"}],
        "registered": ["orders.import"],
        "stats": {"pid": 7, "broker": {"hostname": "broker.internal"}},
        "conf": {"broker_url": "redis://broker.internal", "timezone": "UTC"},
    }
}


def test_a_worker_tells_what_is_in_its_hands(
    program: Callable[..., Client], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr("tasklog.control.answers.ask", lambda *_, **__: ANSWERED)
    TaskRun.objects.create(task_id="mine", name="orders.import")
    told = program("tasks:read").get("/tasklog/api/workers/w1@host/").json()
    assert (told["name"], told["queues"], told["registered"]) == (
        "w1@host", ["default"], ["orders.import"],
    )  # fmt: skip
    active, reserved = told["tasks"]["active"], told["tasks"]["reserved"]
    assert (active["count"], active["results"][0]["task_id"]) == (1, "mine")
    assert reserved["results"][0]["task_name"] == "secret.task"
    assert (told["stats"], told["configuration"]) == ({"pid": 7}, None)
    told = program("tasks:read", "control").get("/tasklog/api/workers/w1@host/").json()
    assert told["configuration"] == {"broker_url": "••••••", "timezone": "UTC"}
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.filter(pk="mine")
    told = program("tasks:read").get("/tasklog/api/workers/w1@host/").json()
    assert told["tasks"]["reserved"] == {"count": 1, "hidden": 1, "results": []}


def test_a_worker_that_does_not_answer_has_no_tasks_to_tell(program: Callable[..., Client]) -> None:
    told = program("tasks:read").get("/tasklog/api/workers/w1@host/").json()
    assert (told["answered"], told["tasks"], told["registered"]) == (False, None, None)


def test_a_queue_tells_how_deep_it_was_and_what_waits(program: Callable[..., Client]) -> None:
    QueueSample.objects.create(
        queue="default", slot=int(time.time()) // SECONDS - 2, depth=7, consumers=1
    )
    TaskRun.objects.create(task_id="waits", name="orders.import", queue="default")
    TaskRun.objects.create(task_id="elsewhere", name="orders.import", queue="high-priority")
    told = program("tasks:read").get("/tasklog/api/queues/default/?span=6h").json()
    assert (told["name"], max(point["depth"] or 0 for point in told["depths"])) == ("default", 7)
    assert len(told["depths"]) == 240
    assert [run["task_id"] for run in told["waiting"]] == ["waits"]


@pytest.mark.parametrize("path", ["workers/nobody/", "workers/%00/", "queues/nothing/"])
def test_what_is_not_there_is_a_404_and_a_wrong_span_a_400(
    program: Callable[..., Client], path: str
) -> None:
    client = program("tasks:read")
    assert client.get(f"/tasklog/api/{path}").status_code == 404
    answer = client.get("/tasklog/api/queues/default/?span=1y")
    assert (answer.status_code, set(answer.json()["fields"])) == (400, {"span"})
