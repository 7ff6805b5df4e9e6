"""A database that is stopped, frozen, slow, or cut off in the middle of a commit.

F-06  test_a_database_that_goes_away_costs_no_line_and_no_time
F-06  test_pages_say_within_moments_that_the_database_is_away
F-06  tasklog/drain/tests/test_faults.py::test_a_database_without_tables_is_waited_for
F-06  test_a_database_that_is_away_for_a_minute
F-07  test_a_database_that_is_away_for_a_minute
F-07  test_a_database_that_goes_away_costs_no_line_and_no_time
F-08  test_a_slow_database_is_kept_up_with
F-09  test_a_commit_whose_result_nobody_knows_is_neither_lost_nor_doubled
F-09  test_fifty_commits_whose_result_nobody_knows
"""

from __future__ import annotations

import signal
import threading
import time

import httpx
import pytest

from conftest import wait_for
from tasklog.tests.faults import figures
from tasklog.tests.faults.oracles import (
    assert_alive,
    assert_conserved,
    assert_honest,
    assert_never_blocked,
)
from tasklog.tests.faults.proxy import Cut, Link, Proxy
from tasklog.tests.faults.servers import serve

AWAY = "The database is away"


def ask_all(emission, scene):
    """The four oracles, after a fault that is over."""
    assert emission.run.state == "SUCCESS"
    assert_conserved(emission)
    assert_never_blocked(emission)
    assert_honest(emission)
    assert_alive(scene.fresh())


def go_away(scene, cluster, fault, seconds, rate):
    scene.worker()
    emission = scene.emit(int((seconds + 4) * rate), rate)
    wait_for(lambda: len(emission.numbers()) > rate / 2, 60, scene.explain)
    if fault == "stopped":
        cluster.stop()
    else:
        cluster.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        wait_for(lambda: AWAY in scene.explain(), figures.allowed(10), scene.explain)
        time.sleep(max(0.0, began + seconds - time.monotonic()))
    finally:
        if fault == "stopped":
            cluster.start()
        else:
            cluster.signal(signal.SIGCONT)
    emission.ended(figures.CAUGHT_UP)
    ask_all(emission, scene)


@pytest.mark.parametrize("fault", ["stopped", "frozen"])
def test_a_database_that_goes_away_costs_no_line_and_no_time(away, cluster, fault):
    go_away(away, cluster, fault, seconds=6, rate=1_000)


@pytest.mark.nightly
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", ["stopped", "frozen"])
def test_a_database_that_is_away_for_a_minute(away, cluster, fault):
    go_away(away, cluster, fault, seconds=60, rate=1_000)


@pytest.mark.parametrize("fault", ["stopped", "frozen"])
def test_pages_say_within_moments_that_the_database_is_away(away, cluster, fault):
    url = serve(away.stack)
    assert httpx.get(f"{url}/login/", timeout=10).status_code == 200
    if fault == "stopped":
        cluster.stop()
    else:
        cluster.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        # A session cookie of nobody: the page has to ask the database.
        answer = httpx.get(f"{url}/", cookies={"sessionid": "x" * 32}, timeout=20)
        took = time.monotonic() - began
    finally:
        if fault == "stopped":
            cluster.start()
        else:
            cluster.signal(signal.SIGCONT)
    assert answer.status_code == 503, away.explain()
    assert took < figures.allowed(figures.PAGE + 1)


@pytest.mark.nightly
def test_a_slow_database_is_kept_up_with(away, cluster):
    """Fifty milliseconds each way: batches grow, so it costs delay and no backlog."""
    with Proxy(cluster.port) as proxy:
        away.stack.env["DATABASE_URL"] = cluster.url(proxy.port)
        away.worker()
        proxy.delay = 0.05
        emission = away.emit(50_000, 5_000)
        emission.started(50_000)
        emission.ended(figures.CAUGHT_UP)
        ask_all(emission, away)


class CommitCutter(Proxy):
    """Cuts every third commit: half of them before the server has heard of it, half after."""

    cuts = 0
    most = 0
    _seen = 0
    _one = threading.Lock()

    def watch(self, link: Link, data: bytes, *, to_server: bool) -> bytes:
        if link.notes.get("cut"):  # the server has done it, nobody shall know
            raise Cut
        if to_server and data.endswith(b"COMMIT\0") and self._due():
            if self.cuts % 2:
                raise Cut
            link.notes["cut"] = True
        return data

    def _due(self) -> bool:
        with self._one:
            self._seen += 1
            due = self._seen % 3 == 0 and self.cuts < self.most
            self.cuts += due
            return due


def cut_commits(scene, cluster, times):
    with CommitCutter(cluster.port) as proxy:
        scene.stack.env["DATABASE_URL"] = cluster.url(proxy.port)
        scene.worker()
        assert_alive(scene.fresh())
        proxy.most = times
        emission = scene.emit(times * 100, 250)
        emission.started(times * 100)
        emission.ended(figures.CAUGHT_UP)
        assert proxy.cuts == times
        ask_all(emission, scene)


def test_a_commit_whose_result_nobody_knows_is_neither_lost_nor_doubled(away, cluster):
    cut_commits(away, cluster, 20)


@pytest.mark.nightly
def test_fifty_commits_whose_result_nobody_knows(away, cluster):
    cut_commits(away, cluster, 50)
