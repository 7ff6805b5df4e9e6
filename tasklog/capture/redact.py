"""Masks secrets before anything is written.  WORKER.

Linear in the text, whatever it holds: a cheap look for signs of a secret, and only where there
is one the scanners of `tasklog.capture.scan`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from tasklog.capture import scan
from tasklog.capture.scan import MASKED
from tasklog.conf import conf

# A private key has fewer lines; a stray BEGIN hides no more.
MAX_KEY_LINES = 200
# Of a text that is cut, so much more is looked at: half a secret looks like none (characters).
LONGEST_SECRET = 1024


def mask(text: str) -> str:
    """The text with its secrets masked."""
    text = scan.mask(text) if scan.suspicious(text) else text
    own = _own_patterns(conf().mask)
    return own.sub(MASKED, text) if own is not None else text


def mask_cut(text: str, most: int) -> str:
    """The first `most` characters of the masked text: a secret at the cut is masked whole."""
    return mask(text[: most + LONGEST_SECRET])[:most]


class Masker:
    """Masks the lines of one attempt: `Masker()(stream code, line)`; knows keys of many lines.

    While it is not `watchful`, a line without any sign of a secret (`scan.suspicious`) may pass it
    by: nearly all do, and the call would cost as much as the look.  `hiding` is all it knows of
    earlier lines: by stream, how many more of them may belong to a key.
    """

    __slots__ = ("_own", "hiding", "watchful")

    def __init__(self, hiding: dict[str, int] | None = None) -> None:
        self._own = _own_patterns(conf().mask)
        self.hiding = dict(hiding or {})
        self.watchful = self._own is not None or bool(hiding)

    def __call__(self, code: str, text: str) -> str:
        hiding = self.hiding
        if code in hiding and not _over(hiding, code, text):
            return MASKED
        if scan.suspicious(text):
            text = scan.mask(text)
            if scan.opens_key(text):
                hiding[code] = MAX_KEY_LINES
        if self._own is not None:
            return str(self._own.sub(MASKED, text))
        self.watchful = bool(hiding)
        return text


def _over(hiding: dict[str, int], code: str, text: str) -> bool:
    """Counts a line of a key; True for its END, behind which the next secret may stand."""
    hiding[code] -= 1
    if "-----END" in text or not hiding[code]:
        del hiding[code]
    return text.startswith("-----END")


class _Everything:
    """Stands for patterns that cannot be used: rather hide a line than show a secret."""

    def sub(self, replacement: str, text: str) -> str:
        return f"{replacement} CELERY_TASKLOG_MASK cannot be used, see manage.py check"


@cache
def _own_patterns(patterns: tuple[str, ...]) -> Any:
    """`CELERY_TASKLOG_MASK`, compiled; None without any; unusable ones hide every line."""
    if not patterns:
        return None
    if problem():
        return _Everything()
    import re2

    return re2.compile("|".join(f"(?:{pattern})" for pattern in patterns))


def problem() -> str:
    """Why `CELERY_TASKLOG_MASK` cannot be used, in words for a system check; empty if it can."""
    if not conf().mask:
        return ""
    try:
        import re2
    except ImportError:
        return (
            "CELERY_TASKLOG_MASK needs RE2 (patterns in linear time): "
            "pip install 'celery-tasklog[regex]'"
        )
    for pattern in conf().mask:
        try:
            re2.compile(pattern)
        except re2.error as error:
            return f"CELERY_TASKLOG_MASK: {pattern!r} is no RE2 pattern: {error}"
    return ""
