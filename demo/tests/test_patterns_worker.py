"""The patterns that only a real worker can show, started through the API to their ends."""

import pytest
from django.test import Client

from conftest import wait_for
from demo.models import Report
from project.celery import app
from tasklog.models import TaskLogLine, TaskRun


@pytest.fixture
def started(stack, django_user_model, monkeypatch):
    """`started(word, **arguments)` starts a pattern; its answer when `wanted` run have ended."""
    worker = stack.worker()
    broker = stack.env["CELERY_BROKER_URL"]
    for name in ("broker_url", "broker_write_url"):
        monkeypatch.setitem(app.conf.changes, name, broker)
    app.conf.update(task_always_eager=False)
    client = Client()
    client.force_login(django_user_model.objects.create_superuser("ada"))

    def start(word, names, **arguments):
        body = {"task_type": word, "arguments": arguments}
        answer = client.post("/demo/api/trigger-demo/", body, content_type="application/json")
        assert answer.status_code == 200, answer.content
        ended = TaskRun.objects.filter(finished_at__isnull=False)

        def done():
            return set(names) <= set(ended.values_list("name", flat=True))

        wait_for(done, 60, lambda: stack.output(worker))
        return client.get(answer.json()["links"]["status"]).json()

    yield start
    app.conf.update(task_always_eager=True)


def test_patterns_run_to_their_ends(started):
    chain = started("chain", ["demo.publish_prices"], supplier="acme", currency="USD")
    assert (chain["status"], "published" in str(chain["result"])) == ("SUCCESS", True), chain
    group = started("group", ["demo.stocktaking"], warehouses=["Lyon", "Leipzig"])
    assert group["status"] == "SUCCESS"
    chord = started("chord", ["demo.aggregate"], items=40, chunk_size=10)
    assert (chord["status"], "40" in str(chord["result"])) == ("SUCCESS", True), chord
    assert TaskRun.objects.filter(name="demo.sum_chunk", state="SUCCESS").count() == 4
    assert started("callbacks", ["demo.send_receipt"], order="A-1")["status"] == "SUCCESS"
    refused = started("callbacks", ["demo.tell_accounting"], order="A-2", decline=True)
    assert refused["status"] == "FAILURE"
    retry = started("retry", ["demo.deliver"], fail_probability=1, max_retries=1)
    assert (retry["status"], retry["retries"]) == ("FAILURE", 1)
    told = TaskLogLine.objects.filter(task__name="demo.deliver", logger="shop.delivery")
    first, last = told.order_by("number").values_list("message", flat=True)
    assert "next attempt in" in first
    assert "that was the last attempt" in last, "nothing is promised that does not come"
    TaskRun.objects.filter(name="demo.publish_prices").delete()
    broken = started("chain", ["demo.publish_prices"], supplier="acme", rate_missing=True)
    assert (broken["status"], broken["cause"]) == ("REVOKED", "not_reached")
    assert "an earlier step failed: demo.convert_prices" in broken["error"]
    started("report", ["demo.generate_report"], kind="stock")
    assert Report.objects.get().status == "ready"
