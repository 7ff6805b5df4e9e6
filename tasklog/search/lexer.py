r"""Cuts a query into tokens.  Total: every text gives tokens, and problems where it is broken.

-task:"nightly import"   level:=error   "disk full"   /timeout (\d+)/i   word
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tasklog.search.problems import Problem

_FIELD = re.compile(r"([A-Za-z_]+):(?!//)")
_WORD = re.compile(r"\S+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PATTERN = re.compile(r"/((?:[^/\\]|\\.|/(?!i?(?:\s|$)))+)/(i?)(?=\s|$)", re.DOTALL)
_ESCAPE = re.compile(r'\\(["\\])')


@dataclass(frozen=True, slots=True)
class Token:
    """`text[start:end]`, with what stands in it.  `field` is "" for text, "/" for a pattern.

    `negated`: a dash before it · `equal`: an `=` before the value · `quoted`: value in quotes.
    """

    start: int
    end: int
    field: str
    value: str
    value_at: int
    negated: bool = False
    quoted: bool = False
    equal: bool = False
    ignore_case: bool = False


def tokens(text: str) -> tuple[list[Token], list[Problem]]:
    """All tokens of `text`, and what is not closed."""
    found: list[Token] = []
    problems: list[Problem] = []
    at = 0
    while match := _WORD.search(text, at):
        token = _token(text, match.start())
        if isinstance(token, Problem):
            problems.append(token)
            break
        found.append(token)
        at = token.end
    return found, problems


def _token(text: str, start: int) -> Token | Problem:
    # `--verbose` and a dash alone are text: nobody means "not -verbose" by the first.
    negated = bool(re.match(r"-[^\s-]", text[start : start + 2]))
    at = start + negated
    if pattern := _PATTERN.match(text, at):
        return Token(
            start, pattern.end(), "/", pattern[1], at + 1, negated, ignore_case=bool(pattern[2])
        )
    name = _FIELD.match(text, at)
    field, at = (name[1].lower(), name.end()) if name else ("", at)
    equal = bool(field) and text[at : at + 1] == "="
    at += equal
    value, end, quoted = _value(text, at)
    if end is None:
        return Problem(at, len(text), 'This quote is not closed: end it with ".')
    return Token(start, end, field, value, at, negated, quoted, equal)


def _value(text: str, at: int) -> tuple[str, int | None, bool]:
    """The value that begins here, its end (None: never closed), and whether it is in quotes."""
    if text[at : at + 1] == '"':
        match = _QUOTED.match(text, at)
        return (_ESCAPE.sub(r"\1", match[1]), match.end(), True) if match else ("", None, True)
    word = _WORD.match(text, at)
    value = word[0] if word else ""
    return value, at + len(value), False
