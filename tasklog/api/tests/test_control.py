"""Workers and queues for programs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.test import Client

from tasklog.api.keys import create_key
from tasklog.control import answers
from tasklog.models import TaskWorker


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
