"""Which tasks, tags, queues and sources a rule is about: shell patterns with commas between."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

from tasklog import tags
from tasklog.alerts.models import Rule


class Origin(NamedTuple):
    """Where a line comes from; `source` is empty for a task's own."""

    task: str = ""
    queue: str = ""
    source: str = ""


def within(rule: Rule, origin: Origin) -> bool:
    """Is it in the rule's scope?"""
    return (
        is_of(rule, origin.task)
        and covers(rule.queues, origin.queue)
        and covers(rule.sources, origin.source)
    )


def is_of(rule: Rule, task: str) -> bool:
    """Is the task in its scope, by name and by tag?"""
    return covers(rule.tasks, task) and (
        not words(rule.tags) or any(covers(rule.tags, tag) for tag in tags.of(task))
    )


def covers(patterns: str, name: str) -> bool:
    """Does one of the patterns match?  None at all cover everything."""
    given = words(patterns)
    return not given or any(fnmatchcase(name, pattern) for pattern in given)


def named(rule: Rule) -> list[str]:
    """The tasks a rule names one by one; without a name those with its tags."""
    return [task for task in words(rule.tasks) or tags.by_task() if is_of(rule, task)]


def words(patterns: str) -> list[str]:
    return [part.strip() for part in patterns.split(",") if part.strip()]


def is_ours(task: str) -> bool:
    """What this product does for itself raises no alarm of a line's text: it would feed itself."""
    return task.startswith("tasklog.")
