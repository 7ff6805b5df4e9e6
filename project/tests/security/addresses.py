"""Every address of the project, read from Django's URL resolver."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver

# What stands for the parts of an address that name no run.
NOTHING, NO_NUMBER = "5f3c0000", "530000"


class Address(NamedTuple):
    """`pattern` as Django prints it; `name` with its namespace, `?` where it has none.

    `view` is what answers there: a page of the tasklog app may stand at a second address too.
    """

    name: str
    pattern: str
    view: Any

    def path(self, task_id: str = NOTHING, **parts: str) -> str:
        given = {"task_id": task_id, **parts}
        # Two of the admin's are regular expressions: `^(?P<app_label>auth|…)/$`, `(?P<url>.*)$`.
        text = re.sub(r"\(\?P<\w+>(\w*)[^)]*\)", lambda m: m[1] or NOTHING, self.pattern)
        text = re.sub(r"<int:(\w+)>", lambda m: given.get(m[1], NO_NUMBER), text)
        text = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: given.get(m[1], NOTHING), text)
        return "/" + re.sub(r"[\^$\\]", "", text)


def every_address() -> list[Address]:
    return list(_walk(get_resolver().url_patterns))


def _walk(patterns: list[Any], prefix: str = "", space: str = "") -> Iterator[Address]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from _walk(pattern.url_patterns, route, space + inner)
        elif isinstance(pattern, URLPattern):
            yield Address(space + (pattern.name or "?"), route, pattern.callback)


def one_of_each(addresses: Iterable[Address]) -> list[Address]:
    """The first address of each view: the API stands under several prefixes."""
    return list({getattr(a.view, "view_class", a.view): a for a in reversed([*addresses])}.values())
