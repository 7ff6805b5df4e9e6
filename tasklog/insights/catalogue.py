"""The patterns of every task and their hours: what a tally adds to them.  WORKER."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import blake2s

from django.db.models import Q
from django.utils import timezone

from tasklog.insights.models import HOUR, OTHERS, Pattern, PatternHour, hour_of
from tasklog.insights.tally import Bucket, Slot, Tally
from tasklog.insights.variants import Variants

# A task has at most so many patterns; its other lines are counted together.
MOST = 200
# So many runs a pattern remembers.
PLACES = 20
# Patterns that were not seen for so long go, and so do hours.
FORGET, HOURS_KEPT = timedelta(days=100), timedelta(days=100)
RARE, RARE_TOTAL = timedelta(days=14), 3
_CHUNK = 400

# Pattern → hour → lines.
Counts = dict[int, dict[int, int]]


def add(tally: Tally) -> None:
    """Adds a batch.  Call it inside a transaction that no other miner can be in."""
    counts: Counts = {}
    changed: list[Pattern] = []
    for task, bucket in tally.items():
        slots = _by_template(bucket)
        for pattern, found in _patterns(task, slots):
            for hour, slot in found:
                _note(pattern, slot)
                hours = counts.setdefault(pattern.pk, {})
                hours[hour] = hours.get(hour, 0) + slot.count
            changed.append(pattern)
    Pattern.objects.bulk_update(
        {pattern.pk: pattern for pattern in changed}.values(),
        ["total", "level", "first_seen", "last_seen", "example", "places"],
        batch_size=100,
    )
    _add_hours(counts)


def _by_template(bucket: Bucket) -> dict[str, list[tuple[int, Slot]]]:
    found: dict[str, list[tuple[int, Slot]]] = defaultdict(list)
    for (template, hour), slot in bucket.items():
        found[template].append((hour, slot))
    return found


def _patterns(
    task: str, slots: dict[str, list[tuple[int, Slot]]]
) -> Iterable[tuple[Pattern, list[tuple[int, Slot]]]]:
    """Each template's pattern; what is new is made while there is room."""
    marks = {fingerprint(task, template): template for template in slots}
    known = {row.fingerprint: row for row in _found(marks)}
    strangers = [template for mark, template in marks.items() if mark not in known]
    yield from ((known[mark], slots[marks[mark]]) for mark in known)
    if strangers:
        shelf = _Shelf(task, known)
        yield from (
            (shelf.of(template, slots[template]), slots[template]) for template in strangers
        )


class _Shelf:
    """One task's patterns, for those templates that have none yet."""

    def __init__(self, task: str, known: dict[str, Pattern]) -> None:
        self.task = task
        self.rows = {row.fingerprint: row for row in Pattern.objects.filter(task=task)} | known
        self.variants = Variants(row.template for row in self.rows.values())

    def of(self, template: str, found: list[tuple[int, Slot]]) -> Pattern:
        place = self.variants.place(template)
        row = self.rows.get(fingerprint(self.task, place))
        if row is None and len(self.rows) >= MOST:
            place = OTHERS
            row = self.rows.get(fingerprint(self.task, place))
        if row is None:
            row = self._make(place, found[0][1])
        return row

    def _make(self, template: str, first: Slot) -> Pattern:
        mark = fingerprint(self.task, template)
        row = Pattern.objects.create(
            fingerprint=mark, task=self.task, template=template,
            first_seen=_moment(first.began), last_seen=_moment(first.ended),
        )  # fmt: skip
        self.rows[mark] = row
        return row


def _found(marks: dict[str, str]) -> Iterable[Pattern]:
    keys = list(marks)
    for place in range(0, len(keys), _CHUNK):
        yield from Pattern.objects.filter(fingerprint__in=keys[place : place + _CHUNK])


def fingerprint(task: str, template: str) -> str:
    """What makes a pattern one."""
    return blake2s(f"{task}\0{template}".encode(), digest_size=16).hexdigest()


def _note(pattern: Pattern, slot: Slot) -> None:
    pattern.total += slot.count
    pattern.level = max(pattern.level, slot.level)
    pattern.first_seen = min(pattern.first_seen, _moment(slot.began))
    last = _moment(slot.ended)
    if last >= pattern.last_seen or not pattern.example:
        pattern.last_seen = max(last, pattern.last_seen)
        pattern.example = slot.last[5]
        fresh = [[row[1], row[2]] for row in (slot.last, slot.first)]
        seen = {place[0]: place for place in (*pattern.places[::-1], *fresh[::-1])}
        newest = [place[0] for place in fresh] + [place[0] for place in pattern.places]
        pattern.places = [seen[key] for key in dict.fromkeys(newest)][:PLACES]


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def _add_hours(counts: Counts) -> None:
    _join(counts)
    PatternHour.objects.bulk_create(
        [
            PatternHour(pattern_id=pattern, hour=hour, count=count)
            for pattern, own in counts.items()
            for hour, count in own.items()
        ],
        update_conflicts=True,
        unique_fields=["pattern", "hour"],
        update_fields=["count"],
        batch_size=200,
    )


def _join(counts: Counts) -> None:
    """Adds what is stored for these hours already."""
    keys = list(counts)
    for place in range(0, len(keys), _CHUNK):
        part = keys[place : place + _CHUNK]
        hours = [hour for key in part for hour in counts[key]]
        stored = PatternHour.objects.filter(
            pattern__in=part, hour__gte=min(hours), hour__lte=max(hours)
        )
        for key, hour, count in stored.values_list("pattern_id", "hour", "count"):
            if hour in counts[key]:
                counts[key][hour] += count


def forget() -> int:
    """Deletes patterns and hours past their time, in bounded steps; returns how many patterns."""
    now = timezone.now()
    old = Q(last_seen__lt=now - FORGET)
    rare = Q(last_seen__lt=now - RARE, total__lte=RARE_TOTAL)
    gone = 0
    while step := list(Pattern.objects.filter(old | rare).values_list("pk", flat=True)[:500]):
        gone += len(step)
        Pattern.objects.filter(pk__in=step).delete()
    first = hour_of(now) - int(HOURS_KEPT.total_seconds()) // HOUR
    hours = PatternHour.objects.filter(hour__lt=first)
    while step := list(hours.values_list("pk", flat=True)[:5000]):
        PatternHour.objects.filter(pk__in=step).delete()
    return gone
