"""`time=… level=info msg="disk full" path=/var`: pairs with spaces between."""

from __future__ import annotations

import json
import re
from typing import Any

from tasklog.sources.parsers import Parsed
from tasklog.sources.parsers.json_lines import JsonLines

# Each step takes at least one character and never two ways: linear.
_PAIR = re.compile(r'([A-Za-z_@][\w.@/-]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)')
PAIRS = 200


class Logfmt:
    """Every word of the line is a pair, and there are two at least."""

    name = "logfmt"

    def __init__(self, memory: dict[str, Any]) -> None:
        self.memory = memory
        self.reader = JsonLines({})

    def parse(self, text: str) -> Parsed | None:
        pairs = _pairs(text.strip())
        return self.reader.read(pairs) if pairs and len(pairs) > 1 else None


def _pairs(text: str) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    place = 0
    while place < len(text):
        pair = _PAIR.match(text, place)
        if pair is None or len(found) >= PAIRS:
            return None
        found[pair[1]] = _unquoted(pair[2])
        place = pair.end()
    return found


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text))
    except ValueError:
        return text[1:-1]
