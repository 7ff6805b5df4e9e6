"""The private folder of uploaded files.  BOTH.

Names in it are made here; nothing that somebody typed is ever a part of a path.
"""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path
from typing import BinaryIO

from tasklog.conf import conf
from tasklog.sources.blocks import Readable
from tasklog.sources.refused import Refused

CHUNK = 256 * 1024
_NAME = re.compile(r"[0-9a-f]{32}(\.gz)?")


def folder() -> Path:
    """Made when it is needed, for our own account alone."""
    path = conf().upload_dir
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def is_ours(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def path_of(name: str) -> Path:
    """Raises FileNotFoundError for a name that was not made here."""
    if not is_ours(name):
        raise FileNotFoundError(name)
    return folder() / name


def create(suffix: str = "") -> tuple[str, BinaryIO]:
    """A new file, and its name."""
    name = uuid.uuid4().hex + suffix
    handle = os.open(path_of(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    return name, os.fdopen(handle, "wb")


def save(stream: Readable, most: int) -> tuple[str, int]:
    """Streams it into a new file: its name and size.  Raises `Refused` past `most` bytes."""
    name, file = create()
    size = 0
    try:
        with file:
            while piece := stream.read(CHUNK):
                size += len(piece)
                if size > most:
                    raise too_large(most)  # noqa: TRY301
                file.write(piece)
    except BaseException:
        delete(name)
        raise
    return name, size


def too_large(most: int) -> Refused:
    return Refused(f"It is larger than {most:,} bytes.", 413)


def delete(name: str) -> None:
    """Gone, also when it was gone before."""
    if name:
        path_of(name).unlink(missing_ok=True)
