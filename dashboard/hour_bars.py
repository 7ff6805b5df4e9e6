"""A bar for each hour, what went badly at its foot; with a table by day for who does not see it.

WEB.  Drawn like the depth chart, on the same scale and grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from dashboard.charts import DEEP, EDGE, FOOT, HIGH, grid, round_up

HOUR, DAY = 3600, 24


class Bar(NamedTuple):
    """One hour (counted from 1970 UTC): how many, and how many of them badly."""

    hour: int
    total: int
    bad: int = 0


def bar_chart(bars: Sequence[Bar], title: str, unit: str = "lines") -> SafeString:
    """The hours from left to right, gaps as gaps of nothing; `unit` is what is counted."""
    top = round_up(max((bar.total for bar in bars), default=0))
    points = [(bar.hour * HOUR, bar.total) for bar in bars]
    wide = (DEEP - EDGE) / max(len(bars), 1)
    drawn = ((_bar(place, bar, top, wide),) for place, bar in enumerate(bars))
    return format_html(
        '<svg class="depth bars" viewBox="0 0 {} {}" role="img"><title>{}</title>{}{}</svg>{}',
        DEEP, HIGH + FOOT, title, grid(points, top),
        format_html_join("", "{}", drawn),
        _days(bars, title, unit),
    )  # fmt: skip


def _bar(place: int, bar: Bar, top: int, wide: float) -> SafeString:
    """Two rectangles; the hour's figures appear where the pointer rests."""
    if not bar.total:
        return mark_safe("")
    x, gap = EDGE + place * wide, min(wide * 0.2, 2)
    high, low = _height(bar.total, top), _height(bar.bad, top)
    bad = f" ({bar.bad:,} failed)" if bar.bad else ""
    at = datetime.fromtimestamp(bar.hour * HOUR, UTC)
    return format_html(
        '<g><title>{}: {}{}</title><rect class="bar" x="{}" y="{}" width="{}" height="{}"/>'
        '<rect class="bad" x="{}" y="{}" width="{}" height="{}"/></g>',
        f"{at:%a %d %b %H:%M}", f"{bar.total:,}", bad,
        f"{x:.1f}", f"{HIGH - 4 - high:.1f}", f"{wide - gap:.1f}", f"{high - low:.1f}",
        f"{x:.1f}", f"{HIGH - 4 - low:.1f}", f"{wide - gap:.1f}", f"{low:.1f}",
    )  # fmt: skip


def _height(count: int, top: int) -> float:
    """At least a hair: one line in an hour is seen beside a thousand."""
    return max(count / top * (HIGH - 12), 1.0) if count else 0.0


def _days(bars: Sequence[Bar], title: str, unit: str) -> SafeString:
    days: dict[str, list[int]] = {}
    for bar in bars:
        at = datetime.fromtimestamp(bar.hour * HOUR, UTC)
        sums = days.setdefault(f"{at:%Y-%m-%d}", [0, 0])
        sums[0] += bar.total
        sums[1] += bar.bad
    rows = format_html_join(
        "", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>",
        ((day, f"{count:,}", f"{bad:,}") for day, (count, bad) in days.items()),
    )  # fmt: skip
    return format_html(
        '<div class="unseen"><table><caption>{}</caption><tr><th>Day</th><th>{}</th>'
        "<th>failed</th></tr>{}</table></div>",
        title, unit, rows,
    )  # fmt: skip
