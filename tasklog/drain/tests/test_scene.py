"""What is kept around a death: memory, heartbeat, and who ran beside it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from tasklog.drain import scene
from tasklog.models import TaskAttempt, TaskWorker

MIB = 2**20
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def beat(writer, at, worker="w@h", **data):
    data = {"worker": worker, "host": "h", "pid": 3, "at": at, "started_at": at - 60, **data}
    writer.event("H", "", **data)


def kept(task_id="t1"):
    return TaskAttempt.objects.get(task_id=task_id).scene


def kill(writer, task_id="t1", **data):
    verdict = {"worker": "w@h", "state": "FAILURE", "cause": "killed", "reason": "killed"}
    writer.event("C", task_id, **{**verdict, **data})


def test_the_workers_last_heartbeat_is_kept_with_the_dead_attempt(writer, step):
    child, parent = writer(), writer()
    now = time.time()
    child.start("t1", worker="w@h", pid=44, at=now - 5)
    memory = {"processes": {"44": 150 * MIB, "45": MIB}, "used": 7, "limit": 9, "whose": "machine"}
    beat(parent, now - 2, memory=memory)
    kill(parent)
    child.die()
    step()
    beat(parent, now, memory={"processes": {}})
    step()
    found = kept()
    assert (found["rss"], found["used"], found["limit"]) == (150 * MIB, 7, 9)
    assert abs(found["heard_at"] - (now - 2)) < 1
    assert found["sampled_at"] == pytest.approx(now - 2)


def test_what_the_worker_itself_said_of_the_scene_counts_more(writer, step):
    child, parent = writer(), writer()
    now = time.time()
    child.start("t1", worker="w@h", pid=44)
    beat(parent, now, memory={"processes": {"44": 1}})
    kill(
        parent, scene={"rss": 9 * MIB, "sampled_at": now - 8, "heard_at": now - 8, "beside": ["x"]}
    )
    child.die()
    step()
    found = kept()
    assert (found["rss"], found["sampled_at"], found["beside"]) == (9 * MIB, now - 8, ["x"])


def test_a_later_worker_of_the_same_name_knows_nothing_of_it(writer, step):
    child, parent = writer(), writer()
    now = time.time()
    child.start("t1", worker="w@h", pid=44, at=now - 300)
    beat(parent, now, memory={"processes": {"44": MIB}})
    kill(parent)
    child.die()
    step()
    assert kept() == {"beside": []}


def test_an_attempt_that_ended_well_keeps_no_scene(writer, step):
    child = writer()
    attempt = child.start("t1", worker="w@h")
    child.end("t1", attempt)
    step()
    assert kept() is None


def test_those_who_ran_on_the_same_worker_are_beside_it(writer, step):
    first, second, elsewhere = writer(), writer(), writer()
    second.start("neighbour", worker="w@h")
    elsewhere.start("foreign", worker="other@h")
    over = second.start("over", worker="w@h")
    second.end("over", over)
    step()
    dies = first.start("t1", worker="w@h")
    first.end("t1", dies, state="FAILURE", cause="exception")
    step()
    assert kept()["beside"] == ["neighbour"]


@pytest.mark.parametrize(
    "said",
    [
        "no object",
        {"rss": "much", "sampled_at": "never", "heard_at": 1e300, "beside": "t2", "limit": -5},
        {"rss": [1], "used": {}, "whose": None, "beside": None},
    ],
)
def test_a_scene_that_makes_no_sense_is_left_out(writer, step, said):
    child = writer()
    dies = child.start("t1", worker="w@h")
    child.end("t1", dies, state="FAILURE", cause="exception", scene=said)
    step()
    assert kept() == {"beside": []}


@pytest.mark.parametrize("said", ["much", {"processes": 7}, {"processes": {"1": "x"}}, None])
def test_a_heartbeat_with_senseless_memory_is_a_heartbeat(writer, step, said):
    parent = writer()
    beat(parent, time.time(), memory=said, rss=3 * 2**30)
    step()
    # More than 2 GiB: what 31 bits would hold.
    assert TaskWorker.objects.get().rss_bytes == 3 * 2**30


def ran(task_id, start, end=None):
    minute = timedelta(minutes=1)
    return TaskAttempt(
        task_id=task_id, started_at=NOON + start * minute,
        finished_at=None if end is None else NOON + end * minute,
    )  # fmt: skip


def test_beside_it_is_who_had_begun_and_not_ended():
    dead = ran("dead", 0, 10)
    others = [
        ran("before", 0, 9), ran("through", 1, 11), ran("open", 5), ran("later", 11),
        ran("same moment", 10, 10), ran("dead", 2), dead,
    ]  # fmt: skip
    found = scene.overlaps([dead], others)
    assert found == {id(dead): ["through", "open", "same moment"]}


def test_a_flood_of_deaths_costs_no_more_than_sorting_it():
    flood = [ran(f"t{number}", number, number + 1.5) for number in range(5_000)]
    began = time.thread_time()
    found = scene.overlaps(flood, flood)
    assert time.thread_time() - began < 1
    assert all(len(beside) <= scene.BESIDE for beside in found.values())
