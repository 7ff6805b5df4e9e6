"""A database or a Redis that is away while a task prints 1,000 lines a second.

How long did a call of the task wait, how soon is everything stored and the page live again, what
is lost or doubled?  `python -m bench.away database|redis [SECONDS]`; quick: `… database 15`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from subprocess import Popen
from typing import Any

from bench.rig import Rig, rig, table, wait
from bench.viewers import Reader, cookies, free_port, serve
from tasklog.tests.faults.truth import Truth

PER_SECOND = 1_000
# The task prints on for so long after the fault (seconds).
AFTER = 20


def main(what: str, seconds: int) -> None:
    {"database": database, "redis": redis}[what](seconds)


def database(seconds: int) -> None:
    from tasklog.tests.faults.servers import Cluster

    cluster = Cluster()
    cluster.start()
    try:
        with rig(cluster.url(), LOG_LEVEL="WARNING") as own:
            task_id, truth = _start(own, seconds + 5)
            wait(lambda: truth.calls > PER_SECOND, 60)
            cluster.stop()
            time.sleep(seconds)
            cluster.start()
            back = time.monotonic()
            _caught_up(task_id, truth)
            caught_up = time.monotonic() - back
            wait(lambda: _ended(task_id), seconds + 60)
            rows = _kept(task_id, truth)
    finally:
        cluster.remove()
    rows.insert(0, ("caught up after, s", caught_up, "30"))
    table(f"database away for {seconds} s", [("", "seen", "must reach"), *rows])


def redis(seconds: int) -> None:
    """The live channel alone goes; tasks have a broker of their own."""
    with rig(LOG_LEVEL="WARNING") as own:
        from project.broker import prepare

        live = prepare(own.folder / "live")
        own.env["CELERY_TASKLOG_REDIS_URL"] = live.redis_url
        server = own_server(own, live)
        task_id, truth = _start(own, seconds + AFTER)
        wait(lambda: truth.calls > PER_SECOND, 60)
        rows = asyncio.run(_watch(own, task_id, live, server, seconds))
        wait(lambda: _ended(task_id), seconds + 60)
        rows += _kept(task_id, truth)
    table(f"Redis away for {seconds} s", [("", "seen", "must reach"), *rows])


def own_server(own: Rig, live: Any) -> Popen[bytes]:
    server = Popen(live.command, start_new_session=True)
    own.processes.append(server)
    wait(live.answers, 10)
    return server


async def _watch(
    own: Rig, task_id: str, live: Any, server: Popen[bytes], seconds: int
) -> list[tuple[Any, ...]]:
    """How long the page showed nothing new, and when it was told by Redis again."""
    port = free_port()
    await asyncio.to_thread(serve, own, port)
    (cookie,) = await asyncio.to_thread(cookies, 1)
    page = Reader(port, f"/runs/{task_id}/stream/", cookie)
    await page.open()
    reading = asyncio.create_task(page.read())
    await asyncio.sleep(2)
    server.kill()
    await asyncio.to_thread(server.wait)
    page.first_at, gone = 0.0, time.monotonic()
    await asyncio.sleep(seconds)
    polling = (page.first_at or time.monotonic()) - gone
    await asyncio.to_thread(own_server, own, live)
    back = time.monotonic()
    await asyncio.to_thread(wait, lambda: _listeners(live), 60)
    heard = time.monotonic() - back
    reading.cancel()
    page.close()
    return [
        ("page live by polling after, s", polling, "5"),
        ("back on Redis after, s", heard, "15"),
    ]


def _listeners(live: Any) -> bool:
    from redis import Redis

    return bool(Redis.from_url(live.redis_url).pubsub_channels("tasklog:*:run:*"))


def _start(own: Rig, seconds: int) -> tuple[str, Truth]:
    """A worker, a drainer, and a task that prints for so long."""
    from bench.tasks import timed

    own.drainer()
    own.worker()
    truth = Truth(own.folder / "truth")
    return timed.delay(str(truth.path), seconds * PER_SECOND, PER_SECOND).id, truth


def _caught_up(task_id: str, truth: Truth) -> None:
    """Returns once what was printed by then is stored."""
    printed = truth.calls
    wait(lambda: _count(task_id) >= printed, 120)


def _count(task_id: str) -> int:
    from tasklog.models import TaskLogLine

    return _asked(lambda: TaskLogLine.objects.filter(task_id=task_id, stream="stdout").count()) or 0


def _ended(task_id: str) -> bool:
    from tasklog.models import TaskRun

    return bool(_asked(lambda: TaskRun.objects.filter(pk=task_id, state="SUCCESS").exists()))


def _asked(question: Any) -> Any:
    """None while the database is away."""
    from django.db import DatabaseError, connection

    try:
        return question()
    except DatabaseError:
        connection.close()
        return None


def _kept(task_id: str, truth: Truth) -> list[tuple[Any, ...]]:
    from tasklog.archive.reader import iter_lines

    told = [int(x.message.split()[1]) for x in iter_lines(task_id) if x.stream == "stdout"]
    return [
        ("longest wait of one call, ms", truth.worst * 1000, "50"),
        ("all waiting, ms", truth.waited * 1000, ""),
        ("lines printed", truth.calls, ""),
        ("lost", truth.calls - len(set(told)), "0"),
        ("doubled", len(told) - len(set(told)), "0"),
    ]


if __name__ == "__main__":
    asked = [*sys.argv[1:], *("database", "60")[len(sys.argv) - 1 :]]
    main(asked[0], int(asked[1]))
