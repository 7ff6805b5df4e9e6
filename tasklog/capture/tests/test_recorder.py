"""What was said below the level is written when a task fails, and only then."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tasklog.capture import below, handler, recorder
from tasklog.capture.attempt import Attempt
from tasklog.capture.context import CURRENT
from tasklog.capture.tests.conftest import Kept, texts
from tasklog.line import RECORDED
from tasklog.models import TaskLogLine

log = logging.getLogger("tests.recorder")


@pytest.fixture
def attempt(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Attempt]:
    settings.CELERY_TASKLOG_RECORDER = 3
    for part, name in ((logging.Logger, "isEnabledFor"), (logging.Logger, "callHandlers")):
        monkeypatch.setattr(part, name, getattr(part, name))  # put back afterwards
    monkeypatch.setattr(recorder, "most", 0)
    handler.install()
    below.install()
    log.setLevel(logging.INFO)
    attempt = Attempt("t1", "a", Kept())
    token = CURRENT.set(attempt)
    yield attempt
    CURRENT.reset(token)


def test_the_newest_are_written_before_the_traceback_with_their_times(attempt: Attempt) -> None:
    for number in range(5):
        log.debug("detail %d", number)
    print_at = recorder._now()
    log.info("step")
    assert attempt.sink.texts() == ["step"]
    attempt.error("LookupError: gone")
    step, begin, *details, end, trace = attempt.sink.lines()
    assert begin.message.startswith("::group::Recorder: 3 lines below the level")
    assert "(2 older ones were not kept)" in begin.message
    assert [one.message for one in details] == ["detail 2", "detail 3", "detail 4"]
    assert {(one.level, one.logger, one.stream) for one in details} == {(10, log.name, "log")}
    assert all(one.at <= print_at for one in details)
    assert (end.message, trace.message) == ("::endgroup::", "LookupError: gone")
    assert [one.origin for one in (begin, *details, end)] == [RECORDED] * 5
    assert [one.seq for one in (step, trace)] == [1, 2], "the receipt counts the attempt's own"
    assert [one.seq for one in (begin, *details, end)] == [1, 2, 3, 4, 5]


def test_a_long_text_is_bounded_and_a_key_whose_beginning_is_gone_stays_masked(
    attempt: Attempt,
) -> None:
    body = "\n".join(["QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="] * 8)
    log.debug("-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\nafter", body)
    attempt.error("gone")
    assert "QUJD" not in "".join(attempt.sink.texts())
    assert "after" in attempt.sink.texts()
    for _ in range(3):
        log.debug("x" * (recorder.SIZE // 2))
    attempt.error("gone")
    assert sum(map(len, attempt.sink.texts())) < recorder.SIZE + 1000


def test_a_handler_of_the_programs_own_sees_nothing_of_it(
    attempt: Attempt, caplog: pytest.LogCaptureFixture
) -> None:
    log.debug("detail")
    log.info("step")
    assert [one.message for one in caplog.records if one.name == log.name] == ["step"]


@pytest.mark.parametrize("pool", ["prefork", "threads"])
@pytest.mark.parametrize(
    ("ends", "state"), [("badly", "FAILURE"), ("soft", "TIMEOUT"), ("well", "SUCCESS")]
)
@pytest.mark.timeout(120)
def test_a_worker_writes_it_for_a_run_that_fails(
    run: Callable[..., Any],
    pool: str,
    ends: str,
    state: str,
) -> None:
    found, said = run(pool, "recorded", ends, CELERY_TASKLOG_RECORDER="20")
    assert found.state == state
    if ends == "well":
        assert texts(said) == ["begins", "ends"]
        return
    group = said.index(next(row for row in said if row[3].startswith("::group::Recorder: 20")))
    assert texts(said)[:group] == ["begins", "ends"]
    details = said[group + 1 : group + 21]
    assert details[0] == ("log", 10, "capture.chatty", "detail 12")
    assert texts(details)[-1] == "password=[masked]"
    assert texts(said)[group + 21] == "::endgroup::"
    assert texts(said).count("Traceback (most recent call last):") == 1
    rows = TaskLogLine.objects.filter(task_id=found.pk).order_by("number")
    assert list(rows.values_list("number", flat=True)) == list(range(1, len(said) + 1))
    attempt = found.attempts.get()
    assert attempt.emitted == attempt.stored == len(said) - 22
    assert attempt.lag_p95_ms is not None


@pytest.mark.timeout(120)
def test_a_retry_writes_only_what_its_last_attempt_said(
    run: Callable[..., Any],
) -> None:
    found, _ = run("prefork", "recorded", "again", CELERY_TASKLOG_RECORDER="20")
    assert (found.state, found.attempts.count()) == ("FAILURE", 2)
    rows = TaskLogLine.objects.filter(task_id=found.pk, origin=RECORDED)
    assert set(rows.values_list("attempt__number", flat=True)) == {2}
