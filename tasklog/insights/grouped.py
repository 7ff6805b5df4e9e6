"""Figures by task, project or tag, beside those of the time before.  WORKER and WEB."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from tasklog import tags
from tasklog.insights.hours import Figures, add_up, by_task

By = Callable[[str], Iterable[str]]


def project_of(task: str) -> str:
    """The first word of a task's name: `orders` for `orders.import`, `upload` for a file's run."""
    return re.split("[.:]", task, maxsplit=1)[0]


# The groups a task is counted in.
GROUPINGS: dict[str, By] = {
    "task": lambda task: (task,),
    "project": lambda task: (project_of(task),),
    "tag": tags.of,
}


def compared(by: str, begin: int, end: int) -> list[dict[str, Any]]:
    """The figures of begin ≤ hour < end, each with `before`: those of as many hours before."""
    return beside(by, by_task(begin, end), by_task(2 * begin - end, begin))


def beside(by: str, now: dict[str, Figures], before: dict[str, Figures]) -> list[dict[str, Any]]:
    """The same of figures by task; those that fail most first, then those that run most."""
    found, old = grouped(by, now), grouped(by, before)
    ordered = sorted(found.values(), key=lambda one: (-one.failed, -one.ended, one.task))
    return [one.as_json() | {"before": old.get(one.task, Figures()).as_json()} for one in ordered]


def grouped(by: str, of_tasks: dict[str, Figures]) -> dict[str, Figures]:
    """Added up by group.  A task with two tags counts for both."""
    groups: dict[str, list[Figures]] = {}
    for task, own in of_tasks.items():
        for name in GROUPINGS[by](task):
            groups.setdefault(name, []).append(own)
    return {name: add_up(parts, name) for name, parts in groups.items()}
