"""Listens to the drainer's news and judges it at once.  HOST.

Rules are read anew every few seconds, so a changed one is in force soon without a restart.  Hits
of a flood are gathered: each rule touches its incident at most once a second.  Whatever fails here
is logged by the sender of the news and changes nothing for the lines.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import Any

from django.db import close_old_connections, connection
from django.dispatch import receiver

from tasklog import signals
from tasklog.alerts import incidents
from tasklog.alerts.conditions import OF_RUN
from tasklog.alerts.finding import Finding, Quoted
from tasklog.alerts.models import AT_ONCE, Rule
from tasklog.alerts.patterns import Watch, watch
from tasklog.alerts.quoting import quoted
from tasklog.alerts.scope import covers, is_ours
from tasklog.line import Line
from tasklog.models import TaskRun

# Rules are looked at again after this, hits are written down as often (seconds).
FRESH = 3.0
GATHER = 1.0
QUOTES = 5


class _Force:
    """The rules in force as this process knows them."""

    def __init__(self) -> None:
        self.read_at = float("-inf")
        self.rules: dict[int, Rule] = {}
        self.watch = Watch()

    def renew(self) -> None:
        if time.monotonic() < self.read_at + FRESH:
            return
        self.read_at = time.monotonic()
        rules = Rule.objects.filter(enabled=True, condition__in=AT_ONCE)
        self.rules = {rule.pk: rule for rule in rules}
        self.watch, problems = watch(self.rules.values())
        _listen(bool(self.watch.rules))
        for rule in self.rules.values():
            told = problems.get(rule.pk, "")
            if rule.problem != told:
                Rule.objects.filter(pk=rule.pk).update(problem=told)


class _Gathered:
    """Hits by rule and run's name, until they are written down."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counts: dict[tuple[int, str], int] = defaultdict(int)
        self.quotes: dict[tuple[int, str], list[Quoted]] = defaultdict(list)
        self.written_at = float("-inf")
        self.timer: threading.Timer | None = None

    def add(self, rule: int, name: str, run_id: str, lines: list[Line]) -> None:
        with self.lock:
            self.counts[rule, name] += len(lines)
            kept = self.quotes[rule, name]
            kept += [quoted(run_id, line) for line in lines[: QUOTES - len(kept)]]

    def take(self) -> list[tuple[int, str, int, tuple[Quoted, ...]]]:
        with self.lock:
            found = [(*key, n, tuple(self.quotes[key])) for key, n in self.counts.items()]
            self.counts.clear()
            self.quotes.clear()
            self.written_at = time.monotonic()
            self.timer = None
            return found


_force = _Force()
_gathered = _Gathered()


def forget() -> None:
    """Reads the rules anew at the next news; for tests and for whoever changed a rule here."""
    _force.read_at = float("-inf")


@receiver(signals.run_finished, dispatch_uid="tasklog.alerts.finished")
def on_finished(task_id: str, **_: Any) -> None:
    """Asks the rules about runs."""
    _force.renew()
    rules = [rule for rule in _force.rules.values() if rule.condition in OF_RUN]
    run = TaskRun.objects.filter(pk=task_id).first() if rules else None
    if run is None:
        return
    for rule in rules:
        for finding in OF_RUN[rule.condition](rule, run):
            incidents.report(rule, finding)


@receiver([signals.drainer_ticked, signals.run_started], dispatch_uid="tasklog.alerts.look")
def look(**_: Any) -> None:
    """A first pattern is in force soon, also while one long run is all that happens."""
    _force.renew()


def _listen(wanted: bool) -> None:
    """Lines are listened to only for a pattern: making them up for nobody costs the drainer."""
    if wanted:
        signals.lines_stored.connect(on_lines, dispatch_uid="tasklog.alerts.lines")
    else:
        signals.lines_stored.disconnect(on_lines, dispatch_uid="tasklog.alerts.lines")


def on_lines(task_id: str, lines: list[Line], **_: Any) -> None:
    """Asks the patterns."""
    _force.renew()
    hits = _force.watch.hits(lines)
    if not hits:
        return
    name, queue = _name_of(task_id)
    if is_ours(name):
        return
    for rule_id, matched in hits.items():
        rule = _force.rules[rule_id]
        if covers(rule.tasks, name) and covers(rule.queues, queue):
            _gathered.add(rule_id, name, task_id, matched)
    _write_soon()


def _name_of(task_id: str) -> tuple[str, str]:
    found = TaskRun.objects.filter(pk=task_id).values_list("name", "queue").first()
    return (found[0], found[1]) if found else ("", "")


def _write_soon() -> None:
    """Now, or when the second since the last time is over: also if no line follows."""
    wait = _gathered.written_at + GATHER - time.monotonic()
    if wait <= 0 or connection.in_atomic_block:
        write_down()
    elif _gathered.timer is None:
        _gathered.timer = threading.Timer(wait, _write_in_thread)
        _gathered.timer.daemon = True
        _gathered.timer.start()


def write_down() -> None:
    """What was gathered becomes incidents."""
    for rule_id, name, count, quotes in _gathered.take():
        rule = _force.rules.get(rule_id)
        if rule is not None:
            incidents.report(rule, _finding(rule, name, count, quotes))


def _write_in_thread() -> None:
    try:
        write_down()
    finally:
        close_old_connections()
        connection.close()


def _finding(rule: Rule, name: str, count: int, quotes: tuple[Quoted, ...]) -> Finding:
    said = f"“{rule.limits.get('pattern', '')}” in {name or 'a run'}"
    return Finding(
        about=name, title=said, run_id=quotes[-1].run_id if quotes else "",
        count=count, quotes=quotes,
    )  # fmt: skip


# The first lines a new drainer stores are judged too: they make it read the rules, after which it
# listens on only for a pattern.
_listen(True)
