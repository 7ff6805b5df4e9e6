"""Stores what the workers of this host have written into the spool."""

from __future__ import annotations

import gc
import signal
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tasklog.conf import conf
from tasklog.drain import deadline, lock
from tasklog.drain.loop import Drain


class Command(BaseCommand):
    """`tasklog_drain`: until SIGTERM.  `--once`: what is there, then exit."""

    help = __doc__ or ""
    # Its own settings.  All checks import every page of the site: half a second and 25 MB.
    requires_system_checks = ("tasklog",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="drain what is there and exit")
        parser.add_argument("--wait", action="store_true", help="wait for the folder to be free")
        # Given by a worker that started this: leave when no process lives here any more.
        parser.add_argument("--leaves", action="store_true", help="exit when nothing runs here")

    def handle(self, *, once: bool, wait: bool, leaves: bool, **options: Any) -> None:
        folder = conf().spool_dir
        while (held := lock.acquire(folder)) is None:
            if not wait:
                self.stdout.write(f"{folder} is drained already, by pid {lock.holder(folder)}.")
                return
            time.sleep(0.5)
        deadline.prepare()
        drain = Drain(folder, leaves=leaves)
        gc.freeze()  # what is imported stays, and need not be looked through again
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(drain, "stopping", True))
        if once:
            drain.once()
        else:
            self.stdout.write(f"Draining {folder}.")
            drain.run()
        del held
