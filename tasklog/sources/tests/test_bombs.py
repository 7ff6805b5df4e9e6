"""What must not be unpacked, and what a damaged file says."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import stat
import struct
import tarfile
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tasklog.models import TaskRun
from tasklog.sources import unpack, uploads
from tasklog.sources.models import Upload
from tasklog.sources.refused import Refused

Take = Callable[..., Upload]


def archive(name: str = "a.log", data: bytes = b"x\n", *, mode: int = 0, times: int = 1) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for number in range(times):
            info = zipfile.ZipInfo(name if times == 1 else f"{number}{name}")
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(info, data)
    return packed.getvalue()


def tar() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as made:
        made.addfile(tarfile.TarInfo("a.log"))
    return packed.getvalue()


def encrypted() -> bytes:
    data = bytearray(archive())
    data[6] |= 1
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def bzip_inside() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_BZIP2) as made:
        made.writestr("a.log", b"x\n" * 100)
    return packed.getvalue()


# 5 MB that pack to about 15 kB.
DULL = (b"x" * 99 + b"\n") * 50_000

AT_ONCE = {
    "bzip2": (bz2.compress(b"x\n"), "bzip2 archive"),
    "xz": (lzma.compress(b"x\n"), "xz archive"),
    "tar": (tar(), "tar archive"),
    "picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "no text"),
    "program": (b"\x7fELF\2\1\1\0\0\0", "no text"),
    "nothing": (b"", "empty"),
    "parent": (archive("../../etc/passwd"), "no plain name"),
    "windows parent": (archive("..\\..\\x"), "no plain name"),
    "absolute": (archive("/etc/passwd"), "no plain name"),
    "drive": (archive("C:/x.log"), "no plain name"),
    "link": (archive(mode=stat.S_IFLNK | 0o777), "a link or a device"),
    "device": (archive(mode=stat.S_IFBLK | 0o600), "a link or a device"),
    "encrypted": (encrypted(), "encrypted"),
    "bzip2 in zip": (bzip_inside(), "not read"),
    "1,001 members": (archive(data=b"", times=1001), "more than 1,000"),
    "cut zip": (archive(data=b"abc" * 99)[:-30], "cut off"),
    "empty zip": (archive(times=0), "no files"),
}


@pytest.mark.parametrize("name", AT_ONCE)
def test_what_is_refused_at_once_leaves_nothing_behind(
    name: str, waiting: Take, upload_dir: Path
) -> None:
    data, told = AT_ONCE[name]
    with pytest.raises(Refused, match=told):
        waiting(data)
    assert list(upload_dir.iterdir()) == []
    assert not TaskRun.objects.exists()


def lying() -> bytes:
    """A zip that says it holds one byte and holds 5 MB."""
    data = bytearray(archive(data=DULL))
    for place in (22, data.rfind(b"PK\x01\x02") + 24):
        data[place : place + 4] = (1).to_bytes(4, "little")
    return bytes(data)


LATER = {
    "gzip bomb": (lambda: gzip.compress(DULL), "200 times its size"),
    "zip bomb": (lambda: archive(data=DULL), "200 times its size"),
    "lying zip": (lying, "200 times|damaged"),
    "gzip in gzip": (lambda: gzip.compress(gzip.compress(b"x\n")), "archive inside"),
    "zip in zip": (lambda: archive(data=archive()), "archive inside"),
    "tar in gzip": (lambda: gzip.compress(tar()), "tar archive"),
    "picture in gzip": (lambda: gzip.compress(b"\x89PNG\0"), "no text"),
    "cut gzip": (lambda: gzip.compress(b"line\n" * 5000)[:-20], "cut off"),
    "damaged gzip": (
        lambda: gzip.compress(bytes(range(32, 99)) * 9)[:40] + b"\xff" * 60,
        "damaged|cut off",
    ),
    "wrong checksum": (lambda: gzip.compress(b"x\n")[:-8] + b"\0" * 8, "damaged"),
}


@pytest.mark.parametrize("name", LATER)
def test_what_shows_while_it_is_read_ends_its_run_with_a_sentence(
    name: str, read: Take, upload_dir: Path
) -> None:
    make, told = LATER[name]
    upload = read(make())
    run = TaskRun.objects.get(pk=upload.run_id)
    assert (run.state, upload.state) == ("FAILURE", "failed")
    assert re.search(told, run.exception), run.exception
    assert upload.error == run.exception
    assert list(upload_dir.iterdir()) == []


def hundred_thousand_members() -> bytes:
    """A zip whose plain end says one member, and whose other one, which zipfile believes, all."""
    entry = b"PK\x01\x02" + struct.pack("<6H3I5H2I", *[20] * 6, 0, 0, 0, 1, *[0] * 6) + b"a"
    head, size = b"PK\x03\x04" + bytes(26), len(entry) * 100_000
    end64 = b"PK\x06\x06" + struct.pack("<Q2H2I4Q", 44, 45, 45, 0, 0, *[100_000] * 2, size, 30)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, 30 + size, 1)
    end = b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 1, 1, len(entry), 30, 0)
    return head + entry * 100_000 + end64 + locator + end


@pytest.mark.parametrize(
    "data",
    [archive(data=b"", times=1001), hundred_thousand_members()],
    ids=["as the zip says", "where the zip says one"],
)
def test_a_hundred_thousand_empty_members_are_refused_before_their_list_is_read(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.zip"
    path.write_bytes(data)
    assert len(zipfile.ZipFile(path).infolist()) > unpack.MEMBERS
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(Refused, match=r"more than"):
        unpack.parts_of(path)


def test_the_most_that_may_come_out_is_a_setting(read: Take, settings: Any) -> None:
    settings.CELERY_TASKLOG_UPLOAD_MAX_UNPACKED = 1000
    upload = read(gzip.compress(b"line\n" * 500))
    assert "more than 1,000 bytes" in upload.error


def test_size_and_quota_are_said_with_their_number(waiting: Take, settings: Any) -> None:
    settings.CELERY_TASKLOG_UPLOAD_MAX_BYTES = 10
    for more in ({}, {"size": 11}):
        with pytest.raises(Refused, match="larger than 10 bytes") as refused:
            waiting(b"x" * 11, **more)
        assert refused.value.status == 413
    settings.CELERY_TASKLOG_UPLOAD_FILES_A_DAY = 2
    waiting(b"x\n")
    waiting(b"x\n")
    with pytest.raises(Refused, match="2 files in 24 hours") as refused:
        waiting(b"x\n")
    assert refused.value.status == 429
    waiting(b"x\n", user="bob")
    settings.CELERY_TASKLOG_UPLOAD_BYTES_A_DAY = 3
    with pytest.raises(Refused, match="More than 3 bytes"):
        waiting(b"xxx\n", user="bob")


@pytest.mark.django_db(transaction=True)
def test_files_that_come_at_once_do_not_pass_the_quota_together(
    settings: Any, monkeypatch: pytest.MonkeyPatch, upload_dir: Path
) -> None:
    settings.CELERY_TASKLOG_UPLOAD_FILES_A_DAY = 1
    meeting, parts_of = threading.Barrier(3, timeout=30), unpack.parts_of

    def wait(path: Path) -> Any:
        meeting.wait()
        return parts_of(path)

    def send(_: int) -> str:
        try:
            return uploads.receive(io.BytesIO(b"x\n"), "a.log", "ada").name
        except Refused as refused:
            return str(refused)
        finally:
            connection.close()

    monkeypatch.setattr(unpack, "parts_of", wait)
    with ThreadPoolExecutor(3) as pool:
        told = list(pool.map(send, range(3)))
    assert told.count("a.log") == 1, told
    assert sum("1 files in 24 hours" in one for one in told) == 2
    assert (Upload.objects.count(), len([*upload_dir.iterdir()])) == (1, 1)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\logs\\app.log", "app.log"),
        ("a\nb\0.log", "a\\x0ab␀.log"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("\u202egnp.exe", "\\x202egnp.exe"),
        ("..", ".."),
        ("", "unnamed"),
        ("x" * 500, "x" * 199 + "…"),
    ],
)
def test_a_name_is_one_printable_line_and_never_a_path(sent: str, shown: str) -> None:
    assert uploads.plain_name(sent) == shown
