"""Listens to the drainer's news and judges it at once.  HOST.

Rules are read anew every few seconds, so a changed one is in force soon without a restart.  Hits
of a flood are gathered: each rule touches its incident at most once a second.  Whatever fails here
is logged by the sender of the news and changes nothing for the lines.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db import close_old_connections, connection
from django.dispatch import receiver

from tasklog import signals
from tasklog.alerts import incidents
from tasklog.alerts.conditions import ERROR, OF_RUN
from tasklog.alerts.finding import Finding, Quoted
from tasklog.alerts.models import AT_ONCE, Condition, Rule
from tasklog.alerts.patterns import Hits, Watch, watch
from tasklog.alerts.quoting import quoted
from tasklog.alerts.scope import Origin, is_ours, within
from tasklog.line import SYSTEM, Line
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
        _listen(bool(self.watch.rules) or any(self._of_sources()))
        for rule in self.rules.values():
            told = problems.get(rule.pk, "")
            if rule.problem != told:
                Rule.objects.filter(pk=rule.pk).update(problem=told)

    def hits(self, lines: list[Line]) -> Hits:
        """The lines that each rule about lines matches, wherever they come from."""
        found = self.watch.hits(lines)
        for rule in self._of_sources():
            least = rule.number("level", ERROR)
            if matched := [line for line in lines if line.level >= least and line.stream != SYSTEM]:
                found[rule.pk] = matched
        return found

    def _of_sources(self) -> Iterator[Rule]:
        return (rule for rule in self.rules.values() if rule.condition == Condition.SOURCE)


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
    """Lines are listened to only for a rule: making them up for nobody costs the drainer."""
    if wanted:
        signals.lines_stored.connect(on_lines, dispatch_uid="tasklog.alerts.lines")
    else:
        signals.lines_stored.disconnect(on_lines, dispatch_uid="tasklog.alerts.lines")


def on_lines(task_id: str, lines: list[Line], **_: Any) -> None:
    """Asks the rules about lines.

    What a source brings is written down at once: the process is a worker's, which may end before
    any timer.
    """
    _force.renew()
    hits = _force.hits(lines)
    if not hits:
        return
    origin = _origin_of(task_id)
    if is_ours(origin.task):
        return
    for rule_id, matched in hits.items():
        if _is_about(_force.rules[rule_id], origin):
            _gathered.add(rule_id, origin.task, task_id, matched)
    if origin.source:
        write_down()
    else:
        _write_soon()


def _is_about(rule: Rule, origin: Origin) -> bool:
    return within(rule, origin) and (rule.condition != Condition.SOURCE or bool(origin.source))


def _origin_of(task_id: str) -> Origin:
    found = TaskRun.objects.filter(pk=task_id).values_list("name", "queue", "source").first()
    return Origin(*found) if found else Origin()


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
    if rule.condition == Condition.SOURCE:
        said = f"{name}: {quotes[-1].text}"[:300] if quotes else name
    return Finding(
        about=name, title=said, run_id=quotes[-1].run_id if quotes else "",
        count=count, quotes=quotes,
    )  # fmt: skip


# The first lines a new drainer stores are judged too: they make it read the rules, after which it
# listens on only for a pattern.
_listen(True)
