"""What a batch of lines amounts to, by task, template and hour.  WORKER."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tasklog.insights.fingerprint import Templates
from tasklog.insights.models import HOUR
from tasklog.insights.reading import Row

# What this product does for itself is no news; but files and clouds are read by tasks of ours.
OURS, BUT = "tasklog.", "tasklog.sources."


class Slot:
    """The lines of one template within one hour: how many, the highest level, first and last.

    `began` and `ended` are seconds since 1970: uploads may hold them in any order.
    """

    __slots__ = ("began", "count", "ended", "first", "last", "level")

    def __init__(self, row: Row) -> None:
        self.count = 1
        self.began = self.ended = row[3]
        self.level = row[4]
        self.first = self.last = row


Bucket = dict[tuple[str, int], Slot]
Tally = dict[str, Bucket]


def is_ours(task: str) -> bool:
    return task.startswith(OURS) and not task.startswith(BUT)


def count(rows: Iterable[Row], names: Mapping[str, str], templates: Templates) -> Tally:
    """Counts the lines.  `names`: of each task id; what has no name is counted under none."""
    tally: Tally = {}
    current: str | None = None
    bucket: Bucket | None = None
    of = templates.of
    for row in rows:
        _, task_id, _, second, level, message = row
        if task_id != current:
            current, bucket = task_id, _bucket(tally, names.get(task_id, ""))
        if bucket is None or not (template := of(message)):
            continue
        key = (template, second // HOUR)
        slot = bucket.get(key)
        if slot is None:
            bucket[key] = Slot(row)
            continue
        slot.count += 1
        slot.last = row
        # Written out: calls of max() and min() for each line cost as much as all the rest.
        if second > slot.ended:
            slot.ended = second
        elif second < slot.began:
            slot.began = second
        if level > slot.level:  # noqa: PLR1730
            slot.level = level
    return tally


def _bucket(tally: Tally, name: str) -> Bucket | None:
    return None if is_ours(name) else tally.setdefault(name, {})
