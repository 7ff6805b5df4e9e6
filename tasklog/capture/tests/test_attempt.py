import json
import subprocess
import sys
from pathlib import Path

import pytest

from tasklog.capture import streams
from tasklog.capture.attempt import Attempt
from tasklog.capture.context import CURRENT
from tasklog.spool import record
from tasklog.spool.appender import Appender


@pytest.fixture
def attempt(tmp_path, settings):
    settings.CELERY_TASKLOG_SPOOL_DIR = str(tmp_path)
    settings.CELERY_TASKLOG_MAX_LINE_BYTES = 2000
    own = Attempt("t", "n", Appender())
    CURRENT.set(own)
    yield own
    CURRENT.set(None)
    own.sink.close()


def written(attempt):
    raws = attempt.sink.path.read_bytes().splitlines()
    return [entry for entry in map(record.decode, raws) if isinstance(entry, record.LineRecord)]


def struck(name, tmp_path):
    """What a scenario of alarms.py saw, in a process of its own."""
    script = Path(__file__).with_name("alarms.py")
    words = [sys.executable, "-X", "faulthandler", str(script), name, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_no_time_limit_raised_while_printing_is_swallowed_and_no_number_is_lost(tmp_path):
    seen = struck("time_limits", tmp_path)
    assert (seen["caught"], seen["lost"]) == (300, 0)
    assert seen["seqs"] == list(range(1, seen["seq"] + 1))


def test_a_signal_handler_may_print_in_the_middle_of_a_print(tmp_path):
    seen = struck("handlers_that_print", tmp_path)
    # A handler may speak between the counting of a line and its writing: then it comes first.
    assert sorted(seen["seqs"]) == list(range(1, seen["seq"] + 1))
    assert seen["rung"] == 100
    assert seen["messages"] == ["from", "spin"]


def test_no_line_is_longer_than_allowed_whichever_way_it_comes(attempt):
    streams.ensure()
    print("x" * 2500)
    sys.stdout.write("é" * 1500 + "\n")
    attempt.lines("l", 20, "a", "y" * 3000)
    marks = [line.message.partition(" … ")[2] for line in written(attempt)]
    assert marks == ["[cut: 2,500 bytes]", "[cut: 3,000 bytes]", "[cut: 3,000 bytes]"]
    assert all(len(line.message.encode()) < 2100 for line in written(attempt))


def test_an_unfinished_line_is_shown_when_it_is_flushed(attempt):
    streams.ensure()
    print("working", end="", flush=True)
    (tail,) = map(record.decode, attempt.sink.path.read_bytes().splitlines())
    assert (tail.kind, tail.data["text"], tail.data["stream"]) == ("T", "working", "stdout")
    print(" done")
    assert [line.message for line in written(attempt)] == ["working done"]


@pytest.mark.parametrize("before", [["-----BEGIN PRIVATE KEY-----", "MIIE"], []])
def test_a_fork_in_the_middle_of_a_private_key_shows_none_of_it(attempt, before):
    for line in before:
        attempt.lines("o", 0, "", line)
    parent, attempt.sink = attempt.sink, Appender()
    attempt.move_to_child(attempt.sink)
    attempt.lines("o", 0, "", "abcd")
    attempt.lines("o", 0, "", "-----END PRIVATE KEY-----")
    parent.close()
    said = written(attempt)
    assert [line.seq for line in said] == [1, 2]
    assert {line.origin for line in said} == {attempt.origin} != {0}
    assert said[0].message == ("[masked]" if before else "abcd")
