"""What one run's lines amount to, and what sets them apart from another run's.  WORKER, WEB."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.utils import timezone

from tasklog import memo
from tasklog.archive.reader import iter_lines
from tasklog.insights.fingerprint import LONGEST, Templates
from tasklog.insights.models import RunFigures
from tasklog.line import RECORDED, Line
from tasklog.models import TaskRun
from tasklog.states import State

# Lines of a run that a page looks at (a third of a second), and that a worker does.
REACH, WHOLE = 20_000, 1_000_000
# Kinds that are kept of a run, and characters of each: there are as many rows as runs.
TOP, SHORT = 10, 160
# Runs before this one among which the last good one is looked for.
AMONG = 500
# A run that has ended does not change; one that goes on is looked at again (seconds).
SECONDS = 30


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of line of a run: how often, and its first line."""

    template: str
    count: int
    first: Line
    other: int = 0  # how often in the run it is compared with


@dataclass(frozen=True, slots=True)
class Difference:
    """Two runs by their kinds of lines: what only one of them has, and what both have."""

    only_here: tuple[Kind, ...]
    only_there: tuple[Kind, ...]
    changed: tuple[Kind, ...]
    same: int
    cut: bool


class Counted:
    """A run's lines as they pass: constant memory but for one line of each kind."""

    def __init__(self) -> None:
        self.templates = Templates()
        self.counts, self.streams = Counter[str](), Counter[str]()
        self.levels = Counter[str]()
        self.firsts: dict[str, Line] = {}
        self.lines, self.silence, self.last = 0, 0, 0

    def add(self, line: Line) -> None:
        """Counts a line; a recorder's are no news, although no good run has them."""
        if line.origin == RECORDED:
            return
        self.lines += 1
        self.streams[line.stream] += 1
        self.levels[str(line.level)] += 1
        self.silence = max(self.silence, line.at - self.last) if self.last else 0
        self.last = line.at
        if template := self.templates.of(line.message):
            self.counts[template] += 1
            if template not in self.firsts:
                self.firsts[template] = line._replace(message=line.message[:LONGEST])

    @property
    def kinds(self) -> dict[str, Kind]:
        """The kinds of lines in order of their first."""
        return {key: Kind(key, self.counts[key], first) for key, first in self.firsts.items()}


def counted(run: TaskRun, reach: int = REACH) -> Counted:
    """The run's first lines, counted."""
    found = Counted()
    for line in islice(iter_lines(run.pk), reach):
        found.add(line)
    return found


def calculate(run: TaskRun) -> RunFigures:
    """Counts a run's lines and keeps what came of it."""
    # Not before its end, whatever this machine's clock says: it would be counted again and again.
    now = max(timezone.now(), run.finished_at or timezone.now())
    row, _ = RunFigures.objects.update_or_create(
        task_id=run.pk, defaults={"data": amount(run, WHOLE), "made_at": now}
    )
    return row


def amount(run: TaskRun, reach: int = REACH) -> dict[str, Any]:
    """What its lines amount to, as JSON; seconds, and `top` as [template, lines, first number]."""
    found = counted(run, reach)
    top = sorted(found.kinds.values(), key=lambda kind: -kind.count)[:TOP]
    took = run.duration
    return {
        "lines": run.line_count,
        "looked_at": found.lines,
        "streams": dict(found.streams),
        "levels": dict(found.levels),
        "kinds": len(found.counts),
        "seldom": sum(count == 1 for count in found.counts.values()),
        "top": [[kind.template[:SHORT], kind.count, kind.first.number] for kind in top],
        "seconds": took.total_seconds() if took else None,
        "longest_silence": found.silence / 1_000_000,
    }


def last_good(run: TaskRun, runs: Any) -> TaskRun | None:
    """The last run of the same task before this one that succeeded, among `runs`."""
    earlier = runs.filter(name=run.name, created_at__lt=run.created_at).order_by("-created_at")
    ids = [pk for pk, state in earlier.values_list("pk", "state")[:AMONG] if state == State.SUCCESS]
    found: TaskRun | None = runs.filter(pk=ids[0]).first() if ids else None
    return found


def compared(run: TaskRun, runs: Any) -> tuple[TaskRun | None, Difference | None]:
    """The last good run among `runs` and what sets this one apart from it."""
    good = last_good(run, runs)
    if good is None:
        return None, None
    return good, memo.keep(("compare", run.pk, good.pk), SECONDS, lambda: compare(run, good))


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines between unusual ones, or before the first."""

    lines: int


def unusual_lines(run: TaskRun, kinds: Iterable[Kind], limit: int = 300) -> list[Line | Gap]:
    """The lines of these kinds as they came, with gaps for the usual ones between them."""
    wanted, templates = {kind.template for kind in kinds}, Templates()
    found: list[Line | Gap] = []
    usual = 0
    for line in islice(iter_lines(run.pk), REACH):
        if templates.of(line.message) not in wanted:
            usual += 1
            continue
        if usual:
            found.append(Gap(usual))
        found.append(line)
        usual = 0
        if len(found) >= limit:
            return found
    return [*found, Gap(usual)] if usual else found


def compare(here: TaskRun, there: TaskRun) -> Difference:
    """What this run wrote and that one did not, and the other way round."""
    mine, other = counted(here).kinds, counted(there).kinds
    both = [
        Kind(key, kind.count, kind.first, other[key].count)
        for key, kind in mine.items() if key in other
    ]  # fmt: skip
    changed = [kind for kind in both if not 0.5 <= kind.count / kind.other <= 2]
    return Difference(
        tuple(kind for key, kind in mine.items() if key not in other),
        tuple(kind for key, kind in other.items() if key not in mine),
        tuple(sorted(changed, key=lambda kind: -kind.first.level)),
        len(both) - len(changed),
        max(here.line_count, there.line_count) > REACH,
    )
