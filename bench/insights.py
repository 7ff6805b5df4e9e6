"""Mining lines into patterns: how fast, and what it costs the drainer beside it; the labelled week;
the weekly report over 10,000,000 lines.

`python -m bench.insights [sqlite|postgres] … [--quick]`
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from bench.labelled import labelled
from bench.rig import Rig, has_postgres, rig, table, wait

LINES, ROUNDS = 300_000, 3
WORDS = (
    "batch {n}/580  ok  50 orders  {f} ms/order  warehouse Gdansk, committed, next",
    "order {u} shipped to customer{n}@example.com in {f} s",
    "GET /api/v1/orders/{n}/ 200 in {n}ms",
    "retrying connection to 10.0.0.{n}:5432, attempt {n}, last error 'timed out after {n} s'",
    "cache hit ratio={f} keys={n}",
)
TASKS = 40


def main(databases: list[str], quick: bool) -> None:
    if len(databases) != 1:  # settings are read once in a process
        for database in databases:
            words = [sys.executable, "-m", "bench.insights", database, *(["--quick"] * quick)]
            subprocess.run(words, check=True)
        return
    lines = LINES // 6 if quick else LINES
    with rig(databases[0]) as own:
        rows: list[tuple[object, ...]] = [("what", "measured", "must reach")]
        rows += _mining(own, lines)
        rows += _beside(own, lines)
        rows += labelled()
        rows += [("weekly report, 10,000,000 lines", f"{_report():.1f} s", "30 s")]
        table(f"{databases[0]}: insights", rows)


def _text(n: int, dice: random.Random) -> str:
    return WORDS[n % len(WORDS)].format(n=n, f=f"{dice.random() * 99:.2f}", u=uuid4())


def _write_spool(own: Rig, lines: int) -> None:
    from tasklog.spool.record import START, encode_event, encode_line, line_prefix

    folder, task_id, attempt, now = own.folder / "spool", str(uuid4()), uuid4().hex, time.time()
    folder.mkdir(exist_ok=True)
    name, dice = f"bench-1-{attempt[:8]}", random.Random(1)
    start = {"task_id": task_id, "attempt": attempt, "spool": name, "name": "bench", "at": now,
             "worker": "w@bench", "pid": 1}  # fmt: skip
    prefix = line_prefix(task_id, attempt, 0)
    with (folder / f"{name}.1.spool").open("wb") as spool:
        spool.write(encode_event(START, start))
        for seq in range(1, lines + 1):
            at = int(now * 1e6) + seq
            spool.write(encode_line(prefix, seq, at, "o", 0, "", _text(seq, dice)))


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, and of this process's CPU."""

    clock: float
    cpu: float


def _cost(work: Callable[[], object]) -> Cost:
    clock, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - clock, time.process_time() - cpu)


def _drain(own: Rig) -> Cost:
    """For what stands in the spool."""
    from tasklog.drain.loop import Drain

    drain = Drain(own.folder / "spool")
    return _cost(lambda: _until_empty(drain.drain))


def _until_empty(step: Callable[[], object]) -> None:
    while step():
        pass


def _mining(own: Rig, lines: int) -> list[tuple[object, ...]]:
    """Stored lines: read, counted and kept; the best of the rounds."""
    from tasklog.insights.mining import mine

    best = Cost(float("inf"), float("inf"))
    for _ in range(ROUNDS):
        _write_spool(own, lines)
        _drain(own)
        cost = _cost(lambda: _until_empty(mine))
        best = Cost(min(best.clock, cost.clock), min(best.cpu, cost.cpu))
    return [
        ("mining, lines/s", f"{lines / best.clock:,.0f}", "50,000"),
        ("mining, CPU a line", f"{best.cpu / lines * 1e6:.1f} µs", "20 µs"),
    ]


def _beside(own: Rig, lines: int) -> list[tuple[object, ...]]:
    """The drainer alone and with a miner in a process of its own, by turns."""
    alone, beside = [], []
    for _ in range(ROUNDS):
        _write_spool(own, lines)
        alone.append(_drain(own))
        _write_spool(own, lines)
        miner = own.python("-m", "bench.insights", "--mine")
        wait(lambda: "looks" in own.last_log.read_text(), 60)
        beside.append(_drain(own))
        own.stop(miner)
    rows: list[tuple[object, ...]] = []
    for what in ("clock", "cpu"):
        one, other = (min(getattr(cost, what) for cost in costs) for costs in (alone, beside))
        times = f"{one / lines * 1e6:.1f} / {other / lines * 1e6:.1f} µs"
        rows.append((f"drain a line alone / beside, {what}", times, ""))
        rows.append((f"slower by, {what}", f"{other / one - 1:.1%}", "10 %"))
    return rows


def mine_for_ever() -> None:
    import django

    django.setup()
    from tasklog.insights.mining import mine

    mine()
    print("looks", flush=True)
    while True:
        mine()
        time.sleep(1)  # a drainer asks every 15 seconds


def _report() -> float:
    """Seconds for a week of hourly rows that stand for 10,000,000 lines."""
    from tasklog.insights import report
    from tasklog.insights.models import PatternHour, TaskHour, hour_of

    end = hour_of(_now())
    TaskHour.objects.bulk_create(
        (
            TaskHour(task=f"project{n % 8}.task{n}", hour=hour, ended=30, failed=n % 3, timed=30,
                     seconds=90, lines=10_000_000 // (TASKS * 168))
            for n in range(TASKS) for hour in range(end - 14 * 24, end)
        ),
        batch_size=5000,
    )  # fmt: skip
    counts = [model.objects.count() for model in (PatternHour, TaskHour)]
    print(f"hourly rows: {counts[0]:,} of patterns, {counts[1]:,} of tasks")
    return _cost(lambda: report.make(report.begin("weekly"))).clock


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    given = sys.argv[1:]
    if given == ["--mine"]:
        mine_for_ever()
    asked = [word for word in given if not word.startswith("-")]
    main(asked or ["sqlite", *(["postgres"] if has_postgres() else [])], "--quick" in given)
