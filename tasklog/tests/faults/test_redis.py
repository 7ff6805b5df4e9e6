"""A Redis, broker and live channel in one, that is stopped, frozen or full.

F-10  test_a_redis_that_stops_and_freezes_for_moments_costs_no_line
F-10  test_a_redis_that_stops_twice_costs_no_line_and_comes_back
F-10  test_an_open_page_polls_while_redis_is_away
F-10  tasklog/live/tests/test_hub.py::test_a_lost_connection_is_made_again_without_a_gap
F-11  test_a_redis_that_stops_and_freezes_for_moments_costs_no_line
F-11  test_a_frozen_redis_costs_no_line_and_comes_back
F-11  test_a_redis_away_for_a_minute
F-11  test_an_open_page_polls_while_redis_is_away
F-12  test_a_full_redis_costs_no_line_and_comes_back
F-12  test_a_listener_that_never_reads_cannot_fill_the_broker
F-12  tasklog/tests/test_checks.py::test_an_evicting_broker_is_an_error_when_deploying
"""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager

import pytest

from conftest import wait_for
from tasklog.live.topics import run_topic
from tasklog.tests.faults import figures
from tasklog.tests.faults.oracles import (
    assert_alive,
    assert_conserved,
    assert_honest,
    assert_never_blocked,
)
from tasklog.tests.faults.page import Page
from tasklog.tests.faults.servers import Redis, serve


@contextmanager
def away(broker, fault, seconds):
    """The broker stops, freezes or is full for the block, at least so many seconds."""
    began = time.monotonic()
    begin, end = FAULTS[fault]
    begin(broker)
    try:
        yield
        time.sleep(max(0.0, began + seconds - time.monotonic()))
    finally:
        end(broker)


FAULTS = {
    "stopped": (Redis.stop, Redis.start),
    "frozen": (lambda it: it.signal(signal.SIGSTOP), lambda it: it.signal(signal.SIGCONT)),
    "full": (lambda it: it.limit(1), lambda it: it.limit(0)),
}


def stored_while_away(emission, scene):
    """What is printed now is in the database soon, whoever is away."""
    printed = emission.truth.calls
    wait_for(
        lambda: len(emission.numbers()) > printed, figures.allowed(figures.FRESH), scene.explain
    )


def go_away(broker, scene, fault, times, seconds):
    scene.worker(2)
    emission = scene.emit(int(times * (seconds + 1) * 500), 500)
    emission.started(100)
    for _ in range(times):
        with away(broker, fault, seconds):
            stored_while_away(emission, scene)
        # The second process takes a new task while the first still prints.
        assert_alive(scene.fresh(), figures.BACK)
    assert emission.ended(figures.BACK).state == "SUCCESS"
    assert_conserved(emission)
    assert_never_blocked(emission)
    assert_honest(emission)


@pytest.mark.nightly
def test_a_redis_that_stops_twice_costs_no_line_and_comes_back(broker, scene):
    go_away(broker, scene, "stopped", times=2, seconds=3)


def test_a_full_redis_costs_no_line_and_comes_back(broker, scene):
    go_away(broker, scene, "full", times=1, seconds=3)


@pytest.mark.nightly
def test_a_frozen_redis_costs_no_line_and_comes_back(broker, scene):
    go_away(broker, scene, "frozen", times=1, seconds=6)


def test_a_redis_that_stops_and_freezes_for_moments_costs_no_line(broker, scene, admin_client):
    """One worker and one open page through both, as on a bad day; nightly each for longer."""
    scene.worker(2)
    url = serve(scene.stack)
    emission = scene.emit(100_000, 200)
    # The page of a run that is not yet in the database is a 404.
    wait_for(lambda: emission.numbers(), figures.allowed(20), scene.explain)
    page = Page(url, emission.task_id, admin_client)
    wait_for(lambda: page.numbers, figures.allowed(20), scene.explain)
    for fault in ("stopped", "frozen"):
        began = time.monotonic()
        with away(broker, fault, 0):
            stored_while_away(emission, scene)
            wait_for(lambda at=began: comes(page, at + 1), figures.allowed(figures.POLLING + 1))
        wait_for(lambda: listens(broker, scene, emission), figures.allowed(figures.BACK))
        assert_alive(scene.fresh(), figures.BACK)
    assert_never_blocked(emission)
    assert page.numbers == list(range(1, len(page.numbers) + 1))


@pytest.mark.nightly
@pytest.mark.timeout(400)
@pytest.mark.parametrize("fault", ["stopped", "frozen"])
def test_a_redis_away_for_a_minute(broker, scene, fault):
    go_away(broker, scene, fault, times=2, seconds=60)


@pytest.mark.nightly
@pytest.mark.parametrize("fault", ["stopped", "frozen"])
def test_an_open_page_polls_while_redis_is_away(broker, scene, admin_client, fault):
    scene.worker()
    url = serve(scene.stack)
    emission = scene.emit(100_000, 100)
    emission.started()
    wait_for(lambda: emission.numbers(), 60, scene.explain)
    page = Page(url, emission.task_id, admin_client)
    wait_for(lambda: page.numbers, 60, scene.explain)
    with away(broker, fault, 0):
        began = time.monotonic()
        wait_for(lambda: comes(page, began + 2), figures.allowed(figures.POLLING + 2))
    back = time.monotonic()
    wait_for(lambda: listens(broker, scene, emission), figures.allowed(figures.BACK))
    wait_for(lambda: comes(page, back + 1), figures.allowed(figures.POLLING))
    assert page.numbers == list(range(1, len(page.numbers) + 1))


def comes(page, since):
    """Lines have come after that moment."""
    return page.last > since


def listens(broker, scene, emission):
    topic = run_topic(scene.stack.env["CELERY_TASKLOG_REDIS_URL"], emission.task_id)
    return dict(broker.client.pubsub_numsub(topic))[topic.encode()]


def test_a_listener_that_never_reads_cannot_fill_the_broker(broker, scene):
    """Live lines are in memory on their way only: tasks are taken all the time."""
    client = broker.client
    scene.worker(2)
    emission = scene.emit(40_000, 0, " " + "x" * 1_000)
    stuck = broker.client.pubsub()
    url = scene.stack.env["CELERY_TASKLOG_REDIS_URL"]
    stuck.subscribe(run_topic(url, emission.task_id))
    client.config_resetstat()
    before = client.info("memory")["used_memory"]
    client.config_set("maxmemory", before + (80 << 20))
    while not emission.run.finished:
        assert_alive(scene.fresh(), figures.BACK)
    grown = client.info("memory")["used_memory_peak"] - before
    # The listener was really given more than it took, and never more than we may take.
    assert 8 << 20 < grown < 64 << 20
    assert not [key for key in client.keys("*") if b"tasklog" in key]
    assert_conserved(emission)
    assert_never_blocked(emission)
    assert_honest(emission)
