"""Small charts as SVG, drawn here, coloured by the style sheet, readable without seeing.  WEB."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

WIDTH, HEIGHT = 96, 28
BAR, MIDDLE = 110, 5
# A strip of runs: the height of the longest bar, the width of a bar and its gap.
TALL, STEP = 48, 12


def sparkline(values: Sequence[float], title: str, tone: str = "accent") -> SafeString:
    """A line over `values`, oldest first, with a table of them for screen readers."""
    if not any(values):
        values = [0.0] * max(2, len(values))
    top, step = max(values) or 1, (WIDTH - 2) / (len(values) - 1)
    heights = [HEIGHT - 3 - value / top * (HEIGHT - 6) for value in values]
    points = " ".join(f"{1 + i * step:.1f},{y:.1f}" for i, y in enumerate(heights))
    return format_html(
        '<svg class="spark {}" viewBox="0 0 {} {}" role="img"><title>{}</title>'
        '<polygon points="1,{} {} {},{}"/><polyline points="{}"/></svg>{}',
        tone, WIDTH, HEIGHT, title, HEIGHT, points, WIDTH - 1, HEIGHT, points,
        _table(values, title),
    )  # fmt: skip


def _table(values: Sequence[float], title: str) -> SafeString:
    cells = format_html_join("", "<td>{}</td>", ((f"{value:.4g}",) for value in values))
    return format_html(
        '<div class="unseen"><table><caption>{}</caption><tr>{}</tr></table></div>', title, cells
    )


def usual_bar(took: timedelta | None, usual: tuple[float, float] | None, words: str) -> SafeString:
    """A duration as a mark against the usual range (seconds); nothing without both."""
    if took is None or usual is None:
        return mark_safe("")
    low, high = usual
    seconds = took.total_seconds()
    scale = (BAR - 4) / (max(high * 1.6, seconds * 1.04) or 1)
    left, width = 2 + low * scale, max((high - low) * scale, 5)
    mark = 2 + seconds * scale
    return format_html(
        '<svg class="usual" viewBox="0 0 {} 10" role="img"><title>{}</title>'
        '<path class="track" d="M0 {}h{}"/><rect x="{}" y="2" width="{}" height="6" rx="3"/>'
        '<path class="mark{}" d="M{} 0v10"/></svg>',
        BAR, words, MIDDLE, BAR, f"{left:.1f}", f"{width:.1f}",
        " over" if seconds > high * 2 else "", f"{mark:.1f}",
    )  # fmt: skip


# The depth chart: its drawing area, and what is left for the words at its edges.
DEEP, HIGH, EDGE, FOOT = 900, 160, 44, 20


def depth_chart(points: Sequence[tuple[int, int | None]], title: str) -> SafeString:
    """Depths over time as (seconds since 1970, depth); a None is a gap: nobody looked.

    With a table of the deepest of each part for who does not see it.
    """
    top = round_up(max((depth or 0 for _, depth in points), default=0))
    drawn = (_area(part, top, len(points)) for part in _parts(points))
    areas = format_html_join("", '<path class="area" d="{}"/><path class="edge" d="{}"/>', drawn)
    return format_html(
        '<svg class="depth" viewBox="0 0 {} {}" role="img"><title>{}</title>{}{}</svg>{}',
        DEEP, HIGH + FOOT, title, grid(points, top), areas, _moments(points, title),
    )  # fmt: skip


def round_up(value: int) -> int:
    """The next of 4, 10, 20, 50, 100 …: a scale that does not jump with every message."""
    if value <= 4:
        return 4
    power = int(10 ** (len(str(value)) - 1))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def _parts(points: Sequence[tuple[int, int | None]]) -> list[list[tuple[int, int]]]:
    """Runs of known depths, each as (place, depth)."""
    parts: list[list[tuple[int, int]]] = [[]]
    for place, (_, depth) in enumerate(points):
        if depth is None:
            parts.append([])
        else:
            parts[-1].append((place, depth))
    return [part for part in parts if part]


def _area(part: list[tuple[int, int]], top: int, count: int) -> tuple[str, str]:
    """Steps, because a depth holds until the next look."""
    wide = (DEEP - EDGE) / max(count, 1)
    line = ""
    for place, depth in part:
        y = HIGH - 4 - depth / top * (HIGH - 12)
        line += f"{'L' if line else 'M'}{EDGE + place * wide:.1f} {y:.1f}h{wide:.1f}"
    left = EDGE + part[0][0] * wide
    return f"{line}V{HIGH - 4}H{left:.1f}z", line


def grid(points: Sequence[tuple[int, int | None]], top: int) -> SafeString:
    """Three lines with their depths, and three moments below."""
    heights = [(value, round(HIGH - 4 - value / top * (HIGH - 12))) for value in (0, top // 2, top)]
    lines = format_html_join(
        "", '<path class="grid" d="M{} {}H{}"/><text x="{}" y="{}">{}</text>',
        ((EDGE, y, DEEP, EDGE - 8, y + 4, f"{value:,}") for value, y in heights),
    )  # fmt: skip
    wide, foot, count = (DEEP - EDGE) // 4, HIGH + FOOT - 4, len(points)
    marks = [(EDGE + wide * n, points[count * n // 4][0]) for n in range(1, 4) if count > 4]
    clocks = format_html_join(
        "", '<text class="clock" x="{}" y="{}">{}</text>',
        ((x, foot, _clock(at, points)) for x, at in marks),
    )  # fmt: skip
    return format_html("{}{}", lines, clocks)


def _clock(at: int, points: Sequence[tuple[int, int | None]]) -> str:
    """The time of day; over more than a day the date."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%H:%M}" if points[-1][0] - points[0][0] <= 90_000 else f"{moment:%d %b}"


