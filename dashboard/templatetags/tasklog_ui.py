"""How values are said on every page: durations, moments, ids, numbers; and the icons."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django import template
from django.db import DatabaseError
from django.template import Context
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboard import charts, pages
from dashboard.htmx import CONFIG, etag_of
from dashboard.preferences import preferences_of
from tasklog.roles import Role, role_of

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86400
KIB = 1024


@register.filter
def human_duration(value: timedelta | float | None) -> str:
    """`0.84 s`, `4.2 s`, `38 s`, `1 m 52 s`, `2 h 10 m`, `3 d 4 h`; a dash for none."""
    if value is None:
        return "–"
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < MINUTE:
        return _short_seconds(seconds)
    seconds = round(seconds)
    for big, small, unit, part in ((DAY, HOUR, "d", "h"), (HOUR, MINUTE, "h", "m")):
        if seconds >= big:
            return f"{seconds // big} {unit} {seconds % big // small:02d} {part}"
    return f"{seconds // MINUTE} m {seconds % MINUTE:02d} s"


def _short_seconds(seconds: float) -> str:
    if seconds < 0.001:
        return "0 s"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms" if seconds < 0.0995 else f"{seconds:.2f} s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 59.5 else "1 m 00 s"


@register.filter
def ago_words(value: datetime | None) -> str:
    """`now`, `40 s ago`, `6 min ago`, `2 h ago`, `3 d ago`, then the date."""
    if value is None:
        return "–"
    seconds = int((timezone.now() - value).total_seconds())
    if seconds < 2:
        return "now" if seconds > -2 else f"in {human_duration(-seconds)}"
    for limit, unit, word in ((MINUTE, 1, "s"), (HOUR, MINUTE, "min"), (DAY, HOUR, "h")):
        if seconds < limit:
            return f"{seconds // unit} {word} ago"
    if seconds < 14 * DAY:
        return f"{seconds // DAY} d ago"
    return f"{value.astimezone(UTC):%Y-%m-%d}"


@register.simple_tag
def ago(value: datetime | None) -> SafeString | str:
    """`<time>` with relative words and the exact UTC time on hover; ages in the browser."""
    if value is None:
        return "–"
    moment = value.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC" data-ago>{}</time>',
        moment.isoformat(timespec="seconds"),
        f"{moment:%Y-%m-%d %H:%M:%S}",
        ago_words(value),
    )


@register.filter
def short_id(value: str) -> str:
    """`5f3c…e91a` for a uuid, the whole id where it is short."""
    text = str(value)
    return text if len(text) <= 13 else f"{text[:4]}…{text[-4:]}"


@register.filter
def number(value: float | str | None) -> str:
    """`1,204`; a fraction keeps one digit; nothing for none."""
    if value is None or value == "":
        return ""
    number = float(value)
    return f"{number:,.0f}" if number.is_integer() or number >= 100 else f"{number:,.1f}"


@register.filter
def percent(value: float | None) -> str:
    """`62 %` from 62.4."""
    return "" if value is None else f"{value:.0f} %"


@register.filter
def bytes_(value: float) -> str:
    """`0 B`, `12 KiB`, `1.4 MiB`."""
    size = float(value or 0)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < KIB:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"
        size /= KIB
    return f"{size:.1f} TiB"


register.filter("bytes", bytes_)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A symbol of components/symbols.html; decorative unless it has a label."""
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="#i-{}"/></svg>', label, name
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>', name)


@register.simple_tag(takes_context=True)
def sidebar(context: Context) -> list[pages.Entry]:
    """The entries of the sidebar; none on a page rendered without a request."""
    request = context.get("request")
    return pages.entries(request) if request is not None else []


@register.simple_tag(takes_context=True)
def alert_url(context: Context, run: Any) -> str:
    """The form of a rule about lines of this run's task; empty for who may make none."""
    url = page_url("dashboard:alert_rule_new")
    user = getattr(context.get("request"), "user", None)
    if not url or user is None or role_of(user) < Role.ADMINISTRATOR:
        return ""
    return f"{url}?{urlencode({'condition': 'pattern', 'tasks': run.name[:500]})}"


class Bell(NamedTuple):
    """The bell of one reader; without an address there is none."""

    url: str = ""
    poll: str = ""
    unread: int = 0
    etag: str = ""

    @property
    def shown(self) -> str:
        return str(self.unread) if self.unread < 100 else "99+"


@register.simple_tag(takes_context=True)
def bell(context: Context) -> Bell:
    """What the bell says; a page about a missing database has one without a number."""
    request = context.get("request")
    user, url = getattr(request, "user", None), page_url("dashboard:inbox")
    if user is None or not url or not user.is_authenticated:
        return Bell()
    from dashboard.bell import unread

    try:
        count = unread(user)
    except DatabaseError:
        count = 0
    return Bell(url, reverse("dashboard:inbox_bell"), count, etag_of("bell", count))


@register.simple_tag
def htmx_config() -> str:
    return CONFIG


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """The theme chosen in this browser: light, dark, or system."""
    request = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request is not None else ""
    return chosen if chosen in ("light", "dark") else "system"


@register.simple_tag(takes_context=True)
def preferences(context: Context) -> dict[str, str]:
    """How this reader wants lines to look: what they chose once, in whichever browser."""
    return preferences_of(context["request"].user)


@register.simple_tag
def page_url(view: str) -> str:
    """The address of a page that may not be installed; empty if it is not."""
    try:
        return reverse(view)
    except NoReverseMatch:
        return ""


@register.simple_tag
def sparkline(values: list[float], title: str, tone: str = "accent") -> SafeString:
    return charts.sparkline(values, title, tone)


@register.filter
def code_spans(text: str) -> SafeString:
    """Plain text in which `…` becomes <code>."""
    parts = enumerate(text.split("`"))
    said = ((format_html("<code>{}</code>", part) if i % 2 else part,) for i, part in parts)
    return format_html_join("", "{}", said)


@register.filter
def quoted(value: str) -> str:
    """The value as JSON text, for an attribute that holds JSON."""
    return json.dumps(value)
