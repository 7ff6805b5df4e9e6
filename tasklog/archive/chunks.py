"""The form of archived lines: some thousand of them as columns, compressed.  BOTH.

    header (one line of JSON: every column but the messages) LF message LF message LF …

Messages stand apart and in the open so that a search can look for its bytes without building a
single line.  Columns that hardly change are written as runs of equal values, so a chunk of 80
character lines is little more than its compressed messages.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, groupby, pairwise, repeat
from itertools import compress as picked
from operator import attrgetter, sub
from typing import Any

from tasklog.line import Line, made

try:
    from compression import zstd  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    try:
        from backports import zstd
    except ImportError:
        zstd = None

# Small enough that a window into an archived run unpacks in milliseconds, large enough that
# compression has something to learn from.
CHUNK_LINES = 5_000
# Fewer lines where they are long: a chunk is written, read and searched in memory.
CHUNK_CHARS = 4 * 1024 * 1024
# Where the curve bends for log text: level 9 takes three times as long for 4 % less.
ZSTD_LEVEL = 3
ZLIB_LEVEL = 6
_STREAM_AND_LEVEL = attrgetter("stream", "level")


class UnknownCodec(ValueError):
    """The chunk was written with a compressor that is not installed here."""


def pack(lines: Sequence[Line]) -> bytes:
    """The lines as one uncompressed chunk.  `unpack` gives exactly these lines back."""
    numbers, ats, streams, levels, loggers, messages, attempts, origins, seqs = zip(
        *lines, strict=True
    )
    quoted = [index for index, text in enumerate(messages) if "\n" in text]
    header = {
        "numbers": _ranges(numbers),
        "seqs": _ranges(seqs),
        "at": _steps(ats),
        "streams": _runs(streams),
        "levels": _runs(levels),
        "loggers": _runs(loggers),
        "attempts": _runs(attempts),
        "origins": _runs(origins),
        "quoted": quoted,
    }
    texts = list(messages)
    for index in quoted:
        texts[index] = json.dumps(texts[index])
    return "\n".join((json.dumps(header, separators=(",", ":")), *texts)).encode()


def unpack(raw: bytes, tests: Mapping[str, Callable[[Any], bool]] | None = None) -> list[Line]:
    """The lines of an uncompressed chunk.

    With `tests` only those whose columns pass: `{"level": test, …}`.  A column is tested once for
    each run of equal values, and of the other lines nothing is built.
    """
    head, _, body = raw.decode().partition("\n")
    header = json.loads(head)
    kept = _passing(header, tests) if tests else None
    if kept is not None and not any(kept):
        return []
    columns = _columns(header, body.split("\n"))
    if kept is not None:
        columns = [picked(column, kept) for column in columns]
    return list(map(made, zip(*columns, strict=True)))


def _passing(header: dict[str, Any], tests: Mapping[str, Callable[[Any], bool]]) -> list[bool]:
    passed = (
        _from_runs([(test(value), count) for value, count in header[f"{name}s"]])
        for name, test in tests.items()
    )
    return list(map(all, zip(*passed, strict=True)))


def _columns(header: dict[str, Any], messages: list[str]) -> list[Iterable[Any]]:
    """In the order of `Line`'s fields."""
    for index in header["quoted"]:
        messages[index] = json.loads(messages[index])
    return [
        _from_ranges(header["numbers"]),
        accumulate(header["at"]),
        _from_runs(header["streams"]),
        _from_runs(header["levels"]),
        _from_runs(header["loggers"]),
        messages,
        _from_runs(header["attempts"]),
        _from_runs(header["origins"]),
        _from_ranges(header["seqs"]),
    ]


def messages_of(raw: bytes) -> bytes:
    """Only the messages, one a line: what a search looks through."""
    return raw[raw.index(b"\n") + 1 :] if b"\n" in raw else b""


def has_plain(raw: bytes) -> bool:
    """Whether every message stands as it is, none as JSON for the sake of a line feed in it."""
    return b'"quoted":[]' in raw[: raw.index(b"\n")]


def compress(raw: bytes) -> tuple[str, bytes]:
    """The codec's name and the compressed bytes: zstd where it is installed, else zlib."""
    if zstd is None:
        return "zlib", zlib.compress(raw, ZLIB_LEVEL)
    return "zstd", zstd.compress(raw, level=ZSTD_LEVEL)


def decompress(codec: str, data: bytes) -> bytes:
    """The uncompressed chunk.  Raises `UnknownCodec`."""
    if codec == "zlib":
        return zlib.decompress(data)
    if codec == "zstd" and zstd is not None:
        return bytes(zstd.decompress(data))
    raise UnknownCodec(f"{codec!r}: install celery-tasklog[zstd] to read this chunk")


def counts_of(lines: Iterable[Line]) -> dict[str, dict[str, int]]:
    """How many lines of each stream have each level: `{"stdout": {"0": 812}, …}`."""
    counts: dict[str, dict[str, int]] = {}
    for (stream, level), count in Counter(map(_STREAM_AND_LEVEL, lines)).items():
        counts.setdefault(stream, {})[str(level)] = count
    return counts


def _runs(values: Sequence[Any]) -> list[tuple[Any, int]]:
    if values.count(values[0]) == len(values):  # most columns hold one value
        return [(values[0], len(values))]
    return [(value, len(list(group))) for value, group in groupby(values)]


def _from_runs(runs: list[tuple[Any, int]]) -> Iterator[Any]:
    return chain.from_iterable(repeat(value, count) for value, count in runs)


def _ranges(values: Sequence[int]) -> list[tuple[int, int]]:
    """Counting numbers as (start, length) wherever they go up by one."""
    if values == tuple(range(values[0], values[0] + len(values))):
        return [(values[0], len(values))]
    cuts = [i for i, (a, b) in enumerate(pairwise(values), start=1) if b != a + 1]
    bounds = pairwise([0, *cuts, len(values)])
    return [(values[start], end - start) for start, end in bounds]


def _from_ranges(ranges: list[tuple[int, int]]) -> Iterator[int]:
    return chain.from_iterable(range(start, start + length) for start, length in ranges)


def _steps(values: Sequence[int]) -> list[int]:
    """The first value, then the differences."""
    return [values[0], *map(sub, values[1:], values)]
