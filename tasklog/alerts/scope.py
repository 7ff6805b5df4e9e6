"""Which tasks and queues a rule is about: shell patterns with commas between."""

from __future__ import annotations

from fnmatch import fnmatchcase


def covers(patterns: str, name: str) -> bool:
    """Does one of the patterns match?  None at all cover everything."""
    given = words(patterns)
    return not given or any(fnmatchcase(name, pattern) for pattern in given)


def words(patterns: str) -> list[str]:
    return [part.strip() for part in patterns.split(",") if part.strip()]


def is_ours(task: str) -> bool:
    """What this product does for itself raises no alarm of a line's text: it would feed itself."""
    return task.startswith("tasklog.")
