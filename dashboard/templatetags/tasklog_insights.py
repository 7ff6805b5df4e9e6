"""Where the proof of an insight stands."""

from __future__ import annotations

from datetime import datetime

from django import template

from dashboard.listing import edge_cursor

register = template.Library()


@register.filter
def runs_until(moment: datetime) -> str:
    """The `before` of the runs list that begins at this moment, backwards."""
    return edge_cursor(moment)
