"""A retry is sent as the run was sent: real workers, on Redis and on RabbitMQ."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from celery import Celery, Signature, chain, chord
from django.test import Client
from kombu import Exchange, Queue

from conftest import Stack, wait_for
from tasklog.control.sending import short_connection
from tasklog.control.tests.control_tasks import all_of, step
from tasklog.models import TaskRun

SECRET = "cnry-tenant-41c7"

pytestmark = pytest.mark.timeout(150)


@dataclass
class Scene:
    """A worker on a queue of its own, and what its tasks wrote down."""

    folder: Path
    queue: str
    worker: Any
    stack: Stack
    root: Client

    def step(self, name: str, *value: Any) -> Signature[Any]:
        given = {"name": name, "folder": str(self.folder)}
        return step.s(*value, **given).set(queue=self.queue)

    def send(self, signature: Signature[Any], **options: Any) -> Any:
        with short_connection() as connection:
            return signature.apply_async(connection=connection, retry=False, **options)

    def breaks(self, name: str) -> None:
        (self.folder / name).touch()

    def mend(self, name: str) -> None:
        (self.folder / name).unlink()

    def seen(self, name: str) -> list[dict[str, Any]]:
        file = self.folder / "seen"
        lines = file.read_text().splitlines() if file.exists() else []
        return [one for one in map(json.loads, lines) if one["name"] == name]

    def ran(self, name: str, times: int = 1) -> list[dict[str, Any]]:
        wait_for(lambda: len(self.seen(name)) >= times, 60, lambda: self.stack.output(self.worker))
        return self.seen(name)

    def ended(self, task_id: str, state: str) -> TaskRun:
        runs = TaskRun.objects.filter(pk=task_id, state=state)
        wait_for(runs.exists, 60, lambda: self.stack.output(self.worker))
        return runs.get()

    def retry(self, task_id: str, **form: str) -> str:
        response = self.root.post(f"/runs/{task_id}/retry/", form)
        assert response.status_code == 302, response.text
        return str(response.url).strip("/").rpartition("/")[2]

    def asks(self, task_id: str) -> str:
        page = self.root.get(f"/runs/{task_id}/retry/").text
        return " ".join(page.partition("<main")[2].partition("</main>")[0].split())


@pytest.fixture(params=["redis", "rabbitmq"])
def scene(
    request: pytest.FixtureRequest, stack: Stack, broker: Celery, root: Client, tmp_path: Path
) -> Iterator[Scene]:
    queue = f"tasklog-{uuid.uuid4().hex}"
    if request.param == "rabbitmq":
        stack.env["CELERY_BROKER_URL"] = request.getfixturevalue("rabbit")
    # A name of its own: on that server there may be others.
    options = ("-I", "tasklog.control.tests.control_tasks", "-Q", queue, "-n", f"{queue}@test")
    worker = stack.worker("prefork", 1, *options)
    yield Scene(tmp_path, queue, worker, stack, root)
    stack.close()
    with broker.connection_for_write() as connection:
        connection.default_channel.queue_delete(queue)


def test_the_whole_envelope_goes_along_once_more(scene: Scene, broker: Celery) -> None:
    exchange = Exchange(f"{scene.queue}-x", "direct")
    with broker.connection_for_write() as connection:
        bound = Queue(scene.queue, exchange, "eu.new").bind(connection.default_channel)
        bound.exchange.declare()
        bound.queue_bind()
    scene.breaks("pay")
    sent = step.s(1, "pay", str(scene.folder))
    sent.link(scene.step("thanks"))
    sent.link_error(scene.step("alarm", 0).set(immutable=True))
    first = scene.send(
        sent, exchange=exchange.name, routing_key="eu.new", priority=7, expires=600,
        time_limit=50, soft_time_limit=40, headers={"tenant": SECRET, "traceparent": "00-1-2-01"},
        stamped_headers=["batch"], batch="b-7",
    ).id  # fmt: skip
    run = scene.ended(first, "FAILURE")
    told = scene.asks(first)
    for sentence in (
        "sent with the priority it had, 7", "expires 600 s after", "soft 40 s, hard 50 s",
        f"the exchange {exchange.name}", "headers go along: tenant", "stamps go along: batch",
        "its callback control.step runs.", "its error callback control.step runs, once more",
    ):  # fmt: skip
        assert sentence in told, told
    assert SECRET not in told + json.dumps(run.envelope) + run.kept.envelope
    scene.ran("alarm")

    scene.mend("pay")
    again = scene.retry(first)
    scene.ended(again, "SUCCESS")
    old, new = scene.ran("pay", 2)
    same = ("value", "priority", "key", "exchange", "limits", "tenant", "stamps")
    assert {name: new[name] for name in same} == {name: old[name] for name in same}
    assert (new["priority"], new["limits"], new["tenant"]) == (7, [50, 40], SECRET)
    assert datetime.fromisoformat(new["expires"]) > datetime.fromisoformat(old["expires"])
    assert scene.ran("thanks")[0]["value"] == 1
    assert len(scene.seen("alarm")) == 1
    assert "When it succeeds, its callback control.step runs, once more." in scene.asks(again)


def test_a_broken_chain_goes_on_with_ids_of_its_own(scene: Scene) -> None:
    scene.breaks("b")
    parts = [scene.step("a", 5), scene.step("b"), scene.step("c"), scene.step("d")]
    last = scene.send(chain(*parts))
    broken = scene.ended(last.parent.parent.id, "FAILURE")
    assert "control.step → control.step</span> did not run" in scene.asks(broken.pk)

    workflow = f"/tasklog/api/workflows/{broken.root_id}/"
    assert scene.root.get(workflow).json()["unreached"] == 2

    scene.mend("b")
    alone = scene.retry(broken.pk)
    scene.ended(alone, "SUCCESS")
    assert not scene.seen("c")
    TaskRun.objects.get(pk=broken.pk).reruns.all().delete()
    again = scene.retry(broken.pk, rest="yes")
    done = scene.ran("d")[0]
    assert (done["value"], len(scene.seen("c"))) == (5, 1)
    assert done["id"] != last.id
    end = scene.ended(done["id"], "SUCCESS")
    run = TaskRun.objects.get(pk=again)
    assert (run.root_id, run.rerun_of, end.root_id) == (broken.root_id, broken.pk, broken.root_id)
    assert "The chain has been gone on with already" in scene.asks(broken.pk)
    told = scene.root.get(workflow).json()
    assert (told["status"], told["unreached"], told["made_good"]) == ("SUCCESS", 0, [broken.pk])


def test_a_chords_callback_is_never_run_by_a_retry(scene: Scene) -> None:
    for name in ("h2", "h3"):
        scene.breaks(name)
    header = [scene.step("h1", 1), scene.step("h2", 2), scene.step("h3", 3) | scene.step("h4")]
    together = chord(header, all_of.s(folder=str(scene.folder)).set(queue=scene.queue))
    scene.send(together)
    runs = [scene.ended(scene.ran(name)[0]["id"], "FAILURE") for name in ("h2", "h3")]
    for run, name in zip(runs, ("h2", "h3"), strict=True):
        assert "control.all, which waits for all of it, is not run" in scene.asks(run.pk)
        scene.mend(name)
    for run in runs:
        again = scene.retry(run.pk, **({"rest": "yes"} if run is runs[1] else {}))
        scene.ended(again, "SUCCESS")
    goes_on = scene.ran("h4")[0]
    assert (goes_on["value"], goes_on["group"]) == (3, None)
    scene.ended(goes_on["id"], "SUCCESS")
    assert not scene.seen("all")
