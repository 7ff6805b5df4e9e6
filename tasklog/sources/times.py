"""Moments as logs write them, read by hand: a general reader costs a thousand times as much.  BOTH.

All functions answer in microseconds since 1970 UTC.  A time without a zone counts as UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

MICRO = 1_000_000
# What is earlier or later is no time of a log but another number.
EARLIEST, LATEST = 86_400 * 365, 86_400 * 365 * 230
_MONTHS = dict(
    zip(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
        range(1, 13), strict=True)
)  # fmt: skip
_CLOCK = r"(?P<h>\d{2}):(?P<mi>\d{2}):(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?"
_ZONE = r"(?:\s?(?P<z>Z|UTC|GMT|[+-]\d{2}:?\d{2})(?![\w:]))?"
_MONTH = r"(?P<mon>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_WEEKDAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
# At the beginning of a line, in the order of how often they are met.
_FORMS = tuple(
    re.compile(form)
    for form in (
        # 2026-11-21T07:05:09.123Z   2026-11-21 07:05:09,123   2026/11/21 07:05:09
        rf"(?P<y>\d{{4}})[-/.](?P<mo>\d{{2}})[-/.](?P<d>\d{{2}})[T ]{_CLOCK}{_ZONE}",
        # Nov 21 07:05:09   Nov  1 2026 07:05:09
        rf"{_MONTH} {{1,2}}(?P<d>\d{{1,2}}) (?:(?P<y>\d{{4}}) )?{_CLOCK}{_ZONE}",
        # 21/Nov/2026:07:05:09 +0000   21-Nov-2026 07:05:09.123   21 Nov 2026 07:05:09
        rf"(?:{_WEEKDAY}, )?(?P<d>\d{{1,2}})[/ -]{_MONTH}[/ -](?P<y>\d{{4}})[: T]{_CLOCK}{_ZONE}",
        # Sat Nov 21 07:05:09 2026
        rf"{_WEEKDAY} {_MONTH} {{1,2}}(?P<d>\d{{1,2}}) {_CLOCK} (?P<y>\d{{4}})",
        # 20261121T070509Z
        r"(?P<y>\d{4})(?P<mo>\d{2})(?P<d>\d{2})T(?P<h>\d{2})(?P<mi>\d{2})(?P<s>\d{2})(?P<z>Z)?",
        # 20261121 07:05:09
        rf"(?P<y>\d{{4}})(?P<mo>\d{{2}})(?P<d>\d{{2}})[T ]{_CLOCK}{_ZONE}",
        # glog: 1121 07:05:09.123456, after its letter
        rf"(?P<mo>\d{{2}})(?P<d>\d{{2}}) {_CLOCK}",
    )
)
_EPOCH = re.compile(r"(?P<e>\d{10}(?:\.\d{1,9})?|\d{13}|\d{16}|\d{19})(?![\w.:-])")


def leading(text: str) -> tuple[int, int] | None:
    """The moment a text begins with, and where its text ends."""
    first = text[:1]
    if first.isdecimal():
        return _iso_leading(text) or _by_forms(text) or _epoch_leading(text)
    return _by_forms(text) if first.isalpha() else None


def moment(value: Any) -> int | None:
    """The moment in a field of its own: a text in any of the forms, or seconds since 1970."""
    if type(value) is str:
        value = value.strip()
        if len(value) >= 19 and (found := _iso(value)) is not None:
            return found
        told = leading(value)
        return told[0] if told and told[1] == len(value) else None
    if type(value) in (int, float):
        return of_number(value)
    return None


def of_number(value: float) -> int | None:
    """Seconds, milliseconds, microseconds or nanoseconds, by their size."""
    if not -1e30 < value < 1e30:  # JSON knows numbers that no float holds
        return None
    for unit in (1, 1_000, MICRO, 1_000 * MICRO):
        seconds = value / unit
        if EARLIEST <= seconds <= LATEST:
            return value * MICRO // unit if type(value) is int else round(seconds * MICRO)
    return None


def _iso(text: str) -> int | None:
    """Python's own reader where the seconds' text was not met before."""
    if text[4:5] != "-" or text[10:11] not in ("T", " "):
        return None
    fraction, zone = _split(text[19:])
    if fraction is None or (second := _second(text[:19], zone)) is None:
        return None
    return second * MICRO + fraction


def _iso_leading(text: str) -> tuple[int, int] | None:
    """The commonest form of all, `2026-11-21 07:05:09,123`, without a regular expression."""
    if text[4:5] != "-" or text[10:11] not in ("T", " ") or text[19:20] not in (".", ","):
        return None
    end = 20
    while text[end : end + 1].isdecimal():
        end += 1
    if end == 20 or text[end : end + 1] not in (" ", ":", "]", "") or _zoned(text, end):
        return None
    second = _second(text[:19], "")
    return None if second is None else (second * MICRO + _micros(text[20:end]), end)


def _zoned(text: str, end: int) -> bool:
    return text[end : end + 1] == " " and text[end + 1 : end + 2] in ("+", "-", "U", "G", "Z")


def _split(rest: str) -> tuple[int | None, str]:
    """`.123456+02:00` as microseconds and zone; None for what is neither."""
    if not rest or rest == "Z":
        return 0, ""
    if rest[0] not in ".,":
        return 0, rest
    digits = rest[1:-1] if rest[-1] == "Z" else rest[1:]
    if digits.isdecimal():
        return _micros(digits), ""
    end = 1
    while rest[end : end + 1].isdecimal():
        end += 1
    zone = rest[end:]
    return (_micros(rest[1:end]), "" if zone == "Z" else zone) if end > 1 else (None, "")


def _micros(digits: str) -> int:
    return int(digits[:6].ljust(6, "0")) if digits.isascii() else 0


@lru_cache(maxsize=8192)
def _second(text: str, zone: str) -> int | None:
    """Lines of the same second share the work."""
    try:
        found = datetime.fromisoformat(text + zone.strip())
        at = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return int(at) if EARLIEST <= at <= LATEST else None


def _by_forms(text: str) -> tuple[int, int] | None:
    for form in _FORMS:
        if found := form.match(text):
            at = _made(found.groupdict())
            return None if at is None else (at, found.end())
    return None


def _epoch_leading(text: str) -> tuple[int, int] | None:
    found = _EPOCH.match(text)
    if found is None or not found["e"].isascii():
        return None
    at = of_number(float(found["e"]) if "." in found["e"] else int(found["e"]))
    return None if at is None else (at, found.end())


def _made(parts: dict[str, str | None]) -> int | None:
    month = int(parts.get("mo") or 0) or _MONTHS.get((parts.get("mon") or "").lower(), 0)
    clock = f"{parts['h']}:{parts['mi']}:{parts['s']}"
    day = int(parts["d"] or 0)
    given = parts.get("y")
    year = int(given) if given else guess_year(month, day)
    zone = (parts.get("z") or "").replace("UTC", "Z").replace("GMT", "Z")
    second = _second(f"{year:04}-{month:02}-{day:02} {clock}", zone)
    return None if second is None else second * MICRO + _micros(parts.get("f") or "0")


def guess_year(month: int, day: int, now: datetime | None = None) -> int:
    """The year of a date without one: the newest that is not more than a day ahead of now."""
    now = now or datetime.now(UTC)
    late = (month, day) > (now.month, now.day + 1) and not (
        # The last day of a month: tomorrow is the first of the next.
        day == 1 and month == now.month % 12 + 1 and now.day >= 28
    )
    new_year = month == 1 and day == 1 and now.month == 12 and now.day == 31
    return now.year + 1 if new_year else now.year - 1 if late else now.year
