"""What can be started here: the words on the buttons and the tasks behind them.  WEB."""

from __future__ import annotations

from typing import Any, NamedTuple

from celery import Task

from demo.patterns import TASK_NAMES as OF_PATTERNS
from demo.patterns import Plan, plan_of
from demo.tasks import failures, flood, output, progress, workflows

MIN_DURATION, MAX_DURATION, USUAL_DURATION = 1, 300, 60


class Demo(NamedTuple):
    """One kind of task: its word in forms and the API, and what a person will see."""

    type: str
    title: str
    sentence: str
    task: Task[..., Any]
    takes_duration: bool = False

    def arguments(self, duration: int) -> dict[str, int]:
        """What its task is called with."""
        return {"duration": duration} if self.takes_duration else {}

    def plan(self, duration: int) -> Plan:
        return plan_of(self.task.s(**self.arguments(duration)))


class Shelf(NamedTuple):
    """Demos that show the same side of the product."""

    title: str
    demos: tuple[Demo, ...]


SHELVES = (
    Shelf(
        "Watch it work",
        (
            Demo("quick", "Quick", "An invoice is sent in three seconds.", output.quick),
            Demo("long", "Long", "A minute of order batches, with progress, warnings and a few "
                 "bad orders on stderr.", progress.long, takes_duration=True),
            Demo("progress-bar", "Progress bar", "A download draws one bar 240 times; the log "
                 "keeps a single line of it.", progress.progress_bar),
            Demo("sections", "Sections", "Build, test and upload, each a part of the log that "
                 "folds.", workflows.sections),
            Demo("subprocess", "Another program", "A backup tool runs as a child process, its "
                 "output comes line by line.", output.child_process),
            Demo("nested", "Tasks in tasks", "One run starts three others and calls a fourth; no "
                 "line lands in the wrong log.", workflows.nested),
        ),
    ),
    Shelf(
        "Watch it fail",
        (
            Demo("failing", "Failing", "An unknown currency: a line on stderr, then an exception "
                 "with its cause.", failures.failing),
            Demo("retries", "Retries", "The warehouse is busy three times; the waits double, the "
                 "fourth attempt succeeds.", failures.retries),
            Demo("killed", "Killed", "kill -9 in the middle of the work: every line is here, and "
                 "the reason in words.", failures.killed),
            Demo("memory", "Out of memory", "Memory grows until the process is killed, as the "
                 "kernel would do it.", failures.memory),
            Demo("soft-limit", "Soft time limit", "After four seconds the task is asked to stop, "
                 "and tidies up.", failures.soft_limit),
            Demo("hard-limit", "Hard time limit", "It does not listen when asked to stop, and is "
                 "killed after five seconds.", failures.hard_limit),
        ),
    ),
    Shelf(
        "Try to break the page",
        (
            Demo("flood", "Flood", "100,000 lines as fast as Python can print.", flood.flood),
            Demo("colours", "Colours and scripts", "16, 256 and 16 million colours, emoji, wide "
                 "and right-to-left text.", output.colours),
            Demo("secrets", "Secrets", "Passwords, tokens and keys are printed; the log shows "
                 "stars.", output.secrets),
        ),
    ),
)  # fmt: skip

DEMOS = {demo.type: demo for shelf in SHELVES for demo in shelf.demos}
TASK_NAMES = [demo.task.name for demo in DEMOS.values()] + [
    workflows.count_stock.name,
    *OF_PATTERNS,
]
