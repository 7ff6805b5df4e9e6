"""`manage.py tasklog_canary`: does every line arrive, once, in order and in time?"""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from kombu.exceptions import OperationalError

from tasklog.canary import Soak, Tally
from tasklog.tasks import canary


class Command(BaseCommand):
    help = "Sends numbered lines through real tasks and checks each; exit code 1 when not clean."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rate", type=float, default=100, help="lines a second (100)")
        parser.add_argument("--seconds", type=float, default=60, help="how long to print (60)")
        parser.add_argument("--late", type=float, default=60, help="late is a line after (60 s)")
        parser.add_argument("--wait", type=float, default=120, help="for a task's end (120 s)")
        parser.add_argument("--queue", default="", help="instead of the default queue")
        parser.add_argument("--keep", action="store_true", help="also the runs that were well")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ("rate", "seconds", "late", "wait"):
            if not 0 < options[name] < float("inf"):
                raise CommandError(f"--{name} {options[name]}: give a number above 0")
        self.rate = options["rate"]
        self.where = {"queue": options["queue"]} if options["queue"] else {}
        tally = Tally(options["late"])
        soak = Soak(self._send, self.rate, options["seconds"], tally)
        try:
            soak.run(options["wait"], keep=options["keep"])
        except KeyboardInterrupt:
            soak.stop()
            self.stdout.write("Stopped; this is what was checked until now.")
        self._tell(tally)
        if not tally.clean:
            raise SystemExit(1)

    def _send(self, first: int, lines: int) -> str:
        """Tries for as long as the broker is away: what runs meanwhile is part of the soak."""
        while True:
            try:
                sent = canary.apply_async((first, lines, self.rate), **self.where)
            except OperationalError as error:
                self.stderr.write(f"The broker is away, trying again: {error}")
                time.sleep(1)
            else:
                return str(sent.id)

    def _tell(self, tally: Tally) -> None:
        delays = [f"{tally.delay(share):.1f} s" for share in (0.5, 0.95, 1)]
        rows = [
            ("lines", f"{tally.lines:,}", f"in {tally.tasks:,} tasks"),
            ("missing", f"{tally.missing:,}", ""),
            ("doubled", f"{tally.doubled:,}", ""),
            ("out of order", f"{tally.disordered:,}", ""),
            ("late", f"{tally.late:,}", f"after more than {tally.late_after:g} s"),
            ("never ended", f"{tally.unfinished:,}", "tasks"),
            ("delay", delays[0], f"half of the lines; 95 %: {delays[1]}; all: {delays[2]}"),
        ]
        rows += [("ended badly", f"{count:,}", reason) for reason, count in tally.badly.items()]
        for name, value, remark in rows:
            self.stdout.write(f"{name:14}{value:>12}  {remark}".rstrip())
        style = self.style.SUCCESS if tally.clean else self.style.ERROR
        self.stdout.write(style("Clean." if tally.clean else "Not clean."))
