"""Lines that open and close a group: `::group::name` and `::endgroup::`.  WEB.

Who may print may write one, so a mark is data like the rest of the line: it gives the line a class
and nothing else.  The browser folds (static/dashboard/js/viewer/groups.js); without it a mark reads
as a heading.
"""

from __future__ import annotations

from typing import NamedTuple

START, END = "::group::", "::endgroup::"


class Mark(NamedTuple):
    """The class of the line, and as much of its text as is the mark."""

    css: str
    printed: str


NONE = Mark("", "")


def mark_of(message: str) -> Mark:
    if message.startswith(START):
        return Mark(" group-start", START)
    if message.rstrip() == END:
        return Mark(" group-end", message)
    return NONE


def marked(mark: Mark, name: str) -> str:
    """The text of the line: what is printed only when groups are off, then the group's name."""
    return f'<span class="marker">{mark.printed}</span><span class="name">{name}</span>'
