"""From a line to its template: what varies becomes a mark, what stays is the pattern.  WORKER.

Linear in the line's length whatever stands in it, and remembered: lines that differ in their digits
alone cost one look-up (see docs/decisions/pattern-mining.md for what was measured).
"""

from __future__ import annotations

import re

# A line is looked at so far, a template has at most so many words and characters.
LONGEST, WORDS, TEMPLATE = 1000, 60, 400
# Templates and words are remembered until there are so many.
KEPT = 50_000

NUM, HEX, UUID, PATH, URL, EMAIL, STR = (
    "<num>", "<hex>", "<uuid>", "<path>", "<url>", "<email>", "<str>",
)  # fmt: skip
MARKS = (NUM, HEX, UUID, PATH, URL, EMAIL, STR, "<*>")

_DIGITS = bytes.maketrans(b"123456789", b"000000000")
# A quoted text does not hold its own quote, so that a search never goes over a character twice.
_QUOTED = re.compile(r'"[^"]*"|(?<!\w)\'[^\']*\'(?!\w)')
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_NUMBERS = re.compile(r"[0-9][0-9.,:]*")
_HEX = frozenset("0123456789abcdefABCDEF")
_NUMERIC = frozenset("0123456789.,:+-/%TZx×")
_OPEN, _CLOSE = "([{<\"'", ")]}>\"',;:.!?"


class Templates:
    """Templates of lines, with a memory of this process's own."""

    def __init__(self) -> None:
        self._lines: dict[bytes, str] = {}
        self._words: dict[str, str] = {}

    def of(self, message: str) -> str:
        """The template of this line; empty for an empty one."""
        key = message[:LONGEST].encode(errors="replace").translate(_DIGITS)
        found = self._lines.get(key)
        if found is None:
            found = self._make(message[:LONGEST])
            _keep(self._lines, key, found)
        return found

    def _make(self, text: str) -> str:
        if "\x1b" in text:
            text = _ESCAPES.sub("", text)
        if '"' in text or "'" in text:
            text = _QUOTED.sub(STR, text)
        words: list[str] = []
        for raw in text.split(None, WORDS)[:WORDS]:
            word = self._word(raw)
            # A row of values is one: lists of every length have the same template.
            if not (words and word == words[-1] and word in MARKS):
                words.append(word)
        return " ".join(words)[:TEMPLATE]

    def _word(self, raw: str) -> str:
        found = self._words.get(raw)
        if found is None:
            found = masked(raw)
            _keep(self._words, raw, found)
        return found


def masked(raw: str) -> str:
    """One word with its values replaced; its brackets and stops stay."""
    core = raw.lstrip(_OPEN)
    head = raw[: len(raw) - len(core)]
    bare = core.rstrip(_CLOSE)
    tail = core[len(bare) :]
    if raw in MARKS or not bare:
        return raw
    name, sign, value = bare.partition("=")
    if sign and name.replace("_", "").replace(".", "").replace("-", "").isalnum():
        return f"{head}{_NUMBERS.sub(NUM, name)}={masked(value + tail)}"
    return head + _core(bare) + tail


def _core(word: str) -> str:
    letters = set(word)
    digits = not letters.isdisjoint("0123456789")
    if "://" in word:
        return URL
    if "@" in word and "." in word:
        return EMAIL
    if digits and letters <= _NUMERIC:
        return NUM
    if len(word) == 36 and word.count("-") == 4 and letters <= _HEX | {"-"}:
        return UUID
    if len(word) >= 8 and letters <= _HEX and (digits or len(word) >= 16):
        return HEX
    if digits and word[:2] in ("0x", "0X") and letters <= _HEX | {"x", "X"}:
        return HEX
    if word.count("/") >= 2 or (word[0] == "/" and len(word) > 1):
        return PATH
    return _NUMBERS.sub(NUM, word) if digits else word


def _keep[K](memory: dict[K, str], key: K, value: str) -> None:
    if len(memory) >= KEPT:
        memory.clear()
    memory[key] = value
