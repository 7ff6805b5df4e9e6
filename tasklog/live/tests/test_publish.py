import json

import pytest
import redis

from tasklog.line import Line
from tasklog.live import publish
from tasklog.live.topics import client_url, run_topic, runs_topic


def line(number, message="hello"):
    return Line(number, 1_000_000, "stdout", 0, "", message, 1, 0, number)


@pytest.fixture
def breaker(monkeypatch):
    fresh = publish.Breaker()
    monkeypatch.setattr(publish, "_breaker", fresh)
    return fresh


@pytest.fixture
def listen(broker_url, settings, breaker):
    settings.CELERY_TASKLOG_REDIS_URL = broker_url
    pubsub = redis.Redis.from_url(client_url(broker_url)).pubsub(ignore_subscribe_messages=True)

    def subscribe(*topics):
        pubsub.subscribe(*topics)
        for _ in topics:
            pubsub.get_message(timeout=2)
        return lambda: json.loads(pubsub.get_message(timeout=2)["data"])

    yield subscribe
    pubsub.close()


def test_a_listener_hears_stored_lines(listen, broker_url):
    hear = listen(run_topic(broker_url, "t"))
    publish.publish_lines("t", [line(1), line(2)])
    heard = hear()
    assert heard["kind"] == "lines"
    assert [Line(*row) for row in heard["data"]] == [line(1), line(2)]


def test_a_large_batch_travels_in_messages_of_bounded_size(listen, broker_url):
    hear = listen(run_topic(broker_url, "t"))
    publish.publish_lines("t", [line(n, "x" * 10_000) for n in range(1, 31)])
    heard = [hear()["data"] for _ in range(3)]
    assert [row[0] for part in heard for row in part] == list(range(1, 31))


def test_a_move_is_told_to_the_run_and_to_the_list(listen, broker_url):
    hear = listen(run_topic(broker_url, "t"), runs_topic(broker_url))
    publish.publish_event("t", "state", {"state": "STARTED"})
    assert hear() == {"kind": "state", "data": {"state": "STARTED"}}
    assert hear() == {"kind": "state", "data": {"task_id": "t", "state": "STARTED"}}


def test_gathered_messages_go_out_together_and_in_order(listen, broker_url):
    hear = listen(run_topic(broker_url, "t"))
    with publish.gathered():
        publish.publish_lines("t", [line(1)])
        publish.publish_event("t", "end", {"state": "SUCCESS"})
    assert [hear()["kind"], hear()["kind"]] == ["lines", "end"]


def test_without_redis_nothing_happens(settings, breaker):
    settings.CELERY_TASKLOG_REDIS_URL = ""
    publish.publish_lines("t", [line(1)])
    assert breaker.failures == 0


def test_a_dead_redis_is_left_alone_after_three_failures(settings, breaker):
    settings.CELERY_TASKLOG_REDIS_URL = "unix:///nowhere/at.sock"
    for _ in range(5):
        publish.publish_event("t", "state", {})
    assert breaker.failures == publish.FAILURES


def test_a_dead_redis_is_tried_again_later(breaker):
    breaker.failures, breaker.tried_at = publish.FAILURES, -publish.RETRY_SECONDS
    assert breaker.closed()


@pytest.mark.parametrize("url", ["not a url", "redis://nowhere.invalid:1/x"])
def test_a_wrong_url_never_raises(settings, breaker, url):
    settings.CELERY_TASKLOG_REDIS_URL = url
    publish.publish_lines("t", [line(1)])
    assert breaker.failures == 1


def test_two_databases_of_one_redis_do_not_hear_each_other():
    assert runs_topic("redis://h/1") != runs_topic("redis://h/2")
    assert runs_topic("redis+socket:///x.sock?virtual_host=0") == runs_topic("unix:///x.sock")