def _moments(points: Sequence[tuple[int, int | None]], title: str) -> SafeString:
    """Twelve rows say what the curve says: the deepest of each part."""
    step = max(1, len(points) // 12)
    rows = []
    for first in range(0, len(points), step):
        depths = [depth for _, depth in points[first : first + step] if depth is not None]
        at = datetime.fromtimestamp(points[first][0], UTC)
        rows.append((f"{at:%Y-%m-%d %H:%M}", max(depths) if depths else "not looked"))
    cells = format_html_join("", "<tr><td>{}</td><td>{}</td></tr>", rows)
    return format_html(
        '<div class="unseen"><table><caption>{}</caption>{}</table></div>', title, cells
    )


class Bar(NamedTuple):
    """A run in a strip: where it leads, its state, how long it took, and all that in words."""

    url: str
    state: str
    seconds: float
    words: str


def run_bars(bars: Sequence[Bar], title: str) -> SafeString:
    """Runs side by side, oldest first: as high as they were long, in the colour of their state.

    What ended badly has a mark below its bar, so that colour is not needed to find it.
    """
    longest = max((bar.seconds for bar in bars), default=0.0) or 1
    drawn = format_html_join("", "{}", ((_run_bar(*place, longest),) for place in enumerate(bars)))
    return format_html(
        '<svg class="bars" viewBox="0 0 {} {}" role="group" aria-label="{}">{}</svg>',
        max(len(bars), 1) * STEP, TALL + 8, title, drawn,
    )  # fmt: skip


def _run_bar(place: int, bar: Bar, longest: float) -> SafeString:
    height = max(bar.seconds / longest * TALL, 3)
    left = place * STEP
    return format_html(
        '<a href="{}" class="{}" aria-label="{}"><title>{}</title>'
        '<rect class="hit" x="{}" y="0" width="{}" height="{}"/>'
        '<rect x="{}" y="{}" width="{}" height="{}" rx="1.5"/>'
        '<circle cx="{}" cy="{}" r="2"/></a>',
        bar.url, bar.state, bar.words, bar.words,
        left, STEP, TALL + 8,
        left + 2, f"{TALL - height:.1f}", STEP - 4, f"{height:.1f}",
        left + STEP // 2, TALL + 5,
    )  # fmt: skip
