"""Words that people give to tasks, so that they can be asked for together.  BOTH.

A tag belongs to a task's name, not to a run: `billing` is `orders.import` and `invoices.send`,
whenever they ran.  There are few, so each process keeps all of them for a moment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db import models, transaction

from tasklog import memo

# Of one task, and characters of each.
MOST, LONGEST = 20, 40
# A changed tag is in force everywhere after this (seconds).
SECONDS = 3
FORM = re.compile(r"[\w.-]{1,40}")
ALLOWED = "Letters, digits, dots, dashes and underscores, at most 40 of them"


class TaskTag(models.Model):
    """One word for one task."""

    task = models.CharField(max_length=255)
    word = models.CharField(max_length=LONGEST)

    class Meta:
        verbose_name = "task tag"
        constraints = [
            models.UniqueConstraint(fields=["task", "word"], name="tasklog_tag_once"),
        ]

    def __str__(self) -> str:
        return f"{self.word} of {self.task}"


def read(text: str) -> list[str]:
    """`billing, Nightly` → `["billing", "nightly"]`, sorted.

    Raises ValueError with a sentence for people.
    """
    words = {word.strip().lower() for word in text.split(",")} - {""}
    for word in sorted(words):
        if not FORM.fullmatch(word):
            raise ValueError(f"“{word[:60]}” is no tag. {ALLOWED}, make one.")
    if len(words) > MOST:
        raise ValueError(f"A task has at most {MOST} tags; these are {len(words)}.")
    return sorted(words)


def write(task: str, words: Iterable[str]) -> None:
    """The task has these tags, and no others."""
    wanted = set(words)
    with transaction.atomic():
        TaskTag.objects.filter(task=task).exclude(word__in=wanted).delete()
        rows = [TaskTag(task=task, word=word) for word in sorted(wanted)]
        TaskTag.objects.bulk_create(rows, ignore_conflicts=True)
    memo.forget("tags")


def by_task() -> dict[str, tuple[str, ...]]:
    """The tags of every task that has one; seconds old at most."""
    return memo.keep("tags", SECONDS, _by_task)


def of(task: str) -> tuple[str, ...]:
    return by_task().get(task, ())


def tasks_with(word: str) -> list[str]:
    """The names of the tasks with this tag."""
    return [task for task, words in by_task().items() if word in words]


def _by_task() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for task, word in TaskTag.objects.order_by("task", "word").values_list("task", "word"):
        found.setdefault(task, []).append(word)
    return {task: tuple(words) for task, words in found.items()}
