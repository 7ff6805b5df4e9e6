"""Mistakes of our own, and forks in the worst moment.

F-05  test_a_mistake_of_ours_is_counted_and_never_the_tasks_fault
F-05  test_a_worker_forks_all_the_time_while_its_threads_print
F-05  tasklog/capture/tests/test_lifecycle.py::test_a_fault_of_the_capture_is_counted_and_the_task_goes_on
F-05  tasklog/capture/tests/test_attempt.py::test_no_time_limit_raised_while_printing_is_swallowed_and_no_number_is_lost
F-19  tasklog/capture/tests/test_splitter.py::test_a_hundred_megabytes_keep_only_the_limit
F-19  tasklog/capture/tests/test_splitter.py::test_a_hundred_megabytes_cost_little_memory
F-21  tasklog/drain/tests/test_store.py::test_a_record_the_database_refuses_costs_no_neighbour_and_is_told
F-21  dashboard/tests/test_bytes.py::test_each_sample_comes_out_of_every_way
F-21  dashboard/tests/test_bytes.py::test_each_sample_is_found_by_the_words_around_it
F-21  dashboard/tests/test_bytes.py::test_ten_thousand_random_lines_cost_no_neighbour
F-23  e2e/test_stream_life.py::test_a_reader_that_takes_nothing_is_sent_away
F-23  e2e/test_stream_life.py::test_a_thousand_aborted_streams_leave_no_slot_taken
F-23  project/tests/test_gunicorn.py::test_an_open_stream_holds_its_socket_and_no_thread_and_no_database
F-23  project/tests/test_gunicorn.py::test_the_connection_of_a_reader_that_stopped_reading_is_cut
F-24  e2e/test_stream_life.py::test_a_process_that_is_told_to_stop_ends_its_streams_at_once
F-25  tasklog/live/tests/test_replay.py::test_a_message_twice_is_shown_once
"""  # noqa: E501

from __future__ import annotations

import logging
import sys

import pytest
from celery import shared_task

from tasklog.capture import guard
from tasklog.tests.faults import figures
from tasklog.tests.faults.oracles import (
    assert_alive,
    assert_conserved,
    assert_never_blocked,
)

OURS = [
    "attempt.Attempt.write",
    "attempt.Attempt._emit",
    "attempt.Attempt.lines",
    "attempt.Attempt.event",
    "attempt.Attempt.close",
    "attempt.encode_line",
    "attempt.encode_parts",
    "handler.take",
    "lifecycle.streams.ensure",
    "lifecycle.shorten.result",
    "lifecycle.shorten.as_json",
    "redact.mask",
    "sink.InlineSink.append",
    "sink.InlineSink.prepare",
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("mistake", [KeyError, TypeError, AttributeError, IndexError])
def test_a_mistake_of_ours_is_counted_and_never_the_tasks_fault(monkeypatch, capsys, name, mistake):
    reached = []

    def wrong(*args, **kwargs):
        reached.append(name)
        raise mistake("of ours")

    @shared_task(name=f"faults.mistake.{name}.{mistake.__name__}")
    def body(word):
        print("printed")
        sys.stdout.buffer.write(b"bytes\n") if hasattr(sys.stdout, "buffer") else None
        logging.getLogger("faults").warning("logged\nin two lines")
        return {"word": word}

    monkeypatch.setattr(f"tasklog.capture.{name}", wrong)
    before = guard.faults
    ended = body.apply(args=("kept",))
    assert (ended.state, ended.result) == ("SUCCESS", {"word": "kept"})
    monkeypatch.undo()
    if reached:
        assert guard.faults > before
        assert guard.last_fault.startswith(mistake.__name__)
    assert "printed" in capsys.readouterr().out


def test_a_worker_forks_all_the_time_while_its_threads_print(scene):
    """A lock that another thread holds at the moment of the fork must not hold up the child."""
    scene.worker()
    emission = scene.emit(0, name="fork")
    run = emission.ended(figures.FORKS)
    assert (run.state, run.result) == ("SUCCESS", "100")
    assert_conserved(emission)
    assert_never_blocked(emission)
    assert_alive(scene.fresh())
    forked = {text for text in emission.messages() if text.startswith("fork")}
    assert forked == {f"fork {number}" for number in range(100)}
    # The receipt is the task's own process's: lines of its children stand in for none of its own.
    (attempt,) = emission.attempts
    assert (run.dropped_count, attempt.stored - attempt.emitted) == (0, 0)
