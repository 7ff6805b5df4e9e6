"""Finds the format of a file from its first lines.  BOTH."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tasklog.sources.parsers import NOTHING, Parser
from tasklog.sources.parsers.csv_table import CsvTable
from tasklog.sources.parsers.json_lines import JsonLines
from tasklog.sources.parsers.logfmt import Logfmt
from tasklog.sources.parsers.plain_text import PlainText
from tasklog.sources.parsers.syslog import Syslog

# The strictest first: where two read a file equally well, the first one knows more about it.
PARSERS: dict[str, type[Parser]] = {
    kind.name: kind for kind in (JsonLines, CsvTable, Logfmt, Syslog, PlainText)
}
FORMATS = {
    "json": "JSON lines",
    "csv": "CSV with a head",
    "logfmt": "logfmt",
    "syslog": "Syslog",
    "plain": "Plain text",
}
# So many first lines are tried; so many of a hundred must be read.
LINES = 100
ENOUGH = 60


def sniff(lines: Sequence[str]) -> str:
    """The name of the format that reads most of these lines; `plain` where none does."""
    tried = [line for line in lines if line.strip() and not line[:1].isspace()][:LINES]
    for name in ("json", "csv", "logfmt", "syslog"):
        if tried and _read(name, tried) * 100 >= ENOUGH * len(tried):
            return name
    return "plain"


def _read(name: str, lines: list[str]) -> int:
    parser = PARSERS[name]({})
    read = [found for line in lines if (found := parser.parse(line)) is not None]
    # A table needs more than its head, or any line with a comma in it would be one.
    return 0 if name == "csv" and read == [NOTHING] and len(lines) > 1 else len(read)


def parser_for(name: str, memory: dict[str, Any]) -> Parser:
    """The parser with what an earlier one remembered.  Raises KeyError for no format."""
    return PARSERS[name](memory)
