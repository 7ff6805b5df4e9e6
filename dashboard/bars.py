"""Bars by day as SVG, drawn here, coloured by the style sheet.  The page has the table.  WEB."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 300, 64


def bars(values: Sequence[float], labels: Sequence[str], title: str, tone: str) -> SafeString:
    """A bar for each value, oldest first; its label is told on hover."""
    step = WIDTH / max(len(values), 1)
    top = max([*values, 1])
    pairs = enumerate(zip(values, labels, strict=True))
    drawn = format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>',
        (_bar(n, value / top, step, label) for n, (value, label) in pairs),
    )
    return format_html(
        '<svg class="bars {}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img">'
        '<title>{}</title><path class="base" d="M0 {}h{}"/>{}</svg>',
        tone, WIDTH, HEIGHT, title, HEIGHT - 0.5, WIDTH, drawn,
    )  # fmt: skip


def _bar(n: int, share: float, step: float, label: str) -> tuple[str, str, str, str, str]:
    """A value above zero is never invisible."""
    height = max(share * (HEIGHT - 4), 1.5) if share else 0
    gap = min(step * 0.2, 2)
    return (
        f"{n * step + gap / 2:.2f}", f"{HEIGHT - height:.2f}", f"{step - gap:.2f}",
        f"{height:.2f}", label,
    )  # fmt: skip
