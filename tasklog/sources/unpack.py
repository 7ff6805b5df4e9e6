"""What is inside an uploaded file: itself, what a gz holds, the members of a zip.  BOTH.

Names and sizes in an archive are claims.  What is unpacked is counted while it is unpacked, and
nothing is ever written under a name from inside.
"""

from __future__ import annotations

import gzip
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from tasklog.conf import conf
from tasklog.sources.blocks import Readable
from tasklog.sources.refused import Refused

RATIO = 200
# Below this a high ratio is a dull log, not a bomb.
ALWAYS = 1024 * 1024
MEMBERS = 1_000
# The list of members in a zip: a thousand of them with long names fit well.
DIRECTORY = 2 * 1024 * 1024
_END = b"PK\x05\x06"
_END64 = b"PK\x06\x07"
_GZIP, _ZIP = b"\x1f\x8b", (b"PK\x03\x04", _END)
_ARCHIVES = (
    (b"BZh", "bzip2"), (b"\xfd7zXZ\x00", "xz"), (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!", "rar"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"\x04\x22\x4d\x18", "lz4"),
)  # fmt: skip
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# What reading a damaged file raises.
DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Part:
    """One text in the file; `weight` is its share of the bytes that were sent."""

    name: str
    weight: int
    size: int | None
    open: Callable[[], BinaryIO]


class Counted:
    """A stream that counts what it gives and ends a bomb in the middle."""

    def __init__(self, stream: Readable, sent: int, before: int) -> None:
        self.stream = stream
        self.total = before
        self.most = conf().upload_max_unpacked
        self.by_ratio = max(sent * RATIO, ALWAYS)

    def read(self, size: int, /) -> bytes:
        found = self.stream.read(size)
        self.total += len(found)
        if self.total > self.most:
            raise Refused(f"It unpacks to more than {self.most:,} bytes.", 413)
        if self.total > self.by_ratio:
            raise Refused(f"It unpacks to more than {RATIO} times its size.", 413)
        return found


def parts_of(path: Path) -> list[Part]:
    """What there is to read.  Raises `Refused`."""
    with path.open("rb") as file:
        head = file.read(8192)
    size = path.stat().st_size
    if head.startswith(_GZIP):
        return [Part("", size, None, lambda: _gzip(path))]
    if head.startswith(_ZIP):
        return _members(path)
    check_text(head)
    if not size:
        raise Refused("The file is empty.")
    return [Part("", size, size, lambda: path.open("rb"))]


def check_text(head: bytes) -> None:
    """Raises `Refused` for the beginning of what is no text that we read."""
    for mark, name in _ARCHIVES:
        if head.startswith(mark):
            raise Refused(f"This is a {name} archive. Send text, gz or zip.")
    if head[257:262] == b"ustar":
        raise Refused("This is a tar archive. Send the files in it, or a zip.")
    if b"\0" in head[:4096] and not head.startswith(_UTF16):
        raise Refused("This is no text: it holds NUL bytes. Send text, gz or zip.")


def check_inside(head: bytes) -> None:
    """The same for what was unpacked: an archive in an archive stays closed."""
    if head.startswith((_GZIP, *_ZIP)):
        raise Refused("There is an archive inside this archive. Send that one alone.")
    check_text(head)


def _gzip(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path, "rb"))


def _members(path: Path) -> list[Part]:
    check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            found = [info for info in archive.infolist() if not info.is_dir()]
    except DAMAGE as error:
        raise Refused(f"This zip is damaged: {error}.") from error
    for info in found:
        _check_member(info)
    if not found:
        raise Refused("This zip holds no files.")
    return [
        Part(info.filename, info.compress_size, info.file_size, partial(_member, path, info))
        for info in found
    ]


def check_directory(path: Path) -> None:
    """Before the list of members is read at all: a hostile one would fill the memory."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - 65_557, 0))
        tail = file.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < 22:
        raise Refused("This zip is cut off: its end is missing.")
    if tail[max(place - 20, 0) : place].startswith(_END64):
        # Its other list may be of any size, and zipfile reads that one.
        raise Refused("This zip is of the kind for more than 65,535 files or 4 GiB (zip64).", 413)
    entries, length = struct.unpack_from("<HI", tail, place + 10)
    if entries > MEMBERS or length > DIRECTORY:
        raise Refused(f"This zip holds more than {MEMBERS:,} files.", 413)


def _check_member(info: zipfile.ZipInfo) -> None:
    name, mode = info.filename.replace("\\", "/"), info.external_attr >> 16
    if name.startswith("/") or ":" in name[:3] or ".." in name.split("/"):
        raise Refused(f"“{info.filename[:100]}” in this zip is no plain name.")
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        raise Refused(f"“{info.filename[:100]}” in this zip is no file but a link or a device.")
    if info.flag_bits & 1:
        raise Refused("This zip is encrypted.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused("This zip is packed in a way that is not read. Use deflate.")


def _member(path: Path, info: zipfile.ZipInfo) -> BinaryIO:
    archive = zipfile.ZipFile(path)
    opened = archive.open(info)
    archive.close()  # the file stays open until its last member is closed
    return cast("BinaryIO", opened)


def told(error: BaseException) -> str:
    """What a damaged archive means."""
    if isinstance(error, EOFError):
        return "The file is cut off: it ends in the middle of what it holds. Send it again."
    return f"The file is damaged: {str(error)[:200]}."
