"""Files in a folder that CELERY_TASKLOG_SOURCE_DIRS allows, followed as `tail -F` does.

A file is known by its inode and its beginning, so one that was rotated is read to its end under
its new name, and one that was cut begins anew.  A line counts once its end is written, or when
nobody has written to its file for five minutes.
"""

from __future__ import annotations

import hashlib
import os
import stat
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from django import forms

from tasklog.conf import conf
from tasklog.notify.transport import TransportError
from tasklog.sealed import SealedForm
from tasklog.sources.kinds.base import Batch, Event
from tasklog.sources.tails import whole_lines

MOST_BYTES = 2 * 1024 * 1024
MOST_FILES = 100
HEAD = 256
# A line whose end is not written is waited for until its file is so old (seconds).
UNFINISHED = 300


class FolderForm(SealedForm):
    """Which files."""

    folder = forms.CharField(label="Folder", max_length=500)
    pattern = forms.RegexField(
        r"^[^/\x00]{1,100}$", label="Files", initial="*.log", help_text="A shell pattern.",
        error_messages={"invalid": "Give a pattern such as *.log, without a slash."},
    )  # fmt: skip
    from_start = forms.BooleanField(label="Also what is in them now", required=False, initial=True)

    def clean_folder(self) -> str:
        try:
            return str(allowed(self.cleaned_data["folder"]))
        except TransportError as error:
            raise forms.ValidationError(str(error)) from error


def allowed(text: str) -> Path:
    """The real folder.  Raises `TransportError` where it lies in none of those allowed."""
    roots = [Path(root).resolve() for root in conf().source_dirs]
    if "\0" in text:
        raise TransportError("This is no folder.", permanent=True)
    found = Path(text).resolve()
    if not any(found.is_relative_to(root) for root in roots):
        told = ", ".join(map(str, roots)) or "none: set CELERY_TASKLOG_SOURCE_DIRS"
        raise TransportError(f"This folder is not allowed. Allowed are {told}.", permanent=True)
    return found


def fetch(settings: dict[str, Any], cursor: dict[str, Any], now: datetime) -> Batch:
    """What was written to one of the files since; the others wait for the next call."""
    known: dict[str, dict[str, Any]] = dict(cursor.get("files", {}))
    skip = not cursor and not settings.get("from_start", True)
    there = _files(allowed(settings["folder"]), settings["pattern"], known)
    known = {key: place for key, place in known.items() if key in there}
    events: list[Event] = []
    more = False
    for key, path in there.items():
        lines, place, left = _read(path, known.get(key), now.timestamp(), skip=skip)
        known[key] = place
        events += [Event("", None, line, key) for line in lines]
        if left or len(events) > 5_000:
            more = True
            break
    return Batch(events, {"files": known, "begun": True}, more)


def _files(folder: Path, pattern: str, known: dict[str, dict[str, Any]]) -> dict[str, Path]:
    """Plain files of the pattern, and those begun that have another name now."""
    found: dict[str, Path] = {}
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise TransportError(f"The folder cannot be read: {error.strerror}.") from error
    for entry in entries:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        key = f"{status.st_dev}:{status.st_ino}"
        wanted = key in known or fnmatchcase(entry.name, pattern)
        if wanted and stat.S_ISREG(status.st_mode) and len(found) < MOST_FILES:
            found[key] = Path(entry.path)
    return found


def _read(
    path: Path, place: dict[str, Any] | None, now: float, *, skip: bool
) -> tuple[list[str], dict[str, Any], bool]:
    """Whole lines from the place on, the place behind them, and whether more is there."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return [], place or {"end": 0, "head": ""}, False
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        end = _end(file, place, status.st_size, skip=skip)
        within = _within(file, place, end)
        data = file.read(MOST_BYTES)
        given_up = now - status.st_mtime > UNFINISHED and end + len(data) == status.st_size
        tail = whole_lines(data, MOST_BYTES, within=within, ended=given_up)
        end += tail.used
        file.seek(0)
        head = file.read(min(HEAD, end))
    here = {"end": end, "head": _digest(head), "size": len(head)}
    if tail.within:
        here["within"] = True
    return tail.lines, here, end < status.st_size and tail.used > 0


def _within(file: Any, place: dict[str, Any] | None, end: int) -> bool:
    """Whether the file, read on from `end`, begins amid a line that was cut or passed over."""
    if place is not None:
        file.seek(end)
        return bool(place.get("within")) and end == place["end"]
    file.seek(max(end - 1, 0))
    return bool(end) and file.read(1) != b"\n"


def _end(file: Any, place: dict[str, Any] | None, size: int, *, skip: bool) -> int:
    if place is None:
        return size if skip else 0
    beginning = file.read(place.get("size", 0))
    same = place["end"] <= size and _digest(beginning) == place["head"]
    return int(place["end"]) if same or not place["head"] else 0


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
