"""What a retry brings along and what not, in sentences for whoever is about to ask.  WEB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tasklog.control import again
from tasklog.envelopes import following, steps
from tasklog.models import TaskRun
from tasklog.states import State


def sentences(run: TaskRun) -> list[str]:
    """Beside the arguments and the queue; none for a run that was sent plainly."""
    return [*_terms(run.envelope), *_expiry(run), *_callbacks(run), *_left_out(run)]


def _terms(told: dict[str, Any]) -> Iterator[str]:
    if "priority" in told:
        yield f"It is sent with the priority it had, {told['priority']}."
    limits = {"soft": "soft", "hard": "hard"}
    named = [f"{word} {told[name]:g} s" for name, word in limits.items() if told.get(name)]
    if named:
        yield f"Its time limits stay: {', '.join(named)}."
    if "exchange" in told:
        yield f"It goes to the exchange {told['exchange']}, as it did."
    for word in ("headers", "stamps"):
        if told.get(word):
            yield f"Its {word} go along: {', '.join(told[word])}."


def _expiry(run: TaskRun) -> Iterator[str]:
    if "after" in run.envelope:
        yield f"It expires {run.envelope['after']:g} s after it is sent, as it did."
    elif passed := again.has_expired(run):
        yield f"It had to start by {passed:%Y-%m-%d %H:%M:%S %Z}; that has passed and is not kept."
    elif "until" in run.envelope:
        yield f"It still expires at {run.envelope['until'].replace('T', ' ')}."


def _callbacks(run: TaskRun) -> Iterator[str]:
    told, well = run.envelope, run.state == State.SUCCESS
    for name in told.get("link", ()):
        once_more = ", once more" if well else ""
        yield f"When it succeeds, its callback {name} runs{once_more}."
    for name in told.get("link_error", ()):
        once_more = "" if well else ", once more"
        yield f"If it fails, its error callback {name} runs{once_more}."


def _left_out(run: TaskRun) -> Iterator[str]:
    """Groups are not joined again: the callback of a chord must not run twice."""
    chord = " → ".join(name for _, name in steps(run, "chord"))
    if chord:
        yield f"It does not join its group again: {chord}, which waits for all of it, is not run."
    elif run.group_id:
        yield "It does not join its group again."
    if run.state == State.SUCCESS and (rest := following(run)):
        yield f"What followed in its chain ({rest}) has been sent and is not sent again."
