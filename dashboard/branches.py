"""A workflow's tree as a page draws it: rows with their bars; chips to choose branches by.  WEB."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.utils.safestring import SafeString

from dashboard.lanes import css_of
from dashboard.merged import Asked
from dashboard.timeline import Scale
from tasklog.models import TaskRun
from tasklog.states import Cause
from tasklog.workflows.members import Workflow
from tasklog.workflows.summary import Summary, branch_names, short
from tasklog.workflows.tree import Row, Tree

# One page of a tree has at most so many rows.
ROWS = 400
# Deeper ones are drawn as deep as this.
DEEPEST = 8
# Up to so many branches, of a name or in all, have a chip each.
BRANCHES = 12


@dataclass(frozen=True)
class Drawn:
    """A row of the tree with what its cells say."""

    row: Row
    indent: str
    branch: str = ""
    lane: str = ""
    bar: SafeString | str = ""
    summary: Summary | None = None
    title: str = ""
    url: str = ""

    @property
    def run(self) -> TaskRun | None:
        return self.row.run

    @property
    def level(self) -> int:
        """How deep it stands, for those who hear the tree: the top is 1."""
        return self.row.depth + 1


class Place(NamedTuple):
    """What the address says of a tree: its bundle `opened` is drawn from run `start` on, the first
    `skip` rows are left out.  `fixed` stands in every address of it: the tab of a run's page.
    """

    opened: str = ""
    start: int = 0
    skip: int = 0
    fixed: tuple[tuple[str, str], ...] = ()

    def url(self, **given: Any) -> str:
        """The address with these words; an empty one is left out."""
        return "?" + urlencode({**dict(self.fixed), **{k: v for k, v in given.items() if v}})


class Drawing(NamedTuple):
    """The rows of one page of a tree; `further` is the address of more, if there are."""

    rows: list[Drawn]
    scale: Scale
    further: str


def draw(workflow: Workflow, place: Place) -> Drawing:
    """The tree as it stands at this place."""
    scale, names = Scale.of(workflow.runs), branch_names(workflow.runs)
    orders = {run.task_id: order for order, run in enumerate(workflow.runs)}
    begin, end = place.skip, place.skip + ROWS
    rows = list(islice(Tree(workflow.runs).rows(place.opened, place.start), begin, end + 1))
    drawn = [_drawn(row, scale, names, orders, place) for row in rows[:ROWS]]
    further = {"open": place.opened, "from": place.start, "skip": end}
    return Drawing(drawn, scale, place.url(**further) if len(rows) > ROWS else "")


def _drawn(
    row: Row, scale: Scale, names: dict[str, str], orders: dict[str, int], place: Place
) -> Drawn:
    indent = f"in-{min(row.depth, DEEPEST)}"
    if row.run:
        task_id = row.run.task_id
        never = row.run.cause == Cause.NOT_REACHED
        bar, lane = "" if never else scale.bar(row.run), css_of(orders[task_id])
        return Drawn(row, indent, names[task_id], lane, bar)
    if row.coming:
        return Drawn(row, indent, short(row.coming.name))
    bundle = row.bundle
    if bundle is None or row.more:
        return Drawn(row, indent, url=_opening(row, place))
    summary, curve = bundle.summary, scale.curve(bundle.runs)
    return Drawn(row, indent, "", "", curve, summary, _title(row), _opening(row, place))


def _title(row: Row) -> str:
    names = row.bundle.names if row.bundle else []
    return names[0] if len(names) == 1 else f"{len(names)} kinds of task"


def _opening(row: Row, place: Place) -> str:
    if row.bundle is None or row.opened:
        return place.url()
    return place.url(**{"open": row.bundle.key, "from": row.following if row.more else 0})


class Branch(NamedTuple):
    """A branch to choose, with how many lines it has."""

    title: str
    hint: str
    lines: int
    url: str
    on: bool
    css: str = ""


def branches(workflow: Workflow, asked: Asked) -> list[Branch]:
    """By task; by run where there are few, or few of the chosen task."""
    names: dict[str, list[TaskRun]] = defaultdict(list)
    for run in workflow.runs:
        names[run.name].append(run)
    by_name = [_of_name(name, runs, asked) for name, runs in names.items()]
    chosen = names.get(asked.name, []) if asked.name else workflow.runs
    several = len(workflow.runs) > len(by_name) and len(chosen) <= BRANCHES
    shown = chosen if several else [run for run in chosen if run.task_id == asked.run]
    short = branch_names(workflow.runs)
    orders = {run.task_id: order for order, run in enumerate(workflow.runs)}
    return by_name + [_of_run(run, short[run.task_id], orders[run.task_id], asked) for run in shown]


def _of_name(name: str, runs: Sequence[TaskRun], asked: Asked) -> Branch:
    on = asked.name == name
    title = (name or "Unnamed task") + (f" × {len(runs):,}" if len(runs) > 1 else "")
    lines = sum(run.line_count for run in runs)
    url = asked.url(name="" if on else name, run="")
    return Branch(title, f"Lines of {name}", lines, url, on)


def _of_run(run: TaskRun, name: str, order: int, asked: Asked) -> Branch:
    on = asked.run == run.task_id
    url = asked.url(run="" if on else run.task_id)
    return Branch(name, f"Lines of {name}", run.line_count, url, on, css_of(order))
