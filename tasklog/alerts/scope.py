"""Which tasks, queues and sources a rule is about: shell patterns with commas between."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

from tasklog.alerts.models import Rule


class Origin(NamedTuple):
    """Where a line comes from; `source` is empty for a task's own."""

    task: str = ""
    queue: str = ""
    source: str = ""


def within(rule: Rule, origin: Origin) -> bool:
    """Is it in the rule's scope?"""
    return (
        covers(rule.tasks, origin.task)
        and covers(rule.queues, origin.queue)
        and covers(rule.sources, origin.source)
    )


def covers(patterns: str, name: str) -> bool:
    """Does one of the patterns match?  None at all cover everything."""
    given = words(patterns)
    return not given or any(fnmatchcase(name, pattern) for pattern in given)


def words(patterns: str) -> list[str]:
    return [part.strip() for part in patterns.split(",") if part.strip()]


def is_ours(task: str) -> bool:
    """What this product does for itself raises no alarm of a line's text: it would feed itself."""
    return task.startswith("tasklog.")
