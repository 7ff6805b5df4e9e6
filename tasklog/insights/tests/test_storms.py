"""One storm is told once: its strongest sign, and behind it what else proves it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from tasklog.insights import anomalies, findings, stories
from tasklog.insights.models import (
    Anomaly,
    Finding,
    Pattern,
    PatternHour,
    TaskHour,
    hour_of,
    moment_of,
)
from tasklog.insights.storms import gathered

DAYS = 20


def make_pattern(template: str, hours: dict[int, int], **values: Any) -> Pattern:
    pattern = Pattern.objects.create(
        fingerprint=template, template=template, last_seen=timezone.now(),
        first_seen=moment_of(min(hours)), **{"task": "payments.capture", **values},
    )  # fmt: skip
    PatternHour.objects.bulk_create(
        PatternHour(pattern=pattern, hour=hour, count=count) for hour, count in hours.items()
    )
    return pattern


@pytest.fixture
def gateway(db: None) -> int:
    """The gateway fails for two hours: errors, more lines, more runs, failures; its last hour."""
    last = hour_of(timezone.now()) - 2
    usual = range(last - DAYS * 24, last + 2)
    storm = (last - 1, last)
    make_pattern("gateway took <num> ms", {h: 500 if h in storm else 18 for h in usual})
    make_pattern("gateway answered <num>", {h: 90 if h in storm else 1 for h in usual}, level=40)
    make_pattern("packed <num>", dict.fromkeys(usual, 30), task="orders.pack")
    TaskHour.objects.bulk_create(
        TaskHour(task="payments.capture", hour=hour, ended=60 if hour in storm else 5,
                 failed=40 if hour in storm else 0)
        for hour in usual
    )  # fmt: skip
    for hour in range(last - 3, last + 2):
        anomalies.detect_hour(hour)
    return last


def test_signs_of_neighbouring_hours_are_one_storm(gateway: int) -> None:
    assert Anomaly.objects.count() == 8
    (storm,) = gathered(Anomaly.objects.select_related("pattern"))
    assert (storm.begin, storm.end) == (gateway - 1, gateway + 1)
    assert storm.head.kind == Anomaly.Kind.FAILURES
    told = [storm.head.sentence, *(sign.sentence for sign in storm.also)]
    assert told[0].startswith("40 failed runs where none are usual")
    assert told[1].startswith("90× the usual")
    assert len(told) == 4


def test_a_storm_is_one_finding_with_its_proofs(gateway: int) -> None:
    # What is told of the whole day, and what was first seen in the storm, is of the same.
    make_pattern("breaker opened", {gateway: 12}, level=30)
    rows = findings.renew()
    assert len(rows) == 1
    assert rows[0].kind == Finding.Kind.FAILING
    assert (rows[0].begin, rows[0].end) == (gateway - 1, gateway + 1)
    kinds = list(rows[0].also.values_list("kind", flat=True))
    assert sorted(kinds) == ["failing", "new", "unusual", "unusual", "unusual"]
    assert findings.renew()[0].also.count() == 5
    assert Finding.objects.count() == 6


def test_other_tasks_and_other_hours_are_other_stories() -> None:
    def finding(task: str, begin: int | None, kind: str = "unusual", score: float = 1) -> Finding:
        end = None if begin is None else begin + 1
        return Finding(kind=kind, task=task, begin=begin, end=end, sentence="x", score=score)

    told = stories.told_once(
        [
            [finding("a", 10, score=5)], [finding("a", 11, score=9)], [finding("a", 14)],
            [finding("b", 10)], [finding("a", None, "slow")], [finding("a", None, "gone")],
            [finding("a", None, "gone")],
        ]
    )  # fmt: skip
    assert sorted(len(story) for story in told) == [1, 1, 1, 2, 2]
    assert [row.score for row in told[0]] == [9, 5]
    assert (told[0][0].begin, told[0][0].end) == (10, 12)
