"""Why an attempt died, and what was known around it: one card each.  WEB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dashboard.templatetags.tasklog_ui import human_duration
from tasklog.archive.reader import read_lines
from tasklog.line import LOG, RECORDED, STDERR, STDOUT, Line
from tasklog.models import TaskAttempt, TaskRun
from tasklog.states import BAD, Cause

# Where the reason explains, rather than names, what happened.
TITLES = {
    Cause.EXCEPTION: "Ended by an exception",
    Cause.TERMINATED: "Revoked while it ran",
    Cause.OUT_OF_MEMORY: "Probably out of memory",
    Cause.SHUTDOWN: "The worker shut down",
}
# Whose exception the task itself raised; others would only repeat the reason.
_RAISED = (Cause.EXCEPTION, Cause.SOFT_LIMIT)
# So many neighbours are named, so many dead attempts have their card: each costs a few queries.
NEIGHBOURS = 5
CARDS = 20
# Lines that are looked through for one that is no traceback.  What a task prints to stderr has no
# level; tracebacks are written there with one.
_TRACEBACK = 200
ERROR = 40


@dataclass(frozen=True, slots=True)
class Death:
    """The card of one attempt; of the run itself (`attempt` is None) where none ever began."""

    attempt: TaskAttempt | None
    title: str
    why: str
    exception: str
    last_line: Line | None
    # Bytes, and when they were seen.  0: no sample.
    rss: int
    sampled: str
    unsampled: str
    room: Mapping[str, Any]
    heard_at: datetime | None
    heard: str
    # Other runs of this worker at that moment; None where nobody knows, or may not know.
    beside: Sequence[TaskRun] | None
    more: int


def dead_of(attempts: Iterable[TaskAttempt]) -> list[TaskAttempt]:
    """The attempts that ended badly, in their order."""
    return [attempt for attempt in attempts if attempt.finished_at and attempt.outcome in BAD]


def end_of(run: TaskRun, attempts: Sequence[TaskAttempt], user: Any) -> Death | None:
    """The card of the run's own end; None while it runs, and where it ended well."""
    if run.state not in BAD:
        return None
    newest = attempts[-1] if attempts else None
    if newest is not None and newest.finished_at and newest.outcome in BAD:
        return card_of(newest, user, run)
    title, why = _words(run.cause, run.reason)
    exception = run.exception if run.cause in _RAISED else ""
    return Death(None, title, why, exception, None, 0, "", "", {}, None, "", None, 0)


def cards_of(attempts: Iterable[TaskAttempt], user: Any) -> list[Death]:
    """The cards of the newest dead attempts, the newest first."""
    return [card_of(attempt, user) for attempt in dead_of(attempts)[: -CARDS - 1 : -1]]


def title_of(attempt: TaskAttempt) -> str:
    """What happened, in few words."""
    return _words(attempt.cause, attempt.reason)[0]


def card_of(attempt: TaskAttempt, user: Any, run: TaskRun | None = None) -> Death:
    """Its card; other runs on it only as far as `user` may see them.

    `run`: whose end this is.  It knows the cause where somebody ended the run by hand.
    """
    scene = attempt.scene or {}
    cause = attempt.cause or (run.cause if run else "")
    title, why = _words(cause, attempt.reason or (run.reason if run else ""))
    beside, more = _neighbours(scene, user)
    heard_at = _moment(scene.get("heard_at"))
    sampled_at = _sampled_at(scene, attempt)
    return Death(
        attempt=attempt,
        title=title,
        why=why,
        exception=(attempt.exception or (run.exception if run else "")) if cause in _RAISED else "",
        last_line=last_line(attempt),
        rss=scene.get("rss", 0) if sampled_at else 0,
        sampled=before_the_end(sampled_at, attempt),
        unsampled=_unsampled(heard_at, attempt),
        room=_room(scene),
        heard_at=heard_at,
        heard=before_the_end(heard_at, attempt),
        beside=beside,
        more=more,
    )


def _words(cause: str, reason: str) -> tuple[str, str]:
    """What happened, and the sentence below it."""
    said = reason[:1].upper() + reason[1:]
    if cause in TITLES:
        return TITLES[Cause(cause)], said
    return said or (Cause(cause).label if cause else "Ended badly"), ""


def last_line(attempt: TaskAttempt) -> Line | None:
    """What the task said last, before the traceback that Celery made of its end.

    Between them may stand what its recorder kept: numbered from 1, so its first line is known.
    """
    said = _newest_of(attempt)
    recorded = next((line for line in said if line.origin == RECORDED), None)
    before = _newest_of(attempt, recorded.number - recorded.seq + 1) if recorded else []
    own = (line for line in reversed(before or said) if not _is_traceback(line))
    return next(own, said[-1] if said else None)


def _newest_of(attempt: TaskAttempt, before: int | None = None) -> list[Line]:
    return read_lines(
        attempt.task_id,
        before=before,
        limit=_TRACEBACK,
        newest=True,
        streams=(STDOUT, STDERR, LOG),
        attempt=attempt.number,
    )


def _is_traceback(line: Line) -> bool:
    return line.stream == STDERR and line.level >= ERROR


def before_the_end(moment: datetime | None, attempt: TaskAttempt) -> str:
    """`4.2 s before the end`, `at the end`, `2.0 s after the end`; nothing for none."""
    if moment is None or attempt.finished_at is None:
        return ""
    before = attempt.finished_at - moment
    if abs(before) < timedelta(milliseconds=50):
        return "at the end"
    side = "before" if before > timedelta(0) else "after"
    return f"{human_duration(abs(before))} {side} the end"


def _sampled_at(scene: Mapping[str, Any], attempt: TaskAttempt) -> datetime | None:
    """When its memory was seen; a look before it began saw another task's."""
    moment = _moment(scene.get("sampled_at"))
    return moment if moment and moment >= attempt.started_at else None


def _unsampled(heard_at: datetime | None, attempt: TaskAttempt) -> str:
    """Why there is no sample of its memory."""
    if heard_at is None:
        return ""
    began_later = heard_at <= attempt.started_at
    return "began after the last sample" if began_later else "not in the last sample"


def _room(scene: Mapping[str, Any]) -> Mapping[str, Any]:
    used, limit = scene.get("used", 0), scene.get("limit", 0)
    if not used or not limit:
        return {}
    percent = min(round(100 * used / limit), 100)
    return {"percent": percent, "limit": limit, "whose": scene.get("whose") or "machine"}


def _neighbours(scene: Mapping[str, Any], user: Any) -> tuple[list[TaskRun] | None, int]:
    """The runs beside it that this user may see, and how many of them are not named."""
    ids = scene.get("beside")
    if ids is None:
        return None, 0
    seen = TaskRun.objects.visible_to(user).filter(pk__in=ids).order_by("started_at", "pk")
    runs = list(seen) if ids else []
    if ids and not runs:
        return None, 0  # there were some, but not for these eyes or not any more
    return runs[:NEIGHBOURS], max(len(runs) - NEIGHBOURS, 0)


def _moment(seconds: Any) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
