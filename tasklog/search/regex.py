"""Regular expressions whose time grows with the text alone: RE2, on every database.  WEB.

Python's and PostgreSQL's own engines can be sent into minutes of work by thirty characters.
"""

from __future__ import annotations

import re
from typing import Any

try:
    import re2
except ImportError:
    re2 = None

# Bytes one pattern may use; past it RE2 refuses the pattern or starts its automaton anew.
MEMORY = 8 * 1024 * 1024
MISSING = "Regular expressions need an extra: pip install 'celery-tasklog[regex]'."


class BadPattern(ValueError):
    """The pattern cannot be used; `part` is the piece that is wrong, empty if unknown."""

    def __init__(self, said: str, part: str = "") -> None:
        self.part = part
        super().__init__(said)


# With these, ^ and $ at the ends of lines would not do what they do at the ends of the text.
_ENDS = re.compile(r"\\[AzC]|\(\?[A-Za-z]*-")


def compile_lines(pattern: str, *, ignore_case: bool) -> Any | None:
    """Finds whatever `compile_pattern` finds in one of many lines; None where that cannot be."""
    if _ENDS.search(pattern):
        return None
    return compile_pattern(f"(?m){pattern}", ignore_case=ignore_case)


def compile_pattern(pattern: str, *, ignore_case: bool) -> Any:
    """A pattern with `search` and `finditer`.  Raises `BadPattern`, also without the extra."""
    if re2 is None:
        raise BadPattern(MISSING)
    options = re2.Options()
    options.max_mem = MEMORY
    options.log_errors = False
    # Nobody asks what a group held, and a hundred groups cost a hundred times the work.
    options.never_capture = True
    options.case_sensitive = not ignore_case
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0]
        said = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        reason, _, part = said.partition(": ")
        raise BadPattern(f"This is no regular expression: {reason}.", part) from None
