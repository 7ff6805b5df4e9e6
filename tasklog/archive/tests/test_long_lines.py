"""Lines of a quarter of a megabyte: what is read at a time stays small."""

import pytest

from tasklog.archive import archiving, chunks, reader, rows
from tasklog.archive.archiving import archive_run
from tasklog.archive.find import find
from tasklog.archive.merged import Strand
from tasklog.archive.only import Only
from tasklog.archive.reader import iter_lines, iter_windows, read_lines
from tasklog.models import LogChunk, TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["rows", "chunks"])
def run(request):
    make_run("x" * 50_000)
    if request.param == "chunks":
        archive_run("r")


def make_run(text, lines=30):
    run = TaskRun.objects.create(task_id="r", line_count=lines)
    TaskLogLine.objects.bulk_create(
        TaskLogLine(task=run, number=n, message=f"{n} {text}") for n in range(1, lines + 1)
    )


def test_a_chunk_has_fewer_lines_where_they_are_long(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_CHARS", 200_000)
    monkeypatch.setattr(rows, "PART", 2)
    make_run("x" * 50_000)
    before = read_lines("r")
    assert archive_run("r") == 30
    counts = LogChunk.objects.order_by("first").values_list("count", flat=True)
    assert max(counts) <= 5
    assert sum(counts) == 30
    assert read_lines("r") == before


def test_a_download_reads_fewer_lines_where_they_are_long(run, monkeypatch):
    asked = []
    monkeypatch.setattr(reader, "PART", 2)
    monkeypatch.setattr(reader, "CHARS", 200_000)
    monkeypatch.setattr(
        reader, "read_lines", lambda *a, **k: asked.append(k["limit"]) or read_lines(*a, **k)
    )
    assert [line.number for line in iter_lines("r")] == list(range(1, 31))
    assert max(asked) <= 4


def test_a_piece_of_a_download_is_bounded_by_its_text(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_CHARS", 200_000)
    monkeypatch.setattr(rows, "PART", 2)
    monkeypatch.setattr(reader, "PART", 2)
    monkeypatch.setattr(reader, "CHARS", 200_000)
    make_run("x" * 50_000)
    for _ in ("rows", "chunks"):
        windows = list(iter_windows("r"))
        assert max(map(len, windows)) <= 5
        assert sum(map(len, windows)) == 30
        archive_run("r")


def test_a_window_may_ask_for_the_beginning_of_each_line(run):
    lines = read_lines("r", q="30 x", cut=10)
    assert [(line.number, line.message) for line in lines] == [(30, "30 xxxxxxx")]
    assert {len(line.message) for line in read_lines("r", newest=True, cut=10)} == {10}


def test_what_is_found_is_the_number(run):
    assert find([Strand("r", 0, 0, 30, 0, 0)], Only(q="17 xxx"), {}).spot == ("r", 17)


def test_lines_that_become_a_chunk_while_they_are_read_come_once(monkeypatch):
    """The archive moves them between the look at the rows and the look at the chunks."""
    make_run("short")
    look = reader._chunked

    def after_the_move(*args, **options):
        archiving.archive_step("r")
        return look(*args, **options)

    monkeypatch.setattr(reader, "_chunked", after_the_move)
    monkeypatch.setattr(chunks, "CHUNK_LINES", 10)
    everything = list(range(1, 31))
    assert [line.number for line in read_lines("r")] == everything
    assert [line.number for line in read_lines("r", newest=True)] == everything
    assert [line.number for line in read_lines("r", limit=25, newest=True)] == everything[5:]
