"""Findings that tell of the same thing become one story: the strongest leads, the others prove it.

WORKER.
"""

from __future__ import annotations

from collections.abc import Iterable

from tasklog.insights.models import Finding

# The finding that leads, then the others.
Story = list[Finding]
# Kinds that are one story although no hour is told.
OF_A_DAY = {Finding.Kind.FAILING, Finding.Kind.GONE}


def told_once(stories: Iterable[Story]) -> list[Story]:
    """Joins what tells of the same; the weightiest first, and in each the weightiest finding."""
    joined: list[Story] = []
    for story in sorted(stories, key=_weight, reverse=True):
        same = next((other for other in joined if _of_one(other, story)), None)
        if same is None:
            joined.append(story)
        else:
            same.extend(story)
    return sorted((_in_order(story) for story in joined), key=_weight, reverse=True)


def _of_one(one: Story, other: Story) -> bool:
    """The same task in neighbouring hours; what is told of the whole day, by its kind."""
    if one[0].task != other[0].task:
        return False
    first, second = _span(one), _span(other)
    if first and second:
        return first[0] <= second[1] and second[0] <= first[1]
    return bool({row.kind for row in one} & {row.kind for row in other} & OF_A_DAY)


def _span(story: Story) -> tuple[int, int] | tuple[()]:
    begins = [row.begin for row in story if row.begin is not None]
    ends = [row.end for row in story if row.end is not None]
    return (min(begins), max(ends)) if begins and ends else ()


def _in_order(story: Story) -> Story:
    """The one that leads tells from when to when."""
    story.sort(key=lambda row: row.score, reverse=True)
    if story[0].begin is not None and (span := _span(story)):
        story[0].begin, story[0].end = span
    return story


def _weight(story: Story) -> float:
    return max(row.score for row in story)
