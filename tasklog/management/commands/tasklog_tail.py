"""Follow runs in the terminal: one by its id, or with --all whatever runs, until it ends."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import close_old_connections
from django.utils import timezone

from tasklog.archive.reader import read_lines
from tasklog.line import LEVELS
from tasklog.live.stored import facts_of
from tasklog.management.printed import Printed
from tasklog.models import TaskRun
from tasklog.querysets import database_now
from tasklog.states import BAD, Cause, State

POLL_SECONDS = 0.3
# Without --whole or --since a run begins with this many lines.
NEWEST = 20
# A run that ended so short a time ago may not have been seen yet; so many are looked at at once,
# and twice as many remembered as shown.
JUST = timedelta(seconds=30)
AT_ONCE = 1_000
REMEMBERED = 2 * AT_ONCE
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Command(BaseCommand):
    help = "Follows one run until it ends (exit code 1 when it ends badly), or all that run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("task_id", nargs="?", default="")
        parser.add_argument("--all", action="store_true", help="every running run, until Ctrl-C")
        parser.add_argument("--whole", action="store_true", help="from the first line on")
        levels = ", ".join(LEVELS.values())
        parser.add_argument("--level", default="", help=f"at least this: {levels}")
        parser.add_argument("--since", default="", help="only lines of the last 30s, 5m, 2h, 1d")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["task_id"]) == options["all"]:
            raise CommandError("Give the id of a run, or --all.")
        self.level, self.since = _level(options["level"]), _since(options["since"])
        self.whole = options["whole"] or bool(options["since"])
        colours = True if options["force_color"] else False if options["no_color"] else None
        self.printed = Printed(self.stdout, colours=colours, tags=options["all"])
        try:
            self._all() if options["all"] else self._one(options["task_id"])
        except KeyboardInterrupt:
            return

    def _one(self, task_id: str) -> None:
        if facts_of(task_id) is None:
            raise CommandError(f"There is no run with the id {task_id}.")
        followed = self._followed(TaskRun.objects.get(pk=task_id))
        while not followed.read():
            _rest()
        if followed.state in BAD:
            raise SystemExit(1)

    def _all(self) -> None:
        """Runs that start meanwhile join from their first line, however short they are."""
        began = database_now()
        following = {run.task_id: self._followed(run) for run in _running()}
        over: dict[str, _Followed] = {}
        self.stderr.write("Following every run. Ctrl-C ends this.")
        while True:
            for run in chain(_running(), _just_ended(began)):
                known = run.task_id in following or run.task_id in over
                if run.state == State.STARTED and run.task_id in over:  # it began anew
                    following[run.task_id] = over.pop(run.task_id)
                elif not known:
                    following[run.task_id] = self._followed(run, whole=True)
            ended = {pk: one for pk, one in following.items() if one.read()}
            following = {pk: one for pk, one in following.items() if pk not in ended}
            over = dict(list((over | ended).items())[-REMEMBERED:])
            _rest()

    def _followed(self, run: TaskRun, *, whole: bool = False) -> _Followed:
        after = 0 if whole or self.whole else _newest(run.task_id, self.level)
        return _Followed(run, after, self.level, self.since, self.printed)


class _Followed:
    """One run and how far it was printed."""

    def __init__(
        self, run: TaskRun, after: int, level: int, since: datetime, printed: Printed
    ) -> None:
        self.run, self.after, self.level, self.since = run, after, level, since
        self.printed, self.state = printed, run.state

    def read(self) -> bool:
        """Prints what is new; whether the run has ended and its last line is out."""
        facts = facts_of(self.run.task_id)
        if facts is None:
            raise CommandError("The run was deleted.")
        self.state = facts.state
        while lines := read_lines(self.run.task_id, after=self.after, levels=self.level):
            self.after = lines[-1].number
            for line in lines:
                if line.at >= self.since.timestamp() * 1_000_000:
                    self.printed.line(self.run, line)
        if facts.ended:
            self.printed.end(self.run, State(facts.state), facts.reason or _why(facts.cause))
        return facts.ended


def _running() -> Iterable[TaskRun]:
    return TaskRun.objects.filter(state=State.STARTED)


def _just_ended(began: datetime) -> Iterable[TaskRun]:
    """Those of the last moments, since `began`: a short run is over between two looks."""
    since = max(began, database_now() - JUST)
    return TaskRun.objects.filter(finished_at__gte=since).order_by("-finished_at")[:AT_ONCE]


def _why(cause: str) -> str:
    return str(Cause(cause).label) if cause else ""


def _rest() -> None:
    close_old_connections()
    time.sleep(POLL_SECONDS)


def _newest(task_id: str, level: int) -> int:
    lines = read_lines(task_id, newest=True, limit=NEWEST, levels=level)
    return lines[0].number - 1 if lines else 0


def _level(word: str) -> int:
    if not word:
        return 0
    if word.upper() not in LEVELS.values():
        raise CommandError(f"--level {word}: give one of {', '.join(LEVELS.values())}")
    return logging.getLevelNamesMapping()[word.upper()]


def _since(word: str) -> datetime:
    if not word:
        return datetime.fromtimestamp(0, UTC)
    form = re.fullmatch(r"([0-9]{1,6})([smhd])", word)
    if form is None:
        raise CommandError(f"--since {word}: give 30s, 5m, 2h or 1d")
    return timezone.now() - timedelta(seconds=int(form[1]) * _UNITS[form[2]])
