"""A run's lines as a file: streamed in windows, so a million lines need no memory.  WEB."""

from __future__ import annotations

import re
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from json.encoder import encode_basestring as _json

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_GET

from dashboard import ansi
from dashboard.access import run_or_404, signed_in
from dashboard.lines import kind_of
from dashboard.window import Asked
from tasklog.archive.reader import iter_windows
from tasklog.audit.trail import record
from tasklog.line import Line, level_name
from tasklog.live import sse, stored
from tasklog.models import TaskRun

# Seconds whose text is remembered.
SECONDS = 1024
# A cell that begins so would be a formula in a spreadsheet.
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
# A cell with one of these stands in quotes.
_QUOTED = re.compile('[",\r\n]')
_NAMES = ("number", "time", "attempt", "stream", "level", "logger", "message")


@require_GET
@signed_in
def download(request: HttpRequest, task_id: str) -> HttpResponseBase:
    """The lines of this view (its filters), or all of them without any."""
    run = run_or_404(request, task_id)
    kind = request.GET.get("format", "txt")
    if kind not in FORMATS:
        told = f"format must be one of {', '.join(FORMATS)}.\n"
        return HttpResponse(told, status=400, content_type="text/plain")
    content_type, head, write = FORMATS[kind]
    record("download", request=request, target=f"{run.name} {run.task_id}")
    windows = iter_windows(run.task_id, **Asked.read(request.GET).only.words)
    texts = ("".join(map(write, window)) for window in windows)
    return as_file(request, run, kind, content_type, chain([head] if head else [], texts))


def as_file(
    request: HttpRequest, run: TaskRun, kind: str, content_type: str, texts: Iterator[str]
) -> StreamingHttpResponse:
    """The texts as a file named after the run, packed where the browser takes that."""
    pieces: Iterator[bytes] = (text.encode("utf-8", "backslashreplace") for text in texts)
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    pieces = _gzipped(pieces) if packed else pieces
    body = _from_threads(pieces) if isinstance(request, ASGIRequest) else pieces
    response = StreamingHttpResponse(body, content_type=f"{content_type}; charset=utf-8")
    if packed:
        response["Content-Encoding"] = "gzip"
    response["Content-Disposition"] = f'attachment; filename="{file_name(run, kind)}"'
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def file_name(run: TaskRun, kind: str) -> str:
    """`orders.import_feed-5f3c1a2b.txt`, at most 100 characters that every system allows."""
    words = re.sub("[^A-Za-z0-9._-]+", "_", f"{run.name[:50] or 'task'}-{run.task_id[:36]}")
    # A hidden file, or one that looks like an option, would surprise.
    return f"{words.strip('._-') or 'task'}.{kind}"


class _Seconds(dict[int, str]):
    """The text of each second; a log says the same one many times over."""

    def __missing__(self, second: int) -> str:
        if len(self) >= SECONDS:
            self.clear()
        text = self[second] = f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"
        return text


_seconds = _Seconds()


def _time(at: int) -> str:
    return f"{_seconds[at // 1_000_000]}.{at % 1_000_000:06}Z"


def as_text(line: Line) -> str:
    _, at, stream, level, logger, message, _, _, _ = line
    if "\x1b" in message:
        message = ansi.strip(message)
    source = f"{logger}: " if logger else ""
    return f"{_time(at)} {kind_of(stream, level):<5} {source}{message}\n"


def as_object(line: Line) -> str:
    """Written by hand, around strings that `json` quotes: a third of the time of `json.dumps`."""
    number, at, stream, level, logger, message, attempt, _, _ = line
    return (
        f'{{"number": {number}, "time": "{_time(at)}", "attempt": {attempt}, "stream": "{stream}", '
        f'"level": {_json(level_name(level))}, "logger": {_json(logger)}, '
        f'"message": {_json(message)}}}\n'
    )


def as_record(line: Line) -> str:
    """One line of the file.  Only the last two cells hold what a task wrote.

    Written by hand: the `csv` module takes twice the time, and the other cells need no quotes.
    """
    number, at, stream, level, logger, message, attempt, _, _ = line
    name = _level(level)
    return f"{number},{_time(at)},{attempt},{stream},{name},{_cell(logger)},{_cell(message)}\r\n"


@lru_cache(maxsize=256)
def _level(level: int) -> str:
    """A home-made level may have any name."""
    return _cell(level_name(level))


def _cell(text: str) -> str:
    if text[:1] in _FORMULA:
        text = f"'{text}"
    return f'"{text.replace('"', '""')}"' if _QUOTED.search(text) else text


async def _from_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Under ASGI Django would first read a plain iterator to its end into memory."""
    await sse.release_request()
    while piece := await stored.read(next, pieces, b""):
        yield piece


def _gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(level=1, wbits=31)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


# The content type, what stands at the file's head, how a line is written.
FORMATS: dict[str, tuple[str, str, Callable[[Line], str]]] = {
    "txt": ("text/plain", "", as_text),
    "jsonl": ("application/x-ndjson", "", as_object),
    "csv": ("text/csv", ",".join(_NAMES) + "\r\n", as_record),
}
