"""What is cut in two, by a poll or by its length, is masked and understood as if it were whole."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasklog.models import TaskLogLine
from tasklog.sources import poll
from tasklog.sources.blocks import blocks
from tasklog.sources.kinds import bucket, folder
from tasklog.sources.models import Connection
from tasklog.sources.tails import Tail, whole_lines
from tasklog.sources.tasks import process_live_logs
from tasklog.sources.tests.test_bucket import put, watched  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db
BEGIN, END = (f"-----{word} PRIVATE KEY-----" for word in ("BEGIN", "END"))
KEY = [BEGIN, *["MIIEvQIBADANBgkqhkiG9w0B"] * 3, END]
Make = Callable[..., Connection]


def texts() -> list[str]:
    return list(TaskLogLine.objects.order_by("id").values_list("message", flat=True))


@pytest.fixture
def root(settings: Any, tmp_path: Path) -> Path:
    settings.CELERY_TASKLOG_SOURCE_DIRS = [str(tmp_path)]
    return tmp_path


@pytest.fixture
def followed(root: Path) -> Make:
    def make(**more: Any) -> Connection:
        made = Connection(kind="folder", name="folder")
        made.settings = {"folder": str(root), "pattern": "*.log", "from_start": True, **more}
        made.save()
        return made

    return make


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


@pytest.mark.parametrize("at", range(1, len("the password=hunter2x ok"), 3))
def test_a_secret_whose_line_is_written_in_two_parts_is_masked_whole(
    at: int, root: Path, followed: Make
) -> None:
    line = "the password=hunter2x ok"
    for part in (line[:at], line[at:] + "\n"):
        append(root / "a.log", part)
        if not Connection.objects.exists():
            followed()
        poll.poll(Connection.objects.get().pk)
    assert texts() == ["the password=[masked] ok"]


@pytest.mark.parametrize("at", range(1, len(KEY)))
def test_a_key_over_two_polls_is_masked_and_another_file_is_not(
    at: int, root: Path, followed: Make
) -> None:
    connection = followed()
    for part in (["the key:", *KEY[:at]], [*KEY[at:], "done"]):
        append(root / "a.log", "\n".join(part) + "\n")
        append(root / "b.log", "plain\n")
        poll.poll(connection.pk)
    assert "MIIEv" not in "".join(texts())
    assert [text for text in texts() if "masked" not in text and "KEY" not in text] == [
        "the key:", "plain", "done", "plain",
    ]  # fmt: skip
    assert poll.OPEN not in Connection.objects.get().cursor


def test_a_traceback_over_two_polls_stays_with_its_line(root: Path, followed: Make) -> None:
    connection, log = followed(), root / "a.log"
    log.write_text(
        "2026-11-21 07:05:09,123 ERROR orders: failed\nTraceback (most recent call last):\n"
    )
    poll.poll(connection.pk)
    append(log, '  File "x.py", line 1, in f\nValueError: no\n')
    poll.poll(connection.pk)
    append(log, "later: by itself\n")
    poll.poll(connection.pk)
    *trace, alone = TaskLogLine.objects.order_by("id")
    assert {(line.level, line.logger) for line in trace} == {(40, "orders")}
    assert len({line.timestamp for line in trace}) == 1
    assert (alone.level, alone.logger) == (0, "")
    assert alone.timestamp > trace[0].timestamp


def test_a_last_line_without_an_end_waits_and_is_taken_when_nobody_writes_any_more(
    root: Path, followed: Make
) -> None:
    connection, log = followed(), root / "a.log"
    log.write_text("whole\nhalf")
    poll.poll(connection.pk)
    assert texts() == ["whole"]
    old = log.stat().st_mtime - folder.UNFINISHED - 60
    os.utime(log, (old, old))
    for _ in range(2):
        poll.poll(connection.pk)
    assert texts() == ["whole", "half"]


def test_a_connection_that_begins_amid_a_line_leaves_the_rest_of_it(
    root: Path, followed: Make
) -> None:
    (root / "a.log").write_text("before\npassword=hun")
    connection = followed(from_start=False)
    poll.poll(connection.pk)
    append(root / "a.log", "ter2\nafter\n")
    poll.poll(connection.pk)
    assert texts() == ["after"]


LONG = "word " * 30 + "password=hunter2x" + " more" * 30


@pytest.mark.parametrize("most", range(150, 170, 3))
def test_the_rest_of_a_line_that_is_cut_is_no_line_of_its_own(
    most: int, root: Path, followed: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "MOST_BYTES", most)
    (root / "a.log").write_text(f"{LONG}\nnext\n")
    connection = followed()
    poll.poll(connection.pk)
    assert "hunter" not in "".join(texts())
    assert len(texts()) == 2
    assert texts()[1] == "next"


def test_the_same_in_a_bucket(
    put: Any,  # noqa: F811
    watched: Connection,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bucket, "PART", 160)
    put("app/a.log", f"{LONG}\n{BEGIN}\n".encode())
    put("app/b.log", f"MIIEvQ\n{END}\nnext".encode())
    poll.poll(watched.pk)
    assert "hunter" not in "".join(texts())
    assert texts()[1:] == [BEGIN, "[masked]", END, "next"]


def test_a_key_that_is_handed_over_line_by_line_is_masked() -> None:
    connection = Connection.objects.create(kind="http", name="http")
    for line in ["the key:", *KEY, "done"]:
        process_live_logs(connection.pk, [{"message": line}])
    assert "MIIEv" not in "".join(texts())
    assert (texts()[0], texts()[-1]) == ("the key:", "done")


@pytest.mark.parametrize("most", range(30, 60, 4))
def test_a_line_that_is_cut_for_its_length_shows_no_half_of_a_secret(most: int) -> None:
    web_token = f"eyJ{'a' * 20}.eyJ{'b' * 20}.{'c' * 20}"
    line = f"of a user, token {web_token} and more"
    assert "eyJ" not in next(blocks(io.BytesIO(line.encode()), most)).lines[0]
    assert "eyJ" not in poll._cut(line, most)


@pytest.mark.parametrize(
    ("data", "within", "ended", "found"),
    [
        (b"a\nb", False, False, Tail(["a"], 2, False)),
        (b"a\nb", False, True, Tail(["a", "b"], 3, False)),
        (b"a\nb", True, False, Tail([], 2, False)),
        (b"ab", False, False, Tail([], 0, False)),
        (b"ab", True, False, Tail([], 0, True)),
        (b"abcde", False, False, Tail(["abcde"], 5, True)),
        (b"abcde", True, False, Tail([], 5, True)),
        (b"", False, True, Tail([], 0, False)),
        (b"\n\n", False, False, Tail(["", ""], 2, False)),
    ],
)
def test_whole_lines(data: bytes, within: bool, ended: bool, found: Tail) -> None:
    assert whole_lines(data, 5, within=within, ended=ended) == found
