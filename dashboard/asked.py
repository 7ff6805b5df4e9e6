"""What the address of a log asks for: which lines, and a place among them.  WEB.

A place is no page number: `before`, `after` (to `before`), `at` with what is around it, or none of
them for the newest lines.  Filters narrow every one the same way; `line` is a line in its context,
without any filter.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.http import QueryDict

from dashboard.lines import DRAWN
from tasklog.archive.only import Only
from tasklog.line import STREAMS

LEVELS = {"warning": logging.WARNING, "error": logging.ERROR}
LONGEST = 500
PLACES = ("before", "after", "at", "line")


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters that every log has; what it has besides stands in its own class."""

    level: str = ""
    stream: tuple[str, ...] = ()
    attempt: int | None = None
    logger: str = ""
    q: str = ""
    find: str = ""

    # Stands in every address of the log.
    FIXED: ClassVar[dict[str, str]] = {}

    @staticmethod
    def words(query: QueryDict) -> dict[str, Any]:
        """What cannot be understood is not asked."""
        level = query.get("level", "")
        return {
            "level": level if level in LEVELS else "",
            "stream": tuple(s for s in STREAMS if s in query.getlist("stream")),
            **{name: text(query, name) for name in ("logger", "q", "find")},
        }

    @property
    def only(self) -> Only:
        level, streams = LEVELS.get(self.level), self.stream or None
        return Only(level, streams, self.q, self.attempt, self.logger)

    @property
    def drawn(self) -> Only:
        """The same, with as much of each line as is drawn, and the sign that there is more."""
        return replace(self.only, cut=DRAWN + 1)

    @property
    def sought(self) -> Only:
        """What is looked for among the lines of this view."""
        return replace(self.only, q=self.find or self.q)

    @property
    def narrow(self) -> bool:
        return not self.only.everything

    @property
    def all_lines(self) -> str:
        """The query without any filter."""
        return "?" + urlencode(self.FIXED) if self.FIXED else ""

    @property
    def without_logger(self) -> str:
        return self.url(logger="")

    @property
    def as_find(self) -> str:
        """What is filtered by is looked for instead."""
        return self.url(q="", find=self.q)

    def url(self, **changes: Any) -> str:
        """The query with these changes; the place is kept only where it is named."""
        asked = replace(self, **{**dict.fromkeys(PLACES), **changes})
        values = {name: getattr(asked, name) for name in asked.__dataclass_fields__}
        given = {k: v for k, v in values.items() if v not in (None, "", ())}
        return "?" + urlencode(self.FIXED | given, True)


def text(query: QueryDict, name: str, longest: int = LONGEST) -> str:
    return query.get(name, "")[:longest].replace("\0", "")


def whole(query: QueryDict, name: str) -> int | None:
    """The number under this name, if it is one."""
    given = query.get(name, "")
    return int(given) if given.isdecimal() and len(given) < 19 else None
