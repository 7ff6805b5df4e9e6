"""The plain text every match of a pattern must hold, so that the database can look for it first.

WEB.  Only what stands outside groups, classes and repetitions counts; in doubt, nothing does.
"""

from __future__ import annotations

import re

# Shorter pieces are in nearly every line.
SHORTEST = 3
# Escapes whose meaning ends with their letter; others (\x41, \pN, \Q…) take what follows along.
_SIMPLE = "dDsSwWbBntrfvaAz"
_PIECE = re.compile(
    r"""(?P<escaped>\\[^A-Za-z0-9])
    | (?P<class>\\. | \[\^?\]?(?:\\.|[^\]\\])*\] | [.^$])
    | (?P<open>\() | (?P<close>\))
    | (?P<maybe>[*?] | \{[^}]*\}?)
    | (?P<again>\+)
    | (?P<plain>.)""",
    re.VERBOSE | re.DOTALL,
)


def literals(pattern: str, *, ignore_case: bool) -> list[str]:
    """Texts of at least SHORTEST characters that stand in every match, in any case."""
    if "|" in pattern or "[:" in pattern or _hard(pattern):
        return []
    found, depth = [""], 0
    for piece in _PIECE.finditer(pattern):
        kind, text = piece.lastgroup, piece[0]
        depth += (kind == "open") - (kind == "close")
        if kind in ("escaped", "plain") and depth == 0 and not (ignore_case and text in "kKsS"):
            found[-1] += text[-1]
            continue
        if kind == "maybe" and depth == 0:
            found[-1] = found[-1][:-1]
        found.append("")
    return [text for text in found if len(text) >= SHORTEST]


def _hard(pattern: str) -> bool:
    escapes = re.findall(r"\\(.)", pattern, re.DOTALL)
    return any(letter.isalnum() and letter not in _SIMPLE for letter in escapes)
