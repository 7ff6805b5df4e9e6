"""Words and numbers for a level, from whatever wrote the log.  BOTH."""

from __future__ import annotations

from typing import Any

NAMES = {
    10: ("trace", "debug", "dbg", "verbose", "fine", "finer", "finest", "d"),
    20: ("info", "information", "informational", "notice", "note", "log", "config", "i", "n"),
    30: ("warning", "warn", "wrn", "w"),
    40: ("error", "err", "severe", "failure", "e"),
    50: ("critical", "crit", "fatal", "alert", "emerg", "emergency", "panic", "f", "c"),
}
OF_NAME = {name: level for level, names in NAMES.items() for name in names}
# As most programs write them: found at once.
_AS_WRITTEN = OF_NAME | {name.upper(): level for name, level in OF_NAME.items()}
# Words of more than one letter: what may stand in the middle of a line.
WORDS = tuple(name for name in OF_NAME if len(name) > 2 and name not in ("log", "note", "config"))
# Syslog's severities, 0 to 7.
OF_SEVERITY = (50, 50, 50, 40, 30, 20, 20, 10)


def level_of(value: Any) -> int:
    """The number of the logging module; 0 for what says nothing."""
    if type(value) is str:
        found = _AS_WRITTEN.get(value) or OF_NAME.get(value.strip().lower())
        if found is not None:
            return found
        return level_of(int(value)) if value.isdecimal() and len(value) < 6 else 0
    if type(value) is int and 0 <= value <= 100:
        return OF_SEVERITY[value] if value < 8 else value
    return 0
