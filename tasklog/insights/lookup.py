"""Patterns that are looked for, and the runs one was last seen in.  WEB."""

from __future__ import annotations

from typing import Any, NamedTuple

from tasklog.insights.embeddings import NoModel, is_on, near
from tasklog.insights.models import Pattern
from tasklog.insights.similar import Match, similar
from tasklog.models import TaskRun

MOST = 50
# What is looked for is shorter than a pattern; two patterns must be more alike.
LEAST, ALIKE = 0.2, 0.4


class Place(NamedTuple):
    """A run it was seen in, and a line of it."""

    run: TaskRun
    number: int


def find(text: str, *, but: int = 0, limit: int = MOST, least: float = LEAST) -> list[Match]:
    """By meaning where there is a model, else by letters; what holds the text stands first."""
    held = Pattern.objects.filter(template__icontains=text).exclude(pk=but)
    exact = [Match(row, 1.0) for row in held.order_by("-last_seen", "-pk")[:limit]] if text else []
    try:
        others = near(text, but=but, limit=limit) if is_on() else []
    except NoModel:
        others = []
    others = others or similar(text, but=but, limit=limit, least=least)
    known = {one.pattern.pk for one in exact}
    return [*exact, *(one for one in others if one.pattern.pk not in known)][:limit]


def places_of(pattern: Pattern, user: Any) -> list[Place]:
    """The runs that still exist and that this person may see, the newest first."""
    numbers = {str(task_id): int(number) for task_id, number in pattern.places}
    runs = TaskRun.objects.visible_to(user).in_bulk(list(numbers))
    return [Place(runs[key], number) for key, number in numbers.items() if key in runs]
