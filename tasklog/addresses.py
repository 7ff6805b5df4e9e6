"""A task id as a part of an address.  WEB.

Task ids are whatever their caller liked: `orders/42`, `..`, `50%`.  One with a slash would fit no
address, and the list that links to it would be an error for everybody.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from django.urls import register_converter

# Stay as they are; a slash and a per cent do not.  Django escapes the rest for the address itself.
SAFE = "!\"#$&'()*+,:;<=>?@[\\]^`{|} "


class TaskIdConverter:
    """`<tasklog_id:task_id>`: `orders/42` is `orders%2F42`, escaped once more in the address."""

    regex = "[^/]+"

    def to_python(self, text: str) -> str:
        return unquote(text)

    def to_url(self, task_id: str) -> str:
        if task_id in (".", ".."):  # browsers take these for folders
            return task_id.replace(".", "%2E")
        return quote(task_id, safe=SAFE) if "/" in task_id or "%" in task_id else task_id


register_converter(TaskIdConverter, "tasklog_id")


def number_of(text: str) -> int:
    """The row an address names; 0, which is none, for what is no number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
