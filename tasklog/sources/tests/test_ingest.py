"""A file becomes a run."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from tasklog.archive import retention
from tasklog.archive.archiving import archive_run
from tasklog.archive.reader import read_lines
from tasklog.models import TaskLogLine, TaskRun
from tasklog.sources import blocks, files, ingest, uploads
from tasklog.sources.models import Upload
from tasklog.sources.refused import Refused
from tasklog.sources.tasks import (
    compress_log_file,
    extract_log_metadata,
    parse_structured_logs,
)
from tasklog.sources.tests.conftest import messages

Take = Callable[..., Upload]


def json_lines(count: int) -> bytes:
    lines = (
        {"time": 1_795_244_709 + n, "level": "error" if n % 10 == 0 else "info", "msg": f"line {n}"}
        for n in range(count)
    )
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return packed.getvalue()


def test_an_upload_is_a_run_with_parsed_lines(read: Take) -> None:
    upload = read(json_lines(30), "app.jsonl")
    run = TaskRun.objects.get(pk=upload.run_id)
    assert (run.name, run.source, run.state) == ("upload:app.jsonl", "upload app.jsonl", "SUCCESS")
    assert (run.line_count, run.error_count, run.triggered_by, run.progress) == (30, 3, "ada", 100)
    assert "30 lines, JSON lines, 2026-11-21 07:05:09 to 2026-11-21 07:05:38 UTC" in run.result
    first = TaskLogLine.objects.of(run.pk)[0]
    assert (first.level, first.message, first.stream) == (40, "line 0", "log")
    assert first.timestamp.isoformat() == "2026-11-21T07:05:09+00:00"
    assert upload.state == "done"
    assert upload.stored_as == ""


def test_no_cap_of_tasks_cuts_an_upload_and_its_lines_are_archived_alike(
    read: Take, settings: Any
) -> None:
    settings.CELERY_TASKLOG_MAX_LINES = 10
    upload = read(json_lines(40))
    assert len(messages(upload)) == 40
    before = read_lines(upload.run_id)
    assert archive_run(upload.run_id) == 40
    assert read_lines(upload.run_id) == before
    retention.delete_run(upload.run_id)
    assert not TaskRun.objects.exists()


def test_a_traceback_carries_the_time_and_level_of_its_record(read: Take) -> None:
    text = (
        "2026-11-21 07:05:09,123 ERROR orders: failed\nTraceback (most recent call last):\n"
        '  File "x.py", line 1, in f\n    g()\nValueError: no\n'
        "2026-11-21 07:05:10,000 INFO orders: next\n"
    )
    upload = read(text.encode())
    lines = list(TaskLogLine.objects.of(upload.run_id))
    assert [line.level for line in lines] == [40] * 5 + [20]
    assert len({line.timestamp for line in lines[:5]}) == 1
    assert {line.logger for line in lines} == {"orders"}


def test_a_traceback_between_json_lines_belongs_to_the_line_before(read: Take) -> None:
    trace = b'Traceback (most recent call last):\n  File "x.py", line 1\nKeyError: 1\n'
    upload = read(json_lines(5) + trace + json_lines(1))
    assert upload.summary["errors"] == 0
    assert messages(upload)[5:8] == trace.decode().splitlines()


def test_lines_that_cannot_be_read_are_kept_counted_and_sampled(read: Take) -> None:
    data = json_lines(50) + b"".join(b"oops %d\n" % n for n in range(25)) + json_lines(50)
    upload = read(data)
    assert upload.summary["errors"] == 25
    assert upload.summary["samples"][0] == [51, "oops 0"]
    assert len(upload.summary["samples"]) == 20
    assert "oops 24" in messages(upload)
    assert "25 lines are not JSON lines and were kept as they are: 51, 52," in messages(upload)[-1]


def test_encodings_may_be_mixed_and_hostile_characters_do_no_harm(read: Take) -> None:
    data = (
        "größe\n".encode() + "größe\n".encode("cp1252") + b"\x81\x9d\xff\n" + b"a\0b \x1b[31m\r\n"
    )
    assert messages(read(b"plain\n" * 1000 + data))[-4:] == [
        "größe", "größe", "\\x81\\x9d\\xff", "a␀b \x1b[31m",
    ]  # fmt: skip
    half = b'{"logger": "\\udcff", "msg": "half \\ud800 a \\u0000"}\n'
    assert messages(read(half)) == ["half \\ud800 a ␀"]
    assert messages(read("größe\nnext\n".encode("utf-16"))) == ["größe", "next"]
    assert messages(read("größe\n".encode("utf-8-sig"))) == ["größe"]


def test_names_that_no_database_takes_are_stored_readably(read: Take) -> None:
    long = json.dumps({"logger": "x" * 300, "msg": "long"})
    upload = read(b'{"logger": "a\\u0000b", "msg": "nul"}\n' + long.encode() + b"\n")
    assert [line.logger for line in TaskLogLine.objects.of(upload.run_id)] == [
        "a␀b", "x" * 254 + "…",
    ]  # fmt: skip


BEGIN, END = (f"-----{word} PRIVATE KEY-----" for word in ("BEGIN", "END"))
KEY = [BEGIN, *["MIIEvQIBADANBgkqhkiG9w0B"] * 3, END]


@pytest.mark.parametrize(
    "data",
    [
        json.dumps({"msg": "\n".join(["the key:", *KEY, "done"])}).encode(),
        json_lines(9) + "\n".join(["the key:", *KEY, "done"]).encode(),
    ],
    ids=["in one record", "a line each"],
)
def test_a_key_of_many_lines_is_masked_also_across_a_restart(
    data: bytes, read: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "CHUNK", 40)  # each block is written down and gone on from
    fresh = ingest.Reading._store

    def forgetful(self: Any, records: Any, *more: Any) -> None:
        fresh(self, records, *more)
        records.__init__(records.task_id, records.parser, records.summary, records.memory, 0)

    monkeypatch.setattr(ingest.Reading, "_store", forgetful)
    upload = read(data)
    assert "done" in messages(upload)
    told = json.dumps([messages(upload), upload.summary])
    assert "[masked]" in told
    assert "MIIEvQ" not in told


def test_one_line_of_100_mb_is_cut_and_its_neighbours_stay() -> None:
    class Endless:
        left = 200

        def read(self, size: int, /) -> bytes:
            self.left -= 1
            return b"x" * 524_288 if self.left >= 0 else (b"\nend\n" if self.left == -1 else b"")

    found = [line for block in blocks.blocks(Endless(), 1000) for line in block.lines]
    assert found == ["x" * 1000 + " … [cut: 104,857,600 bytes]", "end"]


@pytest.mark.parametrize("chunk", [1, 7, 64, 100_000])
def test_blocks_end_where_a_line_ends(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "CHUNK", chunk)
    monkeypatch.setattr(blocks, "LINES", 3)
    data = b"one\n\n\ntwo\r\n" + b"y" * 40 + b"\nlast without end"
    lines: list[str] = []
    for block in blocks.blocks(io.BytesIO(data), 30):
        lines += block.lines
        assert block.end == len(data) or data[: block.end].endswith(b"\n")
        again = io.BytesIO(data)
        blocks.skip(again, block.end)
        rest = [line for one in blocks.blocks(again, 30, block.end) for line in one.lines]
        assert [*lines, *rest] == [
            "one", "", "", "two", "y" * 30 + " … [cut: 40 bytes]", "last without end",
        ]  # fmt: skip


@pytest.mark.parametrize("packed", [lambda d: d, gzip.compress, lambda d: zipped(a__log=d)])
def test_killed_anywhere_and_started_again_nothing_is_lost_or_doubled(
    packed: Any, waiting: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "CHUNK", 300)
    upload = waiting(packed(json_lines(400)))
    store, calls = ingest.Reading._store, []

    def dying(self: Any, *args: Any) -> None:
        calls.append(1)
        if len(calls) % 3 == 0:
            raise MemoryError
        store(self, *args)

    monkeypatch.setattr(ingest.Reading, "_store", dying)
    for _ in range(200):
        try:
            ingest.process(upload.pk)
        except MemoryError:
            continue
        break
    ours = [text for text in messages(upload) if text.startswith("line ")]
    assert ours == [f"line {n}" for n in range(400)]
    upload.refresh_from_db()
    assert (upload.state, upload.summary["lines"]) == ("done", 400)
    assert len(calls) > 9


@pytest.mark.parametrize("packed", [lambda d: d, gzip.compress, lambda d: zipped(a__log=d)])
def test_a_file_is_read_in_turns_and_nothing_is_lost_between(
    packed: Any, waiting: Take, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.CELERY_TASKLOG_UPLOAD_SECONDS = 0
    monkeypatch.setattr(blocks, "CHUNK", 300)
    upload = waiting(packed(json_lines(100)))
    queued: list[int] = []
    monkeypatch.setattr(uploads, "queue", lambda one: queued.append(one.pk))
    told = ingest.process(upload.pk)
    assert told == "app.log: the rest is read after what else waits."
    while queued:
        told = ingest.process(queued.pop())
    assert "100 lines, JSON lines" in told
    assert [text for text in messages(upload) if text[:4] == "line"] == [
        f"line {n}" for n in range(100)
    ]


def test_lines_at_which_every_worker_ends_are_left_after_the_fifth(
    waiting: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "LINES", 10)
    upload = waiting(json_lines(30))
    store = ingest.Reading._store

    def dying(self: Any, records: Any, block: Any, *more: Any) -> None:
        if self.summary.lines:
            raise MemoryError
        store(self, records, block, *more)

    monkeypatch.setattr(ingest.Reading, "_store", dying)
    for _ in range(ingest.TRIES + 1):  # the first of them has stored ten lines
        with pytest.raises(MemoryError):
            ingest.process(upload.pk)
    assert ingest.process(upload.pk) == "5 workers ended while they read on from line 11."
    run = TaskRun.objects.get(pk=upload.run_id)
    assert (run.state, run.exception) == ("FAILURE", Upload.objects.get().error)
    assert messages(upload)[:10] == [f"line {n}" for n in range(10)]


def test_lines_inside_a_record_count_among_the_most(
    read: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "MOST_LINES", 50)
    assert read(json.dumps({"msg": "a\n" * 40}).encode()).state == "done"
    assert "more than 50 lines" in read(json.dumps({"msg": "a\n" * 60}).encode()).error


def test_two_workers_at_one_file_store_it_once(
    waiting: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "delete", lambda name: None)  # the second one holds it open
    upload = waiting(json_lines(10))
    first, second = ingest.Reading(upload), ingest.Reading(Upload.objects.get(pk=upload.pk))
    assert "10 lines" in first.run()
    with pytest.raises(ingest.Elsewhere):
        second.run()
    assert ingest.process(upload.pk) == "app.log was read already."
    assert len(messages(upload)) == 10


def test_the_members_of_a_zip_follow_each_other_each_in_its_format(read: Take) -> None:
    upload = read(zipped(a__jsonl=json_lines(2), b__log=b"2026-11-21 07:05:09,123 INFO x: hi\n"))
    assert messages(upload) == ["From 'a.jsonl'", "line 0", "line 1", "From 'b.log'", "hi"]
    assert upload.summary["format"] == "mixed"


def test_a_format_that_was_chosen_is_not_guessed(read: Take, waiting: Take) -> None:
    assert messages(read(json_lines(1), chosen="plain")) == [json_lines(1).decode().strip()]
    with pytest.raises(Refused, match="There are json, csv"):
        waiting(b"x", chosen="xml")


def test_a_wrong_ending_does_not_matter_the_content_does(read: Take) -> None:
    assert len(messages(read(gzip.compress(json_lines(3)), "app.csv"))) == 3
    assert len(messages(read(json_lines(3), "app.zip"))) == 3


def test_formulas_and_lines_that_imitate_ours_stay_text(read: Take) -> None:
    evil = 'time,level,message\n2026-11-21 07:05:09,INFO,"=HYPERLINK(""http://evil"")"\n'
    assert messages(read(evil.encode()))[-1] == '=HYPERLINK("http://evil")'
    upload = read(b'{"task_id": "another", "source": "", "level": "info", "msg": "<script>"}\n')
    line = TaskLogLine.objects.get(message__contains="<script>")
    assert line.task_id == upload.run_id
    assert TaskRun.objects.get(pk=upload.run_id).source == "upload app.log"


def test_a_run_that_was_deleted_takes_its_upload_along(waiting: Take) -> None:
    upload = waiting(json_lines(3))
    retention.delete_run(upload.run_id)
    assert "was deleted" in ingest.process(upload.pk)
    assert not TaskRun.objects.exists()
    assert not Upload.objects.exists()


def test_what_can_be_asked_before_a_file_is_read(waiting: Take) -> None:
    upload = waiting(json_lines(100))
    assert parse_structured_logs(upload.pk, 1)[0]["message"] == "line 0"
    assert extract_log_metadata(upload.pk)["levels"] == {"INFO": 90, "ERROR": 10}
    assert compress_log_file(upload.pk) > 1000
    ingest.process(upload.pk)
    assert extract_log_metadata(upload.pk)["lines"] == 100
    assert len(messages(upload)) == 100


def test_what_a_dead_worker_left_is_taken_up_and_what_lost_its_run_forgotten(
    waiting: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = waiting(json_lines(3))
    taken: list[int] = []
    monkeypatch.setattr(uploads, "queue", lambda one: taken.append(one.pk))
    assert uploads.take_up() == 0
    Upload.objects.update(touched_at="2026-01-01T00:00Z", created_at="2026-01-01T00:00Z")
    assert (uploads.take_up(), uploads.take_up(), taken) == (1, 0, [upload.pk])
    retention.delete_run(upload.run_id)
    assert uploads.tidy() == 1
