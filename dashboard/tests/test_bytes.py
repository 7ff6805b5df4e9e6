"""Whatever a task writes comes out of every way as it was stored, and costs no other line."""

from __future__ import annotations

import html
import json
import random
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from dashboard.lines import render
from tasklog.archive.archiving import archive_run
from tasklog.archive.reader import read_lines
from tasklog.live import sse
from tasklog.models import TaskLogLine
from tasklog.plain import strip
from tasklog.spool.record import encode_line, line_prefix
from tasklog.tests.faults.written import Written, drain

pytestmark = pytest.mark.django_db(transaction=True)

E = "\x1b"
SAMPLES = (
    # NUL, lone surrogates, what is left of bytes that are no UTF-8
    "\0", "a\0b", "\0\0\0",
    "\ud800", "\udfff", "a\udce4b", "\udcff\udcfe", "\ud83d", "\ude00\ud83d",
    # C0 and C1
    *map(chr, (1, 7, 8, 9, 0x0B, 0x0C, 0x0E, 0x1A, 0x1C, 0x1F, 0x7F, 0x85, 0x9B, 0x9D)),
    # ANSI, whole and unfinished
    f"{E}[31mred{E}[0m", f"{E}[", f"{E}]", f"{E}", f"{E}[38;5;", f"{E}]0;title", f"{E}]0;title\x07",
    f"{E}]8;;https://x.example{E}\\link{E}]8;;{E}\\", f"{E}P1$r{E}\\", f"{E}[2J{E}[H",
    f"{E}[999999999m",
    # Ends of lines that end none here
    "a\u2028b", "a\u2029b", "a\u0085b", "a\x0bb", "a\x1eb", "a\rb",
    # Marks of direction, joiners, combining and four-byte characters
    "\u202egnp.exe", "\u2066x\u2069", "\u200f", "\ufeff", "\u200b", "e\u0301", "e" + "\u0301" * 50,
    "👩‍👩‍👧‍👦", "🇩🇪", "𝔘𝔫𝔦", "\U0010ffff", "\ufffe", "\ufdd0", "ﷺ", "ß", "İ", "ı", "日本語", "नमस्ते",
    # What others would take for an order
    "<script>alert(1)</script>", "&amp;", "%s %d {0}", "'; DROP TABLE x;--", "\\x00", "\\", '"',
    "--",
    "id: 9", "event: end", "data: x", ":", " ", "\t", "",
)  # fmt: skip


def as_stored(text: str) -> str:
    """The rule: NUL is drawn, what is no character is spelled."""
    return text.replace("\0", "\u2400").encode("utf-8", "backslashreplace").decode()


def between(number: int, text: str) -> str:
    """The line, between two words that no other has."""
    return f"before{number:05} {text} after{number:05}"


def write(folder: Path, texts: Iterable[str]) -> None:
    """A run of these lines."""
    written = Written("t")
    prefix, at = line_prefix("t", written.hexed, 0), int(written.now * 1e6)
    lines = [
        encode_line(prefix, seq, at, "o", 0, "", between(seq, text))
        for seq, text in enumerate(texts, 1)
    ]
    end = written.event("E", {"state": "SUCCESS", "emitted": len(lines)})
    written.records = [written.records[0], *lines, end]
    written.leave(folder)
    drain(folder)


def wanted() -> list[str]:
    return [as_stored(between(n, text)) for n, text in enumerate(SAMPLES, 1)]


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    spool = tmp_path / "spool"
    spool.mkdir()
    settings.CELERY_TASKLOG_SPOOL_DIR = str(spool)
    return spool


def told(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return (b"".join(response) if response.streaming else response.content).decode()


@pytest.mark.parametrize("archived", [False, True])
def test_each_sample_comes_out_of_every_way(
    folder: Path, admin_client: Client, archived: bool
) -> None:
    write(folder, SAMPLES)
    if archived:
        archive_run("t")
    assert TaskLogLine.objects.exists() is not archived
    lines = read_lines("t")
    assert [line.message for line in lines] == wanted()
    assert programs(admin_client) == [wanted(), wanted()]
    page = told(admin_client, "/runs/t/?level=all")
    frame = sse.frame("lines", render(lines), 7).decode()
    fields = [text.partition(":")[0] for text in re.split(r"\r\n|\r|\n", frame)]
    assert fields.count("id") == fields.count("event") == 1
    file = told(admin_client, "/runs/t/download/?format=txt")
    drawn = [html.unescape(re.sub(r"<[^>]+>", "", way)) for way in (page, frame)]
    for number, text in enumerate(wanted(), 1):
        assert text in file or strip(text) in file, text
        for way in drawn:
            # A sequence of the terminal that is unfinished takes some of what follows with it.
            assert f"before{number:05} " in way, text
            assert not text.isprintable() or text in way


def programs(client: Client) -> list[list[str]]:
    """The messages of the API and of the file for programs."""
    answer = json.loads(told(client, "/tasklog/api/tasks/t/lines/?limit=1000"))
    file = told(client, "/runs/t/download/?format=jsonl").split("\n")[:-1]
    return [
        [line["message"] for line in answer["results"]],
        [json.loads(row)["message"] for row in file],
    ]


def test_each_sample_is_found_by_the_words_around_it(folder: Path, admin_client: Client) -> None:
    """Behind a NUL SQLite would find nothing any more."""
    write(folder, SAMPLES)
    for number in range(1, len(SAMPLES) + 1):
        page = told(admin_client, f"/search/?q=after{number:05}")
        assert f"before{number:05} " in re.sub(r"<[^>]+>", "", page), SAMPLES[number - 1]


def test_ten_thousand_random_lines_cost_no_neighbour(folder: Path) -> None:
    dice = random.Random(21)
    texts = [
        "".join(
            chr(dice.choice((dice.randrange(10), dice.randrange(11, 0x110000)))) for _ in "abcdefgh"
        )
        for _ in range(10_000)
    ]
    write(folder, texts)
    stored = TaskLogLine.objects.of("t").filter(stream="stdout").order_by("number")
    for (number, text), message in zip(
        enumerate(texts, 1), stored.values_list("message", flat=True), strict=True
    ):
        assert message == as_stored(between(number, text))
