"""Tables with a head: commas, semicolons, tabs or bars between their cells.

Cells are text.  One that a spreadsheet would take for a formula stays a text here; the download as
CSV guards it (see the download page).
"""

from __future__ import annotations

import csv
from typing import Any

from tasklog.sources.parsers import NOTHING, Parsed
from tasklog.sources.parsers.json_lines import LEVELS, LOGGERS, MESSAGES, TIMES, JsonLines

DELIMITERS = ",;\t|"
COLUMNS = 200


class CsvTable:
    """Remembers the head of the table and what stands between its cells."""

    name = "csv"

    def __init__(self, memory: dict[str, Any]) -> None:
        self.memory = memory
        self.reader = JsonLines({})

    def parse(self, text: str) -> Parsed | None:
        if "head" not in self.memory:
            return self._begin(text)
        cells = _cells(text, self.memory["delimiter"])
        head = self.memory["head"]
        if cells is None or len(cells) != len(head):
            return None
        if cells == head:
            return NOTHING  # files that were put together repeat it
        return self.reader.read(dict(zip(head, cells, strict=True)))

    def _begin(self, text: str) -> Parsed | None:
        delimiter = delimiter_of(text)
        cells = _cells(text, delimiter) if delimiter else None
        if cells is None or not is_head(cells):
            return None
        self.memory |= {"head": cells, "delimiter": delimiter}
        return NOTHING


def delimiter_of(text: str) -> str:
    """The one of the delimiters that stands most often in the head; empty for none."""
    count, found = max((text.count(one), one) for one in DELIMITERS)
    return found if count else ""


def is_head(cells: list[str]) -> bool:
    """Names for its columns, none twice, and among them one that a log has."""
    known = {*TIMES, *LEVELS, *LOGGERS, *MESSAGES}
    named = {cell.strip().lower() for cell in cells}
    return (
        2 <= len(cells) <= COLUMNS
        and len(named) == len(cells)
        and all(named)
        and len(named & {name.lower() for name in known}) >= 2
    )


def _cells(text: str, delimiter: str) -> list[str] | None:
    """None for a line that ends inside quotes: a cell of several lines is not read."""
    try:
        rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None
