"""The board of raised runs, and who gets the records that Python would not have made."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tasklog.capture import below, handler, raising
from tasklog.capture.attempt import Attempt
from tasklog.capture.context import CURRENT
from tasklog.capture.tests.conftest import Kept

log = logging.getLogger("tests.raising")


@pytest.fixture
def attempt(monkeypatch: pytest.MonkeyPatch) -> Iterator[Attempt]:
    """An attempt of the task `t1`, in a worker that runs it."""
    for part, name in ((logging.Logger, "isEnabledFor"), (logging.Logger, "callHandlers")):
        monkeypatch.setattr(part, name, getattr(part, name))  # put back afterwards
    handler.install()
    below.install()
    monkeypatch.setattr(raising, "board", raising.Board())
    monkeypatch.setattr(raising, "_pinned", {})
    monkeypatch.setattr(raising, "_active", lambda: {"t1", "t2"})
    raising.board.share()
    log.setLevel(logging.INFO)
    attempt = Attempt("t1", "a", Kept())
    token = CURRENT.set(attempt)
    yield attempt
    CURRENT.reset(token)


def raise_it(task_id: str = "t1", seconds: float = 60) -> dict[str, Any]:
    return raising.on_raise(None, task_id=task_id, by="ada", until=time.time() + seconds)


def test_details_are_lines_while_it_lasts_and_no_handler_sees_them(
    attempt: Attempt, caplog: pytest.LogCaptureFixture
) -> None:
    log.debug("before")
    assert raise_it()["ok"]
    assert log.isEnabledFor(logging.DEBUG)
    log.debug("detail %d", 1)
    log.info("step")
    log.log(5, "finer than debug")
    first, *texts = attempt.sink.texts()
    assert first.startswith("Raised to DEBUG until ")
    assert texts == ["detail 1", "step"]
    assert [one.message for one in caplog.records if one.name == log.name] == ["step"]


def test_it_ends_with_its_time_and_says_so(attempt: Attempt) -> None:
    raise_it(seconds=0.2)
    log.debug("within")
    time.sleep(0.25)
    log.debug("after")
    assert attempt.sink.texts()[1:] == ["within", "No longer raised to DEBUG"]


def test_another_run_in_the_same_process_is_not_raised(attempt: Attempt) -> None:
    raise_it("t2")
    log.debug("detail")
    assert attempt.sink.texts() == []


def test_the_board_is_tidied_when_a_run_has_ended(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    raise_it()
    assert raising.board.shared[0] == 1
    monkeypatch.setattr(raising, "_active", set)
    raising.tidy()
    assert raising.board.shared[0] == 0
    log.debug("detail")
    assert attempt.sink.texts() == []


def test_what_cannot_be_is_refused_with_its_reason(attempt: Attempt) -> None:
    assert raise_it("t9") == {"error": "it does not run here"}
    assert raise_it(seconds=-1) == {"error": "the command came too late"}
    assert raise_it(seconds=86_400)["seconds"] == pytest.approx(600)
    raising._pinned |= {f"x{n}": {"until": 0, "by": "a" * 150} for n in range(1000)}
    assert raise_it("t2") == {"error": "too many runs are raised already"}


def test_a_record_that_somebody_hands_on_ready_made_goes_where_it_went(
    attempt: Attempt, caplog: pytest.LogCaptureFixture
) -> None:
    raise_it()
    log.handle(log.makeRecord(log.name, 10, "f", 1, "from elsewhere", (), None))
    assert "from elsewhere" in caplog.text
    assert attempt.sink.texts() == ["from elsewhere"]
